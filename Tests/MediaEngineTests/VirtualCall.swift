import Audio
import MediaEngine
import RTP
import SansIO
import Testing

/// A media session in virtual time, with a far end whose packets the test makes.
struct VirtualCall: ~Copyable {
    static let far = SocketAddress(TransportAddress(host: "192.0.2.1", port: 4_000)) ?? .none
    static let stranger = SocketAddress(TransportAddress(host: "198.51.100.9", port: 4_000)) ?? .none

    let channel = MediaChannel()
    var session: MediaSession
    private(set) var now = Instant.zero
    /// RTP that the session has sent: header, payload, and when.
    private(set) var sent: [(header: PacketHeader, payload: [UInt8], at: Instant)] = []
    private(set) var control: [[UInt8]] = []
    private(set) var uplink: [UInt8] = []
    private(set) var events: [MediaEvent] = []

    init(seed: UInt64 = 1, configure: (inout MediaSession.Configuration) -> Void = { _ in }) {
        var configuration = MediaSession.Configuration(seed: seed)
        configure(&configuration)
        session = MediaSession(channel: channel, configuration: configuration, firstTick: .zero)
    }

    static func parameters(
        _ change: (inout MediaParameters) -> Void = { _ in }
    ) -> MediaParameters {
        var parameters = MediaParameters(
            remote: TransportAddress(host: "192.0.2.1", port: 4_000), telephoneEventSendPayloadType: 101,
            telephoneEventReceivePayloadType: 101)
        change(&parameters)
        return parameters
    }

    /// Runs the ticks up to and including `milliseconds`.
    mutating func run(until milliseconds: Double) {
        let end = Instant(nanoseconds: Int64(milliseconds * 1e6))
        while session.nextTick <= end {
            now = session.nextTick
            tick()
        }
        now = end
        drain()
    }

    /// One tick, at the present.
    mutating func tick() {
        let transmission = session.tick(at: now)
        if transmission.mediaLength > 0 {
            let bytes = Array(session.mediaDatagram.prefix(transmission.mediaLength))
            bytes.withUnsafeBytes { buffer in
                do {
                    let packet = try Packet(parsing: buffer)
                    sent.append((packet.header, Array(buffer[packet.payload]), now))
                } catch {
                    Issue.record("The session sent what is not RTP: \(error)")
                }
            }
        }
        if transmission.controlLength > 0 {
            control.append(Array(session.controlDatagram.prefix(transmission.controlLength)))
        }
        drain()
    }

    /// Lets a datagram arrive, running the ticks before it.
    mutating func receive(_ datagram: [UInt8], from source: SocketAddress = VirtualCall.far, at milliseconds: Double) {
        run(until: milliseconds)
        datagram.withUnsafeBytes { session.receive($0, from: source, at: now) }
        drain()
    }

    mutating func receiveControl(_ datagram: [UInt8], from source: SocketAddress, at milliseconds: Double) {
        run(until: milliseconds)
        datagram.withUnsafeBytes { session.receiveControl($0, from: source, at: now) }
        drain()
    }

    private mutating func drain() {
        var uplink: [UInt8] = []
        var events: [MediaEvent] = []
        channel.drain(uplink: { bytes, _ in uplink += Array(bytes) }, event: { events.append($0) })
        self.uplink += uplink
        self.events += events
    }

    /// An RTP datagram with `payload`.
    static func datagram(
        _ number: Int, payload: [UInt8], payloadType: UInt8 = 0, marker: Bool = false, timestamp: Int? = nil,
        ssrc: UInt32 = 0xFEED
    ) -> [UInt8] {
        let header = PacketHeader(
            marker: marker, payloadType: payloadType, sequenceNumber: UInt16(truncatingIfNeeded: number),
            timestamp: UInt32(truncatingIfNeeded: timestamp ?? number * 160), ssrc: ssrc)
        var bytes = [UInt8](repeating: 0, count: PacketHeader.size)
        bytes.withUnsafeMutableBytes { _ = header.write(into: $0) }
        return bytes + payload
    }

    /// A packet whose bytes tell its number: first and second byte, the rest the low one.
    static func numbered(_ number: Int, samples: Int = 160) -> [UInt8] {
        [UInt8(number >> 8 & 0x7F), UInt8(number & 0xFF)] + Array(repeating: UInt8(number & 0x3F), count: samples - 2)
    }
}
