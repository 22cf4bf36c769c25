import SansIO
import Testing

@testable import Conversation

@Suite("on_error")
struct ErrorHandlerTests {
    @Test("It gets faults of the script and of the model, with kind, message and whether they may pass")
    func kinds() {
        var call = CallHarness.quiet([.onError, .onDTMF])
        call.press("1")
        call.fails(.error, "flow.lua:7: boom")
        call.returns()
        call.server(.error(RealtimeError(code: "unknown_parameter", message: "what?", parameter: "session.x")))
        call.returns()
        call.send(.model(.malformed("a message that is not JSON")))
        let errors = call.arguments(.onError).compactMap(\.first)
        #expect(errors.map { $0["kind"] } == ["script", "model", "model"])
        #expect(errors.map { $0["retryable"] } == [false, false, true])
        #expect(errors.first?["message"] == "flow.lua:7: boom")
        #expect(errors.dropFirst().first?["message"]?.string?.contains("what?") == true)
        #expect(call.faults.count == 3)
    }

    @Test("It is not called for its own faults")
    func own() {
        var call = CallHarness.quiet([.onError, .onDTMF])
        call.press("1")
        call.fails()
        call.fails(.error, "flow.lua:2: worse")
        #expect(call.arguments(.onError).count == 1)
        #expect(call.faults.map(\.message) == ["flow.lua:1: boom", "flow.lua:2: worse"])
    }

    @Test("What races is not a fault")
    func expected() {
        var call = CallHarness.quiet([.onError])
        call.server(.error(RealtimeError(code: "response_cancel_not_active", message: "none active")))
        #expect(call.arguments(.onError).isEmpty)
    }

    @Test("A fault in on_hangup is told to nobody but the operator")
    func onHangUp() {
        var call = CallHarness.quiet([.onError, .onHangup])
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.fails()
        #expect(call.arguments(.onError).isEmpty)
        #expect(call.faults.count == 1)
        #expect(call.outcome?.kind == .completed)
    }

    @Test("A fault in a call that does not get through is told before on_hangup")
    func notThrough() {
        var call = CallHarness(handlers: [.onError, .onHangup])
        call.send(.start)
        call.send(.model(.failed(message: "connection refused")))
        #expect(call.startedHandlers == [.onError])
        call.returns()
        #expect(call.startedHandlers == [.onError, .onHangup])
    }
}
