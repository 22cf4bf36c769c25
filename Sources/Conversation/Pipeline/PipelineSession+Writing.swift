import SansIO

/// From the conversation to sentences: `before_llm`, the language model, `before_tts`.
extension PipelineSession {
    /// Writes what is to be said word for word; no model is asked.
    mutating func write(verbatim text: String, to id: String, at now: Instant) {
        guard var segmenter = responses[id]?.segmenter else { return }
        let sentences = segmenter.append(text) + segmenter.finish()
        responses[id]?.writing = .ended
        responses[id]?.endReason = "stop"
        for sentence in sentences { add(sentence, to: id, at: now) }
        responses[id]?.isVerbatim = true
    }

    /// Asks the script, and then the model, for the words of a response.
    mutating func write(_ id: String, at now: Instant) {
        guard let response = responses[id], !response.isVerbatim else { return }
        if let text = response.draftOf { responses[id]?.messages.append(ChatMessage(role: .user, text: text)) }
        guard handlers.contains(.beforeLLM) else {
            generate(id, at: now)
            return
        }
        responses[id]?.writing = .asking(until: now + options.scriptPatience)
        let messages = [ChatMessage(role: .system, text: response.instructions)] + (responses[id]?.messages ?? [])
        outputs.append(.ask(.beforeLLM(responseID: id), .array(messages.map(\.json))))
    }

    private mutating func generate(_ id: String, at now: Instant) {
        responses[id]?.writing = .generating
        let provider = providers[.llm]?.choice(at: now) ?? 0
        start(.generation(responseID: id), provider: provider, tried: [provider], at: now)
    }

    /// What the model is asked for a response, now or after it broke off.
    func request(_ id: String, number: UInt64, provider: Int) -> GenerationRequest? {
        guard let response = responses[id] else { return nil }
        var messages = response.messages
        if !response.sentences.isEmpty {
            messages.append(ChatMessage(role: .assistant, text: response.writtenText))
            messages.append(ChatMessage(role: .system, text: PipelineSession.continuation))
        }
        return GenerationRequest(
            id: number, provider: provider, instructions: response.changedInstructions ?? response.instructions,
            messages: messages,
            tools: response.toolChoice == "none" ? [] : settings.tools, toolChoice: response.toolChoice)
    }

    private static let continuation =
        "Your last message broke off. Go on exactly where it ends, and repeat nothing of it."

    mutating func receive(_ event: GenerationEvent, job number: UInt64, at now: Instant) {
        guard let job = jobs[number], case .generation(let id) = job.work, !job.isDelayed else { return }
        if responses[id]?.isWritten == false { postpone(number, at: now) }
        if event == .progress { return }
        if responses[id]?.timing.firstToken == nil { responses[id]?.timing.firstToken = now }
        switch event {
        case .progress: break
        case .text(let delta):
            guard let sentences = responses[id]?.segmenter.append(delta) else { return }
            for sentence in sentences { addUnlessRepeated(sentence, to: id, at: now) }
        case .call(let call): responses[id]?.calls.append(call)
        case .written(let reason):
            written(id, reason, at: now)
            jobs[number]?.deadline = now + options.endPatience
        case .ended(let reason, let usage):
            responses[id]?.usage = usage
            written(id, reason, at: now)
            writingEnded(number, job, id)
        case .failed(let failure): failed(number, failure, at: now)
        }
    }

    private mutating func written(_ id: String, _ reason: String, at now: Instant) {
        responses[id]?.endReason = reason
        for sentence in responses[id]?.segmenter.finish() ?? [] { addUnlessRepeated(sentence, to: id, at: now) }
    }

    /// All that was asked for has come.
    private mutating func writingEnded(_ number: UInt64, _ job: Job, _ id: String) {
        jobs[number] = nil
        providers[.llm]?.succeeded(job.tried.last ?? 0)
        responses[id]?.writing = .ended
    }

    /// Ends an answer that is written, whatever became of its request.
    ///
    /// - Returns: Whether it is that.
    mutating func endIfWritten(_ number: UInt64) -> Bool {
        guard let job = jobs[number], case .generation(let id) = job.work, responses[id]?.isWritten == true else {
            return false
        }
        writingEnded(number, job, id)
        outputs.append(.command(.cancelGeneration(id: number)))
        return true
    }

    /// A model that goes on where another broke off may begin with what was said already.
    private mutating func addUnlessRepeated(_ sentence: String, to id: String, at now: Instant) {
        if responses[id]?.repeatable.first == sentence {
            responses[id]?.repeatable.removeFirst()
            return
        }
        responses[id]?.repeatable = []
        add(sentence, to: id, at: now)
    }

    private mutating func add(_ sentence: String, to id: String, at now: Instant) {
        guard let response = responses[id] else { return }
        if response.timing.firstSentence == nil { responses[id]?.timing.firstSentence = now }
        let index = response.sentences.count
        if handlers.contains(.beforeTTS) {
            responses[id]?.sentences.append(
                PipelineResponse.Sentence(
                    written: sentence, text: nil, speaking: .asking(until: now + options.scriptPatience)))
            outputs.append(.ask(.beforeTTS(responseID: id, sentence: index), .string(sentence)))
        } else {
            let text = RewrittenSentence(shown: sentence, spoken: SpeakableText.plain(sentence))
            responses[id]?.sentences.append(
                PipelineResponse.Sentence(
                    written: sentence, text: text, speaking: text.spoken.isEmpty ? .ended : .waiting))
        }
    }

    // MARK: What the script makes of it

    /// The script's answer to a question.
    ///
    /// - Parameter values: What the handler returned; `nil` when it failed, so that all stays as it was.
    mutating func answer(_ question: Question, with values: [JSON]?, at now: Instant) -> [Output] {
        switch question {
        case .beforeLLM(let id): changeMessages(of: id, values?.first ?? .null, at: now)
        case .beforeTTS(let id, let index): rewrite(index, of: id, values.map { $0.first ?? .null })
        }
        return continued(at: now)
    }

    private mutating func changeMessages(of id: String, _ value: JSON, at now: Instant) {
        guard case .asking? = responses[id]?.writing else { return }
        if let forms = value.array {
            let messages = forms.compactMap { ChatMessage(json: $0) }
            if messages.count == forms.count {
                let systems = messages.prefix { $0.role == .system }
                responses[id]?.changedInstructions = systems.map(\.text).joined(separator: "\n\n")
                responses[id]?.messages = Array(messages.dropFirst(systems.count))
            } else {
                tell("before_llm returned a message without a role or a content; the chat is sent as it was.")
            }
        } else if value != .null {
            tell("before_llm returned something that is no list of messages; the chat is sent as it was.")
        }
        generate(id, at: now)
    }

    private mutating func tell(_ message: String) {
        outputs.append(.misuse(message))
    }

    /// - Parameter value: What `before_tts` returned; `null` drops the sentence, from the context too.
    private mutating func rewrite(_ index: Int, of id: String, _ value: JSON?) {
        guard let sentence = responses[id]?.sentences[index], case .asking = sentence.speaking else { return }
        let plain = RewrittenSentence(shown: sentence.written, spoken: SpeakableText.plain(sentence.written))
        var text = plain
        if value == .null {
            text = RewrittenSentence(shown: "", spoken: "")
        } else if let spoken = value?.string {
            text = RewrittenSentence(shown: spoken, spoken: spoken.trimmingWhitespace())
        } else if let spoken = value?["spoken"]?.string {
            text = RewrittenSentence(
                shown: value?["shown"]?.string ?? sentence.written, spoken: spoken.trimmingWhitespace())
        } else if value != nil {
            tell("before_tts returned neither a text nor { spoken =, shown = }; the sentence is spoken as it was.")
        }
        responses[id]?.sentences[index].text = text
        responses[id]?.sentences[index].speaking = text.spoken.isEmpty ? .ended : .waiting
    }

    /// Goes on with what a script has had for too long.
    mutating func giveUpQuestions(of id: String, at now: Instant) {
        guard let response = responses[id] else { return }
        if case .asking(let until) = response.writing, until <= now {
            outputs.append(.forget(.beforeLLM(responseID: id), isLate: true))
            generate(id, at: now)
        }
        for (index, sentence) in response.sentences.enumerated() {
            guard case .asking(let until) = sentence.speaking, until <= now else { continue }
            outputs.append(.forget(.beforeTTS(responseID: id, sentence: index), isLate: true))
            rewrite(index, of: id, nil)
        }
    }
}
