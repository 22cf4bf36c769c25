import SansIO
import Testing

@testable import Conversation

@Suite("Functions that the model calls twice, for long, or into a call that is over")
struct ActionPolicyTests {
    private static func call(_ id: String, _ arguments: String, name: String = "look_up") -> RealtimeFunctionCall {
        RealtimeFunctionCall(callID: id, name: name, arguments: arguments)
    }

    private func started(_ call: CallHarness) -> Int {
        call.started.count { if case .action = $0 { true } else { false } }
    }

    // MARK: Twice

    @Test("The same function with the same arguments runs once a response; the second call is told so")
    func twiceInOneResponse() {
        var call = CallHarness.quiet()
        let id = call.beginResponse(own: true)
        call.finishResponse(
            id,
            calls: [
                Self.call("c1", #"{"day":"today","at":{"x":1,"y":2}}"#),
                Self.call("c2", #"{"at":{"y":2,"x":1},"day":"today"}"#), Self.call("c3", #"{"day":"tomorrow"}"#),
            ])
        #expect(call.outputs.keys.sorted() == ["c2"])
        #expect(call.outputs["c2"]?.contains("runs already with these arguments") == true)
        call.returns(["at one"], call.task(action: "look_up"))
        #expect(call.created.count == 1)
        call.returns(["at two"], call.lastTask)
        #expect(started(call) == 2)
        #expect(call.outputs.count == 3)
        #expect(call.created.count == 2)
    }

    @Test("Called again while it runs it is refused, and the model waits; called again afterwards it runs")
    func twiceWhileRunning() {
        var call = CallHarness.quiet()
        call.finishResponse(call.beginResponse(own: true), calls: [Self.call("c1", "{}")])
        let task = call.lastTask
        call.yields(.sleep(.seconds(5)), task)
        call.callerTakesTurn("item_u1", saying: "Hello?")
        call.finishResponse(call.beginResponse(own: true), calls: [Self.call("c2", "{}")])
        #expect(call.outputs.keys.sorted() == ["c2"])
        #expect(call.created.count == 1)
        call.advance(.seconds(5))
        call.returns(["at one"], task)
        #expect(call.outputs["c1"] == "at one")
        call.finishResponse(call.beginResponse())
        call.finishResponse(call.beginResponse(own: true), calls: [Self.call("c3", "{}")])
        #expect(started(call) == 2)
    }

    @Test("Called again beside another function, the result of that one is spoken of, too")
    func twiceBesideAnother() {
        var call = CallHarness.quiet()
        call.finishResponse(call.beginResponse(own: true), calls: [Self.call("c1", "{}")])
        let first = call.lastTask
        call.yields(.sleep(.seconds(10)), first)
        call.callerTakesTurn("item_u1", saying: "And book it, please.")
        call.finishResponse(
            call.beginResponse(own: true), calls: [Self.call("c2", "{}"), Self.call("c3", #"{"book":true}"#)])
        let second = call.lastTask
        call.yields(.sleep(.seconds(20)), second)
        #expect(call.outputs.keys.sorted() == ["c2"])
        call.advance(.seconds(10))
        call.returns(["at one"], first)
        #expect(call.created.count == 2)
        call.finishResponse(call.beginResponse())
        call.advance(.seconds(10))
        call.returns(["booked"], second)
        #expect(call.outputs["c3"] == "booked")
        #expect(call.created.count == 3)
    }

    @Test("A call that comes twice under one number runs once and has one output")
    func sameNumber() {
        var call = CallHarness.quiet()
        call.finishResponse(call.beginResponse(own: true), calls: [Self.call("c1", "{}"), Self.call("c1", "{}")])
        call.finishResponse(call.beginResponse(own: true), calls: [Self.call("c1", "{}")])
        call.returns(["at one"], call.task(action: "look_up"))
        #expect(started(call) == 1)
        #expect(call.outputs == ["c1": "at one"])
        #expect(call.sent.count { if case .createFunctionOutput = $0 { true } else { false } } == 1)
    }

    // MARK: Long

    private func filled(_ lines: [String] = ["One moment, please.", "Still looking."]) -> CallHarness {
        var call = CallHarness.quiet([.onDTMF])
        call.session.definition.filler = AgentDefinition.Filler(after: .seconds(2), lines: lines)
        return call
    }

    private func said(_ call: CallHarness) -> [String] {
        call.created.compactMap { parameters in
            parameters.instructions.flatMap { $0.split(separator: "\"").last.map(String.init) }
        }
    }

    @Test("An action that takes long gets a line, once; the next one the next line")
    func filler() {
        var call = filled()
        for (number, line) in ["One moment, please.", "Still looking.", "One moment, please."].enumerated() {
            call.finishResponse(call.beginResponse(own: true), calls: [Self.call("c\(number)", "{}")])
            let task = call.lastTask
            call.yields(.sleep(.seconds(9)), task)
            call.advance(.milliseconds(1_999))
            #expect(said(call).count == number)
            call.advance(.milliseconds(1))
            #expect(said(call).last == line)
            let id = call.beginResponse()
            call.speak(line, milliseconds: 1_000, in: id, item: "item_f\(number)")
            call.finishResponse(id)
            call.hear("item_f\(number)")
            call.advance(.seconds(6))
            #expect(said(call).count == number + 1)
            call.returns(["done"], task)
            call.finishResponse(call.beginResponse())
        }
    }

    @Test("It waits while the agent speaks, and while the caller does; a preamble comes first")
    func fillerWaits() {
        var call = filled(["Moment."])
        let id = call.beginResponse(own: true)
        call.speak("Let me see.", milliseconds: 1_500, in: id, item: "item_p")
        call.finishResponse(id, calls: [Self.call("c1", "{}")])
        call.yields(.sleep(.seconds(20)), call.lastTask)
        call.hear("item_p")
        call.advance(.milliseconds(1_900))
        call.callerSpeaks("item_u")
        call.advance(.seconds(3))
        #expect(said(call).isEmpty)
        call.callerStops("item_u")
        call.server(.inputCommitted(itemID: "item_u", previousItemID: nil))
        let own = call.beginResponse(own: true)
        call.speak("Yes?", milliseconds: 500, in: own, item: "item_y")
        call.finishResponse(own)
        call.hear("item_y")
        call.advance(.seconds(2))
        #expect(said(call) == ["Moment."])
    }

    @Test("An action that speaks, transfers or hangs up by itself needs no line")
    func fillerNeedless() {
        var call = filled()
        call.finishResponse(call.beginResponse(own: true), calls: [Self.call("c1", "{}")])
        call.yields(.transfer(target: "+15105550199"), call.lastTask)
        call.advance(.seconds(10))
        #expect(said(call).isEmpty)
    }

    @Test("The flow's action_timeout goes before the host's limit")
    func deadline() {
        var call = CallHarness.quiet()
        call.session.definition.actionTimeout = .seconds(3)
        call.call("look_up")
        let task = call.lastTask
        call.yields(.sleep(.seconds(60)), task)
        call.advance(.milliseconds(2_999))
        #expect(call.outputs.isEmpty)
        call.advance(.milliseconds(1))
        #expect(call.outputs["call_look_up_0"]?.contains("did not finish in time") == true)
        #expect(call.last.contains(.script(.cancel(task))))
    }

    // MARK: Into a call that is over

    @Test("Of a caller who hangs up, an action that sleeps is closed and the model is not asked")
    func hangUpWhileSleeping() {
        var call = CallHarness.quiet()
        call.call("look_up")
        let task = call.lastTask
        call.yields(.sleep(.seconds(20)), task)
        let sent = call.sent.count
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.last.contains(.script(.cancel(task))))
        call.advance(.seconds(30))
        #expect(call.sent.count == sent)
        #expect(call.outcome != nil)
        #expect(call.session.nextDeadline == nil)
    }

    @Test("Of a caller who hangs up, an action's request is cancelled, and what it does then is no output")
    func hangUpWhileRequesting() {
        var call = CallHarness.quiet()
        call.call("look_up")
        let task = call.lastTask
        call.yields(.service(.store(.get(key: "k"))), task)
        let sent = call.sent.count
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.last.contains(.cancelService(task)))
        #expect(call.code(for: task) == .callEnded)
        call.yields(.service(.store(.get(key: "other"))), task)
        #expect(call.last.contains(.script(.cancel(task))))
        #expect(!call.last.contains { if case .service = $0 { true } else { false } })
        call.advance(.seconds(30))
        #expect(call.sent.count == sent)
        #expect(call.outcome != nil)
    }

    // MARK: Several items in one response

    @Test(
        "Items of one response are played in order; of an interruption the one that is heard is cut, the rest removed")
    func severalItems() throws {
        var call = CallHarness.quiet()
        let id = call.beginResponse(own: true)
        call.speak("Let me see.", milliseconds: 1_000, in: id, item: "item_1")
        call.speak("We have time at one, two or three.", milliseconds: 4_000, in: id, item: "item_2")
        call.speak("Which one suits you?", milliseconds: 2_000, in: id, item: "item_3")
        call.finishResponse(id)
        let tags = try ["item_1", "item_2", "item_3"].map { try #require(call.tag($0)) }
        #expect(call.played.suffix(3) == tags)
        call.hear("item_1")
        call.send(.media(.playoutStarted(tag: tags[1], at: call.now)))
        call.callerSpeaks()
        let sent = call.sent.count
        call.send(.media(.flushed(tag: tags[1], played: 16_000, dropped: 32_000)))
        #expect(
            Array(call.sent[sent...]) == [
                .truncateItem(id: "item_2", contentIndex: 0, audioEndMilliseconds: 2_000), .deleteItem(id: "item_3"),
            ])
        #expect(
            call.session.realtime.history.items == [
                .message(.assistant, text: "Hello, this is the dental practice."),
                .message(.assistant, text: "Let me see."), .message(.assistant, text: "We have time at"),
            ])
    }

    @Test("A preamble is heard, and the function behind it runs meanwhile")
    func preamble() {
        var call = CallHarness.quiet()
        let id = call.beginResponse(own: true)
        call.speak("Let me see.", milliseconds: 1_000, in: id, item: "item_1")
        call.finishResponse(id, calls: [Self.call("c1", "{}")])
        #expect(started(call) == 1)
        call.returns(["at one"], call.lastTask)
        #expect(call.created.count == 2)
        call.hear("item_1")
        #expect(call.heard.last == "Let me see.")
    }
}
