import SansIO
import Testing

@testable import Conversation

@Suite("A call in pipeline mode")
struct PipelineCallTests {
    @Test("is dialled when its stages are ready")
    func opens() {
        var call = PipelineHarness()
        call.send(.start)
        #expect(call.commands == [.open])
        #expect(!call.log.contains { if case .dial = $0 { true } else { false } })
        call.send(.pipeline(.ready(models: "stt, llm, tts")))
        #expect(call.log.contains { if case .dial = $0 { true } else { false } })
        #expect(call.log.observations.contains(.modelReady(sessionID: "pipeline", model: "stt, llm, tts")))
    }

    @Test("ends sentences by the rules of the flow's language, which the model's server is told too")
    func language() {
        var call = PipelineHarness(language: "de")
        call.send(.start)
        call.send(.pipeline(.ready(models: "test")))
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        #expect(call.session.realtime.settings.language == "de")
        #expect(call.session.pipeline?.settings.language == "de")
        call.takesTurn("Wann?")
        call.writes("Bringen Sie z. B. Montag etwas mit, d. h. Papiere. Gut?")
        #expect(call.syntheses.map(\.text) == ["Bringen Sie z. B. Montag etwas mit, d. h. Papiere.", "Gut?"])
    }

    @Test("goes from the caller's words through the model's to the far end's ears")
    func answersTurn() {
        var call = PipelineHarness.answered()
        call.hears("Can I come tomorrow?")
        call.advance(.seconds(1))
        #expect(call.said == ["Can I come tomorrow?"])
        #expect(call.generations.last?.instructions == "Be brief.")
        #expect(call.generations.last?.messages == [ChatMessage(role: .user, text: "Can I come tomorrow?")])
        call.writes("Yes, tomorrow is", " free. When do you", " want to come?")
        #expect(call.syntheses.map(\.text) == ["Yes, tomorrow is free.", "When do you want to come?"])
        call.speaks()
        call.plays()
        #expect(call.heard == ["Yes, tomorrow is free. When do you want to come?"])
        #expect(
            call.context == [
                "user: Can I come tomorrow?", "assistant: Yes, tomorrow is free. When do you want to come?",
            ])
    }

    @Test("speaks the first sentence while the second is being written")
    func streams() {
        var call = PipelineHarness.answered()
        call.takesTurn("Hello?")
        call.writes("Good morning. How ", ends: false)
        #expect(call.syntheses.map(\.text) == ["Good morning."])
        call.speaks()
        #expect(call.log.contains { if case .play = $0 { true } else { false } })
        call.writes("are you?")
        #expect(call.syntheses.map(\.text) == ["Good morning.", "How are you?"])
    }

    @Test("hands sentences out in their order, whichever is synthesised first")
    func keepsOrder() {
        var call = PipelineHarness.answered()
        call.takesTurn("Hello?")
        call.writes("One. Two.")
        let requests = call.syntheses
        call.send(.pipeline(.synthesis(requests[1].id, .audio([2, 2]))))
        call.send(.pipeline(.synthesis(requests[1].id, .ended)))
        call.send(.pipeline(.synthesis(requests[0].id, .audio([1, 1]))))
        call.send(.pipeline(.synthesis(requests[0].id, .ended)))
        let played = call.log.compactMap { if case .play(_, let audio) = $0 { audio } else { nil } }
        #expect(played == [[1, 1], [2, 2]])
    }

    @Test("speaks what the script rewrites, and remembers what the model wrote")
    func rewrites() {
        var call = PipelineHarness.answered(handlers: [.beforeTTS])
        call.takesTurn("Who, and when?")
        call.writes("Dr. Smith at 3:30.")
        #expect(call.arguments(.beforeTTS) == [["Dr. Smith at 3:30."]])
        #expect(call.syntheses.isEmpty)
        call.returns([["spoken": "Doctor Smith at half past three."]], to: .beforeTTS)
        #expect(call.syntheses.map(\.text) == ["Doctor Smith at half past three."])
        call.speaks()
        call.plays()
        #expect(call.heard == ["Doctor Smith at half past three."])
        #expect(call.context.last == "assistant: Dr. Smith at 3:30.")
    }

    @Test("remembers of an interrupted sentence that was rewritten what was heard of it, as the model wrote it")
    func truncatesRewritten() {
        var call = PipelineHarness.answered(handlers: [.beforeTTS])
        call.takesTurn("Who, and when?")
        call.writes("You will see Dr. Smith at 3:30 on Monday.")
        let spoken = "You will see Doctor Smith at half past three on Monday."
        call.returns([["spoken": .string(spoken)]], to: .beforeTTS)
        call.speaks()
        let heardCount = "You will see Doctor Smith at half".count
        call.plays(milliseconds: heardCount * 60 + 30)
        call.send(.pipeline(.voiceStarted(at: 10_000)))
        // What is said is held until it is clear that the caller takes the floor.
        call.advance(TurnOptions().certainSpeech)
        call.flushed(playedMilliseconds: heardCount * 60 + 30)
        #expect(call.heard == ["You will see Doctor Smith at half"])
        #expect(call.context.last == "assistant: You will see Dr. Smith at")
    }

    @Test("drops a sentence for which before_tts returns nothing, from the context too")
    func drops() {
        var call = PipelineHarness.answered(handlers: [.beforeTTS])
        call.takesTurn("Hello?")
        call.writes("Internal note. Hello.")
        call.returns([.null], to: .beforeTTS)
        call.returns(["Hello."], to: .beforeTTS)
        call.speaks()
        call.plays()
        #expect(call.heard == ["Hello."])
        #expect(call.context.last == "assistant: Hello.")
    }

    @Test("speaks the sentence as it was when before_tts fails, or takes too long")
    func survivesHandlers() {
        var call = PipelineHarness.answered(handlers: [.beforeTTS])
        call.takesTurn("Hello?")
        call.writes("One. Two.")
        if let id = call.task(.beforeTTS) {
            call.send(.script(id, .failed(ScriptFault(kind: .error, message: "flow.lua:3: boom"))))
        }
        #expect(call.syntheses.map(\.text) == ["One."])
        #expect(call.faults.last?.message == "flow.lua:3: boom")
        call.speaks()
        call.advance(.seconds(3))
        #expect(call.syntheses.map(\.text) == ["One.", "Two."])
        #expect(call.faults.last?.function == "before_tts")
    }

    @Test("asks the model what before_llm returns")
    func changesMessages() {
        var call = PipelineHarness.answered(handlers: [.beforeLLM])
        call.takesTurn("My card is 4111 1111.")
        #expect(
            call.arguments(.beforeLLM).last == [
                [
                    ["role": "system", "content": "Be brief."], ["role": "user", "content": "My card is 4111 1111."],
                ]
            ])
        call.returns(
            [[["role": "system", "content": "Be kind."], ["role": "user", "content": "My card is hidden."]]],
            to: .beforeLLM)
        #expect(call.generations.last?.instructions == "Be kind.")
        #expect(call.generations.last?.messages == [ChatMessage(role: .user, text: "My card is hidden.")])
    }

    @Test("sends the chat as it was when before_llm returns something else")
    func refusesMessages() {
        var call = PipelineHarness.answered(handlers: [.beforeLLM])
        call.takesTurn("Hello?")
        call.returns([[["role": "nobody"]]], to: .beforeLLM)
        #expect(call.generations.last?.messages == [ChatMessage(role: .user, text: "Hello?")])
        #expect(call.faults.last?.kind == .script)
    }

    @Test("runs the functions that the model calls, and goes on with their results")
    func callsFunctions() {
        var call = PipelineHarness.answered()
        call.takesTurn("Is tomorrow free?")
        let function = RealtimeFunctionCall(callID: "c1", name: "look_up", arguments: "{\"day\":\"tomorrow\"}")
        call.writes("I will look.", calls: [function])
        call.speaks()
        let action = call.log.compactMap { action -> ScriptTaskID? in
            if case .script(.start(let id, .action("look_up", _), _)) = action { id } else { nil }
        }
        #expect(action.count == 1)
        if let id = action.first { call.send(.script(id, .returned(["free"]))) }
        #expect(
            call.generations.last?.messages == [
                ChatMessage(role: .user, text: "Is tomorrow free?"),
                ChatMessage(role: .assistant, text: "I will look."),
                ChatMessage(role: .assistant, text: "", calls: [function]),
                ChatMessage(role: .tool, text: "free", callID: "c1"),
            ])
    }

    @Test("takes a call of the same name in a later answer for another one, and tells the model both results")
    func reusedNames() {
        var call = PipelineHarness.answered()
        call.takesTurn("Is tomorrow free?")
        for (arguments, result) in [("{\"day\":1}", "no"), ("{\"day\":2}", "yes")] {
            call.writes(calls: [RealtimeFunctionCall(callID: "call_0", name: "look_up", arguments: arguments)])
            let action = call.log.compactMap { action -> ScriptTaskID? in
                if case .script(.start(let id, .action("look_up", _), _)) = action { id } else { nil }
            }
            if let id = action.last { call.send(.script(id, .returned([.string(result)]))) }
        }
        #expect(call.generations.last?.messages.filter { $0.role == .tool }.map(\.text) == ["no", "yes"])
        #expect(
            call.generations.last?.messages.flatMap(\.calls).map(\.arguments) == ["{\"day\":1}", "{\"day\":2}"])
    }

    @Test("says the script's own words without asking the model")
    func says() {
        var call = PipelineHarness()
        call.send(.start)
        call.send(.pipeline(.ready(models: "test")))
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        guard let id = call.task(.onAnswered) else { return }
        call.send(.script(id, .yielded(.say(text: "Hello. This is the practice.", interruptible: true))))
        #expect(call.generations.isEmpty)
        #expect(call.syntheses.map(\.text) == ["Hello.", "This is the practice."])
        call.speaks()
        call.plays()
        #expect(call.log.contains { if case .script(.resume(id, .value(true), _)) = $0 { true } else { false } })
        #expect(call.context == ["assistant: Hello. This is the practice."])
    }

    @Test("has said a text of which nothing is to be pronounced, or all was dropped", arguments: [true, false])
    func saysNothing(isDropped: Bool) {
        var call = PipelineHarness(handlers: isDropped ? [.beforeTTS] : [])
        call.send(.start)
        call.send(.pipeline(.ready(models: "test")))
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        guard let id = call.task(.onAnswered) else { return }
        call.send(.script(id, .yielded(.say(text: isDropped ? "Hello." : "– …", interruptible: true))))
        if isDropped { call.returns([.null], to: .beforeTTS) }
        #expect(call.syntheses.isEmpty)
        #expect(call.log.contains { if case .script(.resume(id, .value(true), _)) = $0 { true } else { false } })
        #expect(call.context.isEmpty)
        #expect(call.faults.isEmpty)
    }

    @Test("explains the latency of each turn")
    func measures() throws {
        var call = PipelineHarness.answered()
        call.hears("Hello?")
        call.advance(.seconds(1))
        call.writes("Good morning.", ends: false)
        call.advance(.milliseconds(40))
        call.speaks()
        call.writes()
        call.speaks()
        call.plays()
        let latency = try #require(call.latencies.first)
        let steps = [
            latency.toTranscript, latency.toFirstToken, latency.toFirstSentence, latency.toFirstAudio,
            latency.toFirstPacket,
        ].compactMap(\.self)
        #expect(steps.count == 5)
        #expect(steps == steps.sorted())
        // The voice ended a pause of the detector's before it was reported.
        #expect(latency.toTranscript == TurnOptions().voicePause + .milliseconds(100))
    }
}
