import AllocationCount
import MediaEngine
import RTP
import SansIO

/// What the media path costs without any socket: packets through a media session, both ways.
struct MediaPath {
    let packets: Int
    /// Allocations of all packets together.
    let allocations: UInt64
    /// For one packet in, one tick and one packet out. [ns]
    let nanosecondsPerTick: Double

    var json: JSON {
        [
            "packets_each_way": .integer(Int64(packets)), "allocations": .integer(Int64(allocations)),
            "allocations_per_packet": .number(Double(allocations) / Double(2 * packets)),
            "ns_per_packet_pair": .number(nanosecondsPerTick),
        ]
    }

    /// Drives a session through `packets` ticks, with some loss, some reordering, flushes and reports.
    static func measure(packets: Int) -> MediaPath {
        let channel = MediaChannel()
        var session = MediaSession(
            channel: channel, configuration: MediaSession.Configuration(seed: 1), firstTick: .zero)
        let far = TransportAddress(host: "192.0.2.7", port: 4_000)
        channel.start(MediaParameters(remote: far))
        for tag in 0..<(UInt32(truncatingIfNeeded: packets / 1_000) + 1) {
            channel.play(Array(repeating: 0x20, count: 200_000), tag: tag)
            channel.finish(tag: tag)
        }
        guard let source = SocketAddress(far) else {
            return MediaPath(packets: 0, allocations: 0, nanosecondsPerTick: 0)
        }
        var datagram = [UInt8](repeating: 0x55, count: PacketHeader.size + 160)
        var random = SeededRandom(seed: 5)
        var allocated: UInt64 = 0
        var nanoseconds: Int64 = 0
        for number in 0..<packets {
            let now = Instant(nanoseconds: Int64(number) * 20_000_000)
            if number % 10_000 == 5_000 { channel.flush() }
            let isLost = random.chance(0.02)
            let early = random.chance(0.02) ? 1 : 0
            let began = MonotonicClock.now()
            let start = allocation_count_of_thread()
            if !isLost {
                datagram.withUnsafeMutableBytes { bytes in
                    let header = PacketHeader(
                        payloadType: 0, sequenceNumber: UInt16(truncatingIfNeeded: number + early),
                        timestamp: UInt32(truncatingIfNeeded: (number + early) * 160), ssrc: 0xFEED)
                    header.write(into: bytes)
                    session.receive(UnsafeRawBufferPointer(bytes), from: source, at: now)
                }
            }
            _ = session.tick(at: now)
            allocated += allocation_count_of_thread() - start
            nanoseconds += MonotonicClock.now().nanoseconds - began.nanoseconds
            channel.drain(uplink: { _, _ in }, event: { _ in })
        }
        return MediaPath(
            packets: packets, allocations: allocated, nanosecondsPerTick: Double(nanoseconds) / Double(packets))
    }
}
