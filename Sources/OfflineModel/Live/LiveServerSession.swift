public import SansIO

/// The server's side of one Live WebSocket: full duplex, without turns; the model itself says when it speaks.
///
/// A value without clock, socket or thread, with the vocabulary of ``RealtimeServerSession``. It answers when the user
/// has been silent for a while, stops speaking when the user has spoken for a while, and goes on when it was only a
/// word. Audio goes out in real time. Positions are milliseconds since `session.started`.
///
/// Source: OpenAI's Live API as the official Python package documents it.
public struct LiveServerSession: ModelServerSession {
    public typealias Input = RealtimeServerSession.Input
    public typealias Action = RealtimeServerSession.Action

    /// What an operator chooses for a session.
    public struct Configuration: Hashable, Sendable {
        /// Seed of identifiers and of the lengths of pieces.
        public var seed: UInt64
        /// Wall clock at the start, of which `expires_at` is told. Unix time. [s]
        public var unixTime: Int64
        /// Keys that are refused; every other key that is not empty is good.
        public var refusedKeys: Set<String> = []
        /// Whether audio is judged and recognised, or only counted.
        public var hears = true
        /// After this a session ends as expired.
        public var maximumDuration = Duration.seconds(7200)

        public init(seed: UInt64, unixTime: Int64) {
            self.seed = seed
            self.unixTime = unixTime
        }

        /// This, with an end that a fault has set: the session tells of it as it tells of its own.
        func expiring(_ faults: MisbehavingSession) -> Configuration {
            var configuration = self
            if let expiry = faults.expiry { configuration.maximumDuration = min(maximumDuration, expiry) }
            return configuration
        }
    }

    /// Something that happens at a later time.
    struct Scheduled: Sendable {
        enum Work: Sendable {
            case startTimeout
            case expiry
            case usage
            case send(JSON)
            /// The back end has answered: this is to be spoken.
            case speak([PersonaStep])
        }

        let at: Instant
        let work: Work
    }

    /// Speech of the user that goes on.
    struct Utterance: Sendable {
        /// On the clock of all audio appended. [ms]
        let start: Int64
        /// Voice in it so far. [ms]
        var voiced: Int64
        /// The model has stopped speaking for it; what it is asked to say from then on it says afterwards.
        var hasInterrupted = false
    }

    /// What the model is doing about the user's words.
    struct Thought: Sendable {
        let job: Int
        /// The delegation whose back end thinks; `nil` when the model itself does.
        let delegationID: String?
    }

    /// How long a client may take to send `session.start`.
    private static let startTimeout = Duration.seconds(60)
    /// Between one `session.usage.updated` and the next.
    private static let usageInterval = Duration.seconds(10)

    let configuration: Configuration
    var identifiers: IdentifierSource
    /// `nil` before `session.start`.
    var settings: LiveSettings?
    var startedAt = Instant.zero
    var entries: [Dialogue.Entry] = []
    var input = InputAudioBuffer(format: .pcm, keepsAudio: false)
    var detector: TurnDetector?
    /// Position up to which the detector has judged. [ms]
    var judgedUntil: Int64 = 0
    var utterance: Utterance?
    var isMuted = false
    /// Where the audio lies that is being recognised, on the session's timeline. [ms]
    var recognitions: [Int: Range<Int64>] = [:]
    var needsAnswer = false
    var thought: Thought?
    /// What the model does next.
    var queue: [PersonaStep] = []
    var speech = LiveSpeech.silent
    var delegations = LiveDelegations()
    var scheduled: [Scheduled] = []
    /// Time of the input that is being worked on.
    var now: Instant
    var outbox: [Action] = []
    private var lastJob = 0
    private var isClosed = false

    /// - Parameter key: Of `Authorization: Bearer …`; `nil` without one.
    public init(configuration: Configuration, key: String?, at now: Instant) {
        self.configuration = configuration
        self.now = now
        identifiers = IdentifierSource(random: SeededRandom(seed: configuration.seed))
        guard let key, !key.isEmpty, !configuration.refusedKeys.contains(key) else {
            sendError(
                RealtimeError(code: "invalid_api_key", message: "Incorrect API key provided, or none at all."),
                clientEventID: nil)
            close(.close(code: 3000, reason: "invalid_request_error.invalid_api_key"))
            return
        }
        schedule(.startTimeout, after: Self.startTimeout)
    }

    /// The first actions: none, or why there is no session.
    public mutating func start() -> [Action] { takeOutbox() }

    /// When to call back with `deadline`; `nil` when only inputs can move the session.
    public var nextDeadline: Instant? {
        isClosed ? nil : (scheduled.map(\.at) + [speech.nextDeadline].compactMap(\.self)).min()
    }

    /// Advances the session by one event. Total: every input is legal in every state.
    public mutating func receive(_ event: Input, at now: Instant) -> [Action] {
        guard !isClosed else { return [] }
        self.now = max(self.now, now)
        switch event {
        case .text(let bytes): receiveText(bytes)
        case .binary:
            sendError(
                RealtimeError(code: "invalid_event", message: "Binary frames are not part of the Live protocol."),
                clientEventID: nil)
        case .deadline: break
        case .voice(let frames): receiveVoice(frames)
        case .transcribed(let job, let words): finishRecognition(job: job, words: words)
        case .transcriptionFailed(let job, _): finishRecognition(job: job, words: "")
        case .thought(let job, let steps): receiveThought(job: job, steps: steps)
        case .thoughtFailed(let job, let message): failThought(job: job, message: message)
        case .synthesised(let job, let audio): beginSpeech(job: job, audio: audio)
        case .synthesisFailed(let job, let message): failSpeech(job: job, message: message)
        }
        runDue()
        return takeOutbox()
    }

    private mutating func takeOutbox() -> [Action] {
        let actions = outbox
        outbox = []
        return actions
    }

    private mutating func runDue() {
        while !isClosed {
            proceed()
            if let index = scheduled.indices.min(by: { scheduled[$0].at < scheduled[$1].at }),
                scheduled[index].at <= now
            {
                run(scheduled.remove(at: index).work)
            } else if let deadline = speech.nextDeadline, deadline <= now {
                advanceSpeech()
            } else {
                return
            }
        }
    }

    private mutating func run(_ work: Scheduled.Work) {
        switch work {
        case .startTimeout:
            guard settings == nil else { return }
            sendError(
                RealtimeError(code: "session_not_started", message: "The first event must be session.start."),
                clientEventID: nil)
            close(.close(code: 1008, reason: "session_not_started"))
        case .expiry: end(reason: "expired", code: 1001)
        case .usage:
            emit("session.usage.updated", ["usage": usage, "context_window": ["usage_ratio": .number(contextRatio)]])
            schedule(.usage, after: Self.usageInterval)
        case .send(let event): outbox.append(.send(event))
        case .speak(let steps): queue += steps
        }
    }

    /// Begins the session.
    mutating func begin(_ settings: LiveSettings, clientEventID: String?) {
        self.settings = settings
        startedAt = now
        entries = settings.history
        input = InputAudioBuffer(format: settings.format, keepsAudio: configuration.hears)
        restartDetector()
        scheduled = []
        schedule(.expiry, after: configuration.maximumDuration)
        schedule(.usage, after: Self.usageInterval)
        emit("session.started", ["session": settings.json], clientEventID)
    }

    /// Tells that the session is over, and ends it.
    mutating func end(reason: String, code: UInt16 = 1000, clientEventID: String? = nil) {
        emit(
            "session.closed", ["reason": .string(reason), "session": settings?.json ?? .null, "usage": usage],
            clientEventID)
        close(.close(code: code, reason: reason))
    }

    /// Ends the session; nothing is sent after the actions so far.
    mutating func close(_ action: Action) {
        outbox.append(action)
        isClosed = true
    }

    /// Milliseconds of the session so far.
    var elapsed: Int64 { (now - startedAt).milliseconds }

    private var usage: JSON { ["seconds": .number(Double(elapsed) / 1000)] }

    /// How much of a context of 32,768 tokens is used.
    private var contextRatio: Double {
        let instructions = TokenCount.text(settings?.instructions ?? "")
        return min(1, Double(instructions + entries.reduce(0) { $0 + $1.tokens }) / 32_768)
    }

    mutating func schedule(_ work: Scheduled.Work, after delay: Duration) {
        scheduled.append(Scheduled(at: now + delay, work: work))
    }

    mutating func nextJob() -> Int {
        lastJob += 1
        return lastJob
    }

    /// An event of `type` with a fresh identifier.
    mutating func event(
        _ type: String, _ members: KeyValuePairs<String, JSON>, _ clientEventID: String? = nil
    ) -> JSON {
        var event: JSONObject = ["type": .string(type), "event_id": .string(identifiers.next("event_"))]
        if let clientEventID { event["client_event_id"] = .string(clientEventID) }
        for (key, value) in members { event[key] = value }
        return .object(event)
    }

    mutating func emit(_ type: String, _ members: KeyValuePairs<String, JSON>, _ clientEventID: String? = nil) {
        outbox.append(.send(event(type, members, clientEventID)))
    }

    mutating func sendError(_ error: RealtimeError, clientEventID: String?) {
        var body: JSON = [
            "type": .string(error.type), "code": .string(error.code ?? error.type), "message": .string(error.message),
        ]
        if let param = error.param { body["param"] = .string(param) }
        if let clientEventID { body["client_event_id"] = .string(clientEventID) }
        emit("error", ["error": body], clientEventID)
    }
}
