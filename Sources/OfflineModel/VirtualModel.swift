public import SansIO
import Speech

/// One Realtime or Live session in virtual time: the server's session with its ears, mind and voice, but without socket, thread
/// or clock. Equal inputs at equal times give equal outputs. Belongs to one thread at a time.
public final class VirtualModel {
    /// What the session's work is done with; may be shared by sessions of several threads.
    public struct Services: Sendable {
        public var sentences: SpokenSentences
        /// `nil` where nothing is recognised.
        public var ears: SharedEars?

        public init(sentences: SpokenSentences = SpokenSentences(), ears: SharedEars? = nil) {
            self.sentences = sentences
            self.ears = ears
        }
    }

    /// How long the work takes in virtual time, whatever it takes in truth.
    public struct Delays: Hashable, Sendable {
        public var recognition = Duration.milliseconds(150)
        public var thought = Duration.milliseconds(120)
        public var synthesis = Duration.milliseconds(60)

        public init() {}
    }

    public enum Output: Hashable, Sendable {
        /// A text frame.
        case text([UInt8])
        case closed(code: UInt16, reason: String)
        /// The socket is dropped without a close frame.
        case dropped
    }

    private struct Work {
        let due: Instant
        let input: RealtimeServerSession.Input
    }

    private var session: any ModelServerSession
    private var faults: MisbehavingSession
    private let services: Services
    private let delays: Delays
    private let persona: PersonaDefinition
    private let words: (() -> String)?
    private let mind: PersonaMind
    private let voice: VoiceFrames
    /// Results that are on their way, earliest first.
    private var pending: [Work] = []

    /// A Realtime session, of conversation or of transcription.
    ///
    /// - Parameters:
    ///   - persona: `nil` for ``PersonaDefinition/silent``.
    ///   - answer: Answers in the persona's place.
    ///   - words: Knows the words of the utterance that has just ended; `nil` leaves that to the recogniser.
    ///   - faults: What goes wrong; shared with all sessions and requests of the same model.
    ///   - today: The day, ISO 8601, that "tomorrow" is counted from.
    /// - Throws: the voice detector's failure.
    public convenience init(
        _ configuration: RealtimeServerSession.Configuration, handshake: RealtimeServerSession.Handshake,
        persona: PersonaDefinition?, services: Services, answer: ((PersonaRequest) -> [PersonaStep])? = nil,
        words: (() -> String)? = nil, delays: Delays = Delays(), faults: FaultSource = FaultSource(), today: String,
        at now: Instant
    ) throws {
        let place = handshake.isTranscription ? Misbehaviour.Place.transcriptionSession : .realtime
        try self.init(
            RealtimeServerSession(configuration: configuration, handshake: handshake, at: now),
            faults: faults.session(at: place, key: handshake.key ?? "", from: now), seed: configuration.seed,
            persona: persona, services: services, answer: answer, words: words, delays: delays, today: today)
    }

    /// A Live session.
    ///
    /// - Parameters:
    ///   - key: Of `Authorization: Bearer …`.
    ///   - persona: `nil` for ``PersonaDefinition/silent``.
    ///   - answer: Answers in the persona's place.
    ///   - words: Knows the words of the utterance that has just ended; `nil` leaves that to the recogniser.
    ///   - faults: What goes wrong; shared with all sessions and requests of the same model.
    ///   - today: The day, ISO 8601, that "tomorrow" is counted from.
    /// - Throws: the voice detector's failure.
    public convenience init(
        live configuration: LiveServerSession.Configuration, key: String, persona: PersonaDefinition?,
        services: Services, answer: ((PersonaRequest) -> [PersonaStep])? = nil, words: (() -> String)? = nil,
        delays: Delays = Delays(), faults: FaultSource = FaultSource(), today: String, at now: Instant
    ) throws {
        let faults = faults.session(at: .live, key: key, from: now)
        try self.init(
            LiveServerSession(configuration: configuration.expiring(faults), key: key, at: now), faults: faults,
            seed: configuration.seed, persona: persona, services: services, answer: answer, words: words,
            delays: delays, today: today)
    }

    private init(
        _ session: any ModelServerSession, faults: MisbehavingSession, seed: UInt64, persona: PersonaDefinition?,
        services: Services, answer: ((PersonaRequest) -> [PersonaStep])?, words: (() -> String)?, delays: Delays,
        today: String
    ) throws {
        self.session = session
        self.faults = faults
        self.services = services
        self.delays = delays
        self.persona = persona ?? .silent
        self.words = words
        mind = PersonaMind(definition: self.persona, today: today, seed: seed, answer: answer)
        voice = try VoiceFrames()
    }

    /// When to call ``advance(at:)``; `nil` when only the client can move the session.
    public var nextDeadline: Instant? {
        [pending.first?.due, session.nextDeadline, faults.nextDeadline].compactMap(\.self).min()
    }

    /// What the server sends at once.
    public func start(at now: Instant) -> [Output] {
        faults.pass(perform(session.start(), at: now), at: now)
    }

    /// A text frame of the client.
    public func receive(_ text: [UInt8], at now: Instant) -> [Output] {
        faults.pass(perform(session.receive(.text(text), at: now), at: now), at: now)
    }

    /// Does what is due.
    public func advance(at now: Instant) -> [Output] {
        var outputs: [Output] = []
        while let work = pending.first, work.due <= now {
            pending.removeFirst()
            outputs += perform(session.receive(work.input, at: now), at: now)
        }
        return faults.pass(outputs + perform(session.receive(.deadline, at: now), at: now), at: now)
    }

    private func perform(_ actions: [RealtimeServerSession.Action], at now: Instant) -> [Output] {
        var outputs: [Output] = []
        for action in actions {
            switch action {
            case .send(let event): outputs.append(.text(event.bytes))
            case .sendFrame(let text): outputs.append(.text(Array(text.utf8)))
            case .listen(let audio, let format):
                let frames = voice.judge(audio, format)
                guard !frames.isEmpty else { continue }
                outputs += perform(session.receive(.voice(frames: frames), at: now), at: now)
            case .restartListening: voice.restart()
            case .transcribe(let job, let audio, let format):
                plan(transcribe(audio, format, job: job), at: now + delays.recognition)
            case .think(let job, let request): plan(think(request, job: job), at: now + delays.thought)
            case .synthesise(let job, let speech): plan(synthesise(speech, job: job), at: now + delays.synthesis)
            case .close(let code, let reason): outputs.append(.closed(code: code, reason: reason))
            case .drop: outputs.append(.dropped)
            }
        }
        return outputs
    }

    private func plan(_ input: RealtimeServerSession.Input, at due: Instant) {
        let index = pending.firstIndex { $0.due > due } ?? pending.endIndex
        pending.insert(Work(due: due, input: input), at: index)
    }

    private func transcribe(_ audio: [UInt8], _ format: RealtimeAudioFormat, job: Int) -> RealtimeServerSession.Input {
        if let words { return .transcribed(job: job, words: words()) }
        guard let ears = services.ears else { return .transcribed(job: job, words: "") }
        do {
            return .transcribed(job: job, words: try ears.hear(audio, format, persona: persona))
        } catch {
            return .transcriptionFailed(job: job, message: "Recognition failed: \(error)")
        }
    }

    private func think(_ request: PersonaRequest, job: Int) -> RealtimeServerSession.Input {
        do throws(PersonaError) {
            return .thought(job: job, steps: try mind.answer(request))
        } catch {
            return .thoughtFailed(job: job, message: error.message)
        }
    }

    private func synthesise(_ speech: RealtimeServerSession.Speech, job: Int) -> RealtimeServerSession.Input {
        do throws(SpeechSynthesizer.Failure) {
            let audio = try services.sentences.audio(
                of: speech.text, voice: persona.voice ?? .awb, format: speech.format)
            return .synthesised(job: job, audio: audio)
        } catch {
            return .synthesisFailed(job: job, message: "Synthesis failed: \(error)")
        }
    }
}
