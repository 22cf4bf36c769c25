import SansIO

/// Speech-to-text, language model and text-to-speech, as one server of the Realtime vocabulary.
///
/// It takes the events that a Realtime server takes and gives those that one sends, so that a call is the same in both
/// modes. A sentence is a content part of its own; its number is the content index.
///
/// Every event is legal at every time. Its driver answers commands by ``PipelineEvent``; the call answers questions by
/// ``answer(_:with:at:)``.
struct PipelineSession: Sendable {
    enum Output: Hashable, Sendable {
        case event(RealtimeServerEvent)
        case command(PipelineCommand)
        case ask(Question, JSON)
        /// An answer is of no use any more.
        ///
        /// - isLate: The script had too long for it.
        case forget(Question, isLate: Bool)
        case pausePlayout
        case resumePlayout
        /// A stage failed and was replaced, or its work left out; the call goes on.
        case fault(StageFailure)
        /// The script gave something back that nobody can use.
        case misuse(String)
        /// The caller's turn that ends with the next event.
        case turnEnded(TurnEnd)
        /// How long an answer took so far, with its first audio.
        case timed(responseID: String, TurnTiming)
    }

    /// What the script may change.
    enum Question: Hashable, Sendable {
        /// `before_llm`, with the messages.
        case beforeLLM(responseID: String)
        /// `before_tts`, with the sentence.
        case beforeTTS(responseID: String, sentence: Int)
    }

    /// When the caller's turn ended, and when its words were known.
    struct TurnEnd: Hashable, Sendable {
        var spokeUntil: Instant
        var transcribedAt: Instant?
    }

    /// Something that a stage does.
    struct Job: Sendable {
        enum Work: Hashable, Sendable {
            case segment(UInt64, range: Range<Int>)
            case generation(responseID: String)
            case synthesis(responseID: String, sentence: Int)
        }

        let work: Work
        /// Providers that were asked, the present one last.
        var tried: [Int]
        /// When it counts as stalled; for work that is to begin again: when.
        var deadline: Instant
        var isDelayed = false
    }

    /// A segment that a provider has begun to listen to.
    struct Listening: Sendable {
        let number: UInt64
        let provider: Int
    }

    let options: PipelineOptions
    private(set) var settings: RealtimeSettings
    /// The voice that the script has chosen in place of the one that the flow names.
    private(set) var chosenVoice: String?
    /// Handlers that the flow has.
    var handlers: Set<ScriptHandler>
    var context = PipelineContext()
    var turns: TurnTaking
    var responses: [String: PipelineResponse] = [:]
    /// The response that was announced and has not ended.
    var activeID: String?
    /// A response that nobody knows of yet: begun ahead of the end of the caller's turn.
    var draftID: String?
    var jobs: [UInt64: Job] = [:]
    /// Segments under way, by turn-taking's number.
    var listening: [UInt64: Listening] = [:]
    /// Whether a turn of the caller is answered by itself.
    private(set) var answersTurns: Bool
    var providers: [PipelineStage: StageProviders]
    /// The item of the turn that the caller is taking.
    var turnItemID: String?
    var lastTurnItemID: String?
    private(set) var isAgentAudible = false
    /// The caller's turn has cut what the agent said, or was about to say.
    var hasCutAgent = false
    /// What was cut, in the order of its words: of sentences that were heard in part, and of those that were not.
    var cutText: (begun: [String], waiting: [String]) = ([], [])
    /// A turn is over whose answer could not begin: another response was active, or it is not known yet how much of what
    /// was cut was heard.
    var owesAnswer = false
    /// The caller cuts what the agent says, and how much of it was heard is not known yet.
    var awaitsCut = false
    /// What to make an answer ready for as soon as that is known.
    var awaitedDraft: String?
    private var openingEventID: String?
    private var nextNumber: UInt64 = 1
    /// Bytes a character of speech takes, as measured on this call's sentences.
    var speechRate = SpeechRate()
    /// Responses in a row that no provider could be brought to give.
    var failures = 0
    var outputs: [Output] = []

    init(settings: RealtimeSettings, options: PipelineOptions, turns: TurnOptions, handlers: Set<ScriptHandler>) {
        self.settings = settings
        self.options = options
        self.handlers = handlers
        answersTurns = settings.turnDetection.createsResponse
        self.turns = TurnTaking(options: turns, language: settings.language)
        providers = options.providers.mapValues { StageProviders(count: $0, rest: options.rest) }
    }

    /// When to call ``deadline(at:)``; `nil` when only an event can move the session.
    var nextDeadline: Instant? {
        var next = turns.nextDeadline
        func consider(_ instant: Instant) { next = min(next ?? instant, instant) }
        for job in jobs.values { consider(job.deadline) }
        for response in responses.values {
            if case .asking(let until) = response.writing { consider(until) }
            for case .asking(let until) in response.sentences.map(\.speaking) { consider(until) }
        }
        return next
    }

    /// Takes an event that a Realtime server would be sent.
    mutating func receive(_ event: RealtimeClientEvent, at now: Instant) -> [Output] {
        switch event.body {
        case .updateSession(let settings):
            if settings.voice != self.settings.voice { chosenVoice = settings.voice }
            self.settings = settings
            allow(settings.turnDetection, at: now)
            openingEventID = event.eventID
            outputs.append(.command(.open))
        case .updateTurnDetection(let detection): allow(detection, at: now)
        case .changeSession(let change):
            if let instructions = change.instructions { settings.instructions = instructions }
            if let tools = change.tools { settings.tools = tools }
            if let voice = change.voice {
                settings.voice = voice
                chosenVoice = voice
            }
            discardDraft()
        case .createFunctionOutput(let callID, let output):
            let id = makeID("item")
            context.append(.output(callID: callID, output), id: id)
            discardDraft()
            say(
                .itemAdded(
                    RealtimeItem(id: id, kind: .functionCallOutput(callID: callID), status: "completed"),
                    previousItemID: nil))
        case .createMessage(let role, let text), .replayMessage(_, _, let role, let text):
            let id = makeID("item")
            context.append(.message(ChatMessage.Role(rawValue: role) ?? .user, text), id: id)
            discardDraft()
            say(.itemAdded(RealtimeItem(id: id, kind: .message(role: role), status: "completed"), previousItemID: nil))
        case .replayFunctionCall(let id, let call): context.append(.call(call), id: id)
        case .truncateItem(let id, let index, let milliseconds):
            let bytes = milliseconds * G711Law.bytesPerMillisecond
            if let unheard = context.truncate(id, at: index, heardBytes: bytes) {
                dropDraft()
                if !unheard.isEmpty { cutText.begun.append(unheard) }
                outputs.append(
                    .event(.itemTruncated(itemID: id, contentIndex: index, audioEndMilliseconds: milliseconds)))
            }
        case .deleteItem(let id):
            if context.remove(id) {
                discardDraft()
                outputs.append(.event(.itemDeleted(itemID: id)))
            }
        case .createResponse(let parameters): createResponse(parameters, eventID: event.eventID, at: now)
        case .cancelResponse(let id):
            if let id = id ?? activeID, id == activeID { cancel(id, reason: "client_cancelled") }
        }
        return continued(at: now)
    }

    private mutating func allow(_ detection: TurnDetection, at now: Instant) {
        answersTurns = detection.createsResponse
        handle(
            turns.allow(answers: detection.createsResponse, interruptions: detection.interruptsResponse, at: now),
            at: now)
    }

    /// Takes what a stage reports.
    mutating func receive(_ event: PipelineEvent, at now: Instant) -> [Output] {
        switch event {
        case .ready(let models):
            guard openingEventID != nil else { break }
            openingEventID = nil
            outputs.append(.event(.sessionUpdated(id: "pipeline", model: models)))
        case .failed(let failure):
            outputs.append(.event(.error(RealtimeError(failure, eventID: openingEventID))))
        case .voiceStarted(let position): handle(turns.voiceStarted(at: position, now: now), at: now)
        case .voiceStopped(let position): handle(turns.voiceStopped(at: position, now: now), at: now)
        case .transcriptDelta(let id, let text): transcriptArrived(text, isWhole: false, job: id, at: now)
        case .transcribed(let id, let text): transcriptArrived(text, isWhole: true, job: id, at: now)
        case .transcriptionFailed(let id, let failure): failed(id, failure, at: now)
        case .generation(let id, let event): receive(event, job: id, at: now)
        case .synthesis(let id, let event): receive(event, job: id, at: now)
        }
        return continued(at: now)
    }

    /// What is to be heard of the agent, as far as turn-taking needs to know.
    ///
    /// - Parameter isBeingCut: It was silenced, and how much of it was heard will be told.
    mutating func noteAgent(
        isAudible: Bool, isInterruptible: Bool, isBeingCut: Bool, at now: Instant
    ) -> [Output] {
        isAgentAudible = isAudible
        awaitsCut = isBeingCut
        if !awaitsCut, let text = awaitedDraft {
            awaitedDraft = nil
            if activeID == nil { answerTurn(ahead: text, at: now) }
        }
        handle(turns.agentChanged(isAudible: isAudible, isInterruptible: isInterruptible, at: now), at: now)
        return continued(at: now)
    }

    /// The call is over: what the caller said last becomes a turn as soon as its words are known, and nothing is
    /// answered any more.
    mutating func callerLeft(at now: Instant) -> [Output] {
        answersTurns = false
        discardDraft()
        if let activeID { cancel(activeID, reason: "client_cancelled") }
        handle(turns.callerLeft(at: now), at: now)
        return continued(at: now)
    }

    mutating func deadline(at now: Instant) -> [Output] {
        handle(turns.deadline(at: now), at: now)
        for (id, job) in jobs.sorted(by: { $0.key < $1.key }) where job.deadline <= now {
            if job.isDelayed {
                jobs[id] = nil
                start(job.work, provider: job.tried.last ?? 0, tried: job.tried, at: now)
            } else {
                failed(id, stall(of: job), at: now)
            }
        }
        for id in responses.keys.sorted() { giveUpQuestions(of: id, at: now) }
        return continued(at: now)
    }

    /// Ends everything; nothing more is said.
    mutating func close() -> [Output] {
        responses = [:]
        jobs = [:]
        listening = [:]
        activeID = nil
        draftID = nil
        turns.close()
        return [.command(.close)]
    }

    // MARK: Numbers and outputs

    mutating func makeID(_ kind: String) -> String {
        defer { nextNumber += 1 }
        return "\(kind)_\(nextNumber)"
    }

    mutating func makeNumber() -> UInt64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    mutating func say(_ event: RealtimeServerEvent) {
        outputs.append(.event(event))
    }

    /// Goes on with what the last event made possible.
    mutating func continued(at now: Instant) -> [Output] {
        for id in responses.keys.sorted() {
            speak(id, at: now)
            handOut(id, at: now)
        }
        if owesAnswer, answersTurns, activeID == nil, turnItemID == nil, !awaitsCut { answerTurn(ahead: nil, at: now) }
        defer { outputs = [] }
        return outputs
    }
}

extension RealtimeError {
    /// What a Realtime server would say of a stage that cannot be used.
    init(_ failure: StageFailure, eventID: String? = nil) {
        let severity: Severity =
            switch failure.severity {
            case .fatal: .fatal
            case .retryable: .retryable
            case .refused: .benign
            }
        self.init(code: "stage_failed", message: failure.message, eventID: eventID, severity: severity)
    }
}
