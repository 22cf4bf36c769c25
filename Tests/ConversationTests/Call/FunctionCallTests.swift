import SansIO
import Testing

@testable import Conversation

@Suite("The model calls functions")
struct FunctionCallTests {
    private func conversation(handlers: Set<ScriptHandler> = []) -> CallHarness {
        var call = CallHarness(handlers: handlers)
        call.answer()
        call.greet()
        return call
    }

    @Test("The action gets the arguments, the model its result, and then one response.create")
    func roundTrip() {
        var call = conversation()
        call.call("look_up")
        #expect(call.started == [.action(name: "look_up", arguments: ["date": "today"])])
        #expect(call.created.count == 1)
        call.returns([["available_times": ["1pm"]]])
        #expect(call.outputs == ["call_look_up_0": #"{"available_times":["1pm"]}"#])
        #expect(call.created.count == 2)
        #expect(call.created.last?.metadata["moonline"] == "follow_up")
    }

    @Test(
        "A string stays as it is, nothing is ok, nil and a reason are an error",
        arguments: [
            ([JSON.string("booked")], "booked"), ([], #"{"ok":true}"#), ([.null], #"{"ok":true}"#),
            ([.null, "no such day"], #"{"error":"no such day"}"#), ([true], "true"), ([.object(["a": 1])], #"{"a":1}"#),
        ])
    func results(values: [JSON], expected: String) {
        #expect(CallSession.output(values) == expected)
    }

    @Test("Several calls in one response: all are answered, then the model goes on once")
    func several() {
        var call = conversation()
        call.call("look_up", "look_up")
        let first = call.lastTask
        call.yields(.sleep(.seconds(3)))
        let second = call.lastTask
        #expect(second != first)
        call.returns(["two"], second)
        #expect(call.created.count == 1)
        call.advance(.seconds(3))
        call.returns(["one"], first)
        #expect(call.outputs == ["call_look_up_0": "one", "call_look_up_1": "two"])
        #expect(call.created.count == 2)
    }

    @Test("A call that is announced twice runs once")
    func duplicate() {
        var call = conversation()
        let function = RealtimeFunctionCall(callID: "call_1", name: "look_up", arguments: "{}")
        let id = call.beginResponse(own: true)
        call.server(.functionArgumentsDone(responseID: id, itemID: "item_f", function))
        call.server(
            .outputItemDone(
                RealtimeItem(id: "item_f", kind: .functionCall(function), status: "completed"), responseID: id,
                outputIndex: 0))
        call.finishResponse(id, calls: [function])
        call.finishResponse(id, calls: [function])
        call.returns()
        // The whole response, once more.
        call.server(.responseCreated(RealtimeResponse(id: id, status: .inProgress)))
        call.finishResponse(id, calls: [function])
        #expect(call.started.count == 1)
    }

    @Test("A server that counts calls anew in each response, or on each connection, loses none", arguments: [0, 1, 2])
    func countedAnew(kind: Int) {
        var call = conversation()
        let function = RealtimeFunctionCall(callID: "call_0", name: "look_up", arguments: "{\"date\":\"today\"}")
        let other = RealtimeFunctionCall(callID: "call_0", name: "look_up", arguments: "{\"date\":\"tomorrow\"}")
        let id = call.beginResponse(own: true)
        call.finishResponse(id, calls: [function])
        let first = call.lastTask
        if kind == 0 {
            // Both run at a time.
            call.yields(.sleep(.seconds(1)), first)
        } else {
            call.returns(["one"], first)
            call.finishResponse(call.beginResponse())
        }
        if kind == 2 {
            call.drop()
            call.reconnect()
            call.server(.responseCreated(RealtimeResponse(id: id, status: .inProgress)))
            call.finishResponse(id, calls: [other])
        } else {
            call.finishResponse(call.beginResponse(own: true), calls: [other])
        }
        let second = call.lastTask
        #expect(
            call.started == [
                .action(name: "look_up", arguments: ["date": "today"]),
                .action(name: "look_up", arguments: ["date": "tomorrow"]),
            ])
        call.returns(["two"], second)
        if kind == 0 {
            call.advance(.seconds(1))
            call.returns(["one"], first)
        }
        let outputs = call.sent.compactMap { body -> String? in
            if case .createFunctionOutput("call_0", let output) = body { output } else { nil }
        }
        #expect(outputs.suffix(2) == (kind == 0 ? ["two", "one"] : ["one", "two"]))
        let returned = call.observations.compactMap { observation -> String? in
            if case .actionReturned(let callID, _, let output, _) = observation { "\(callID): \(output)" } else { nil }
        }
        #expect(Set(returned) == ["call_0: one", "call_0#2: two"])
    }

    @Test(
        "Calls of a cancelled response are not run",
        arguments: [
            RealtimeResponse.Status.cancelled(reason: "turn_detected"), .incomplete(reason: "max_output_tokens"),
        ])
    func cancelled(status: RealtimeResponse.Status) {
        var call = conversation()
        let id = call.beginResponse(own: true)
        call.finishResponse(
            id, status: status, calls: [RealtimeFunctionCall(callID: "call_1", name: "look_up", arguments: "{}")])
        #expect(call.started.isEmpty)
        #expect(call.outputs.isEmpty)
    }

    @Test("While a response is active, the follow-up waits for its end")
    func activeResponse() {
        var call = conversation()
        call.call("look_up")
        let id = call.beginResponse(own: true)
        call.returns(["done"])
        #expect(call.outputs.count == 1)
        #expect(call.created.count == 1)
        call.finishResponse(id)
        #expect(call.created.count == 2)
    }

    @Test("While the caller speaks, the follow-up waits, and the server's own answer makes it needless")
    func callerSpeaks() {
        var call = conversation()
        call.call("look_up")
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.returns(["done"])
        call.server(
            .itemAdded(
                RealtimeItem(id: "item_o", kind: .functionCallOutput(callID: "call_look_up_0")), previousItemID: nil))
        call.server(.speechStopped(itemID: "item_u", audioEndMilliseconds: 0))
        call.server(.inputCommitted(itemID: "item_u", previousItemID: nil))
        #expect(call.created.count == 1)
        let id = call.beginResponse(own: true)
        call.finishResponse(id)
        call.advance(.seconds(5))
        #expect(call.created.count == 1)
    }

    @Test("A follow-up that the server begins into the caller's turn is cancelled")
    func crossing() {
        var call = conversation()
        call.call("look_up")
        call.returns(["done"])
        #expect(call.created.count == 2)
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        let id = call.beginResponse()
        #expect(call.last.sent == [.cancelResponse(id: id)])
        call.speak("Into your words.", milliseconds: 500, in: id, item: "item_1")
        #expect(call.tag("item_1") == nil)
    }

    @Test("An answer of the server that did not know the output doesn't replace the follow-up")
    func unawareAnswer() {
        var call = conversation()
        call.call("look_up")
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.server(.speechStopped(itemID: "item_u", audioEndMilliseconds: 0))
        call.server(.inputCommitted(itemID: "item_u", previousItemID: nil))
        call.returns(["done"])
        let id = call.beginResponse(own: true)
        call.finishResponse(id)
        #expect(call.created.count == 2)
    }

    @Test("The server was faster: our response.create is refused, and sent again when its response is done")
    func conflict() {
        var call = conversation()
        call.call("look_up")
        call.returns(["done"])
        guard case .sendModel(let create)? = call.last.last(where: { if case .sendModel = $0 { true } else { false } })
        else {
            Issue.record("no response.create")
            return
        }
        call.server(
            .error(
                RealtimeError(
                    code: "conversation_already_has_active_response", message: "resp", eventID: create.eventID)))
        #expect(call.faults.isEmpty)
        #expect(call.created.count == 2)
        call.server(.responseDone(RealtimeResponse(id: "resp_unseen", status: .completed)))
        #expect(call.created.count == 3)
    }

    @Test("on_function_call may refuse, with a reason for the model")
    func refusal() {
        var call = conversation(handlers: [.onFunctionCall])
        call.call("look_up")
        #expect(call.started == [.handler(.onFunctionCall, arguments: ["look_up", ["date": "today"]])])
        call.returns([false, "not before noon"])
        #expect(call.started.count == 1)
        #expect(call.outputs["call_look_up_0"] == #"{"error":"not before noon"}"#)
        #expect(call.created.count == 2)
        #expect(
            call.observations.contains(
                .actionRefused(callID: "call_look_up_0", name: "look_up", reason: "not before noon")))
    }

    @Test("on_function_call that says nothing lets the action run; one that fails doesn't", arguments: [true, false])
    func check(fails: Bool) {
        var call = conversation(handlers: [.onFunctionCall])
        call.call("look_up")
        if fails {
            call.send(.script(call.lastTask, .failed(ScriptFault(kind: .error, message: "boom"))))
        } else {
            call.returns()
        }
        #expect(call.started.count == (fails ? 1 : 2))
        #expect(call.outputs.isEmpty == !fails)
    }

    @Test("A failing action is an error for the model, without file and line, and a fault for the author")
    func fault() {
        var call = conversation()
        call.call("look_up")
        let fault = ScriptFault(kind: .error, message: "flows/a.lua:31: calendar is down", traceback: "stack")
        call.send(.script(call.lastTask, .failed(fault)))
        #expect(call.outputs["call_look_up_0"] == #"{"error":"calendar is down"}"#)
        #expect(
            call.faults == [CallFault(kind: .script, message: fault.message, traceback: "stack", function: "look_up")])
        #expect(call.created.count == 2)
    }

    @Test(
        "A function that doesn't exist and arguments that are no object are refused",
        arguments: [
            ("launch", "{}", "there is no function launch"), ("look_up", "[1]", "the arguments are not a JSON object"),
            ("look_up", "{", "the arguments are not a JSON object"),
        ])
    func nonsense(name: String, arguments: String, expected: String) {
        var call = conversation()
        let id = call.beginResponse(own: true)
        call.finishResponse(id, calls: [RealtimeFunctionCall(callID: "c", name: name, arguments: arguments)])
        #expect(call.started.isEmpty)
        #expect(call.outputs["c"] == JSON.object(["error": .string(expected)]).text)
        #expect(call.created.count == 2)
    }

    @Test("Missing arguments are no arguments")
    func noArguments() {
        var call = conversation()
        let id = call.beginResponse(own: true)
        let function = RealtimeFunctionCall(callID: "c", name: "look_up", arguments: "")
        call.finishResponse(id, calls: [function])
        #expect(call.started == [.action(name: "look_up", arguments: [:])])
    }

    @Test("An action that takes too long is closed and answered for")
    func deadline() {
        var call = conversation()
        call.call("look_up")
        let task = call.lastTask
        call.yields(.sleep(.seconds(100)))
        call.advance(.seconds(30))
        #expect(call.log.contains(.script(.cancel(task))))
        #expect(call.outputs["call_look_up_0"] == #"{"error":"look_up did not finish in time"}"#)
        call.advance(.seconds(100))
        #expect(call.reply(to: task) == nil)
    }

    @Test("An action that hangs up provokes no further response")
    func endCall() {
        var call = conversation()
        call.call("end_call")
        call.yields(.hangup(reason: nil, afterPlayout: true))
        #expect(call.outcome == nil || call.created.count == 1)
        call.returns()
        call.advance(.seconds(1))
        #expect(call.created.count == 1)
        #expect(call.outputs.isEmpty)
        #expect(call.outcome?.kind == .completed)
        #expect(call.outcome?.reason == "agent_hangup")
    }

    @Test("A farewell in the same response as end_call is heard to the end, also through the caller's own bye")
    func farewell() throws {
        var call = conversation()
        let id = call.beginResponse(own: true)
        call.speak("Goodbye, and have a nice day!", milliseconds: 2_000, in: id, item: "item_bye")
        let tag = try #require(call.tag("item_bye"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.finishResponse(id, calls: [RealtimeFunctionCall(callID: "c", name: "end_call", arguments: "{}")])
        call.yields(.hangup(reason: "done", afterPlayout: true))
        call.advance(.seconds(1))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        #expect(!call.log.contains(.flush))
        call.server(.speechStopped(itemID: "item_u", audioEndMilliseconds: 0))
        let reply = call.beginResponse(own: true)
        #expect(call.last.sent == [.cancelResponse(id: reply)])
        call.finishResponse(reply, status: .cancelled(reason: "client_cancelled"))
        #expect(!call.log.contains(.hangUp(reason: "done")))
        call.advance(.seconds(1))
        call.send(.media(.playoutEnded(tag: tag, bytes: 16_000)))
        #expect(call.log.contains(.hangUp(reason: "done")))
        #expect(call.heard.last == "Goodbye, and have a nice day!")
    }

    @Test("A hang-up after playout doesn't wait for ever")
    func hangUpCap() {
        var call = conversation()
        let id = call.beginResponse(own: true)
        call.speak("A very long goodbye.", milliseconds: 60_000, in: id, item: "item_bye")
        call.finishResponse(id, calls: [RealtimeFunctionCall(callID: "c", name: "end_call", arguments: "{}")])
        call.yields(.hangup(reason: nil, afterPlayout: true))
        call.advance(.milliseconds(9_999))
        #expect(!call.log.contains(.hangUp(reason: "agent_hangup")))
        call.advance(.milliseconds(1))
        #expect(call.log.contains(.hangUp(reason: "agent_hangup")))
    }
}
