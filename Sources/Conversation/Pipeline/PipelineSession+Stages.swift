import SansIO

/// What the stages are asked, what they answer, and who is asked instead when they do not.
extension PipelineSession {
    func stage(of work: Job.Work) -> PipelineStage {
        switch work {
        case .segment: .stt
        case .generation: .llm
        case .synthesis: .tts
        }
    }

    private func patience(with work: Job.Work, provider: Int) -> Duration {
        options.patience(stage(of: work), provider: provider)
    }

    /// The provider has given something: it has as long again.
    mutating func postpone(_ number: UInt64, at now: Instant) {
        guard let job = jobs[number] else { return }
        let deadline = now + patience(with: job.work, provider: job.tried.last ?? 0)
        jobs[number]?.deadline = deadline
    }

    /// Asks a provider. Each attempt has a number of its own.
    mutating func start(_ work: Job.Work, provider: Int, tried: [Int], at now: Instant) {
        let number = makeNumber()
        switch work {
        case .segment(_, let range):
            outputs.append(.command(.endSegment(id: number, provider: provider, range: range)))
        case .generation(let id):
            guard let request = request(id, number: number, provider: provider) else { return }
            outputs.append(.command(.generate(request)))
        case .synthesis(let id, let index):
            guard let text = textToSpeak(index, of: id) else { return }
            let request = SynthesisRequest(id: number, provider: provider, text: text, voice: chosenVoice)
            outputs.append(.command(.synthesize(request)))
        }
        jobs[number] = Job(work: work, tried: tried, deadline: now + patience(with: work, provider: provider))
    }

    func stall(of job: Job) -> StageFailure {
        let stage = stage(of: job.work)
        let patience = patience(with: job.work, provider: job.tried.last ?? 0)
        return StageFailure(
            stage: stage, severity: .retryable,
            message: "\(PipelineSession.name(of: stage)) gave nothing for \(patience.seconds) seconds.")
    }

    private static func name(of stage: PipelineStage) -> String {
        switch stage {
        case .stt: "Speech recognition"
        case .llm: "The language model"
        case .tts: "Speech synthesis"
        }
    }

    /// An attempt has failed: another provider is asked, or the work is left undone.
    mutating func failed(_ number: UInt64, _ failure: StageFailure, at now: Instant) {
        if endIfWritten(number) { return }
        guard let job = jobs.removeValue(forKey: number), !job.isDelayed else { return }
        let stage = stage(of: job.work)
        cancel(number, job.work)
        providers[stage]?.failed(job.tried.last ?? 0, failure, at: now)
        guard let next = providers[stage]?.alternative(to: job.tried, after: failure, at: now) else {
            giveUp(job.work, failure, at: now)
            return
        }
        outputs.append(.fault(failure))
        prepareAgain(job.work)
        let tried = job.tried + [next.provider]
        if next.delay > .zero {
            jobs[makeNumber()] = Job(work: job.work, tried: tried, deadline: now + next.delay, isDelayed: true)
        } else {
            start(job.work, provider: next.provider, tried: tried, at: now)
        }
    }

    private mutating func cancel(_ number: UInt64, _ work: Job.Work) {
        switch work {
        case .segment: outputs.append(.command(.dropSegment(id: number)))
        case .generation: outputs.append(.command(.cancelGeneration(id: number)))
        case .synthesis: outputs.append(.command(.cancelSynthesis(id: number)))
        }
    }

    /// What came of the attempt that failed is kept as far as it is whole.
    private mutating func prepareAgain(_ work: Job.Work) {
        guard case .generation(let id) = work, var response = responses[id] else { return }
        // A sentence that was cut off is written again, and so are the calls.
        response.segmenter = SentenceSegmenter(language: settings.language)
        response.calls = []
        response.repeatable = response.sentences.map(\.written)
        responses[id] = response
    }

    /// Nobody is left to be asked.
    private mutating func giveUp(_ work: Job.Work, _ failure: StageFailure, at now: Instant) {
        switch work {
        case .segment(let segment, _):
            outputs.append(.fault(failure))
            handle(turns.transcriptFailed(segment, now: now), at: now)
        case .generation(let id), .synthesis(let id, _): fail(id, failure)
        }
    }

    // MARK: Speech-to-text

    mutating func transcriptArrived(_ text: String, isWhole: Bool, job number: UInt64, at now: Instant) {
        guard let job = jobs[number], case .segment(let segment, _) = job.work, !job.isDelayed else {
            // It is still being spoken.
            guard let (segment, _) = listening.first(where: { $0.value.number == number }) else { return }
            handle(turns.transcriptDelta(segment, text, now: now), at: now)
            return
        }
        guard isWhole else {
            postpone(number, at: now)
            handle(turns.transcriptDelta(segment, text, now: now), at: now)
            return
        }
        jobs[number] = nil
        providers[.stt]?.succeeded(job.tried.last ?? 0)
        handle(turns.transcribed(segment, text, now: now), at: now)
    }

    // MARK: Text-to-speech

    /// Begins to synthesise what may be spoken now.
    mutating func speak(_ id: String, at now: Instant) {
        while let response = responses[id], response.synthesisCount < options.simultaneousSentences,
            let index = response.nextToSpeak
        {
            responses[id]?.sentences[index].speaking = .synthesizing
            let provider = providers[.tts]?.choice(at: now) ?? 0
            start(.synthesis(responseID: id, sentence: index), provider: provider, tried: [provider], at: now)
        }
    }

    /// A sentence's words, or what is left of them where a synthesiser broke off.
    private func textToSpeak(_ index: Int, of id: String) -> String? {
        guard let sentence = responses[id]?.sentences[index], let text = sentence.text else { return nil }
        return sentence.byteCount == 0
            ? text.spoken : speechRate.rest(of: text.spoken, afterBytes: sentence.byteCount)
    }

    mutating func receive(_ event: SynthesisEvent, job number: UInt64, at now: Instant) {
        guard let job = jobs[number], case .synthesis(let id, let index) = job.work, !job.isDelayed else { return }
        postpone(number, at: now)
        switch event {
        case .audio(let audio):
            responses[id]?.sentences[index].audio.append(audio)
            responses[id]?.sentences[index].byteCount += audio.count
        case .ended:
            jobs[number] = nil
            providers[.tts]?.succeeded(job.tried.last ?? 0)
            responses[id]?.sentences[index].speaking = .ended
            if job.tried.count == 1, let sentence = responses[id]?.sentences[index], let text = sentence.text {
                speechRate.note(text.spoken, bytes: sentence.byteCount)
            }
        case .failed(let failure):
            if let sentence = responses[id]?.sentences[index], sentence.byteCount > 0,
                textToSpeak(index, of: id)?.isEmpty == true
            {
                // All words had come.
                jobs[number] = nil
                responses[id]?.sentences[index].speaking = .ended
            } else {
                failed(number, failure, at: now)
            }
        }
    }
}
