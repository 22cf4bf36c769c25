import SansIO
import Testing

@testable import Conversation

@Suite("A model that goes and comes back")
struct OutageTests {
    private static let audio = [UInt8](repeating: 1, count: 8_000)

    @Test("A dropped connection is made again after 375 to 500 ms; the script hears of nothing")
    func reconnects() {
        var call = CallHarness.quiet([.onError])
        let lostAt = call.now
        call.drop()
        #expect(call.last.contains(.closeModel))
        #expect(call.keptAudio == .zero)
        #expect(call.session.nextDeadline.map { (375...500).contains(($0 - lostAt).milliseconds) } == true)
        let done = call.reconnect()
        #expect(call.connections == 2)
        #expect(done.contains(.listen))
        #expect(call.losses == 1 && call.returns == 1)
        #expect(call.faults.isEmpty && call.startedHandlers.isEmpty)
        #expect(call.outcome == nil)
        #expect(call.session.outage == nil)
    }

    @Test("The new session gets the settings of now, then the conversation, and only then the caller's voice")
    func settings() throws {
        var call = CallHarness.quiet([.onDTMF])
        call.callerTakesTurn("item_u1", saying: "Do you have time today?")
        call.answerTurn("Yes, at one.", item: "item_a1")
        call.press("1")
        let task = call.lastTask
        call.drop()
        call.yields(.setInstructions("Be kind."), task)
        #expect(call.changes.isEmpty)
        call.yields(.sendText(role: "system", text: "The caller is a member."), call.lastTask)
        let known = call.log.count
        call.reconnect()
        let told = Array(call.log[known...])
        guard case .updateSession(let settings)? = told.sent.first else {
            Issue.record("no session.update")
            return
        }
        #expect(settings.instructions == "Be kind.")
        #expect(
            call.replayed == [
                "assistant: Hello, this is the dental practice.", "user: Do you have time today?",
                "assistant: Yes, at one.", "system: The caller is a member.",
            ])
        let listen = try #require(told.firstIndex(of: .listen))
        let lastReplay = try #require(
            told.lastIndex {
                if case .sendModel(let event) = $0, case .replayMessage = event.body { true } else { false }
            })
        #expect(lastReplay < listen)
        #expect(call.created.count == 1)
    }

    @Test("A sentence of the script goes on behind what was heard, and the script learns of its end")
    func sentence() {
        var (call, task) = CallHarness.answered()
        let text = "Good morning to you, we have time at one, two or three o'clock."
        call.yields(.say(text: text, interruptible: true))
        let id = call.beginResponse()
        call.begin("Good morning to you, we", of: text, in: id, item: "item_1")
        call.drop()
        call.hear("item_1")
        #expect(call.heard == ["Good morning to you, we"])
        #expect(call.reply(to: task) == nil)
        call.reconnect()
        #expect(call.replayed == ["assistant: Good morning to you, we"])
        #expect(call.created.last?.instructions?.hasSuffix("\"have time at one, two or three o'clock.\"") == true)
        let next = call.beginResponse()
        call.speak("have time at one, two or three o'clock.", milliseconds: 2_000, in: next, item: "item_2")
        call.finishResponse(next)
        call.hear("item_2")
        #expect(call.reply(to: task) == .value(true))
        #expect(call.heard.joined(separator: " ") == text)
    }

    @Test("A sentence that was generated whole is only waited for")
    func wholeSentence() {
        var (call, task) = CallHarness.answered()
        call.yields(.say(text: "One moment.", interruptible: true))
        let id = call.beginResponse()
        call.speak("One moment.", milliseconds: 1_000, in: id, item: "item_1")
        call.drop()
        call.reconnect()
        #expect(call.created.count == 1)
        call.hear("item_1")
        #expect(call.reply(to: task) == .value(true))
    }

    @Test("An answer of the model that was cut goes on behind what was heard of it")
    func answer() {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1", saying: "When do you have time?")
        let id = call.beginResponse(own: true)
        let text = "We have time at one, two or three."
        call.begin("We have time at", of: text, in: id, item: "item_1")
        call.drop()
        call.reconnect()
        #expect(call.replayed.last == "assistant: We have time at")
        let parameters = call.created.last
        #expect(call.created.count == 2)
        #expect(parameters?.instructions?.hasPrefix("Be brief.\n\n") == true)
        #expect(parameters?.instructions?.contains("\"We have time at\"") == true)
    }

    @Test("A response that had said nothing is asked for again, under its number")
    func silentResponse() {
        var (call, task) = CallHarness.answered()
        call.yields(.reply(instructions: "Greet."))
        call.beginResponse()
        call.drop()
        call.reconnect()
        #expect(call.created.count == 2)
        #expect(call.created[0] == call.created[1])
        let id = call.beginResponse()
        call.speak("Hello.", milliseconds: 500, in: id, item: "item_1")
        call.finishResponse(id)
        call.hear("item_1")
        #expect(call.reply(to: task) == .value(true))
    }

    @Test("What a server says before it has taken the settings is ended with its connection")
    func earlySpeech() {
        var call = CallHarness.quiet()
        call.drop()
        call.advance(.milliseconds(500))
        call.model(.connected)
        let id = call.beginResponse(own: true)
        call.begin("Hello", of: "Hello again.", in: id, item: "item_1")
        call.drop()
        #expect(call.tag("item_1").map { call.last.contains(.finishPlayout(tag: $0)) } == true)
        call.hear("item_1")
        call.reconnect()
        #expect(call.heard.last == "Hello")
    }

    @Test("What an old connection still says is not heard")
    func stale() {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1", saying: "Hello?")
        let old = call.session.modelConnection
        call.drop()
        let path = RealtimePartPath(responseID: "resp_9", itemID: "item_9")
        for event in [
            RealtimeServerEvent.responseCreated(RealtimeResponse(id: "resp_9", status: .inProgress)),
            .audioTranscriptDelta(path, "Old news"), .audioDelta(path, [1, 2, 3]),
            .error(RealtimeError(code: "invalid_api_key", message: "stale")),
        ] {
            call.send(.model(.event(event), connection: old))
            #expect(call.last.isEmpty)
        }
        call.reconnect()
        call.send(.model(.closed(code: 3_000, reason: ""), connection: old))
        #expect(call.last.isEmpty)
        #expect(call.session.outage == nil)
    }

    @Test("Tries follow in growing intervals, until the caller has waited for as long as one does")
    func givenUp() {
        var call = CallHarness.quiet(
            [.onError], fallback: .init(text: "Sorry."), fallbackAudio: Self.audio)
        call.drop()
        let lostAt = call.now
        var tries: [Int64] = []
        while call.outcome == nil, call.faults.isEmpty, let deadline = call.session.nextDeadline {
            call.advance(deadline - call.now)
            if call.last.contains(.connectModel) {
                tries.append((call.now - lostAt).milliseconds)
                call.model(.failed(message: "refused"))
            }
        }
        #expect((5...6).contains(tries.count))
        for (index, range) in [375...500, 750...1_000, 1_500...2_000, 3_000...4_000, 6_000...8_000].enumerated() {
            let pause = tries[index] - (index > 0 ? tries[index - 1] : 0)
            #expect(range.contains(Int(pause)), "try \(index)")
        }
        #expect(call.now - lostAt == .seconds(20))
        #expect(call.faults.map(\.isRetryable) == [true])
        #expect(call.startedHandlers == [.onError])
        #expect(call.last.contains { if case .play(_, Self.audio) = $0 { true } else { false } })
    }

    @Test("A connection that answers nothing is given up after 5 s, and the next one tried")
    func silentTry() {
        var call = CallHarness.quiet()
        call.drop()
        call.advance(.milliseconds(500))
        #expect(call.connections == 2)
        call.advance(.seconds(5))
        #expect(call.session.outage?.step == .waiting)
        call.advance(.seconds(1))
        #expect(call.connections == 3)
        call.model(.connected)
        call.server(.sessionUpdated(id: "sess_3", model: "test"))
        #expect(call.returns == 1)
    }

    @Test("Key, quota, and the closes 3000 and 4000 end it at once: on_error, then the fallback line", arguments: 0..<4)
    func fatal(kind: Int) {
        var call = CallHarness.quiet([.onError], fallback: .init(text: "Sorry."), fallbackAudio: Self.audio)
        switch kind {
        case 0: call.server(.error(RealtimeError(code: "insufficient_quota", message: "no credit")))
        case 1: call.model(.closed(code: 3_000, reason: "invalid_request_error.invalid_api_key"))
        case 2: call.model(.closed(code: 4_000, reason: "invalid_request_error.invalid_model"))
        default:
            call.drop()
            call.advance(.milliseconds(500))
            call.model(.connected)
            call.server(.error(RealtimeError(code: "invalid_api_key", message: "Incorrect API key")))
        }
        #expect(call.arguments(.onError).first?.first?["kind"] == "model")
        #expect(call.arguments(.onError).first?.first?["retryable"] == false)
        #expect(call.last.contains { if case .play(_, Self.audio) = $0 { true } else { false } })
        #expect(call.last.contains(.closeModel))
        call.advance(.seconds(30))
        #expect(call.outcome?.kind == .modelFailed)
        #expect(call.connections == (kind == 3 ? 2 : 1))
    }

    @Test("A server that says nothing any more, where it should, counts as gone", arguments: [true, false])
    func silent(isAsked: Bool) {
        var (call, task) = CallHarness.answered()
        call.yields(.say(text: "One moment.", interruptible: true))
        if !isAsked { call.beginResponse() }
        call.advance(.seconds(10))
        #expect(call.losses == 1)
        call.reconnect()
        #expect(call.created.count == 2)
        let id = call.beginResponse()
        call.speak("One moment.", milliseconds: 1_000, in: id, item: "item_1")
        call.finishResponse(id)
        call.hear("item_1")
        #expect(call.reply(to: task) == .value(true))
    }

    @Test("Connections that break at once spend one budget together")
    func flapping() {
        var call = CallHarness.quiet([.onError])
        for _ in 0..<20 where call.outcome == nil && call.faults.isEmpty {
            call.drop()
            call.reconnect()
        }
        #expect(call.faults.count == 1)
        #expect(call.connections <= 10)
    }

    @Test("A connection that has answered has proved itself")
    func proved() {
        var call = CallHarness.quiet()
        for number in 0..<20 {
            call.drop()
            call.reconnect()
            call.callerTakesTurn("item_u\(number)", saying: "Hello?")
            call.answerTurn("Hello.", item: "item_a\(number)")
        }
        #expect(call.faults.isEmpty)
        #expect(call.returns == 20)
    }

    // MARK: Functions

    @Test("A function that runs meanwhile has its call and its result told together, and the model goes on")
    func runningFunction() {
        var call = CallHarness.quiet()
        call.call("look_up")
        let task = call.lastTask
        call.drop()
        call.reconnect()
        #expect(call.outputs.isEmpty)
        let known = call.sent.count
        call.returns(["at one"], task)
        guard case .replayFunctionCall(_, let told) = call.sent[known] else {
            Issue.record("the call is not told")
            return
        }
        #expect(told.name == "look_up")
        #expect(call.outputs == ["call_look_up_0": "at one"])
        #expect(call.created.count == 2)
    }

    @Test("A function that ends meanwhile is told whole, and the model goes on")
    func endedFunction() {
        var call = CallHarness.quiet()
        call.call("look_up")
        call.drop()
        call.returns(["at one"], call.task(action: "look_up"))
        #expect(call.outputs.isEmpty)
        call.reconnect()
        #expect(call.outputs == ["call_look_up_0": "at one"])
        #expect(call.sent.count { if case .replayFunctionCall = $0 { true } else { false } } == 1)
        #expect(call.created.count == 2)
    }

    // MARK: The script

    @Test("stop_speaking meanwhile also stops what was to go on")
    func stopped() {
        var call = CallHarness.quiet([.onDTMF])
        call.press("1")
        let task = call.lastTask
        call.yields(.say(text: "One two three four five six.", interruptible: true), task)
        let id = call.beginResponse()
        call.begin("One two three", of: "One two three four five six.", in: id, item: "item_1")
        call.drop()
        call.press("2")
        call.yields(.stopSpeaking, call.lastTask)
        if let tag = call.tag("item_1") { call.send(.media(.flushed(tag: tag, played: 4_800, dropped: 0))) }
        #expect(call.code(for: task) == .interrupted)
        call.reconnect()
        #expect(call.created.count == 2)
        #expect(call.replayed.last == "assistant: \(call.heard.last ?? "")")
    }

    @Test("What the script says meanwhile is said afterwards, in order")
    func queued() {
        var call = CallHarness.quiet([.onDTMF])
        call.drop()
        call.press("1")
        call.yields(.say(text: "One.", interruptible: true), call.lastTask)
        call.press("2")
        call.yields(.say(text: "Two.", interruptible: true), call.lastTask)
        #expect(call.created.count == 1)
        call.reconnect()
        #expect(call.created.count == 2)
        call.finishResponse(call.beginResponse())
        #expect(call.created.count == 3)
        #expect(call.created[1].instructions?.contains("One.") == true)
        #expect(call.created[2].instructions?.contains("Two.") == true)
    }

    @Test("Nobody is asked whether he is still there while the model is away")
    func idle() {
        var call = CallHarness.quiet([.onIdle])
        call.advance(.seconds(10))
        call.drop()
        call.advance(.seconds(8))
        call.reconnect()
        call.advance(.seconds(14))
        #expect(!call.startedHandlers.contains(.onIdle))
        call.advance(.seconds(1))
        #expect(call.startedHandlers.contains(.onIdle))
    }

    // MARK: What was heard

    @Test("A sentence that the new session knows as text, and that is interrupted then, is told anew")
    func cutLater() throws {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1", saying: "When?")
        let id = call.beginResponse(own: true)
        call.speak("We have time at one, two or three.", milliseconds: 4_000, in: id, item: "item_1")
        call.finishResponse(id)
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.drop()
        call.reconnect()
        #expect(call.replayed.last == "assistant: We have time at one, two or three.")
        call.callerSpeaks("item_u2")
        let known = call.sent.count
        call.send(.media(.flushed(tag: tag, played: 16_000, dropped: 16_000)))
        #expect(call.sent[known] == .deleteItem(id: "item_1"))
        guard case .replayMessage(_, let after, "assistant", let text) = call.sent[known + 1] else {
            Issue.record("the item is not told anew")
            return
        }
        #expect(after == "item_u1")
        #expect(text == "We have time at")
        #expect(call.session.realtime.history.text(of: "item_1") == text)
    }

    @Test("What a new session refuses of the conversation is noted, and nobody is asked to do something about it")
    func refused() throws {
        var call = CallHarness.quiet([.onError])
        call.drop()
        let done = call.reconnect()
        let replay = try #require(
            done.compactMap {
                if case .sendModel(let event) = $0, case .replayMessage = event.body { event.eventID } else { nil }
            }.first)
        call.server(.error(RealtimeError(code: "invalid_value", message: "no", eventID: replay)))
        #expect(call.faults.count == 1)
        #expect(call.startedHandlers.isEmpty)
    }

    // MARK: Life of the call

    @Test("A model that is lost while it rings is back before the answer matters", arguments: [true, false])
    func ringing(isAnsweredMeanwhile: Bool) {
        var call = CallHarness()
        call.configure()
        call.send(.telephony(.ringing(earlyMedia: false)))
        call.drop()
        if !isAnsweredMeanwhile { call.reconnect() }
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        if isAnsweredMeanwhile {
            #expect(call.last.contains(.keepAudio(last: .zero)))
            #expect(call.created.isEmpty)
            call.reconnect()
        }
        #expect(call.did(.listen))
        #expect(call.created.count == 1)
    }

    @Test("A goodbye that was cut is said to its end before the call is hung up")
    func goodbye() {
        var call = CallHarness.quiet([.onDTMF])
        call.press("1")
        let task = call.lastTask
        let text = "Thank you for your call and goodbye."
        call.yields(.say(text: text, interruptible: true), task)
        let id = call.beginResponse()
        call.press("2")
        call.yields(.hangup(reason: nil, afterPlayout: true), call.lastTask)
        call.begin("Thank you", of: text, in: id, item: "item_1")
        call.drop()
        call.hear("item_1")
        #expect(call.outcome == nil)
        call.reconnect()
        let next = call.beginResponse()
        call.speak("for your call and goodbye.", milliseconds: 1_000, in: next, item: "item_2")
        call.finishResponse(next)
        call.hear("item_2")
        #expect(call.heard.suffix(2).joined(separator: " ") == text)
        #expect(call.isHungUp)
    }

    @Test("A caller who hangs up meanwhile ends the call, and no connection is left")
    func hangUp() {
        var call = CallHarness.quiet()
        call.drop()
        call.advance(.milliseconds(500))
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.model(.connected)
        call.advance(.seconds(30))
        #expect(call.outcome?.kind == .completed)
        #expect(call.session.nextDeadline == nil)
        #expect(call.count { $0 == .closeModel } == 2)
        #expect(call.sent.count { if case .updateSession = $0 { true } else { false } } == 1)
    }
}
