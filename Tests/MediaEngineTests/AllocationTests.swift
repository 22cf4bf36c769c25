import AllocationCount
import Audio
import MediaEngine
import RTP
import SansIO
import Testing

@Suite("Allocations")
struct AllocationTests {
    /// Swift's debug builds allocate where optimised ones do not.
    private static var isOptimised: Bool {
        var isOptimised = true
        assert(
            {
                isOptimised = false; return true
            }())
        return isOptimised
    }

    @Test(
        "A hundred thousand packets each way, with loss, reordering, keys, pauses, flushes and reports, allocate nothing",
        .enabled(if: isOptimised, "only optimised builds: swift test -c release"))
    func packets() {
        let channel = MediaChannel()
        var session = MediaSession(
            channel: channel, configuration: MediaSession.Configuration(seed: 1), firstTick: .zero)
        channel.start(VirtualCall.parameters())
        // Everything that ordinary code does is done before: it may allocate.
        for tag in 0..<60 as Range<UInt32> {
            channel.play(Array(repeating: 0x20, count: 200_000), tag: tag)
            channel.finish(tag: tag)
        }
        channel.sendDigits("0123456789")
        var datagram = VirtualCall.datagram(0, payload: VirtualCall.numbered(1))
        let event = VirtualCall.datagram(0, payload: [5, 0x8A, 5, 0], payloadType: 101)
        let before = allocation_count_of_thread()
        _ = [UInt8](repeating: 1, count: Int(before % 2) + 2_000)
        let afterOne = allocation_count_of_thread()
        var random = SeededRandom(seed: 5)
        let report = control()
        var sent = 0
        var reported = 0
        var allocated: UInt64 = 0
        var places: [Int] = []
        for number in 0..<100_000 {
            let now = Instant(nanoseconds: Int64(number) * 20_000_000)
            if number == 10_000 { channel.pause() }
            if number == 10_500 { channel.resume() }
            if number == 30_000 { channel.flush() }
            let start = allocation_count_of_thread()
            let isKey = number % 1_000 == 999
            if !random.chance(0.03) {
                let early = random.chance(0.05) ? 1 : 0
                write(number + early, isKey ? event : nil, into: &datagram)
                datagram.withUnsafeBytes { session.receive($0, from: VirtualCall.far, at: now) }
            }
            if number % 250 == 0 {
                report.withUnsafeBytes { session.receiveControl($0, from: VirtualCall.far.withPort(4_001), at: now) }
            }
            let transmission = session.tick(at: now)
            if transmission.mediaLength > 0 { sent += 1 }
            if transmission.controlLength > 0 { reported += 1 }
            let count = allocation_count_of_thread() - start
            // The first packet of a process has the runtime make its metadata of generic types.
            if number == 0 { continue }
            if count > 0 { places.append(number) }
            allocated += count
            channel.drain(uplink: { _, _ in }, event: { _ in })
        }
        #expect(afterOne > before, "the counter counts")
        #expect(sent == 100_000)
        #expect(reported > 100)
        #expect(channel.statistics.packetsReceived > 90_000)
        #expect(channel.statistics.bytesConcealed > 0)
        #expect(allocated == 0, "at packets \(places.prefix(10))")
    }

    /// Sets number and timestamp of `datagram` in place; a key replaces the beginning of the payload.
    private func write(_ number: Int, _ key: [UInt8]?, into datagram: inout [UInt8]) {
        datagram.withUnsafeMutableBytes { bytes in
            let header = PacketHeader(
                payloadType: key == nil ? 0 : 101, sequenceNumber: UInt16(truncatingIfNeeded: number),
                timestamp: UInt32(truncatingIfNeeded: number * 160), ssrc: 0xFEED)
            header.write(into: bytes)
        }
    }

    private func control() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 52)
        bytes.withUnsafeMutableBytes { buffer in
            var writer = ControlWriter(buffer)
            let info = SenderInfo(ntp: NTPTimestamp(bits: 1), rtpTimestamp: 1, packetCount: 1, octetCount: 160)
            writer.report(ssrc: 0xFEED, sender: info, block: nil)
        }
        return Array(bytes.prefix(28))
    }
}
