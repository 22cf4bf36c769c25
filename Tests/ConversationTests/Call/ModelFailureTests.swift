import SansIO
import Testing

@testable import Conversation

@Suite("A model that fails")
struct ModelFailureTests {
    @Test("A refused key is told, and nothing is dialled")
    func key() {
        var call = CallHarness()
        call.send(.start)
        call.send(.model(.connected))
        call.server(.error(RealtimeError(type: "invalid_request_error", code: "invalid_api_key", message: "Incorrect")))
        #expect(call.outcome?.kind == .modelFailed)
        #expect(call.outcome?.message.contains("OPENAI_API_KEY") == true)
        #expect(!call.log.isDialled)
        call.send(.model(.closed(code: 3_000, reason: "x")))
        #expect(call.last.isEmpty)
    }

    @Test("A close instead of an answer is told as well")
    func closed() {
        var call = CallHarness()
        call.send(.start)
        call.send(.model(.connected))
        call.send(.model(.closed(code: 4_000, reason: "invalid_request_error.invalid_model")))
        #expect(call.outcome?.kind == .modelFailed)
        #expect(call.outcome?.message.contains("model name") == true)
    }

    @Test("No connection, and no answer in time", arguments: [true, false])
    func unreachable(refused: Bool) {
        var call = CallHarness()
        call.send(.start)
        if refused {
            call.send(.model(.failed(message: "connection refused")))
            #expect(call.outcome?.message.contains("connection refused") == true)
        } else {
            call.advance(.seconds(10))
        }
        #expect(call.outcome?.kind == .modelFailed)
        #expect(call.outcome?.message.contains("base URL") == true)
        #expect(call.log.contains(.closeModel))
    }

    @Test("Settings that are refused name the model's reason")
    func settings() {
        var call = CallHarness()
        call.send(.start)
        call.send(.model(.connected))
        guard case .sendModel(let update)? = call.last.first(where: { if case .sendModel = $0 { true } else { false } })
        else {
            Issue.record("no session.update")
            return
        }
        call.server(
            .error(
                RealtimeError(
                    type: "invalid_request_error", code: "invalid_value", message: "no such voice",
                    parameter: "session.audio.output.voice", eventID: update.eventID)))
        #expect(call.outcome?.kind == .modelFailed)
        #expect(call.outcome?.message.contains("no such voice") == true)
        #expect(!call.log.isDialled)
    }

    @Test("Malformed JSON before the call is the end of it, in the call a few are borne")
    func malformed() {
        var early = CallHarness()
        early.send(.start)
        early.send(.model(.connected))
        early.send(.model(.malformed("a message that is not JSON")))
        #expect(early.outcome?.kind == .modelFailed)

        var call = CallHarness()
        call.answer()
        call.greet()
        for _ in 1..<10 { call.send(.model(.malformed("a message that is not JSON"))) }
        #expect(call.outcome == nil)
        #expect(call.faults.count == 9)
        call.send(.model(.malformed("a message that is not JSON")))
        #expect(call.outcome?.kind == .modelFailed)
    }

    @Test("In mid-call, what was said is heard to the end before the call is hung up")
    func midCall() {
        var call = CallHarness()
        call.answer()
        let id = call.beginResponse()
        call.speak("Hello, this is the practice.", milliseconds: 2_000, in: id, item: "item_1")
        call.send(.model(.closed(code: 3_000, reason: "")))
        #expect(call.faults.map(\.kind) == [.model])
        #expect(call.outcome == nil)
        call.hear("item_1")
        #expect(call.heard == ["Hello, this is the practice."])
        #expect(call.log.contains(.hangUp(reason: "model_failed")))
        #expect(call.outcome?.kind == .modelFailed)
        #expect(call.outcome?.wasAnswered == true)
    }

    @Test("A part that the lost model left unfinished is finished for the media session")
    func unfinished() {
        var call = CallHarness()
        call.answer()
        let id = call.beginResponse()
        let path = RealtimePartPath(responseID: id, itemID: "item_1")
        call.server(.audioTranscriptDelta(path, "Hello"))
        call.server(.audioDelta(path, [UInt8](repeating: 0, count: 800)))
        let tag = call.tag("item_1")
        call.send(.model(.closed(code: 3_000, reason: "")))
        #expect(tag.map { call.last.contains(.finishPlayout(tag: $0)) } == true)
    }

    @Test("A model that is lost for good while it rings cancels the call", arguments: [true, false])
    func ringing(atOnce: Bool) {
        var call = CallHarness()
        call.configure()
        call.send(.telephony(.ringing(earlyMedia: false)))
        if atOnce {
            call.model(.closed(code: 4_000, reason: "invalid_request_error.invalid_model"))
        } else {
            call.model(.closed(code: 1_011, reason: "server error"))
            #expect(call.outcome == nil)
            call.advance(.seconds(20))
        }
        #expect(call.log.contains(.hangUp(reason: "model_failed")))
        #expect(call.outcome?.kind == .modelFailed)
    }

    @Test("An error that only refuses one event is told and goes by; a race is not even told")
    func benign() {
        var call = CallHarness()
        call.answer()
        call.server(.error(RealtimeError(code: "response_cancel_not_active", message: "none active")))
        #expect(call.faults.isEmpty)
        call.server(.error(RealtimeError(code: "unknown_parameter", message: "what?", parameter: "session.x")))
        #expect(call.faults.count == 1)
        #expect(call.outcome == nil)
    }

    @Test("A response that fails for a passing reason is asked for again, then given up")
    func retry() {
        var call = CallHarness()
        call.answer()
        let failed = RealtimeResponse.Status.failed(RealtimeError(code: "server_error", message: "overloaded"))
        for attempt in 1...3 {
            #expect(call.created.count == attempt)
            call.finishResponse(call.beginResponse(), status: failed)
            call.advance(.milliseconds(500))
        }
        #expect(call.created.count == 3)
        #expect(call.faults.count == 1)
        #expect(call.outcome == nil)
    }

    @Test("A response that stops while the server goes on is cancelled, and the next one may begin")
    func stalled() {
        var call = CallHarness(handlers: [.onAnswered])
        call.answer()
        call.yields(.say(text: "One", interruptible: true))
        let task = call.lastTask
        let id = call.beginResponse()
        call.advance(.seconds(9))
        call.server(.rateLimitsUpdated([]))
        call.advance(.seconds(1))
        #expect(call.sent.contains(.cancelResponse(id: id)))
        #expect(
            call.reply(to: task)
                == .failure(
                    code: .modelFailed,
                    message: RealtimeError(message: "the model stopped in the middle of a response").sentence))
        call.yields(.say(text: "Two", interruptible: true))
        #expect(call.created.count == 2)
    }
}
