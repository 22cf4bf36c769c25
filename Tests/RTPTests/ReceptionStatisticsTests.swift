import RTP
import SansIO
import Testing

@Suite("Reception statistics (RFC 3550 A.1, A.3, A.8)")
struct ReceptionStatisticsTests {
    private func header(_ number: Int, ssrc: UInt32 = 1) -> PacketHeader {
        PacketHeader(
            payloadType: 0, sequenceNumber: UInt16(truncatingIfNeeded: number),
            timestamp: UInt32(truncatingIfNeeded: number * 160), ssrc: ssrc)
    }

    private func instant(_ milliseconds: Double) -> Instant { Instant(nanoseconds: Int64(milliseconds * 1e6)) }

    @Test("Losses are counted over the wrap of the sequence number, and per interval in 1/256")
    func losses() throws {
        var statistics = ReceptionStatistics()
        for number in 65_500..<65_600 where number % 10 != 3 {
            statistics.receive(header(number), at: instant(Double(number) * 20))
        }
        #expect(statistics.expected == 100)
        #expect(statistics.lost == 10)
        let firstTaken = statistics.takeReportBlock(at: .zero)
        let first = try #require(firstTaken)
        #expect(first.fractionLost == 25)
        #expect(first.cumulativeLost == 10)
        #expect(first.highestSequenceNumber == 0x1_0000 + 63)
        for number in 65_600..<65_650 { statistics.receive(header(number), at: instant(Double(number) * 20)) }
        let secondTaken = statistics.takeReportBlock(at: .zero)
        let second = try #require(secondTaken)
        #expect(second.fractionLost == 0)
        #expect(second.cumulativeLost == 10)
    }

    @Test("Duplicates make the count of losses negative, never the fraction")
    func duplicates() throws {
        var statistics = ReceptionStatistics()
        for number in 0..<10 {
            statistics.receive(header(number), at: instant(Double(number) * 20))
            statistics.receive(header(number), at: instant(Double(number) * 20))
        }
        let blockTaken = statistics.takeReportBlock(at: .zero)
        let block = try #require(blockTaken)
        #expect(block.cumulativeLost == -10)
        #expect(block.fractionLost == 0)
    }

    @Test("Jitter follows A.8: J += (|D| − J)/16")
    func jitter() {
        var statistics = ReceptionStatistics()
        var random = SeededRandom(seed: 3)
        var expected = 0.0
        var transit: Double?
        for number in 0..<500 {
            let arrival = Double(number) * 20 + Double(random.next() % 160) / 8
            statistics.receive(header(number), at: instant(arrival))
            let now = arrival * 8 - Double(number * 160)
            if let transit { expected += (abs(now - transit) - expected) / 16 }
            transit = now
        }
        #expect(abs(Double(statistics.jitter) - expected) < 2)
        #expect(expected > 20)
    }

    @Test("A far jump is believed when a second packet confirms it")
    func restart() {
        var statistics = ReceptionStatistics()
        for number in 0..<10 { statistics.receive(header(number), at: instant(Double(number) * 20)) }
        statistics.receive(header(40_000), at: instant(200))
        #expect(statistics.received == 10)
        statistics.receive(header(40_001), at: instant(220))
        #expect(statistics.expected == 1)
        #expect(statistics.lost == 0)
    }

    @Test("A new SSRC begins anew")
    func newSource() {
        var statistics = ReceptionStatistics()
        statistics.receive(header(5), at: .zero)
        statistics.receive(header(900, ssrc: 2), at: instant(20))
        #expect(statistics.ssrc == 2)
        #expect(statistics.expected == 1)
    }

    @Test("LSR and DLSR repeat the last sender report and its age (§6.4.1)")
    func senderReport() throws {
        var statistics = ReceptionStatistics()
        statistics.receive(header(1), at: .zero)
        let info = SenderInfo(
            ntp: NTPTimestamp(bits: 0x0000_1234_5678_0000), rtpTimestamp: 0, packetCount: 0, octetCount: 0)
        statistics.receive(senderReport: info, at: instant(1_000))
        let blockTaken = statistics.takeReportBlock(at: instant(3_500))
        let block = try #require(blockTaken)
        #expect(block.lastSenderReport == 0x1234_5678)
        #expect(block.delaySinceLastSenderReport == 65_536 * 5 / 2)
    }

    @Test("Reports are 2.5…7.5 s / 1.218 apart for two, half of that at first (§6.3.1)")
    func interval() {
        for seed in 0..<200 {
            var interval = ReportInterval(random: SeededRandom(seed: UInt64(seed)))
            let first = Double(interval.next(members: 2, senders: 1, weSend: true)) / 1e9
            #expect((1.02...3.08).contains(first))
            let second = Double(interval.next(members: 2, senders: 2, weSend: true)) / 1e9
            #expect((2.05...6.16).contains(second))
        }
        // A thousand members share the bandwidth.
        var crowded = ReportInterval(random: SeededRandom(seed: 1))
        #expect(crowded.next(members: 1_000, senders: 1_000, weSend: true) > 100_000_000_000)
    }
}
