import SansIO
import Testing

@testable import Conversation

@Suite("A stage of the pipeline that fails")
struct StageFailureTests {
    private func failure(_ stage: PipelineStage, _ severity: StageFailure.Severity = .retryable) -> StageFailure {
        StageFailure(stage: stage, severity: severity, message: "boom")
    }

    @Test("speech-to-text is replaced by the next provider, which gets the same audio")
    func replacesTranscription() throws {
        var call = PipelineHarness.answered(providers: [.stt: 2])
        call.send(.pipeline(.voiceStarted(at: 1_000)))
        call.advance(.seconds(1))
        call.send(.pipeline(.voiceStopped(at: 2_000)))
        guard case .endSegment(let id, 0, let range)? = call.commands.last else {
            Issue.record("\(call.commands)")
            return
        }
        call.send(.pipeline(.transcriptionFailed(segment: id, failure(.stt))))
        guard case .endSegment(let second, 1, range)? = call.commands.last else {
            Issue.record("\(call.commands)")
            return
        }
        #expect(call.commands.contains(.dropSegment(id: id)))
        call.send(.pipeline(.transcribed(segment: second, "Hello?")))
        call.advance(.seconds(1))
        #expect(call.said == ["Hello?"])
        #expect(call.faults.map(\.message) == ["boom"])
        // The next segment goes to the provider that works.
        call.send(.pipeline(.voiceStarted(at: 5_000)))
        let begins = call.commands.filter { if case .beginSegment(_, 1, _) = $0 { true } else { false } }
        #expect(begins.count == 1)
    }

    @Test("a stalled model is replaced after the patience for it, and what it writes then is ignored")
    func replacesStalledModel() {
        var call = PipelineHarness.answered(providers: [.llm: 2])
        call.takesTurn("Hello?")
        let first = call.generations
        call.advance(.seconds(5))
        #expect(call.generations.count == first.count + 1)
        #expect(call.generations.last?.provider == 1)
        #expect(call.cancelledGenerations == first.suffix(1).map(\.id))
        call.send(.pipeline(.generation(first[first.count - 1].id, .text("Late."))))
        call.writes("Good morning.")
        call.speaks()
        call.plays()
        #expect(call.heard == ["Good morning."])
    }

    @Test("a model that works on what is no text is waited for, and its first word is when it comes")
    func waitsForProgress() {
        var call = PipelineHarness.answered(providers: [.llm: 2])
        call.takesTurn("Hello?")
        let asked = call.generations.count
        guard let id = call.generations.last?.id else { return }
        for _ in 0..<5 {
            call.advance(.seconds(2))
            call.send(.pipeline(.generation(id, .progress)))
        }
        #expect(call.generations.count == asked)
        #expect(call.cancelledGenerations.isEmpty)
        call.writes("Good morning.")
        call.speaks()
        call.plays()
        #expect(call.heard == ["Good morning."])
        let latencies = call.log.compactMap { action -> TurnLatency? in
            if case .observe(.latency(let latency)) = action { latency } else { nil }
        }
        #expect(latencies.last?.toFirstToken.map { $0 >= .seconds(10) } == true)
        call.takesTurn("And?")
        call.advance(.seconds(5))
        #expect(call.generations.last?.provider == 1)
    }

    @Test(
        "a model that has written all is not waited for until it ends its answer, and nobody is asked again",
        arguments: [false, true])
    func doesNotWaitForEnd(fails: Bool) throws {
        var call = PipelineHarness.answered(providers: [.llm: 2])
        call.takesTurn("Hello?")
        let id = try #require(call.generations.last?.id)
        call.send(.pipeline(.generation(id, .text("Good morning"))))
        #expect(call.syntheses.isEmpty)
        call.send(.pipeline(.generation(id, .written(reason: "stop"))))
        // Its last words are spoken at once.
        #expect(call.syntheses.map(\.text) == ["Good morning"])
        call.send(.pipeline(.generation(id, .progress)))
        if fails {
            call.send(.pipeline(.generation(id, .failed(failure(.llm)))))
        } else {
            call.advance(.milliseconds(400))
            #expect(call.cancelledGenerations.isEmpty)
            call.advance(.milliseconds(200))
        }
        #expect(call.cancelledGenerations == [id])
        call.speaks()
        call.plays()
        #expect(call.heard == ["Good morning"])
        #expect(call.generations.last?.id == id)
        #expect(call.faults.isEmpty)
        // It has proved itself.
        call.takesTurn("And?")
        #expect(call.generations.last?.provider == 0)
    }

    @Test("a model that breaks off is continued by the next one, and nothing is said twice")
    func continues() {
        var call = PipelineHarness.answered(providers: [.llm: 2])
        call.takesTurn("Tell me.")
        call.writes("First. Second. Thi", ends: false)
        call.speaks()
        if let id = call.generations.last?.id { call.send(.pipeline(.generation(id, .failed(failure(.llm))))) }
        #expect(
            call.generations.last?.messages.dropLast().last == ChatMessage(role: .assistant, text: "First. Second."))
        call.writes("First. Second. Third.")
        call.speaks(from: 2)
        call.plays()
        #expect(call.heard == ["First. Second. Third."])
        #expect(call.context.last == "assistant: First. Second. Third.")
    }

    @Test("a synthesiser that breaks off is replaced for the words that are left")
    func continuesSpeech() {
        var call = PipelineHarness.answered(providers: [.tts: 2])
        call.takesTurn("Tell me.")
        call.writes("One two three four five six seven eight nine ten.")
        guard let request = call.syntheses.last else { return }
        // Half of it, at the usual rate.
        call.send(.pipeline(.synthesis(request.id, .audio([UInt8](repeating: 0, count: 570 * 24)))))
        call.send(.pipeline(.synthesis(request.id, .failed(failure(.tts)))))
        #expect(call.syntheses.last?.provider == 1)
        #expect(call.syntheses.last?.text == "six seven eight nine ten.")
    }

    @Test("in a script without spaces the signs that are left are said, and not the whole sentence again")
    func continuesUnspacedSpeech() {
        var call = PipelineHarness.answered(providers: [.tts: 2])
        call.takesTurn("告诉我。")
        call.writes("今天下午三点我们有时间。")
        guard let request = call.syntheses.last else { return }
        call.send(.pipeline(.synthesis(request.id, .audio([UInt8](repeating: 0, count: 570 * 3 * 4)))))
        call.send(.pipeline(.synthesis(request.id, .failed(failure(.tts)))))
        #expect(call.syntheses.last?.text == "三点我们有时间。")
    }

    @Test("of a sentence whose synthesis breaks off for good, so much as came counts as said, and no more")
    func breaksOffForGood() throws {
        var call = PipelineHarness.answered()
        call.takesTurn("Tell me.")
        call.writes("One two three four five six seven eight nine ten.")
        let request = try #require(call.syntheses.last)
        // Half of it, at the usual rate.
        call.send(.pipeline(.synthesis(request.id, .audio([UInt8](repeating: 0, count: 570 * 24)))))
        call.send(.pipeline(.synthesis(request.id, .failed(failure(.tts)))))
        let second = try #require(call.syntheses.last)
        #expect(second.text == "six seven eight nine ten.")
        call.send(.pipeline(.synthesis(second.id, .failed(failure(.tts)))))
        call.plays()
        // At 17 characters a second, the most that it can have been.
        #expect(call.heard == ["One two three four five six"])
        #expect(call.context.last == "assistant: One two three four five six")
        #expect(call.session.realtime.history.items.last == .message(.assistant, text: "One two three four five six"))
    }

    @Test("of a sentence that the caller cuts before it is synthesised whole, what is still to come was not heard")
    func cutWhileSynthesised() throws {
        var call = PipelineHarness.answered()
        call.takesTurn("Tell me.")
        call.writes("One two three four five six seven eight nine ten.")
        let request = try #require(call.syntheses.last)
        call.send(.pipeline(.synthesis(request.id, .audio([UInt8](repeating: 0, count: 570 * 24)))))
        call.plays(milliseconds: 570 * 12 / 8)
        call.send(.pipeline(.voiceStarted(at: 10_000)))
        call.advance(TurnOptions().certainSpeech)
        call.flushed(playedMilliseconds: 570 * 12 / 8)
        #expect(call.heard == ["One two three"])
        #expect(call.context.last == "assistant: One two three")
    }

    @Test("a voice is asked for only when the script has chosen one, before the call or in it")
    func voices() {
        for isEarly in [true, false] {
            var call = PipelineHarness(handlers: [.onDial])
            func choose(_ call: inout PipelineHarness, _ handler: ScriptHandler) {
                guard let task = call.task(handler) else {
                    Issue.record("\(handler) was not started")
                    return
                }
                call.send(.script(task, .yielded(.setVoice("ash"))))
            }
            call.send(.start)
            if isEarly { choose(&call, .onDial) }
            call.returns(to: .onDial)
            call.send(.pipeline(.ready(models: "test")))
            call.send(.telephony(.answered(headers: [:])))
            call.send(.media(.started))
            call.takesTurn("Hello?")
            call.writes("Good morning.")
            #expect(call.syntheses.map(\.voice) == [isEarly ? "ash" : nil])
            if !isEarly { choose(&call, .onAnswered) }
            call.speaks()
            call.plays()
            call.takesTurn("And?")
            call.writes("Good night.")
            #expect(call.syntheses.last?.voice == "ash")
        }
    }

    @Test("without another provider it is tried once more, and then the turn fails")
    func givesUp() {
        var call = PipelineHarness.answered()
        call.takesTurn("Hello?")
        for _ in 0..<2 {
            if let id = call.generations.last?.id { call.send(.pipeline(.generation(id, .failed(failure(.llm))))) }
        }
        #expect(call.generations.count == 2)
        // The call asks again by its own rules for a response that failed for a passing reason.
        call.advance(.seconds(1))
        #expect(call.generations.count == 3)
        call.writes("Good morning.")
        call.speaks()
        call.plays()
        #expect(call.heard == ["Good morning."])
    }

    @Test("a key that is refused everywhere ends the call with the fallback line at once")
    func endsOnFatal() {
        var call = PipelineHarness.answered(fallback: .init(text: "Sorry, we will call you back."))
        call.takesTurn("Hello?")
        if let id = call.generations.last?.id { call.send(.pipeline(.generation(id, .failed(failure(.llm, .fatal))))) }
        #expect(call.commands.last == .close)
        #expect(call.log.contains { if case .play(_, let audio) = $0 { audio.count == 800 } else { false } })
    }
}
