import SansIO
import Testing

@testable import Conversation

@Suite("What the script changes of the model's session")
struct ModelChangeTests {
    @Test("stop_speaking silences the agent as an interruption does, also what cannot be interrupted")
    func stopSpeaking() throws {
        var (call, task) = CallHarness.answered([.onDTMF])
        call.yields(.say(text: "One two three four.", interruptible: false))
        let id = call.beginResponse()
        call.speak("One two three four.", milliseconds: 2_000, in: id, item: "item_1")
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.press("1")
        call.yields(.stopSpeaking)
        #expect(call.flushes == 1)
        #expect(call.sent.contains(.cancelResponse(id: id)))
        #expect(call.reply(to: try #require(call.task(.onDTMF))) == .value(true))
        call.returns()
        call.send(.media(.flushed(tag: tag, played: 8_000, dropped: 8_000)))
        #expect(call.code(for: task) == .interrupted)
        #expect(call.heard == ["One two"])
        // The caller may interrupt again.
        #expect(call.sent.contains(.updateTurnDetection(TurnDetection())))
    }

    @Test("stop_speaking where nobody speaks changes nothing")
    func stopSilence() {
        var (call, task) = CallHarness.answered()
        let before = call.sent.count
        call.yields(.stopSpeaking)
        #expect(call.reply(to: task) == .value(true))
        #expect(call.flushes == 0)
        #expect(call.sent.count == before)
    }

    @Test("send_text adds a message and asks for no answer")
    func sendText() {
        var (call, task) = CallHarness.answered()
        call.yields(.sendText(role: "system", text: "The caller is a member."))
        #expect(call.last.sent == [.createMessage(role: "system", text: "The caller is a member.")])
        #expect(call.reply(to: task) == .value(true))
        #expect(call.created.isEmpty)
    }

    @Test("Behind hangup { after_playout } there is no conversation to add to")
    func sendTextClosing() throws {
        var (call, task) = CallHarness.answered([.onDTMF])
        let id = call.beginResponse(own: true)
        call.speak("Goodbye.", milliseconds: 1_000, in: id, item: "item_1")
        call.yields(.sleep(.milliseconds(10)))
        call.press("1")
        call.yields(.hangup(reason: nil, afterPlayout: true))
        call.advance(.milliseconds(10))
        call.yields(.sendText(role: "user", text: "Hello?"), task)
        #expect(call.code(for: task) == .callEnded)
        #expect(!call.sent.contains(.createMessage(role: "user", text: "Hello?")))
    }

    @Test("What on_dial changes is what the model is told first, in one message")
    func beforeConnection() {
        var call = CallHarness(handlers: [.onDial])
        call.send(.start)
        call.yields(.setInstructions("Speak German."))
        call.yields(.setVoice("cedar"))
        call.yields(.setActions([]))
        call.returns()
        call.send(.model(.connected))
        guard case .updateSession(let settings)? = call.sent.first else {
            Issue.record("no session.update")
            return
        }
        #expect(settings.instructions == "Speak German.")
        #expect(settings.voice == "cedar")
        #expect(settings.tools.isEmpty)
        call.server(.sessionUpdated(id: "sess_1", model: "test"))
        #expect(call.log.isDialled)
        #expect(call.sent.count == 1)
    }

    @Test("A change while the settings are under way follows them")
    func whileConfiguring() {
        var call = CallHarness(handlers: [.onDial])
        call.send(.start)
        let dial = call.lastTask
        call.spawn(from: dial)
        call.yields(.sleep(.seconds(1)))
        call.returns([], dial)
        call.send(.model(.connected))
        call.advance(.seconds(1))
        call.yields(.setInstructions("Speak German."))
        #expect(call.changes.map(\.instructions) == ["Speak German."])
        call.server(.sessionUpdated(id: "sess_1", model: "test"))
        #expect(call.log.isDialled)
    }

    @Test("In the call only what has changed is told, and nothing when nothing has")
    func midCall() {
        var (call, task) = CallHarness.answered()
        call.yields(.setInstructions("Speak German."))
        #expect(call.reply(to: task) == .value(true))
        call.yields(.setInstructions("Speak German."))
        #expect(call.changes.count == 1)
        #expect(call.changes.first?.instructions == "Speak German.")
        #expect(call.changes.first?.tools == nil)
        #expect(call.changes.first?.voice == nil)
        call.yields(.reply(instructions: "Ask for the date."))
        #expect(call.created.last?.instructions == "Speak German.\n\nAsk for the date.")
    }

    @Test("A function that was taken away is refused, a new one runs")
    func actions() throws {
        let (answered, task) = CallHarness.answered()
        var call = answered
        let book = AgentDefinition.Tool(name: "book", description: "Books.", parameters: ["type": "object"])
        call.yields(.setActions([book]))
        #expect(call.changes.map(\.tools) == [[book]])
        call.returns([], task)
        call.call("look_up")
        #expect(call.outputs["call_look_up_0"] == #"{"error":"there is no function look_up"}"#)
        #expect(call.task(action: "look_up") == nil)
        call.finishResponse(call.beginResponse())
        call.call("book")
        #expect(call.task(action: "book") != nil)
        call.returns(["booked"])
        #expect(call.outputs["call_book_0"] == "booked")
    }

    @Test("The voice can be changed until the model has spoken; its own it may keep")
    func voice() {
        var (call, task) = CallHarness.answered()
        call.yields(.setVoice("cedar"))
        #expect(call.reply(to: task) == .value(true))
        #expect(call.changes.map(\.voice) == ["cedar"])
        let id = call.beginResponse(own: true)
        call.speak("Hello.", milliseconds: 500, in: id, item: "item_1")
        call.yields(.setVoice("marin"))
        #expect(call.code(for: task) == .unsupported)
        call.yields(.setVoice("cedar"))
        #expect(call.reply(to: task) == .value(true))
        #expect(call.changes.count == 1)
    }

    @Test("mute and unmute reach the media at once")
    func mute() {
        var (call, task) = CallHarness.answered()
        call.yields(.mute(true))
        #expect(call.last.contains(.mute(true)))
        #expect(call.reply(to: task) == .value(true))
        call.yields(.mute(false))
        #expect(call.last.contains(.mute(false)))
    }
}
