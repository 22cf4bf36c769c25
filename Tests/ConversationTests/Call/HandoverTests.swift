import SansIO
import Testing

@testable import Conversation

@Suite("A call moves to a newer version of its flow")
struct HandoverTests {
    private func function(_ number: UInt64) -> ScriptFunctionID { ScriptFunctionID(number: number) }

    @Test("In a quiet call it happens at once: new handlers, version, instructions and tools")
    func success() {
        var call = CallHarness.quiet()
        call.offer("v2", handlers: [.onHandover, .onDTMF], tools: ["book"], instructions: "Be kind.")
        #expect(call.handovers == ["v2"])
        #expect(call.changes.isEmpty)
        call.returns()
        #expect(call.observations.contains(.flowChanged(version: "v2", from: "v1")))
        #expect(call.changes.count == 1)
        #expect(call.changes.first?.instructions == "Be kind.")
        #expect(call.changes.first?.tools?.map(\.name) == ["book"])
        call.press("1")
        #expect(call.startedHandlers == [.onDTMF])
        #expect(call.lastFacts?.version == "v2")
        call.returns()
        call.call("look_up")
        #expect(call.outputs["call_look_up_0"] == #"{"error":"there is no function look_up"}"#)
    }

    @Test("What has not changed is not told again: instructions that the script has set stay")
    func unchanged() {
        var call = CallHarness.quiet([.onDTMF])
        call.press("1")
        call.yields(.setInstructions("Speak German."))
        call.returns()
        call.offer("v2")
        call.returns()
        #expect(call.observations.contains(.flowChanged(version: "v2", from: "v1")))
        #expect(call.changes.count == 1)
    }

    @Test("Never without on_handover, never to the version that it has")
    func never() {
        var call = CallHarness.quiet()
        call.offer("v2", handlers: [.onDTMF])
        call.offer("v1")
        call.advance(.seconds(600))
        #expect(call.handovers.isEmpty)
    }

    @Test(
        "Never to a version in another mode: the call says so, and stays with its own",
        arguments: [AgentMode.pipeline, .live])
    func otherMode(mode: AgentMode) {
        var call = CallHarness.quiet([.onError])
        call.callerSpeaks()
        call.offer("v2")
        call.offer("v3") { $0.mode = mode }
        call.callerStops()
        call.advance(.seconds(60))
        #expect(call.handovers.isEmpty)
        #expect(call.faults.map(\.kind) == [.script])
        #expect(call.faults.first?.message.contains("version v3 of the flow is in \(mode.rawValue) mode") == true)
        #expect(call.startedHandlers.isEmpty)
        // The model is still to be had back.
        call.drop()
        call.reconnect()
        #expect(call.returns == 1)
    }

    @Test("Turn-taking and stages of a running call stay what they are")
    func stages() {
        var call = CallHarness.quiet()
        let turns = call.session.definition.turns
        call.offer("v2") { definition in
            definition.turns.minimumDelay = .milliseconds(900)
            definition.stages = [.llm: [StageChoice(endpoint: "other")]]
        }
        call.returns()
        #expect(call.session.facts.version == "v2")
        #expect(call.session.definition.turns == turns)
        #expect(call.session.definition.stages.isEmpty)
    }

    @Test("A version without on_handover withdraws the one before it")
    func withdrawn() {
        var call = CallHarness.quiet()
        call.callerSpeaks()
        call.offer("v2")
        call.offer("v3", handlers: [])
        call.callerStops()
        call.advance(.seconds(60))
        #expect(call.handovers.isEmpty)
    }

    @Test("Not while the caller speaks, nor before the answer to the turn was heard")
    func callerSpeaks() {
        var call = CallHarness.quiet()
        call.callerSpeaks()
        call.offer("v2")
        call.callerStops()
        call.server(.inputCommitted(itemID: "item_u", previousItemID: nil))
        call.advance(.milliseconds(500))
        #expect(call.handovers.isEmpty)
        let id = call.beginResponse(own: true)
        call.speak("Of course.", milliseconds: 1_000, in: id, item: "item_1")
        call.finishResponse(id)
        #expect(call.handovers.isEmpty)
        call.hear("item_1")
        #expect(call.handovers == ["v2"])
    }

    @Test("A turn that the model does not answer is waited for a little")
    func unanswered() {
        var call = CallHarness.quiet()
        call.callerSpeaks()
        call.offer("v2")
        call.callerStops()
        call.advance(.milliseconds(1_999))
        #expect(call.handovers.isEmpty)
        call.advance(.milliseconds(1))
        #expect(call.handovers == ["v2"])
    }

    @Test("Not while an action or a handler runs or waits, however long that takes")
    func busy() {
        var call = CallHarness.quiet([.onDTMF])
        call.press("1")
        call.offer("v2")
        call.yields(.sleep(.seconds(600)))
        call.advance(.seconds(599))
        #expect(call.handovers.isEmpty)
        call.call("look_up")
        let action = call.lastTask
        call.advance(.seconds(1))
        #expect(call.handovers.isEmpty)
        call.returns(["done"], action)
        call.finishResponse(call.beginResponse())
        #expect(call.handovers.isEmpty)
        call.returns([], call.task(.onDTMF))
        #expect(call.handovers == ["v2"])
    }

    @Test("A second offer replaces one that waits")
    func replaced() {
        var call = CallHarness.quiet()
        call.callerSpeaks()
        call.offer("v2")
        call.offer("v3")
        call.callerStops()
        call.advance(.seconds(2))
        #expect(call.handovers == ["v3"])
    }

    @Test("An offer that comes while another one is under way has its turn behind it")
    func overtaking() {
        var call = CallHarness.quiet()
        call.offer("v2", instructions: "Two.")
        call.offer("v3", instructions: "Three.")
        #expect(call.handovers == ["v2"])
        call.returns()
        #expect(call.observations.contains(.flowChanged(version: "v2", from: "v1")))
        #expect(call.handovers == ["v2", "v3"])
        call.returns()
        #expect(call.observations.contains(.flowChanged(version: "v3", from: "v2")))
        #expect(call.changes.map(\.instructions) == ["Two.", "Three."])
    }

    @Test("Back to the old version while the new one is under way: there and back again")
    func rollback() {
        var call = CallHarness.quiet()
        call.offer("v2")
        call.offer("v1")
        call.returns()
        #expect(call.handovers == ["v2", "v1"])
        call.returns()
        #expect(call.observations.contains(.flowChanged(version: "v1", from: "v2")))
    }

    @Test("A failure keeps the old version and is told; it is not tried again by itself")
    func failure() {
        var call = CallHarness.quiet([.onError, .onDTMF])
        call.offer("v2", instructions: "Two.")
        call.fails(.error, "flow.lua:9: on_handover must return the state")
        #expect(call.faults.map(\.kind) == [.script])
        #expect(call.startedHandlers == [.onError])
        call.returns()
        call.press("1")
        #expect(call.startedHandlers == [.onError, .onDTMF])
        #expect(call.lastFacts?.version == "v1")
        call.returns()
        call.advance(.seconds(60))
        #expect(call.handovers == ["v2"])
        #expect(call.changes.isEmpty)
        call.offer("v2")
        #expect(call.handovers == ["v2", "v2"])
    }

    @Test("An on_handover over its budget does not end a call that goes on with the old version")
    func budget() {
        var call = CallHarness.quiet([], fallback: .init(text: "Sorry."))
        call.offer("v2")
        call.fails(.budget)
        #expect(call.faults.count == 1)
        call.advance(.seconds(60))
        #expect(call.created.count == 1)
        #expect(!call.isHungUp)
    }

    @Test("Functions, timers and requests in the background are gone with the old version")
    func background() throws {
        var (call, task) = CallHarness.answered()
        call.spawn(from: task)
        let sleeper = try #require(call.task(function: 1))
        call.yields(.sleep(.seconds(10)), sleeper)
        call.spawn(2, from: task)
        let asking = try #require(call.task(function: 2))
        call.yields(.service(.store(.get(key: "k"))), asking)
        call.yields(.after(.seconds(20), function(3)), task)
        call.returns([], task)
        call.offer("v2")
        #expect(call.handovers == ["v2"])
        call.returns()
        #expect(call.did(.cancelService(asking)))
        call.advance(.seconds(60))
        #expect(call.reply(to: sleeper) == nil)
        #expect(call.task(function: 3) == nil)
        #expect(!call.did(.script(.cancel(sleeper))))
        call.send(.hangUpRequested(reason: "stop"))
        #expect(call.outcome?.reason == "stop")
    }

    @Test("What becomes due while the hand-over is under way is the old version's, and gone with it")
    func dueMeanwhile() throws {
        var (call, task) = CallHarness.answered()
        call.spawn(from: task)
        let sleeper = try #require(call.task(function: 1))
        call.yields(.sleep(.seconds(1)), sleeper)
        call.yields(.after(.seconds(1), function(2)), task)
        call.returns([], task)
        call.offer("v2")
        call.advance(.seconds(1))
        call.returns()
        call.advance(.seconds(1))
        #expect(call.reply(to: sleeper) == nil)
        #expect(call.task(function: 2) == nil)
    }

    @Test("If the hand-over fails, it goes on")
    func dueMeanwhileFailed() throws {
        var (call, task) = CallHarness.answered()
        call.spawn(from: task)
        let sleeper = try #require(call.task(function: 1))
        call.yields(.sleep(.seconds(1)), sleeper)
        call.yields(.after(.seconds(1), function(2)), task)
        call.returns([], task)
        call.offer("v2")
        call.advance(.seconds(1))
        call.fails()
        #expect(call.reply(to: sleeper) == .value(true))
        call.returns([], sleeper)
        #expect(call.task(function: 2) != nil)
    }

    @Test("What happens meanwhile is told to the new version")
    func meanwhile() {
        var call = CallHarness.quiet([.onDTMF])
        call.offer("v2", handlers: [.onHandover, .onDTMF])
        call.press("1")
        #expect(call.startedHandlers.isEmpty)
        call.returns()
        #expect(call.arguments(.onDTMF) == [["1", 100]])
        #expect(call.lastFacts?.version == "v2")
    }

    @Test("A call that ends while it is handed over ends with the new version's on_hangup")
    func hangUp() throws {
        var (call, task) = CallHarness.answered()
        call.spawn(from: task)
        let asking = try #require(call.task(function: 1))
        call.yields(.service(.store(.get(key: "k"))), asking)
        call.returns([], task)
        call.offer("v2", handlers: [.onHandover, .onHangup])
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.outcome == nil)
        call.returns()
        #expect(call.observations.contains(.flowChanged(version: "v2", from: "v1")))
        #expect(call.reply(to: asking) == nil)
        #expect(call.startedHandlers.last == .onHangup)
        #expect(call.lastFacts?.version == "v2")
        call.returns()
        #expect(call.outcome?.kind == .completed)
        #expect(call.faults.isEmpty)
    }

    @Test("A call that ends while a hand-over fails ends with the old version's on_hangup")
    func hangUpAndFailure() {
        var call = CallHarness.quiet([.onHangup])
        call.offer("v2", handlers: [.onHandover])
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.fails()
        #expect(call.startedHandlers == [.onHangup])
        #expect(call.lastFacts?.version == "v1")
        call.returns()
        #expect(call.outcome?.kind == .completed)
    }

    @Test("A hand-over that never comes back cannot keep the call from its end")
    func stuck() {
        var call = CallHarness.quiet()
        call.offer("v2")
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.advance(.seconds(10))
        #expect(call.outcome?.kind == .completed)
    }

    @Test("A call that is leaving stays with its version")
    func leaving() throws {
        var call = CallHarness.quiet([.onDTMF], fallback: .init(text: "Sorry."))
        call.press("1")
        call.fails(.budget)
        call.offer("v2")
        call.advance(.seconds(1))
        #expect(call.handovers.isEmpty)
    }
}
