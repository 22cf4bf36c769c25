import MediaEngine
import SansIO
import Testing

@Suite("Figures")
struct FiguresTests {
    @Test("Quantiles of a histogram are right to 13 % and never too small")
    func histogram() {
        var histogram = LatencyHistogram()
        for microseconds in 1...10_000 as ClosedRange<Int64> { histogram.record(nanoseconds: microseconds * 1_000) }
        #expect(histogram.count == 10_000)
        for quantile in [0.01, 0.5, 0.9, 0.99, 0.999] {
            let exact = 10_000 * quantile
            let told = histogram.microseconds(atQuantile: quantile)
            #expect(told >= exact && told <= exact * 1.26)
        }
        histogram.record(nanoseconds: -5)
        histogram.record(nanoseconds: .max)
        #expect(histogram.count == 10_002)
        #expect(LatencyHistogram().microseconds(atQuantile: 0.5) == 0)
    }

    @Test("A run of the ledger answers for any instant, within any arithmetic")
    func ledger() {
        var ledger = PlayoutLedger()
        ledger.open(
            PlayoutLedger.Run(
                tag: 1, firstByte: 0, rtpTimestamp: 0, start: Instant(nanoseconds: 1_000_000_000),
                bytesInFirstPacket: 100, bytesPerPacket: 160))
        #expect(ledger.bytes(of: 1, sentBy: Instant(nanoseconds: 999_999_999)) == 0)
        #expect(ledger.bytes(of: 1, sentBy: Instant(nanoseconds: 1_000_000_000)) == 100)
        #expect(ledger.bytes(of: 1, sentBy: Instant(nanoseconds: 1_040_000_000)) == 420)
        ledger.close(tag: 1, count: 300)
        #expect(ledger.bytes(of: 1, sentBy: .distantFuture) == 300)
        #expect(ledger.bytes(of: 2, sentBy: .distantFuture) == 0)
        for tag in 0..<5_000 as Range<UInt32> {
            ledger.open(
                PlayoutLedger.Run(
                    tag: tag, firstByte: 0, rtpTimestamp: 0, start: .zero, bytesInFirstPacket: 1, bytesPerPacket: 0,
                    count: 1))
        }
        #expect(ledger.runs.count <= PlayoutLedger.capacity)
        #expect(ledger.bytes(of: 4_999, sentBy: .zero) == 1)
    }

    @Test("Addresses compare as numbers and are written as they were read")
    func addresses() throws {
        for text in ["127.0.0.1", "2001:db8::1", "255.255.255.255"] {
            let address = try #require(SocketAddress(TransportAddress(host: text, port: 5_060)))
            #expect(address.transportAddress == TransportAddress(host: text, port: 5_060))
            #expect(address.isSendable)
        }
        #expect(SocketAddress(TransportAddress(host: "example.com", port: 1)) == nil)
        let unspecified = try #require(SocketAddress(TransportAddress(host: "0.0.0.0", port: 1)))
        #expect(!unspecified.isSendable)
        #expect(!SocketAddress.none.hasSameHost(as: .none))
    }
}
