import Audio
import Foundation
import Synchronization
import TestSupport

/// The media side of a callee, without any code of ours behind it: keeps each RTP packet with the kernel's own time of
/// its arrival, and answers it with one packet of a tone.
///
/// Its clock is the caller's: it speaks as fast as it is spoken to.
final class RTPPeer: Sendable {
    /// An RTP packet without extensions (RFC 3550 §5.1).
    struct Packet: Sendable {
        var sequenceNumber: UInt16
        var timestamp: UInt32
        var source: UInt32
        var payloadType: UInt8
        var payload: [UInt8]
        /// When the kernel took it from the network, Unix time. [ns]
        var arrival: Int64
    }

    let port: UInt16
    let packets = Watched<[Packet]>([])

    private let descriptor: Int32
    private let speaks = Atomic(true)
    /// The thread closes the socket once it has seen this; under the lock, so that nobody sends on a number that the
    /// kernel has given to another file.
    private let isClosed = Mutex(false)

    /// `SO_TIMESTAMPNS` and `SCM_TIMESTAMPNS` (`socket(7)`, `asm-generic/socket.h`).
    private static let timestampOption: Int32 = 35
    /// Twenty milliseconds of 1 kHz: twenty whole periods, so that packets join.
    private static let tone: [UInt8] = {
        var generator = ToneGenerator(frequency: 1_000)
        return G711.encode(generator.samples(160), .mu)
    }()

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isReady =
            setsockopt(
                descriptor, SOL_SOCKET, Self.timestampOption, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0
            && withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
        port = UInt16(bigEndian: address.sin_port)
        guard isReady else { throw Failure(description: "no UDP port: \(String(cString: strerror(errno)))") }
        Thread.detachNewThread { [self] in run() }
    }

    /// Says nothing any more, and listens on.
    func fallSilent() {
        speaks.store(false, ordering: .relaxed)
    }

    /// Closes the port: whoever still sends to it is told so by ICMP.
    func close() {
        isClosed.withLock { isClosed in
            guard !isClosed else { return }
            isClosed = true
            // An empty datagram wakes the thread.
            var address = Self.loopback(port: port)
            send([], to: &address)
        }
    }

    /// Waits until so many packets have come.
    func heard(_ count: Int, limit: Duration = .seconds(15)) async throws {
        try await packets.wait(for: "\(count) RTP packets", limit: limit) { $0.count >= count ? true : nil }
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    // MARK: The thread

    private func run() {
        var sequenceNumber: UInt16 = 0
        while !isClosed.withLock({ $0 }) {
            guard let (bytes, origin, arrival) = receive() else { continue }
            // RTCP shares the port: its packet types are where RTP has marker and payload type (RFC 5761 §4).
            guard bytes.count >= 12, bytes[0] == 0x80, !(192...223).contains(bytes[1]) else { continue }
            packets.update { $0.append(Packet(bytes, arrival: arrival)) }
            guard speaks.load(ordering: .relaxed) else { continue }
            sequenceNumber &+= 1
            var source = origin
            send(Self.packet(sequenceNumber), to: &source)
        }
        Foundation.close(descriptor)
    }

    private static func packet(_ number: UInt16) -> [UInt8] {
        let timestamp = UInt32(number) &* 160
        var bytes: [UInt8] = [0x80, 0, UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: timestamp >> shift)) }
        return bytes + [0x54, 0x45, 0x53, 0x54] + tone
    }

    private func send(_ bytes: [UInt8], to address: inout sockaddr_in) {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// The next datagram, where it came from, and when. [ns]
    private func receive() -> (bytes: [UInt8], source: sockaddr_in, arrival: Int64)? {
        var source = sockaddr_in()
        var buffer = [UInt8](repeating: 0, count: 2_048)
        var control = [UInt64](repeating: 0, count: 32)
        var controlLength = 0
        let count = withUnsafeMutablePointer(to: &source) { source in
            buffer.withUnsafeMutableBytes { buffer in
                control.withUnsafeMutableBytes { control in
                    var vector = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
                    return withUnsafeMutablePointer(to: &vector) { vector in
                        var message = msghdr()
                        message.msg_name = UnsafeMutableRawPointer(source)
                        message.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
                        message.msg_iov = vector
                        message.msg_iovlen = 1
                        message.msg_control = control.baseAddress
                        message.msg_controllen = control.count
                        let count = recvmsg(descriptor, &message, 0)
                        controlLength = Int(message.msg_controllen)
                        return count
                    }
                }
            }
        }
        guard count >= 0 else { return nil }
        // One control message: a `cmsghdr` of 16 bytes (length, level, type), then a `timespec`.
        let arrival: Int64 = control.withUnsafeBytes { control in
            guard controlLength >= 32, control.load(fromByteOffset: 8, as: Int32.self) == SOL_SOCKET,
                control.load(fromByteOffset: 12, as: Int32.self) == Self.timestampOption
            else { return 0 }
            return control.load(fromByteOffset: 16, as: Int64.self) * 1_000_000_000
                + control.load(fromByteOffset: 24, as: Int64.self)
        }
        return (Array(buffer[..<count]), source, arrival)
    }
}

extension RTPPeer.Packet {
    fileprivate init(_ bytes: [UInt8], arrival: Int64) {
        func word(_ offset: Int) -> UInt32 { bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) } }
        self.init(
            sequenceNumber: UInt16(truncatingIfNeeded: word(0)), timestamp: word(4), source: word(8),
            payloadType: bytes[1] & 0x7F, payload: Array(bytes[12...]), arrival: arrival)
    }
}
