import Audio
import LuaRuntime
import Speech

/// One recogniser on a thread of its own; loaded on first use, kept for ever.
actor RecognitionWorker {
    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let ears = PersonaEars()

    init(executor: LuaExecutor) {
        self.executor = executor
    }

    /// Loads the models and the persona's phrases, so that the first utterance does not wait for them.
    func prepare(_ persona: PersonaDefinition) throws(SpeechRecognizer.Failure) {
        try ears.prepare(persona)
    }

    /// The words in one utterance; empty when nothing was understood.
    func hear(
        _ audio: [UInt8], _ format: RealtimeAudioFormat, persona: PersonaDefinition
    ) throws(SpeechRecognizer.Failure) -> String {
        try ears.hear(audio, format, persona: persona)
    }
}

/// Hands out recognisers: who finds none free waits for the next one, in order.
actor RecognitionWorkers {
    private var free: [RecognitionWorker]
    private var waiting: [CheckedContinuation<RecognitionWorker, Never>] = []

    init(count: Int) {
        let pool = LuaExecutorPool(threads: count)
        free = (0..<max(1, count)).map { _ in RecognitionWorker(executor: pool.makeExecutor()) }
    }

    /// Runs `body` with a worker that nobody else uses meanwhile.
    func withWorker<Result: Sendable>(
        _ body: @Sendable (RecognitionWorker) async throws -> Result
    ) async throws -> Result {
        let worker = await take()
        defer { give(worker) }
        return try await body(worker)
    }

    private func take() async -> RecognitionWorker {
        if let worker = free.popLast() { return worker }
        return await withCheckedContinuation { waiting.append($0) }
    }

    private func give(_ worker: RecognitionWorker) {
        if waiting.isEmpty {
            free.append(worker)
        } else {
            waiting.removeFirst().resume(returning: worker)
        }
    }
}

/// The synthesiser on a thread of its own.
actor SynthesisWorker {
    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let sentences = SpokenSentences()

    init() {
        executor = LuaExecutorPool(threads: 1).makeExecutor()
    }

    /// Speech in the format asked for, sentence by sentence: who waits has a turn between two of them.
    ///
    /// - Throws: `SpeechSynthesizer.Failure`; `CancellationError` as soon as nobody wants the rest.
    func speak(
        _ speech: RealtimeServerSession.Speech, voice: SpeechSynthesizer.Voice
    ) async throws -> [UInt8] {
        var audio: [UInt8] = []
        for piece in try SpeechSynthesizer.pieces(of: speech.text) {
            if !audio.isEmpty { await Task.yield() }
            try Task.checkCancellation()
            audio += try sentences.audio(of: piece, voice: voice, format: speech.format)
        }
        return audio
    }
}

/// The persona of one session, on a script thread.
actor PersonaWorker {
    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let mind: PersonaMind

    init(
        definition: PersonaDefinition, today: String, seed: UInt64, script: ScriptedModel?, executor: LuaExecutor
    ) {
        mind = PersonaMind(
            definition: definition, today: today, seed: seed, answer: script?.answer,
            conversation: script?.answerConversation)
        self.executor = executor
    }

    func answer(_ request: PersonaRequest) throws(PersonaError) -> [PersonaStep] {
        try mind.answer(request)
    }

    /// See ``PersonaMind/answer(_:)-([PersonaRequest])``.
    func answer(_ conversation: [PersonaRequest]) throws(PersonaError) -> [PersonaStep] {
        try mind.answer(conversation)
    }
}
