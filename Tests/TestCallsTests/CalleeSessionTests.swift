import SansIO
import Testing

@testable import TestCalls

@Suite("The scripted callee, in virtual time")
struct CalleeSessionTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func session(_ steps: CalleeScript.Step...) -> CalleeSession {
        CalleeSession(script: CalleeScript(answerDelay: .seconds(1), steps: steps))
    }

    @Test("It answers what it hears only when the agent is silent again")
    func hears() {
        var callee = session(.hear(anyOf: ["dental practice"], patience: .seconds(10)), .say("Hello."))
        #expect(callee.receive(.answered, at: start) == [])
        #expect(callee.receive(.agentStarted, at: start) == [])
        #expect(callee.receive(.heard("Hello, this is the Dental Practice"), at: start) == [])
        #expect(callee.receive(.agentStopped, at: start) == [.speak("Hello.")])
        #expect(callee.receive(.spoken, at: start) == [.finish(.completed)])
    }

    @Test("Words that come in two utterances count together")
    func split() {
        var callee = session(.hear(anyOf: ["one two"], patience: .seconds(10)), .hangUp)
        _ = callee.receive(.answered, at: start)
        #expect(callee.receive(.heard("…and one"), at: start) == [])
        #expect(callee.receive(.heard("two."), at: start) == [.hangUp, .finish(.completed)])
    }

    @Test("It interrupts the agent in the middle of its speech")
    func interrupts() {
        var callee = session(.interrupt(after: .seconds(1), say: "Three is fine."), .awaitHangUp(patience: .seconds(5)))
        _ = callee.receive(.answered, at: start)
        #expect(callee.receive(.agentStarted, at: start) == [])
        #expect(callee.nextDeadline == start + .seconds(1))
        #expect(callee.receive(.deadline, at: start + .milliseconds(500)) == [])
        #expect(callee.receive(.deadline, at: start + .seconds(1)) == [.speak("Three is fine.")])
        #expect(callee.receive(.spoken, at: start + .seconds(2)) == [])
        #expect(callee.receive(.ended, at: start + .seconds(3)) == [.finish(.completed)])
    }

    @Test("What it waits for in vain is named")
    func impatient() {
        var callee = session(.hear(anyOf: ["goodbye"], patience: .seconds(10)))
        _ = callee.receive(.answered, at: start)
        _ = callee.receive(.heard("good day"), at: start)
        let actions = callee.receive(.deadline, at: start + .seconds(10))
        #expect(
            actions == [.hangUp, .finish(.failed("waited for the agent to say “goodbye”, heard “good day”"))])
        #expect(callee.receive(.ended, at: start) == [])
    }

    @Test("A hang-up in the middle is a failure, once")
    func hungUp() {
        var callee = session(.say("Hello."), .awaitHangUp(patience: .seconds(5)))
        _ = callee.receive(.answered, at: start)
        #expect(callee.receive(.ended, at: start).count == 1)
        #expect(callee.receive(.ended, at: start) == [])
        #expect(callee.nextDeadline == nil)
    }
}
