import Net
import Testing

@Suite("DeadlineTimer", .timeLimit(.minutes(1)))
struct DeadlineTimerTests {
    @Test("the call comes once, and not before it was asked for")
    func once() async {
        let calls = Recorder<ContinuousClock.Instant>()
        let timer = DeadlineTimer { calls.record(.now) }
        let start = ContinuousClock.now
        timer.arm(after: .milliseconds(50))
        let first = await calls.first(1)
        #expect(first[0] - start >= .milliseconds(50))
        // A later call shows that no other came between.
        timer.arm(after: .milliseconds(50))
        _ = await calls.first(2)
        #expect(calls.elements.count == 2)
        timer.stop()
    }

    @Test("an earlier deadline replaces a later one, a later one does not put off an earlier one, nil changes nothing")
    func order() async {
        let calls = Recorder<ContinuousClock.Instant>()
        let timer = DeadlineTimer { calls.record(.now) }
        let start = ContinuousClock.now
        timer.arm(after: .seconds(3_600))
        timer.arm(after: .milliseconds(20))
        timer.arm(after: .seconds(3_600))
        timer.arm(after: nil)
        let first = await calls.first(1)
        #expect(first[0] - start < .seconds(30))
        timer.stop()
    }

    @Test("a deadline that has passed is called at once")
    func past() async {
        let calls = Recorder<Int>()
        let timer = DeadlineTimer { calls.record(1) }
        timer.arm(after: .seconds(-5))
        _ = await calls.first(1)
        timer.stop()
    }

    @Test("after the stop no call comes, also of one that is armed then")
    func stop() async {
        let calls = Recorder<String>()
        let stopped = DeadlineTimer { calls.record("stopped") }
        stopped.arm(after: .milliseconds(20))
        stopped.stop()
        stopped.arm(after: .milliseconds(20))
        let other = DeadlineTimer { calls.record("other") }
        other.arm(after: .milliseconds(60))
        #expect(await calls.first(1) == ["other"])
        other.stop()
    }
}
