import SansIO
import Testing

@testable import Conversation

@Suite("What the script makes of results")
struct FunctionResultTests {
    /// The action has returned; `on_function_result` runs.
    private func result(_ values: [JSON], _ handlers: Set<ScriptHandler> = []) -> CallHarness {
        var call = CallHarness.quiet(handlers.union([.onFunctionResult]))
        call.call("look_up")
        call.returns(values)
        return call
    }

    @Test("on_function_result gets name and result; what it returns is what the model gets")
    func changes() {
        var call = result([["times": ["1pm"]]])
        #expect(call.arguments(.onFunctionResult) == [["look_up", ["times": ["1pm"]]]])
        #expect(call.outputs.isEmpty)
        call.returns([["times": []]])
        #expect(call.outputs["call_look_up_0"] == #"{"times":[]}"#)
        #expect(call.created.count == 2)
    }

    @Test("nil leaves the result as it is", arguments: [[], [JSON.null]])
    func leaves(values: [JSON]) {
        var call = result(["booked"])
        call.returns(values)
        #expect(call.outputs["call_look_up_0"] == "booked")
    }

    @Test("nil, err of an action is shown to it as an error")
    func error() {
        var call = result([.null, "no such day"])
        #expect(call.arguments(.onFunctionResult) == [["look_up", ["error": "no such day"]]])
        call.returns()
        #expect(call.outputs["call_look_up_0"] == #"{"error":"no such day"}"#)
    }

    @Test("A fault in it leaves the result, and is told")
    func fault() {
        var call = result(["booked"], [.onError])
        call.fails()
        #expect(call.outputs["call_look_up_0"] == "booked")
        #expect(call.faults.count == 1)
        #expect(call.startedHandlers.last == .onError)
        #expect(call.created.count == 2)
    }

    @Test("When it takes too long it is closed, and the result is left: the action itself has done its work")
    func timeout() {
        var call = result(["booked"])
        let task = call.lastTask
        call.yields(.sleep(.seconds(100)))
        call.advance(.seconds(30))
        #expect(call.did(.script(.cancel(task))))
        #expect(call.outputs["call_look_up_0"] == "booked")
        #expect(call.faults.count == 1)
        #expect(call.created.count == 2)
    }

    @Test("Its time stands still while it speaks")
    func speaks() {
        var call = result(["booked"])
        let task = call.lastTask
        call.yields(.say(text: "That is settled.", interruptible: true))
        let id = call.beginResponse()
        call.speak("That is settled.", milliseconds: 40_000, in: id, item: "item_1")
        call.finishResponse(id)
        call.hear("item_1")
        #expect(call.reply(to: task) == .value(true))
        call.returns(["done"], task)
        #expect(call.outputs["call_look_up_0"] == "done")
    }

    @Test("A refused or failed action has no result to change")
    func none() {
        var call = CallHarness.quiet([.onFunctionResult, .onFunctionCall])
        call.call("look_up")
        call.returns([false, "not today"])
        #expect(call.outputs["call_look_up_0"] == #"{"error":"not today"}"#)
        call.finishResponse(call.beginResponse())
        call.call("transfer_call")
        call.returns()
        call.fails()
        #expect(call.outputs["call_transfer_call_0"] == #"{"error":"boom"}"#)
        #expect(call.arguments(.onFunctionResult).isEmpty)
    }

    @Test("Behind the end of the call nobody is asked")
    func ended() {
        var call = CallHarness.quiet([.onFunctionResult])
        call.call("look_up")
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.returns(["booked"])
        #expect(call.arguments(.onFunctionResult).isEmpty)
        #expect(call.outcome?.kind == .completed)
    }
}
