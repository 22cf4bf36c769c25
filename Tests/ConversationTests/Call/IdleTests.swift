import SansIO
import Testing

@testable import Conversation

@Suite("Silence")
struct IdleTests {
    /// The greeting was heard this moment.
    private func silent() -> CallHarness { CallHarness.quiet([.onIdle, .onDTMF]) }

    @Test("on_idle runs idle_timeout after the end of what the far end could hear, and counts")
    func fromPlayout() throws {
        var call = CallHarness(handlers: [.onIdle])
        call.answer()
        let id = call.beginResponse()
        call.speak("A long sentence.", milliseconds: 20_000, in: id, item: "item_1")
        call.finishResponse(id)
        call.hear("item_1")
        #expect(call.arguments(.onIdle).isEmpty)
        call.advance(.milliseconds(14_999))
        #expect(call.arguments(.onIdle).isEmpty)
        call.advance(.milliseconds(1))
        #expect(call.arguments(.onIdle) == [[1]])
        call.returns()
        call.advance(.seconds(15))
        #expect(call.arguments(.onIdle) == [[1], [2]])
    }

    @Test("What on_idle says itself is heard first, then silence begins again")
    func says() throws {
        var call = silent()
        call.advance(.seconds(15))
        call.yields(.say(text: "Are you there?", interruptible: true))
        let id = call.beginResponse()
        call.speak("Are you there?", milliseconds: 3_000, in: id, item: "item_1")
        call.finishResponse(id)
        call.advance(.seconds(30))
        call.hear("item_1")
        call.returns()
        call.advance(.milliseconds(14_999))
        #expect(call.arguments(.onIdle) == [[1]])
        call.advance(.milliseconds(1))
        #expect(call.arguments(.onIdle) == [[1], [2]])
    }

    @Test("Not while the caller speaks; then the count starts again")
    func callerSpeaks() {
        var call = silent()
        call.advance(.seconds(15))
        call.returns()
        call.advance(.seconds(10))
        call.callerSpeaks()
        call.advance(.seconds(60))
        #expect(call.arguments(.onIdle) == [[1]])
        call.callerStops()
        call.advance(.milliseconds(14_999))
        #expect(call.arguments(.onIdle) == [[1]])
        call.advance(.milliseconds(1))
        #expect(call.arguments(.onIdle) == [[1], [1]])
    }

    @Test("A key is a sign of life: silence and count start again")
    func key() throws {
        var call = silent()
        call.advance(.seconds(15))
        call.returns()
        call.advance(.seconds(10))
        call.press("1")
        call.returns([], call.task(.onDTMF))
        call.advance(.milliseconds(14_999))
        #expect(call.arguments(.onIdle) == [[1]])
        call.advance(.milliseconds(1))
        #expect(call.arguments(.onIdle) == [[1], [1]])
    }

    @Test("Not while an action runs")
    func action() {
        var call = silent()
        call.call("look_up")
        call.yields(.sleep(.seconds(20)))
        call.advance(.seconds(19))
        #expect(call.arguments(.onIdle).isEmpty)
    }

    @Test("Not while keys are gathered or the call is handed over")
    func busy() {
        var gathering = silent()
        gathering.press("1")
        gathering.yields(.gatherDTMF(DTMFGathering(maximum: 4, timeout: .seconds(60), terminator: nil)))
        gathering.advance(.seconds(50))
        #expect(gathering.arguments(.onIdle).isEmpty)
        var transfer = silent()
        transfer.press("1")
        transfer.yields(.transfer(target: "+15105550199"))
        transfer.advance(.seconds(50))
        #expect(transfer.arguments(.onIdle).isEmpty)
    }

    @Test("Not while a sound is played")
    func sound() {
        var call = silent()
        call.press("1")
        let task = call.lastTask
        call.yields(.play(source: "a.wav", interruptible: true))
        call.send(.service(task, .audio([UInt8](repeating: 1, count: 160_000))))
        call.advance(.seconds(19))
        #expect(call.arguments(.onIdle).isEmpty)
    }

    @Test("Without the handler no time runs")
    func absent() {
        let call = CallHarness.quiet()
        #expect(call.session.timers[.idle] == nil)
    }

    @Test("Behind the last words nobody is idle")
    func closing() {
        var call = silent()
        call.press("1")
        call.yields(.hangup(reason: nil, afterPlayout: true))
        call.advance(.seconds(60))
        #expect(call.arguments(.onIdle).isEmpty)
    }
}
