import SansIO
import Testing

@testable import Conversation

@Suite("What the script asks for")
struct ScriptRequestTests {
    private func answered() -> CallHarness {
        var call = CallHarness(handlers: [.onAnswered])
        call.answer()
        return call
    }

    @Test("say asks the model for exactly these words, without tools, and returns when they were heard")
    func say() throws {
        var call = answered()
        let task = call.lastTask
        call.yields(.say(text: "Hello there.", interruptible: true))
        let create = try #require(call.created.last)
        #expect(create.instructions == "Say exactly the following, and nothing else: \"Hello there.\"")
        #expect(create.toolChoice == "none")
        #expect(create.metadata["moonline"] == "say")
        let id = call.beginResponse()
        call.speak("Hello there.", milliseconds: 1_000, in: id, item: "item_1")
        call.finishResponse(id)
        #expect(call.reply(to: task) == nil)
        call.hear("item_1")
        #expect(call.reply(to: task) == .value(true))
    }

    @Test("Two sentences are said one after the other")
    func queued() {
        var call = answered()
        let first = call.lastTask
        call.yields(.say(text: "One.", interruptible: true))
        call.server(.inputCommitted(itemID: "item_u", previousItemID: nil))
        call.call("look_up")
        let second = call.lastTask
        #expect(second != first)
        call.yields(.say(text: "Two.", interruptible: true))
        #expect(call.created.count == 1)
        call.finishResponse(call.beginResponse())
        #expect(call.created.count == 2)
        #expect(call.created.last?.instructions?.contains("Two.") == true)
    }

    @Test("reply adds its instructions to those of the session")
    func reply() {
        var call = answered()
        call.yields(.reply(instructions: "Ask for the date."))
        #expect(call.created.last?.instructions == "Be brief.\n\nAsk for the date.")
        #expect(call.created.last?.toolChoice == nil)
    }

    @Test("A sentence that the model doesn't speak is a failure, not a wait")
    func silentModel() {
        var call = answered()
        let task = call.lastTask
        call.yields(.say(text: "Hello.", interruptible: true))
        call.finishResponse(call.beginResponse())
        #expect(call.reply(to: task) == .failure(code: .modelFailed, message: "the model said nothing"))
    }

    @Test("Nothing to say is said at once")
    func empty() {
        var call = answered()
        let task = call.lastTask
        call.yields(.say(text: "  ", interruptible: true))
        #expect(call.reply(to: task) == .value(true))
        #expect(call.created.isEmpty)
    }

    @Test("Nothing can be said before the answer")
    func tooEarly() {
        var call = CallHarness(handlers: [.onRinging])
        call.configure()
        call.send(.telephony(.ringing(earlyMedia: false)))
        let task = call.lastTask
        call.yields(.say(text: "Hello.", interruptible: true))
        guard case .failure(.wrongStatus, _)? = call.reply(to: task) else {
            Issue.record("expected wrong_status")
            return
        }
        call.yields(.transfer(target: "+15105550100"))
        guard case .failure(.wrongStatus, _)? = call.reply(to: task) else {
            Issue.record("expected wrong_status")
            return
        }
    }

    @Test("sleep comes back at its time, and not at all once the call is over")
    func sleep() {
        var call = answered()
        let task = call.lastTask
        call.yields(.sleep(.milliseconds(1_500)))
        call.advance(.milliseconds(1_499))
        #expect(call.reply(to: task) == nil)
        call.advance(.milliseconds(1))
        #expect(call.reply(to: task) == .value(true))
        call.yields(.sleep(.seconds(60)))
        call.send(.hangUpRequested(reason: "stop"))
        #expect(call.log.contains(.script(.cancel(task))))
        #expect(call.outcome != nil)
    }

    @Test("wait_for_playout waits for the last word, and for a response that is still generated")
    func waitForPlayout() {
        var call = answered()
        let task = call.lastTask
        let id = call.beginResponse(own: true)
        call.yields(.waitForPlayout)
        call.speak("One moment.", milliseconds: 1_000, in: id, item: "item_1")
        call.hear("item_1")
        #expect(call.reply(to: task) == nil)
        call.finishResponse(id)
        #expect(call.reply(to: task) == .value(true))
        call.yields(.waitForPlayout)
        #expect(call.log.filter { if case .script(.resume) = $0 { true } else { false } }.count == 2)
    }

    @Test("Handlers start in order, each when the others have ended or wait")
    func scheduling() {
        var call = CallHarness(handlers: [.onRinging, .onAnswered])
        call.configure()
        call.send(.telephony(.ringing(earlyMedia: false)))
        let ringing = call.lastTask
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        #expect(call.startedHandlers == [.onRinging])
        call.yields(.sleep(.seconds(1)))
        #expect(call.startedHandlers == [.onRinging, .onAnswered])
        call.advance(.seconds(1))
        #expect(call.reply(to: ringing) == nil)
        call.returns()
        #expect(call.reply(to: ringing) == .value(true))
    }

    @Test("on_transcript hears both sides: what was said, and what was heard")
    func transcripts() {
        var call = CallHarness(handlers: [.onTranscript])
        call.answer()
        call.greet()
        call.returns()
        call.server(.speechStarted(itemID: "u1", audioStartMilliseconds: 0))
        call.server(.speechStopped(itemID: "u1", audioEndMilliseconds: 0))
        call.server(.inputTranscriptDelta(itemID: "u1", delta: "Hello"))
        call.server(.inputTranscriptCompleted(itemID: "u1", transcript: "Hello?"))
        call.returns()
        #expect(
            call.started == [
                .handler(.onTranscript, arguments: ["agent", "Hello, this is the dental practice.", true]),
                .handler(.onTranscript, arguments: ["user", "Hello?", true]),
            ])
        #expect(call.said == ["Hello?"])
    }

    @Test("A transfer: asked for, accepted, ringing, done; the call is handed over")
    func transfer() {
        var call = CallHarness(handlers: [.onTransfer])
        call.answer()
        call.greet()
        call.call("transfer_call")
        let task = call.lastTask
        call.yields(.transfer(target: " tel:+15105550199 "))
        #expect(call.last.contains(.transfer(target: "tel:+15105550199")))
        call.returns()
        call.send(.telephony(.transferAccepted))
        call.returns()
        call.send(.telephony(.transferProgress(status: 180, reason: "Ringing")))
        call.returns()
        call.send(.telephony(.transferEnded(status: 200, reason: "OK")))
        #expect(call.last.contains(.hangUp(reason: "transferred")))
        call.returns()
        call.returns([], task)
        #expect(call.reply(to: task) == .value(true))
        #expect(
            call.started.dropFirst() == [
                .handler(.onTransfer, arguments: ["requested", .null]),
                .handler(.onTransfer, arguments: ["accepted", 202]),
                .handler(.onTransfer, arguments: ["ringing", 180]),
                .handler(.onTransfer, arguments: ["succeeded", 200]),
            ])
        #expect(call.outcome?.kind == .transferred)
        #expect(call.created.count == 1)
    }

    @Test("A switch that hangs up once it accepted the transfer has taken the call over")
    func earlyBye() {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.call("transfer_call")
        let task = call.lastTask
        call.yields(.transfer(target: "+15105550199"))
        call.send(.telephony(.transferAccepted))
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.reply(to: task) == .value(true))
        call.returns()
        #expect(call.outcome?.kind == .transferred)
    }

    @Test("A refused transfer is data for the script, and the model is told")
    func refusedTransfer() {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.call("transfer_call")
        let task = call.lastTask
        call.yields(.transfer(target: "+15105550199"))
        call.send(.telephony(.transferEnded(status: 603, reason: "Decline")))
        #expect(call.reply(to: task) == .failure(code: .refused, message: "the transfer failed: 603 Decline"))
        call.returns([["error": "nobody there"]])
        #expect(call.created.count == 2)
        #expect(call.outcome == nil)
    }

    @Test("A transfer that nobody reports on times out")
    func lostTransfer() {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.call("transfer_call")
        let task = call.lastTask
        call.yields(.transfer(target: "+15105550199"))
        call.advance(.seconds(60))
        guard case .failure(.timedOut, _)? = call.reply(to: task) else {
            Issue.record("expected timed_out")
            return
        }
    }

    @Test("A target that cannot be one is refused", arguments: ["", "  ", "sip:a b", "<sip:a>", "tel:+1\r\nX: y"])
    func badTarget(target: String) {
        var call = answered()
        let task = call.lastTask
        call.yields(.transfer(target: target))
        guard case .failure(.invalidArgument, _)? = call.reply(to: task) else {
            Issue.record("expected invalid_argument")
            return
        }
    }
}
