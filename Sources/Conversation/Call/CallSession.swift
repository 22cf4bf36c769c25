public import SansIO

/// One call as one value: the telephone, the media, the model and the script all report to it, and it says what to do.
///
/// The order of life is fixed: `on_dial`, the model connected and configured, and only then the INVITE; `on_ringing`,
/// `on_answered`, the conversation; `on_hangup` once and last; ``Action/finish(_:)`` as the very last action. Every
/// event is legal at every time. The driver performs the actions in order, keeps the media session until `finish`, and
/// calls back with ``Event/deadline`` at ``nextDeadline``.
public struct CallSession: Sendable {
    public enum Event: Hashable, Sendable {
        case start
        /// From the operator or at shutdown: the call ends at once.
        case hangUpRequested(reason: String)
        /// - connection: Number of the connection that it comes from: that of the ``Action/connectModel`` for which it
        ///   was made, from 1. What a connection says behind its end is ignored.
        case model(ModelEvent, connection: Int = 1)
        /// In pipeline mode; in live mode too, where the caller's voice was heard on its way up.
        case pipeline(PipelineEvent)
        case telephony(TelephonyEvent)
        case media(MediaReport)
        /// What became of the last `start` or `resume` that the script host was given.
        case script(ScriptTaskID, ScriptOutcome)
        /// What became of ``Action/service(_:_:)``.
        case service(ScriptTaskID, ServiceResult)
        /// A newer version of the flow is there. The call goes over to it at a quiet point, if it has `on_handover`.
        ///
        /// - fallbackAudio: Its fallback line, as ``Configuration/fallbackAudio``.
        case flowOffered(version: String, AgentDefinition, fallbackAudio: [UInt8] = [])
        case deadline
    }

    public enum Action: Hashable, Sendable {
        /// Opens a connection to the model, the first or, when that is lost, another one.
        case connectModel
        case sendModel(RealtimeClientEvent)
        /// In live mode, in place of ``sendModel(_:)``.
        case sendLive(LiveClientEvent)
        /// Closes the connection, or gives up making it.
        case closeModel
        /// In pipeline mode, what the stages are to do; ``Event/pipeline(_:)`` follows.
        case pipeline(PipelineCommand)
        case dial(DialOptions)
        /// Rings an incoming call (180).
        case ring
        /// Answers an incoming call.
        case answer
        /// Refuses an incoming call.
        case reject(status: Int)
        /// From here on the far end's audio goes to the model, beginning with what came since the answer.
        case listen
        /// The model is away: until the next ``listen`` the far end's audio is kept, beginning with what came in the last
        /// so long, as far as it is known.
        case keepAudio(last: Duration)
        /// Ends the telephone call in whatever state it is: CANCEL, BYE, or the refusal of one that rings here.
        case hangUp(reason: String)
        case transfer(target: String)
        /// Audio of a part, in the call's G.711 law, to be queued behind what is queued.
        case play(tag: PlayoutTag, audio: [UInt8])
        /// No more audio comes under this tag.
        case finishPlayout(tag: PlayoutTag)
        /// Drops all queued audio at once. The media session answers with ``MediaReport/flushed(tag:played:dropped:)``.
        case flush
        /// Holds all audio, queued and to come, until ``resumePlayout`` or ``flush``.
        case pausePlayout
        /// Goes on with the very byte before which ``pausePlayout`` stopped.
        case resumePlayout
        case script(ScriptCommand)
        /// Performs what a coroutine asks for; ``Event/service(_:_:)`` follows, unless it is cancelled.
        case service(ScriptTaskID, ServiceRequest)
        case cancelService(ScriptTaskID)
        /// Whether the model hears silence in place of the far end.
        case mute(Bool)
        /// Asks for ``MediaReport/measured(_:)``.
        case measure
        case observe(Observation)
        case finish(CallOutcome)
    }

    /// How to place the call.
    public struct DialOptions: Hashable, Sendable {
        public var callerID: String?
        /// Further headers, names as the script gave them.
        public var headers: [String: String]
        public var ringTimeout: Duration

        public init(callerID: String? = nil, headers: [String: String] = [:], ringTimeout: Duration) {
            self.callerID = callerID
            self.headers = headers
            self.ringTimeout = ringTimeout
        }
    }

    enum Phase: Hashable {
        case idle
        /// `on_dial` or `on_incoming` runs.
        case asking
        case connecting
        case configuring
        /// The INVITE is out; an incoming call rings, or its answer is.
        case dialing
        /// 200 OK; audio cannot flow yet.
        case answered
        case active
        /// The last words are played; then the call is hung up.
        case closing(CallOutcome)
        case ending(Ending)
        case finished
    }

    /// The way from the end of the call to `finish`.
    struct Ending: Hashable {
        enum Step: Hashable {
            /// Waiting for what was heard last, and for the last transcripts.
            case settling
            /// Waiting for handlers that run.
            case handlers
            case onHangUp(ScriptTaskID)
        }

        var outcome: CallOutcome
        var step: Step
    }

    enum TimerName: Hashable, Sendable {
        case onDial, modelConnect, modelConfigure, ring, mediaStart, callDuration, transfer, hangUpPlayout, flushReport
        case lateTranscript, lastHandlers, onHangUp
        case answer, idle, gather, measure, fallback, filler
        case modelRetry, modelOutage, modelRenewal, modelLimit
        case sleep(ScriptTaskID)
        case after(UInt64)
        case action(callID: String)
    }

    /// What a yielded coroutine waits for.
    enum Wait: Hashable {
        case sleep, transfer, hangUp, playout, gather, service
        case speech(request: UInt64)
        /// A sound file that is loaded, and one that is played.
        case loading(isInterruptible: Bool)
        case local(PlayoutTag)
    }

    public let configuration: Configuration
    /// That of the version that the call runs now.
    var definition: AgentDefinition
    /// That version's fallback line as audio.
    var fallbackAudio: [UInt8]
    var facts: CallFacts
    var phase = Phase.idle
    var startedAt = Instant.zero
    var answeredAt: Instant?
    var isMediaReady = false
    /// Whether there is a model, be it away for a moment.
    var isModelOpen = false
    /// Number of the connection to it, or of the next one.
    var modelConnection = 1
    var outage: ModelOutage?
    var recovery: ModelRecovery?
    /// The model's session is to be replaced at the next quiet point.
    var isRenewalDue = false
    /// Whether the model is to hear the far end.
    var isListening = false
    /// For what is left to chance.
    var random: SeededRandom
    var malformedCount = 0
    var timers = DeadlineTable<TimerName>()
    var outbox: [Action] = []
    var dialOptions: DialOptions

    var realtime: RealtimeSession
    /// The model's server in pipeline mode; `nil` in the others.
    var pipeline: PipelineSession?
    /// What stands before the model's server in live mode; `nil` in the others.
    var live: LiveSession?
    var ledger = HeardLedger()
    var heardAnswer: HeardAnswer?
    var inputs = InputTranscripts()
    var turn = CallerTurn()

    var scripts = ScriptScheduler()
    var waits: [ScriptTaskID: Wait] = [:]
    var speeches: [UInt64: Speech] = [:]
    var functions = FunctionCalls()
    /// Filler lines that were said.
    var fillerCount = 0
    var transfer: Transfer?
    var keys = KeyCollection()
    /// Functions of `call:after`, by the timer's number.
    var scriptTimers: [UInt64: ScriptFunctionID] = [:]
    var nextScriptTimer: UInt64 = 1
    var isCallerSpeaking = false
    /// In live mode, the turn of the caller that began while the agent was to be heard, until its first word.
    var turnOverSpeech: String?
    /// How often `on_idle` ran since the far end was last heard.
    var idleCount = 0
    var quality: MediaQuality?
    var latencies: [TurnLatency] = []
    var requestRate = RequestRate()
    var isOverloadReported = false
    /// The way out that has been taken: what happens when `on_error` is done, and where the far end goes then.
    var wayOut: WayOut?
    /// The version to go over to at the next quiet point.
    var offer: FlowOffer?
    /// The version that the script host is going over to now.
    var handover: FlowOffer?
    /// When an incoming call may be answered.
    var answerNotBefore = Instant.zero

    public init(configuration: Configuration) {
        self.configuration = configuration
        definition = configuration.definition
        fallbackAudio = configuration.fallbackAudio
        facts = configuration.facts
        random = SeededRandom(seed: configuration.seed)
        dialOptions = DialOptions(callerID: configuration.callerID, ringTimeout: configuration.limits.ring)
        let definition = configuration.definition
        let settings = RealtimeSettings(
            instructions: definition.instructions, voice: definition.voice ?? configuration.model.voice,
            tools: definition.tools, law: configuration.law,
            transcriptionModel: configuration.model.transcriptionModel, language: definition.language,
            turnDetection: configuration.model.turnDetection, noiseReduction: configuration.model.noiseReduction)
        realtime = RealtimeSession(
            settings: settings, limits: definition.mode == .realtime ? RealtimeSession.Limits() : .local,
            isDuplex: definition.mode == .live)
        if definition.mode == .pipeline {
            pipeline = PipelineSession(
                settings: settings, options: configuration.pipeline, turns: definition.turns,
                handlers: definition.handlers)
        } else if definition.mode == .live {
            live = LiveSession(settings: settings, options: configuration.live)
        }
    }

    /// Whether there are transcripts of what the caller says.
    var hasTranscripts: Bool { pipeline != nil || live != nil || configuration.model.transcriptionModel != nil }

    /// When to call back with ``Event/deadline``; `nil` when only an event can move the call.
    public var nextDeadline: Instant? {
        guard phase != .finished else { return nil }
        let serverDeadline = isModelOpen ? pipeline?.nextDeadline ?? live?.nextDeadline : nil
        return [timers.next, realtime.nextDeadline, inputs.nextDeadline, serverDeadline].compactMap(\.self).min()
    }

    public var isFinished: Bool { phase == .finished }

    /// Advances the call by one event. Total: every event is legal in every state.
    ///
    /// - Returns: What to do, in order. After ``Action/finish(_:)`` nothing follows, ever.
    public mutating func receive(_ event: Event, at now: Instant) -> [Action] {
        guard phase != .finished else { return [] }
        switch event {
        case .start: start(at: now)
        case .hangUpRequested(let reason): hangUpRequested(reason, at: now)
        case .model(let event, let connection): if connection == modelConnection { receive(event, at: now) }
        case .pipeline(let event): receive(event, at: now)
        case .telephony(let event): receive(event, at: now)
        case .media(let report): receive(report, at: now)
        case .script(let id, let outcome): receive(outcome, of: id, at: now)
        case .service(let id, let result): receive(result, for: id, at: now)
        case .flowOffered(let version, let definition, let audio):
            offered(FlowOffer(version: version, definition: definition, fallbackAudio: audio))
        case .deadline: deadline(at: now)
        }
        settle(at: now)
        defer { outbox = [] }
        return outbox
    }

    /// Does what has become due by the event: answers what waits, hands the script its next step, ends the call.
    private mutating func settle(at now: Instant) {
        guard phase != .finished else { return }
        reportHeard(at: now)
        answerWaits(at: now)
        watchIdleness(at: now)
        watchActions(at: now)
        renewWhenQuiet(at: now)
        notePlayout(at: now)
        beginHandover()
        finishClosing(at: now)
        advanceEnding(at: now)
        guard phase != .finished else { return }
        while let step = scripts.next() {
            let facts = currentFacts(at: now)
            switch step {
            case .start(let id, let entry): perform(.script(.start(id, entry, facts: facts)))
            case .resume(let id, let reply): perform(.script(.resume(id, reply, facts: facts)))
            case .handOver(let id, let version): perform(.script(.handOver(id, version: version, facts: facts)))
            }
        }
    }

    mutating func perform(_ action: Action) {
        outbox.append(action)
    }

    mutating func observe(_ observation: Observation) {
        outbox.append(.observe(observation))
    }

    func handles(_ handler: ScriptHandler) -> Bool { definition.handlers.contains(handler) }

    /// Runs a handler, if the flow has it.
    @discardableResult
    mutating func notify(_ handler: ScriptHandler, _ arguments: [JSON]) -> ScriptTaskID? {
        guard handles(handler) else { return nil }
        guard scripts.count < configuration.limits.scriptTasks else {
            if !isOverloadReported {
                isOverloadReported = true
                let message =
                    "\(scripts.count) handlers of the script wait; \(handler.rawValue) is left out, and so are others"
                observe(.fault(CallFault(kind: .script, message: message)))
            }
            return nil
        }
        return scripts.start(.handler(handler, arguments: arguments), for: .notify(handler))
    }

    func currentFacts(at now: Instant) -> CallFacts {
        var facts = facts
        facts.duration = answeredAt.map { (now - $0).seconds } ?? 0
        facts.now = facts.startedAt + (now - startedAt).seconds
        facts.statistics = statistics
        return facts
    }

    private mutating func deadline(at now: Instant) {
        while let name = timers.takeDue(at: now) {
            expired(name, at: now)
            if phase == .finished { return }
        }
        if isModelOpen { handle(realtime.deadline(at: now), at: now) }
        if isModelOpen { handle(pipeline?.deadline(at: now) ?? [], at: now) }
        if isModelOpen { handle(live?.deadline(at: now) ?? [], at: now) }
        for utterance in inputs.deadline(at: now) { report(utterance) }
    }

    private mutating func expired(_ name: TimerName, at now: Instant) {
        switch name {
        case .onDial:
            if isInbound {
                incomingFailed("it took too long", at: now)
            } else {
                dialRefused(byFault: "on_dial took too long", at: now)
            }
        case .modelConnect, .modelConfigure:
            modelLost(RealtimeError(connectionFailure: "it did not answer in time"), at: now)
        case .modelRetry: reconnect(at: now)
        case .modelOutage: giveUpModel(at: now)
        case .modelRenewal: isRenewalDue = true
        case .modelLimit: renew(at: now)
        case .ring:
            end(
                CallOutcome(
                    kind: .noAnswer, reason: "ring_timeout", message: "Nobody answered in time.", endedBy: .host),
                at: now)
        case .mediaStart:
            mediaFailed(
                reason: "no_media",
                "The call was answered, but audio could not be started. Check the codecs and the UDP ports.", at: now)
        case .callDuration:
            end(
                CallOutcome(
                    kind: .completed, reason: "max_duration", message: "The call reached its longest duration.",
                    endedBy: .host),
                at: now)
        case .answer: answer()
        case .idle: idled()
        case .filler: fill(at: now)
        case .gather: gatheringEnded(at: now)
        case .measure: measure(at: now)
        case .fallback: leave(at: now)
        case .after(let number): timerExpired(number, at: now)
        case .transfer: transferEnded(status: 408, reason: "no answer in time", at: now)
        case .hangUpPlayout: lastWordsMissed(at: now)
        case .flushReport: flushReportMissed(at: now)
        case .sleep(let id): if waits[id] == .sleep { resume(id, .value(true), at: now) }
        case .action(let callID): actionTimedOut(callID, at: now)
        case .lateTranscript: finishSettling(at: now)
        case .lastHandlers: abandonHandlers(at: now)
        case .onHangUp: abandonOnHangUp(at: now)
        }
    }
}
