import SansIO
import Testing

@testable import Conversation

@Suite("A call in live mode")
struct LiveCallTests {
    // MARK: To the conversation

    @Test("the session is started with instructions, voice, format and the functions of its back end, then dialled")
    func starts() throws {
        var call = LiveHarness()
        call.send(.start)
        #expect(call.actions.contains(.connectModel))
        call.send(.model(.connected))
        guard case .sendLive(let event)? = call.actions.last else {
            Issue.record("\(call.actions)")
            return
        }
        #expect(
            event.json == [
                "type": "session.start",
                "session": [
                    "model": "gpt-live-1", "instructions": "Be brief.",
                    "audio": ["format": ["type": "audio/pcmu", "rate": 8_000], "output": ["voice": "marin"]],
                    "delegation": [
                        "type": "responses",
                        "responses": [
                            "model": "gpt-5.6-luna", "instructions": "Be brief.",
                            "tools": [
                                [
                                    "type": "function", "name": "look_up", "description": "Does look_up.",
                                    "parameters": ["type": "object"],
                                ]
                            ],
                        ],
                    ],
                ], "event_id": .string(event.eventID),
            ])
        #expect(!call.actions.isDialled)
        call.server(.started(id: "live_1", model: "gpt-live-1"))
        #expect(call.actions.isDialled)
        #expect(call.observations.contains(.modelReady(sessionID: "live_1", model: "gpt-live-1")))
    }

    @Test("a flow without on_answered has the model begin, without waiting for the caller")
    func greets() {
        var call = LiveHarness()
        call.connect()
        call.answer()
        #expect(call.commentary == [LiveText.greeting])
        call.speaks("Good morning.", milliseconds: 800, after: .milliseconds(500))
        call.advance(.seconds(4))
        #expect(call.heard == ["Good morning."])
        #expect(call.faults == [])
    }

    @Test("what the script sends the model before the session has started is told when it has")
    func earlyText() throws {
        var call = LiveHarness(handlers: [.onDial])
        call.endsCoroutines = false
        call.send(.start)
        let dialling = try #require(call.task(.onDial))
        call.send(.script(dialling, .yielded(.spawn(ScriptFunctionID(number: 1)))))
        let spawned = try #require(call.tasks(function: 1).last)
        call.send(.script(spawned, .yielded(.sleep(.seconds(1)))))
        call.send(.script(dialling, .returned([])))
        call.send(.model(.connected))
        call.advance(.seconds(1))
        call.send(.script(spawned, .yielded(.sendText(role: "system", text: "The caller is a member."))))
        #expect(call.reply(to: spawned) == .value(true))
        call.server(.started(id: "live_1", model: "gpt-live-1"))
        #expect(call.sent.contains(.appendInstructions("The caller is a member.")))
        #expect(call.faults == [])
    }

    @Test("a session that is refused ends the call before it is dialled")
    func refused() {
        var call = LiveHarness()
        call.send(.start)
        call.send(.model(.connected))
        call.server(.error(RealtimeError(type: "invalid_request_error", code: "unknown_parameter", message: "voice")))
        #expect(!call.actions.isDialled)
        #expect(call.outcome?.kind == .modelFailed)
    }

    // MARK: The model speaks

    @Test("what the model says between two silences is heard as one, its pauses in their places")
    func utterance() {
        var call = LiveHarness.answered()
        call.speaks("One.", milliseconds: 500, quiet: 500)
        call.speaks(" Two.", milliseconds: 500, quiet: 1_000)
        call.speaks("Three.", milliseconds: 500, quiet: 1_000)
        call.advance(.seconds(6))
        #expect(call.heard == ["One. Two.", "Three."])
        let tags = Set(call.actions.compactMap { if case .play(let tag, _) = $0 { tag } else { nil } })
        #expect(tags.count == 2)
        let played = call.actions.reduce(0) { sum, action in
            if case .play(1, let audio) = action { sum + audio.count } else { sum }
        }
        // The pause between the sentences is played, and the silence behind them until it tells the end.
        #expect(played == (500 + 500 + 500 + 800) * 8)
    }

    @Test("a server that sends no silence has ended what it says when nothing comes for as long")
    func noSilence() {
        var call = LiveHarness.answered()
        call.speaks("Hello.", milliseconds: 500, quiet: 0)
        call.advance(.milliseconds(1_250))
        #expect(call.heard == [])
        call.advance(.milliseconds(200))
        #expect(call.heard == ["Hello."])
    }

    @Test("silence alone is nothing that is said")
    func silence() {
        var call = LiveHarness.answered()
        call.speaks("", milliseconds: 0, quiet: 5_000)
        call.advance(.seconds(6))
        #expect(call.heard == [])
        #expect(!call.actions.contains { if case .play = $0 { true } else { false } })
    }

    // MARK: Requests

    @Test("call:say waits until the model's words were heard")
    func says() throws {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let task = call.script(.say(text: "Good morning.", interruptible: true))
        #expect(call.commentary == ["Speak now. Say exactly the following, and nothing else: \"Good morning.\""])
        call.speaks("Good morning.", milliseconds: 1_000, after: .milliseconds(400))
        call.advance(.seconds(1))
        #expect(call.reply(to: task) == nil)
        call.advance(.seconds(2))
        #expect(call.reply(to: task) == .value(true))
        // 400 ms to the voice, 1 s of it, and the silence that tells its end.
        #expect(try #require(call.resumed(task)) - .zero < .milliseconds(2_300))
    }

    @Test("what the model begins before it took note of a request is no answer to it")
    func crossing() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let task = call.script(.say(text: "Good morning.", interruptible: true))
        call.speaks("Yes?", milliseconds: 300, after: .milliseconds(20))
        call.advance(.milliseconds(1_500))
        #expect(call.heard == ["Yes?"])
        #expect(call.reply(to: task) == nil)
        call.speaks("Good morning.", milliseconds: 500)
        call.advance(.seconds(3))
        #expect(call.reply(to: task) == .value(true))
        #expect(call.heard == ["Yes?", "Good morning."])
    }

    @Test("a server that never says that it took note is understood all the same")
    func withoutNotes() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.notes = false
        let task = call.script(.reply(instructions: "Ask for the name."))
        call.speaks("What is your name?", milliseconds: 500, after: .milliseconds(1_200))
        call.advance(.seconds(4))
        #expect(call.reply(to: task) == .value(true))
    }

    @Test("a request that no voice answers fails after its time, and is not made twice")
    func unanswered() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let task = call.script(.say(text: "Good morning.", interruptible: true))
        call.advance(.milliseconds(7_900))
        #expect(call.reply(to: task) == nil)
        call.advance(.seconds(20))
        #expect(call.code(for: task) == .modelFailed)
        #expect(call.commentary.count == 1)
        #expect(call.faults.count == 1)
    }

    @Test("while the caller speaks, the model has more time to answer a request")
    func patience() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let task = call.script(.say(text: "Good morning.", interruptible: true))
        call.callerSays("Well", "let", "me", "think", after: .seconds(6))
        call.speaks("Good morning.", milliseconds: 500, after: .seconds(11))
        call.advance(.seconds(14))
        #expect(call.reply(to: task) == .value(true))
    }

    @Test("requests are made one after the other")
    func oneAtATime() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let first = call.script(.say(text: "One.", interruptible: true))
        let second = call.script(.say(text: "Two.", interruptible: true))
        #expect(call.commentary.count == 1)
        call.speaks("One.", milliseconds: 500, after: .milliseconds(200))
        call.advance(.seconds(2))
        #expect(call.reply(to: first) == .value(true))
        #expect(call.reply(to: second) == nil)
        #expect(call.commentary.count == 2)
        call.speaks("Two.", milliseconds: 500, after: .milliseconds(200))
        call.advance(.seconds(2))
        #expect(call.reply(to: second) == .value(true))
    }

    @Test("a request that is refused fails at once; one that may pass is made again")
    func refusedRequest() throws {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let task = call.script(.reply(instructions: nil))
        let first = try #require(call.lastSent).eventID
        call.server(.error(RealtimeError(code: "rate_limit_exceeded", message: "slow", eventID: first)))
        call.advance(.seconds(1))
        #expect(call.commentary.count == 2)
        let second = try #require(call.lastSent).eventID
        call.server(.error(RealtimeError(code: "content_too_long", message: "too long", eventID: second)))
        #expect(call.code(for: task) == .modelFailed)
    }

    @Test("a long text is said in pieces that the server takes, each cut behind a sentence")
    func longText() {
        let sentence = "The quick brown fox jumps over the lazy dog and runs away. "
        let pieces = LiveText.say(String(repeating: sentence, count: 60))
        #expect(pieces.count == 3)
        for piece in pieces {
            #expect(piece.utf8.count <= LiveText.maximumBytes)
            #expect(piece.hasSuffix("away.\""))
        }
        #expect(LiveText.split(String(repeating: "é", count: 1_000)).map(\.utf8.count) == [1_350, 650])
        #expect(LiveText.split("  ") == [])
    }

    @Test("call:hangup after playout lets what is being said be heard")
    func hangsUp() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.speaks("Goodbye.", milliseconds: 1_000)
        call.advance(.milliseconds(300))
        call.script(.hangup(reason: nil, afterPlayout: true))
        // What the model begins from here on is not heard.
        call.speaks("One more thing.", milliseconds: 1_000, after: .zero)
        call.advance(.seconds(6))
        #expect(call.heard == ["Goodbye."])
        #expect(call.outcome?.kind == .completed)
    }

    // MARK: The caller

    @Test("the caller's words are turns, told before the answer, and the wait for it is measured")
    func callerTurn() throws {
        var call = LiveHarness.answered(handlers: [.onTranscript, .onSpeechStarted, .onSpeechStopped])
        call.callerSays("Can", "I", "come", "tomorrow?")
        call.advance(.milliseconds(400))
        #expect(call.arguments(.onSpeechStarted).count == 1)
        #expect(call.arguments(.onSpeechStopped).isEmpty)
        call.speaks("Yes, at three.", milliseconds: 1_000, after: .milliseconds(1_100))
        call.advance(.milliseconds(1_200))
        #expect(call.arguments(.onSpeechStopped).count == 1)
        call.advance(.seconds(4))
        #expect(call.conversation == ["user: Can I come tomorrow?", "agent: Yes, at three."])
        #expect(
            call.arguments(.onTranscript) == [
                ["user", "Can I come tomorrow?", true], ["agent", "Yes, at three.", true],
            ])
        let latency = try #require(call.latencies.first)
        #expect(latency.turn == 1)
        // From the last word, at 1.2 s, to the voice at 1.5 s.
        #expect(latency.toFirstAudio == .milliseconds(300))
        #expect((.milliseconds(300)...(.milliseconds(330))).contains(latency.toFirstPacket))
    }

    @Test("a turn without an answer is over after a pause; a longer pause on the session's clock makes two")
    func turns() {
        var call = LiveHarness.answered()
        call.callerSays("Hello.")
        call.advance(.milliseconds(1_050))
        #expect(call.said == [])
        call.advance(.milliseconds(200))
        #expect(call.said == ["Hello."])
        call.server(.inputTranscript(LiveTranscript(text: "One", startMilliseconds: 5_000, endMilliseconds: 5_200)))
        call.server(.inputTranscript(LiveTranscript(text: "Two", startMilliseconds: 6_200, endMilliseconds: 6_400)))
        call.advance(.seconds(1))
        #expect(call.said == ["Hello.", "One", "Two"])
    }

    @Test("words that come when the model speaks already belong to the turn that they are part of")
    func lateWords() {
        var call = LiveHarness.answered()
        call.callerSays("Tomorrow", "at", "three")
        call.speaks("Very well.", milliseconds: 1_000, after: .milliseconds(650))
        call.advance(.seconds(4))
        #expect(call.conversation == ["user: Tomorrow at three", "agent: Very well."])
    }

    // MARK: Both at once

    @Test("the model falls silent for the caller by itself: nothing is dropped, all that it sent was heard")
    func bargeIn() {
        var call = LiveHarness.answered(handlers: [.onInterrupted])
        call.speaks("Our opening hours are", milliseconds: 1_500)
        call.callerSays("Stop", "please", after: .milliseconds(700))
        call.advance(.seconds(5))
        #expect(call.flushes == 0)
        #expect(call.heard == ["Our opening hours are"])
        #expect(call.said == ["Stop please"])
        #expect(call.arguments(.onInterrupted).isEmpty)
    }

    @Test("speech that a server sent ahead of time is cut by the caller's words, and so is the rest of it")
    func sentAhead() {
        var call = LiveHarness.answered(handlers: [.onInterrupted])
        call.server(
            .outputTranscript(LiveTranscript(text: "One two three four.", startMilliseconds: 0, endMilliseconds: 0)))
        call.server(.outputAudio([UInt8](repeating: 0x90, count: 4_000 * 8)))
        call.callerSays("Stop", after: .milliseconds(700))
        call.advance(.milliseconds(1_100))
        call.server(.outputAudio([UInt8](repeating: 0x90, count: 1_000 * 8)))
        call.advance(.seconds(8))
        #expect(call.flushes == 1)
        #expect(call.arguments(.onInterrupted) == [["One", "two three four."]])
        #expect(call.heard == ["One"])
        // What comes after a silence is heard again.
        call.speaks("Yes?", milliseconds: 300)
        call.advance(.seconds(3))
        #expect(call.heard == ["One", "Yes?"])
    }

    @Test("call:stop_speaking drops what the model says until it is silent")
    func stopSpeaking() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.speaks("One two three four.", milliseconds: 2_000)
        call.advance(.milliseconds(1_000))
        let task = call.script(.stopSpeaking)
        #expect(call.reply(to: task) == .value(true))
        let played = call.actions.count
        call.advance(.seconds(2))
        #expect(!call.actions[played...].contains { if case .play = $0 { true } else { false } })
        call.speaks("Yes?", milliseconds: 300)
        call.advance(.seconds(2))
        #expect(call.heard.last == "Yes?")
    }

    @Test("a request whose answer nobody wants any more is answered, and its voice not heard")
    func stoppedRequest() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let task = call.script(.say(text: "Hello.", interruptible: true))
        call.advance(.milliseconds(300))
        call.script(.stopSpeaking)
        call.speaks("Hello.", milliseconds: 500)
        call.advance(.seconds(3))
        #expect(call.code(for: task) == .interrupted)
        #expect(call.heard == [])
    }

    // MARK: What cannot be changed

    @Test("instructions and voice are fixed from the start of the session; before it they are not")
    func unsupported() {
        var call = LiveHarness(handlers: [.onDial, .onDTMF])
        call.send(.start)
        if let dial = call.task(.onDial) {
            call.send(.script(dial, .yielded(.setInstructions("Be kind."))))
            call.send(.script(dial, .yielded(.setVoice("cedar"))))
            call.send(.script(dial, .returned([])))
        }
        call.send(.model(.connected))
        guard case .start(let settings, _, _)? = call.sent.first else {
            Issue.record("\(call.sent)")
            return
        }
        #expect(settings.instructions == "Be kind.")
        #expect(settings.voice == "cedar")
        call.server(.started(id: "live_1", model: "m"))
        call.answer()
        let instructions = call.script(.setInstructions("Be brief."))
        #expect(call.code(for: instructions) == .unsupported)
        let voice = call.script(.setVoice("marin"))
        #expect(call.code(for: voice) == .unsupported)
        let sameVoice = call.script(.setVoice("cedar"))
        #expect(call.reply(to: sameVoice) == .value(true))
        #expect(AgentMode.live.capabilities == [.uninterruptibleSpeech])
    }

    @Test("functions are the back end's, and can be changed; messages are added as what the model knows")
    func changes() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.script(.setActions([]))
        #expect(call.sent.last == .updateBackEnd(instructions: nil, tools: []))
        call.script(.sendText(role: "user", text: "My name is Ada."))
        #expect(call.sent.last == .appendThinking("user: My name is Ada."))
        call.script(.sendText(role: "system", text: "Be polite."))
        #expect(call.sent.last == .appendInstructions("Be polite."))
    }

    @Test("work that is handed to the application is declined, so that the model does not wait for it")
    func clientDelegation() {
        var call = LiveHarness.answered()
        call.server(.delegationCreated(id: "del_1", target: "client"))
        #expect(call.sent.last == .appendCommentary(LiveText.declined, delegation: "del_1"))
    }

    // MARK: Ends

    @Test("a session that the server ends for what was said leads to the fallback line")
    func sessionEnds() {
        var call = LiveHarness.answered(fallback: AgentDefinition.Fallback(text: "Sorry."))
        call.server(.closed(reason: "content"))
        call.advance(.seconds(2))
        #expect(call.heard == ["Sorry."])
        #expect(call.actions.contains(.closeModel))
        #expect(call.faults.count == 1)
        call.advance(.seconds(10))
        call.send(.telephony(.ended(byRemote: false, reason: "")))
        call.advance(.seconds(10))
        #expect(call.outcome?.kind == .modelFailed)
    }

    @Test("an error that nobody can mend ends the session; others are told")
    func errors() {
        var call = LiveHarness.answered()
        call.server(.error(RealtimeError(code: "unknown_parameter", message: "x")))
        #expect(call.faults.count == 1)
        #expect(!call.actions.contains(.closeModel))
        call.server(.error(RealtimeError(code: "insufficient_quota", message: "x")))
        #expect(call.actions.contains(.closeModel))
    }

    @Test("a script that waits is answered when the session ends")
    func waitsEnd() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let say = call.script(.say(text: "Hello.", interruptible: true))
        call.server(.closed(reason: "content"))
        #expect(call.code(for: say) == .modelFailed)
    }

    @Test("seconds of the session are told as they grow")
    func usage() {
        var call = LiveHarness.answered()
        call.server(.usage(seconds: 10))
        call.server(.usage(seconds: 25.5))
        call.server(.usage(seconds: 25.5))
        let usage = call.observations.compactMap { if case .usage(let usage) = $0 { usage } else { nil } }
        #expect(usage == [["seconds": 10.0], ["seconds": 15.5]])
    }
}
