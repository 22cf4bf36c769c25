import Audio
import LuaRuntime
import Speech

/// One recogniser on a thread of its own; loaded on first use, kept for ever.
actor RecognitionWorker {
    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var recognizer: SpeechRecognizer?

    init(executor: LuaExecutor) {
        self.executor = executor
    }

    /// Loads the models and the persona's phrases, so that the first utterance does not wait for them.
    func prepare(_ persona: PersonaDefinition) throws(SpeechRecognizer.Failure) {
        let recognizer = try loaded(persona)
        if recognizer.grammar != persona.grammar, !persona.grammar.phrases.isEmpty {
            try recognizer.setGrammar(persona.grammar)
        }
    }

    /// The worst score of an utterance that is taken for the grammar's. Measured on synthetic voices through µ-law at
    /// 8 kHz: phrases of the grammar score up to 35, others from 38 on.
    private static let worstGrammarScore = 36.0

    /// The words in one utterance; empty when nothing was understood.
    ///
    /// Wide-band audio is heard through the telephone's band too, so that one threshold fits all formats.
    func hear(
        _ audio: [UInt8], _ format: RealtimeAudioFormat, persona: PersonaDefinition
    ) throws(SpeechRecognizer.Failure) -> String {
        try prepare(persona)
        var samples = format.samples(of: audio)
        if format == .pcm {
            do {
                samples = try Resampler.convert(samples, from: format.sampleRate, to: G711.sampleRate)
            } catch {
                throw .unsupportedRate(format.sampleRate)
            }
        }
        return try loaded(persona).recognize(samples, sampleRate: G711.sampleRate).text
    }

    private func loaded(_ persona: PersonaDefinition) throws(SpeechRecognizer.Failure) -> SpeechRecognizer {
        if let recognizer, recognizer.settings.usesOpenVocabulary == persona.usesOpenVocabulary { return recognizer }
        let fresh = try SpeechRecognizer(
            .init(usesOpenVocabulary: persona.usesOpenVocabulary, worstGrammarScore: Self.worstGrammarScore))
        recognizer = fresh
        return fresh
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

/// The synthesiser on a thread of its own, with the sentences that it has spoken before.
actor SynthesisWorker {
    private struct Sentence: Hashable {
        let text: String
        let voice: SpeechSynthesizer.Voice
        let format: RealtimeAudioFormat
    }

    /// Audio that is kept. [B]
    private static let cacheSize = 64 << 20

    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var cache: [Sentence: [UInt8]] = [:]
    private var cachedBytes = 0

    init() {
        executor = LuaExecutorPool(threads: 1).makeExecutor()
    }

    /// Speech in the format asked for.
    func speak(
        _ speech: RealtimeServerSession.Speech, voice: SpeechSynthesizer.Voice
    ) throws(SpeechSynthesizer.Failure) -> [UInt8] {
        let sentence = Sentence(text: speech.text, voice: voice, format: speech.format)
        if let audio = cache[sentence] { return audio }
        let spoken = try SpeechSynthesizer().synthesize(
            speech.text, voice: voice, sampleRate: speech.format.sampleRate)
        let audio = speech.format.bytes(of: spoken.samples)
        if cachedBytes + audio.count > Self.cacheSize {
            cache = [:]
            cachedBytes = 0
        }
        cache[sentence] = audio
        cachedBytes += audio.count
        return audio
    }
}

/// The persona of one session, on a script thread.
actor PersonaWorker {
    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let definition: PersonaDefinition
    private let today: String
    private let seed: UInt64
    /// Made by the first question, so that a session that asks none needs no script.
    private var session: PersonaSession?

    init(definition: PersonaDefinition, today: String, seed: UInt64, executor: LuaExecutor) {
        self.definition = definition
        self.today = today
        self.seed = seed
        self.executor = executor
    }

    func answer(_ request: PersonaRequest) throws(PersonaError) -> [PersonaStep] {
        if let session { return try session.answer(request, today: today) }
        let session = try PersonaSession(source: definition.source, name: definition.name, seed: seed)
        self.session = session
        return try session.answer(request, today: today)
    }
}
