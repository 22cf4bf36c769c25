import SansIO
import Testing

@testable import MediaEngine

@Suite("The length of what goes up")
struct UplinkTimelineTests {
    private static func instant(_ milliseconds: Int) -> Instant {
        Instant(nanoseconds: Int64(milliseconds) * 1_000_000)
    }

    /// A packet of 20 ms, then silence, then another packet.
    ///
    /// - Parameters:
    ///   - late: By how much the second packet comes later, or earlier, than its timestamp says. [ms]
    ///   - tick: When the clock fills in, after each whole 20 ms. [ms]
    /// - Returns: Samples between the two packets.
    private func samples(between silence: Int, late: Int = 0, tick: Int = 7) -> Int {
        var timeline = UplinkTimeline()
        _ = timeline.packet(timestamp: 1_000, samples: 160, lost: 0, at: Self.instant(0))
        let arrival = 20 + silence + late
        var count = 0
        for now in stride(from: 20 + tick, to: arrival, by: 20) { count += timeline.tick(at: Self.instant(now)) }
        let fill = timeline.packet(
            timestamp: 1_160 + UInt32(silence * 8), samples: 160, lost: 0, at: Self.instant(arrival))
        return count + fill.silence + fill.concealed
    }

    @Test(
        "a silence that is suppressed is as long as it was, whenever the clock has filled in last",
        arguments: [40, 100, 500, 1_990, 2_010, 2_500, 60_000], [0, 7, 13, 19])
    func silence(_ milliseconds: Int, tick: Int) {
        #expect(samples(between: milliseconds, tick: tick) == milliseconds * 8)
    }

    @Test("a packet that is late behind a silence leaves less silence to come, one that is early more")
    func jitter() {
        #expect(samples(between: 3_000, late: -40) == 3_000 * 8)
        var timeline = UplinkTimeline()
        _ = timeline.packet(timestamp: 0, samples: 160, lost: 0, at: Self.instant(0))
        // 3 s of silence by the timestamps, and 60 ms more by the clock.
        var count = timeline.tick(at: Self.instant(3_080))
        count += timeline.packet(timestamp: 160 + 24_000, samples: 160, lost: 0, at: Self.instant(3_080)).silence
        #expect(count == 24_480)
        // The next silence gives it back.
        count += timeline.packet(timestamp: 24_320 + 8_000, samples: 160, lost: 0, at: Self.instant(3_100)).silence
        #expect(count == 32_000)
    }

    @Test("a jump of the timestamps that the clock knows nothing of is a sender that started anew, and no silence")
    func jump() {
        var timeline = UplinkTimeline()
        _ = timeline.packet(timestamp: 0, samples: 160, lost: 0, at: Self.instant(0))
        #expect(
            timeline.packet(timestamp: 500_000, samples: 160, lost: 0, at: Self.instant(20)) == UplinkTimeline.Fill())
        #expect(
            timeline.packet(timestamp: 500_160, samples: 160, lost: 0, at: Self.instant(40)) == UplinkTimeline.Fill())
    }
}
