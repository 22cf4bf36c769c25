import SansIO
import Testing

@testable import TestCalls

@Suite("A network that misbehaves by a seed")
struct ImpairedLinkTests {
    private func conditions(_ change: (inout NetworkConditions) -> Void) -> NetworkConditions {
        var conditions = NetworkConditions.perfect
        change(&conditions)
        return conditions
    }

    /// When each of many datagrams, 20 ms apart, arrives.
    private func arrivals(_ conditions: NetworkConditions, seed: UInt64 = 7, count: Int = 20_000) -> [[Instant]] {
        var link = ImpairedLink(conditions, seed: seed)
        return (0..<count).map { link.arrivals(sentAt: Instant(nanoseconds: Int64($0) * 20_000_000)) }
    }

    @Test("A perfect network hands on everything at once")
    func perfect() {
        for (index, times) in arrivals(.perfect, count: 100).enumerated() {
            #expect(times == [Instant(nanoseconds: Int64(index) * 20_000_000)])
        }
    }

    @Test("The share of losses is the one asked for, in bursts or not", arguments: [0.01, 0.05, 0.3], [1.0, 4.0])
    func loss(share: Double, burst: Double) {
        let times = arrivals(
            conditions {
                $0.loss = share
                $0.burst = burst
            }, count: 100_000)
        let lost = Double(times.count { $0.isEmpty }) / Double(times.count)
        #expect(abs(lost - share) < 0.25 * share)
        let bursts = zip(times, times.dropFirst()).count { !$0.isEmpty && $1.isEmpty }
        let length = Double(times.count { $0.isEmpty }) / Double(max(bursts, 1))
        // Single losses may follow one another by chance.
        #expect(abs(length - max(burst, 1 / (1 - share))) < 0.3 * burst + 0.1)
    }

    @Test("Jitter delays, and keeps the order")
    func jitter() {
        let times = arrivals(
            conditions {
                $0.delay = .milliseconds(30)
                $0.jitter = .milliseconds(60)
            }
        ).flatMap(\.self)
        #expect(times == times.sorted())
        let delays = times.enumerated().map { $1 - Instant(nanoseconds: Int64($0) * 20_000_000) }
        #expect(delays.allSatisfy { $0 >= .milliseconds(30) && $0 <= .milliseconds(90) })
        #expect(Set(delays).count > 100)
    }

    @Test("Reordering lets some be overtaken, and loses none")
    func reordering() {
        let times = arrivals(conditions { $0.reorder = 0.1 }, count: 1_000).flatMap(\.self)
        #expect(times.count == 1_000)
        #expect(times != times.sorted())
    }

    @Test("Duplicates come twice; equal seeds come alike")
    func duplicates() {
        let doubling = conditions { $0.duplicate = 0.2 }
        let times = arrivals(doubling, count: 5_000)
        let doubled = times.count { $0.count == 2 }
        #expect((800...1_200).contains(doubled))
        #expect(times == arrivals(doubling, count: 5_000))
        #expect(times != arrivals(doubling, seed: 8, count: 5_000))
    }
}
