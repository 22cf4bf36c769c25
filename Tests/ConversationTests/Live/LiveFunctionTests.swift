import SansIO
import Testing

@testable import Conversation

@Suite("Functions in live mode")
struct LiveFunctionTests {
    @Test("a call of the back end runs the action; its output is given back, and the back end goes on")
    func roundTrip() {
        var call = LiveHarness.answered()
        call.speaks("One moment.", milliseconds: 600)
        call.advance(.milliseconds(200))
        call.backEndCalls("call_1")
        #expect(call.actionTasks.count == 1)
        call.actionDoes(.returned(["three"]))
        #expect(call.sent.suffix(2) == [.createFunctionOutput(callID: "call_1", output: "three"), .createResponse])
        call.server(.backEnd(.created, delegation: "del_1"))
        call.server(.backEnd(.completed(usage: ["total_tokens": 7]), delegation: "del_1"))
        call.speaks("At three.", milliseconds: 600, after: .milliseconds(500))
        call.advance(.seconds(5))
        #expect(call.heard == ["One moment.", "At three."])
        #expect(call.observations.contains(.usage(["total_tokens": 7])))
        #expect(call.continuations == 1)
        #expect(call.faults == [])
    }

    @Test("the back end goes on once, when each of its calls has an output")
    func parallel() {
        var call = LiveHarness.answered()
        call.backEndCalls("call_1", "call_2")
        call.endsCoroutines = false
        let first = call.actionTasks.last
        call.actionDoes(.yielded(.sleep(.seconds(1))))
        call.actionDoes(.returned(["b"]))
        #expect(call.continuations == 0)
        call.advance(.seconds(1))
        call.actionDoes(.returned(["a"]), first)
        #expect(call.continuations == 1)
        #expect(
            call.sent.suffix(3) == [
                .createFunctionOutput(callID: "call_2", output: "b"),
                .createFunctionOutput(callID: "call_1", output: "a"), .createResponse,
            ])
    }

    @Test("it does not go on while another of its responses is being written")
    func twoDelegations() {
        var call = LiveHarness.answered()
        call.backEndCalls("call_1", delegation: "del_1")
        call.server(.backEnd(.created, delegation: "del_2"))
        call.actionDoes(.returned(["a"]))
        #expect(call.continuations == 0)
        call.server(.backEnd(.completed(usage: nil), delegation: "del_2"))
        #expect(call.continuations == 1)
    }

    @Test("a response that is cancelled holds up nothing, and its calls are void")
    func cancelled() {
        var call = LiveHarness.answered()
        call.backEndCalls("call_1", delegation: "del_1")
        call.backEndCalls("call_2", delegation: "del_2", completes: false)
        call.actionDoes(.returned(["a"]))
        #expect(call.continuations == 0)
        call.server(.backEnd(.cancelled, delegation: "del_2"))
        #expect(call.continuations == 1)
        #expect(call.actionTasks.count == 1)
        #expect(call.faults == [])
    }

    @Test("a response of which nothing more is heard is given up, and told, so that the others go on")
    func silentResponse() {
        var call = LiveHarness.answered()
        call.backEndCalls("call_1", delegation: "del_1")
        call.server(.backEnd(.created, delegation: "del_2"))
        call.actionDoes(.returned(["a"]))
        call.advance(.seconds(17))
        call.server(.backEnd(.other(type: "response.output_text.delta"), delegation: "del_2"))
        call.advance(.seconds(17))
        #expect(call.continuations == 0)
        call.advance(.seconds(1))
        #expect(call.continuations == 1)
        #expect(
            call.faults == ["The model reported an error: the back end failed: it said nothing for 18.0 seconds"])
        // What comes late is taken all the same.
        call.server(.backEnd(.completed(usage: ["total_tokens": 7]), delegation: "del_2"))
        #expect(call.observations.contains(.usage(["total_tokens": 7])))
        call.advance(.seconds(60))
        #expect(call.faults.count == 1)
    }

    @Test("calls of a response that fails are never run, and the fault is told")
    func failed() {
        var call = LiveHarness.answered()
        call.backEndCalls("call_1", completes: false)
        call.server(.backEnd(.failed(message: "overloaded"), delegation: "del_1"))
        #expect(call.actionTasks.isEmpty)
        #expect(call.faults == ["The model reported an error: the back end failed: overloaded"])
    }

    @Test("a call that comes twice runs once")
    func duplicate() {
        var call = LiveHarness.answered()
        call.backEndCalls("call_1", "call_1")
        call.backEndCalls("call_1")
        #expect(call.actionTasks.count == 1)
        call.actionDoes(.returned(["a"]))
        #expect(call.continuations == 1)
    }

    @Test("a function that nobody has is answered by an error")
    func unknown() {
        var call = LiveHarness.answered(tools: [])
        call.backEndCalls("call_1")
        #expect(
            call.sent.contains(
                .createFunctionOutput(callID: "call_1", output: #"{"error":"there is no function look_up"}"#)))
        #expect(call.continuations == 1)
    }

    @Test("a back end that has nothing to say holds nobody up for longer than a request")
    func silentBackEnd() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.backEndCalls("call_1")
        call.actionDoes(.returned(["a"]))
        call.server(.backEnd(.created, delegation: "del_1"))
        call.server(.backEnd(.completed(usage: nil), delegation: "del_1"))
        let task = call.script(.waitForPlayout)
        call.advance(.seconds(7))
        #expect(call.reply(to: task) == nil)
        call.advance(.seconds(2))
        #expect(call.reply(to: task) == .value(true))
        #expect(call.faults == [])
    }

    @Test("a back end that is refused to go on is not waited for")
    func refusedContinuation() throws {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.backEndCalls("call_1")
        call.actionDoes(.returned(["a"]))
        let event = try #require(call.lastSent)
        #expect(event.body == .createResponse)
        call.server(.error(RealtimeError(code: "missing_tool_output", message: "x", eventID: event.eventID)))
        let task = call.script(.waitForPlayout)
        call.advance(.seconds(9))
        #expect(call.reply(to: task) == .value(true))
    }
}
