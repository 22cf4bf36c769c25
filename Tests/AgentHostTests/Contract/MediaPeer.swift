import Audio
import MediaEngine
import Net
import SansIO
import Synchronization
import TestSupport

/// The media side of a caller, as a test wants it: speaks, presses keys, answers RTCP, and keeps what it hears.
///
/// Its clock is the host's: it sends one packet for each that it gets.
final class MediaPeer: Sendable {
    /// What it says from now on.
    enum Sound: Sendable {
        case silence
        case tone(hertz: Double)
    }

    private struct Speaker {
        var socket: DatagramSocket?
        var sound = Sound.tone(hertz: 1_000)
        var tone = ToneGenerator(frequency: 1_000)
        var sequenceNumber: UInt16 = 100
        /// [samples]
        var timestamp: UInt32 = 8_000
        /// Codes of keys to be pressed (RFC 4733 §3.2), and how many packets of the first were sent.
        var keys: [UInt8] = []
        var sentOfKey = 0
        var keyTimestamp: UInt32 = 0
        var highestReceived: UInt16 = 0
    }

    /// The payload type of telephone-event in ``description``.
    static let eventType: UInt8 = 101
    private static let source: UInt32 = 0x5445_5354
    /// Packets of a key: 100 ms, and the end three times.
    private static let packetsOfKey = (steps: 5, ends: 3)
    /// Packets between two keys.
    private static let pause = 4

    let packets = Watched<[RTPPeer.Packet]>([])
    private let speaker = Mutex(Speaker())

    static func start() async throws -> MediaPeer {
        let peer = MediaPeer()
        let socket = try await DatagramSocket.bind(host: Loopback.host, port: 0) { bytes, source in
            peer.receive(bytes, from: source)
        } onError: { _, _ in
        }
        peer.speaker.withLock { $0.socket = socket }
        return peer
    }

    var port: UInt16 { speaker.withLock { $0.socket?.localAddress.port ?? 0 } }

    /// As an offer, or an answer.
    var description: String {
        [
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
            "m=audio \(port) RTP/AVP 0 \(Self.eventType)", "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:\(Self.eventType) telephone-event/8000", "a=fmtp:\(Self.eventType) 0-15", "a=rtcp-mux",
            "a=sendrecv", "",
        ].joined(separator: "\r\n")
    }

    func say(_ sound: Sound) {
        speaker.withLock { speaker in
            speaker.sound = sound
            if case .tone(let hertz) = sound { speaker.tone = ToneGenerator(frequency: hertz) }
        }
    }

    /// Presses keys, one after the other.
    func press(_ keys: String) {
        let codes = keys.compactMap { "0123456789*#ABCD".firstIndex(of: $0) }
            .map { UInt8("0123456789*#ABCD".distance(from: "0123456789*#ABCD".startIndex, to: $0)) }
        speaker.withLock { $0.keys += codes }
    }

    /// Waits until so many packets have come.
    func heard(_ count: Int) async throws {
        try await packets.wait(for: "\(count) RTP packets") { $0.count >= count ? true : nil }
    }

    /// Waits until a tone is heard for a tenth of a second, in packets from that one on.
    ///
    /// - Returns: The number of the first packet that it begins in.
    @discardableResult
    func heard(hertz: Double, from first: Int = 0) async throws -> Int {
        try await packets.wait(for: "a tone of \(hertz) Hz") { packets in
            guard packets.count >= first + 5 else { return nil }
            return (first...(packets.count - 5)).first { start in
                packets[start..<(start + 5)].allSatisfy { packet in
                    ToneDetector(frequency: hertz).isPresent(in: G711.decode(packet.payload, .mu), share: 0.8)
                }
            }
        }
    }

    /// What was heard, as linear samples; packets of keys count as nothing.
    func samples(from first: Int = 0) -> [Int16] {
        packets.value.dropFirst(first).filter { $0.payloadType == 0 }.flatMap { G711.decode($0.payload, .mu) }
    }

    func close() async {
        await speaker.withLock { $0.socket }?.shutdown()
    }

    // MARK: The network

    private func receive(_ bytes: [UInt8], from address: TransportAddress) {
        let arrival = UnixTime.now
        guard bytes.count >= 12, bytes[0] & 0xC0 == 0x80 else { return }
        // RTCP shares the port: its packet types are where RTP has marker and payload type (RFC 5761 §4).
        if (192...223).contains(bytes[1]) { return answerReport(bytes, to: address) }
        let packet = RTPPeer.Packet(
            sequenceNumber: UInt16(bytes[2]) << 8 | UInt16(bytes[3]), timestamp: Self.word(bytes, 4),
            source: Self.word(bytes, 8), payloadType: bytes[1] & 0x7F, payload: Array(bytes[12...]), arrival: arrival)
        packets.update { $0.append(packet) }
        speaker.withLock { speaker in
            speaker.highestReceived = packet.sequenceNumber
            speaker.socket?.send(Self.next(&speaker), to: address)
        }
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// Twenty milliseconds: of a key, where one is pressed, else of the sound.
    private static func next(_ speaker: inout Speaker) -> [UInt8] {
        speaker.sequenceNumber &+= 1
        speaker.timestamp &+= 160
        let number = [UInt8(speaker.sequenceNumber >> 8), UInt8(truncatingIfNeeded: speaker.sequenceNumber)]
        let (steps, ends) = packetsOfKey
        if let key = speaker.keys.first {
            let sent = speaker.sentOfKey
            speaker.sentOfKey += 1
            if sent >= steps + ends + pause {
                speaker.keys.removeFirst()
                speaker.sentOfKey = 0
            } else if sent < steps + ends {
                // All packets of a key have the timestamp of its beginning; the first one has the marker.
                if sent == 0 { speaker.keyTimestamp = speaker.timestamp }
                let duration = UInt16(160 * min(sent + 1, steps))
                let payload = [
                    key, sent >= steps ? 0x8A : 0x0A, UInt8(duration >> 8), UInt8(truncatingIfNeeded: duration),
                ]
                return [0x80, (sent == 0 ? 0x80 : 0) | eventType] + number + bigEndian(speaker.keyTimestamp)
                    + bigEndian(source) + payload
            }
        }
        let audio: [UInt8] =
            switch speaker.sound {
            case .silence: [UInt8](repeating: 0xFF, count: 160)
            case .tone: G711.encode(speaker.tone.samples(160), .mu)
            }
        return [0x80, 0] + number + bigEndian(speaker.timestamp) + bigEndian(source) + audio
    }

    /// Answers a sender report with a receiver report (RFC 3550 §6.4.2), so that the host can tell the round trip.
    private func answerReport(_ bytes: [UInt8], to address: TransportAddress) {
        guard bytes[1] == 200, bytes.count >= 28 else { return }
        let senderSource = Array(bytes[4..<8])
        // The middle 32 bits of the report's NTP time; it is answered at once.
        let lastReport = Array(bytes[10..<14])
        speaker.withLock { speaker in
            let report: [UInt8] =
                [0x81, 201, 0, 7] + Self.bigEndian(Self.source) + senderSource + [0, 0, 0, 0]
                + Self.bigEndian(UInt32(speaker.highestReceived)) + [0, 0, 0, 0] + lastReport + [0, 0, 0, 0]
            speaker.socket?.send(report, to: address)
        }
    }
}
