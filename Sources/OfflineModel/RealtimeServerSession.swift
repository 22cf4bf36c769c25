public import SansIO

/// The server's side of one Realtime WebSocket: events in, events out, and work for ears, brain and voice.
///
/// A value without clock, socket or thread. The driver feeds it text frames and the results of the work that it asked
/// for, performs the returned actions in order, and calls back at ``nextDeadline``.
///
/// Source: OpenAI's Realtime API over WebSocket, GA event shapes; event orders as seen on the live service.
public struct RealtimeServerSession: Sendable {
    public enum Input: Sendable {
        /// A text frame of the client.
        case text([UInt8])
        /// A binary frame of the client, which the protocol does not know.
        case binary
        /// ``nextDeadline`` has come.
        case deadline
        /// The voice detector's verdict on the next frames of 20 ms, in answer to ``Action/listen(_:_:)``.
        case voice(frames: [Bool])
        /// What the recogniser heard in the audio of ``Action/transcribe(job:audio:format:)``; empty for nothing.
        case transcribed(job: Int, words: String)
        case transcriptionFailed(job: Int, message: String)
        /// The persona's answer to ``Action/think(job:request:)``.
        case thought(job: Int, steps: [PersonaStep])
        case thoughtFailed(job: Int, message: String)
        /// Speech in the format that ``Action/synthesise(job:speech:)`` named.
        case synthesised(job: Int, audio: [UInt8])
        case synthesisFailed(job: Int, message: String)
    }

    public enum Action: Hashable, Sendable {
        /// A server event.
        case send(JSON)
        /// A text frame as it is.
        case sendFrame(String)
        /// Audio that the voice detector shall judge.
        case listen([UInt8], RealtimeAudioFormat)
        /// The detector starts afresh: what it holds of an unfinished frame belongs to audio that is gone.
        case restartListening
        case transcribe(job: Int, audio: [UInt8], format: RealtimeAudioFormat)
        case think(job: Int, request: PersonaRequest)
        case synthesise(job: Int, speech: Speech)
        /// The socket is closed with this code.
        case close(code: UInt16, reason: String)
        /// The socket is dropped without a close frame.
        case drop
    }

    /// What is to be spoken, and how.
    public struct Speech: Hashable, Sendable {
        public var text: String
        /// Name of a voice, or identifier of a custom one.
        public var voice: String
        public var format: RealtimeAudioFormat
    }

    let configuration: Configuration
    var identifiers: IdentifierSource
    /// Randomness of chunk sizes and delays.
    var random: SeededRandom
    var settings: SessionSettings
    let conversationID: String
    var items: [ConversationItem] = []
    var responses: [ResponseGeneration] = []
    var input: InputAudioBuffer
    var detector: TurnDetector?
    /// Position up to which the detector has judged. [ms]
    var judgedUntil: Int64 = 0
    /// Identifier and begin of the turn that is being spoken. [ms]
    var turn: (itemID: String, start: Int64)?
    var scheduled: [ScheduledEvent] = []
    /// Which item a recognition is for.
    var recognitions: [Int: String] = [:]
    var hasSpoken = false
    /// Tokens that the context of the last default response had.
    var contextTokens = TokenCount()
    var usedTokens: Int64 = 0
    private var lastJob = 0
    private var isClosed = false
    /// Time of the input that is being worked on.
    var now = Instant.zero
    var outbox: [Action] = []

    /// - Parameter handshake: What the client's upgrade request said.
    public init(configuration: Configuration, handshake: Handshake, at now: Instant) {
        self.configuration = configuration
        self.now = now
        identifiers = IdentifierSource(random: SeededRandom(seed: configuration.seed))
        random = SeededRandom(seed: configuration.seed ^ 0x5EED)
        conversationID = identifiers.next("conv_")
        settings = SessionSettings(
            id: identifiers.next("sess_"), model: handshake.model ?? "", isTranscription: handshake.isTranscription,
            expiresAt: configuration.unixTime + configuration.maximumDuration.nanoseconds / 1_000_000_000,
            instructions: configuration.instructions)
        input = InputAudioBuffer(format: settings.inputFormat, keepsAudio: configuration.hears)
        if let refusal = configuration.refusal(of: handshake) {
            emit("error", ["error": refusal.error.json(eventID: nil)])
            outbox.append(
                .close(code: refusal.closeCode, reason: "\(refusal.error.type).\(refusal.error.code ?? "")"))
            isClosed = true
        } else {
            emit("session.created", ["session": settings.json])
            schedule(.expiry, at: now + configuration.maximumDuration)
            restartDetector()
        }
    }

    /// The first actions: `session.created`, or why there is no session. Empty when called again.
    public mutating func start() -> [Action] { takeOutbox() }

    /// When to call back with ``Input/deadline``; `nil` when only inputs can move the session.
    public var nextDeadline: Instant? {
        isClosed ? nil : (scheduled.map(\.at) + responses.compactMap(\.nextDeadline)).min()
    }

    /// Advances the session by one event. Total: every input is legal in every state.
    public mutating func receive(_ event: Input, at now: Instant) -> [Action] {
        guard !isClosed else { return [] }
        self.now = max(self.now, now)
        switch event {
        case .text(let bytes): receiveText(bytes)
        case .binary:
            sendError(
                RealtimeError(code: "invalid_event", message: "Binary frames are not part of the Realtime protocol."),
                eventID: nil)
        case .deadline: break
        case .voice(let frames): receiveVoice(frames)
        case .transcribed(let job, let words): finishRecognition(job: job, words: words, failure: nil)
        case .transcriptionFailed(let job, let message): finishRecognition(job: job, words: "", failure: message)
        case .thought(let job, let steps): receiveThought(job: job, steps: steps)
        case .thoughtFailed(let job, let message), .synthesisFailed(let job, let message):
            if let index = responses.firstIndex(where: { $0.stage.job == job }) {
                fail(at: index, code: "server_error", message: message)
            }
        case .synthesised(let job, let audio): receiveSpeech(job: job, audio: audio)
        }
        runDue()
        return takeOutbox()
    }

    private mutating func takeOutbox() -> [Action] {
        let actions = outbox
        outbox = []
        return actions
    }

    /// Performs all that is due, responses first, until nothing is.
    private mutating func runDue() {
        while !isClosed {
            if let index = responses.firstIndex(where: { ($0.nextDeadline ?? .distantFuture) <= now }) {
                advance(at: index)
            } else if let index = scheduled.indices.min(by: { scheduled[$0].at < scheduled[$1].at }),
                scheduled[index].at <= now
            {
                run(scheduled.remove(at: index).work)
            } else {
                return
            }
        }
    }

    /// Ends the session; nothing is sent after the actions so far.
    mutating func close(_ action: Action) {
        outbox.append(action)
        isClosed = true
    }

    mutating func nextJob() -> Int {
        lastJob += 1
        return lastJob
    }

    /// Sends an event of `type` with a fresh identifier and the given members, groups one after the other.
    mutating func emit(_ type: String, _ groups: KeyValuePairs<String, JSON>...) {
        var event: JSONObject = ["type": .string(type), "event_id": .string(identifiers.next("event_"))]
        for (key, value) in groups.joined() { event[key] = value }
        outbox.append(.send(.object(event)))
    }

    mutating func sendError(_ error: RealtimeError, eventID: String?) {
        emit("error", ["error": error.json(eventID: eventID)])
    }
}

extension RealtimeError {
    /// The `error` member of an `error` event.
    ///
    /// - Parameter eventID: `event_id` of the client event at fault.
    func json(eventID: String?) -> JSON {
        [
            "type": .string(type), "code": JSON(orNull: code), "message": .string(message),
            "param": JSON(orNull: param), "event_id": JSON(orNull: eventID),
        ]
    }
}
