import SansIO

/// A Live session, in which both sides speak when they like, as a server of the Realtime vocabulary.
///
/// It takes the events that a Realtime server takes and gives those that one sends, so that a call is the same in all
/// modes. What the model says between two silences is a response with one item; what the caller says between two is a
/// turn. The model owns turn-taking: it falls silent for the caller by itself, and what it does not send is not said. To be
/// quiet for another reason it can only be asked. While a sentence must not be interrupted, it does not hear the caller.
///
/// A request to speak is answered by the first voice that comes after the server has taken note of it, or else by its
/// time-out. Function calls are the back end's: they come beside the speech, not in a response.
///
/// Every event is legal at every time.
struct LiveSession: Sendable {
    enum Output: Hashable, Sendable {
        case event(RealtimeServerEvent)
        case send(LiveClientEvent)
        /// Functions that the back end wants to be called, whole and once.
        case calls([RealtimeFunctionCall], responseID: String)
        /// Tokens of the back end, or seconds of the session since the last report.
        case usage(JSON)
        /// The caller's turn that ends with the next event.
        case turnEnded(PipelineSession.TurnEnd)
        /// The model has fallen silent for the caller in the middle of what it was saying.
        ///
        /// - unheard: The rest, where it is known: of a text that it was given.
        case interrupted(RealtimePartPath, unheard: String)
        /// The session is over.
        case lost(RealtimeError)
    }

    let options: LiveOptions
    private(set) var settings: RealtimeSettings
    private var openingEventID: String?
    private(set) var isStarted = false
    /// What was said and done before the session began.
    private var history: [ConversationHistory.Item] = []
    /// The server does not hear the caller, so that nothing interrupts it.
    private(set) var isDeaf = false
    /// The caller has said something meanwhile.
    var hasMissedCaller = false
    /// The event that asked the model to be quiet, until the server has taken note of it.
    var stop: String?
    /// What the model is saying.
    var utterance: Utterance?
    /// Words whose voice has not come yet.
    var textAhead = ""
    var textAheadSince = Instant.zero
    /// How far the audio that came reaches, if it is played as it comes.
    var audioEnds = Instant.zero
    /// When audio came last.
    var audioCameAt = Instant.zero
    /// Requests to speak that no voice has answered, in order.
    var asks: [Ask] = []
    /// What the caller says: turns whose words are not whole, in order; all but the last one are over.
    var callerTurns: [CallerSpeech] = []
    var voice: CallerVoice?
    /// When the caller's last turn ended, until the model begins to speak.
    var unansweredSince: Instant?
    var lastCallerItemID: String?
    var lastCallerWordsAt = Instant.zero
    var backEnd = BackEnd()
    /// Whether the server is still there; `nil` while it hears nobody.
    var watch: Watch?
    private var reportedSeconds = 0.0
    private var nextNumber: UInt64 = 1
    var outputs: [Output] = []

    init(settings: RealtimeSettings, options: LiveOptions) {
        self.settings = settings
        self.options = options
    }

    /// When to call ``deadline(at:)``; `nil` when only an event can move the session.
    var nextDeadline: Instant? {
        var next: Instant?
        func consider(_ instant: Instant) { next = min(next ?? instant, instant) }
        if let utteranceEndTime { consider(utteranceEndTime) }
        if let turnCompleteTime { consider(turnCompleteTime) }
        for heardAt in backEnd.heardAt.values { consider(heardAt + options.longestPatience) }
        if let watchTime { consider(watchTime) }
        for ask in asks {
            consider(giveUpTime(of: ask))
            if let announceTime = announceTime(of: ask) { consider(announceTime) }
        }
        return next
    }

    /// Takes an event that a Realtime server would be sent.
    mutating func receive(_ event: RealtimeClientEvent, at now: Instant) -> [Output] {
        switch event.body {
        case .updateSession(let settings):
            self.settings = settings
            openingEventID = event.eventID
            send(.start(settings, options, history: LiveMessage.messages(history)), eventID: event.eventID)
        case .changeSession(let change): apply(change, eventID: event.eventID)
        case .createMessage(let role, let text): add(text, of: role, eventID: event.eventID)
        // What was said before the session was asked for, it began with.
        case .replayMessage(_, _, let role, let text):
            if !hasBegun(with: text, of: role) { add(text, of: role, eventID: event.eventID) }
        case .createFunctionOutput(let callID, let output):
            answer(callID: callID, output, eventID: event.eventID)
        case .createResponse(let parameters): ask(parameters, eventID: event.eventID, at: now)
        case .cancelResponse(let id): cancel(id)
        case .updateTurnDetection(let detection): setDeaf(!detection.interruptsResponse)
        case .replayFunctionCall(_, let call): backEnd.foreign[call.callID] = call
        // The session knows itself what was heard.
        case .truncateItem, .deleteItem: break
        }
        return take()
    }

    /// Takes what the server says.
    mutating func receive(_ event: LiveServerEvent, at now: Instant) -> [Output] {
        let isAnswer = noteLife(event, at: now)
        switch event {
        case .started(let id, let model, let expiresAt):
            guard !isStarted, openingEventID != nil else { break }
            isStarted = true
            openingEventID = nil
            say(.sessionUpdated(id: id, model: model, expiresAt: expiresAt))
            if !settings.turnDetection.interruptsResponse { setDeaf(true) }
        case .error(let error): if !isAnswer { receive(error) }
        case .closed(let reason): outputs.append(.lost(RealtimeError(closedSession: reason)))
        case _ where !isStarted: break
        case .appended(let eventID): noted(eventID)
        case .outputAudio(let audio): receiveAudio(audio, at: now)
        case .outputTranscript(let words): receiveText(words.text, at: now)
        case .inputTranscript(let words): callerSpoke(words, at: now)
        case .delegationCreated(let id, let target):
            if target == "client" { send(.appendCommentary(LiveText.declined, delegation: id)) }
        case .backEnd(let event, let delegation): receive(event, delegation: delegation ?? "", at: now)
        case .usage(let seconds):
            if seconds > reportedSeconds {
                outputs.append(.usage(["seconds": .number(seconds - reportedSeconds)]))
                reportedSeconds = seconds
            }
        case .unknown: break
        }
        return take()
    }

    /// Takes what was heard of the caller on the way to the server.
    mutating func hear(_ isVoice: Bool, at now: Instant) -> [Output] {
        guard isStarted else { return [] }
        if isVoice { voiceStarted(at: now) } else { voiceStopped(at: now) }
        return take()
    }

    mutating func deadline(at now: Instant) -> [Output] {
        if let time = utteranceEndTime, time <= now { endUtterance() }
        completeTurns(at: now)
        giveUpBackEnd(at: now)
        giveUpAsks(at: now)
        watch(at: now)
        return take()
    }

    /// Whether nothing is under way on either side, and nothing is to be expected: an answer to the caller is, for a while.
    func isQuiet(at now: Instant) -> Bool {
        guard isStarted, utterance == nil, asks.isEmpty, callerTurns.isEmpty, !isVoiceHeard, backEnd.isIdle else {
            return false
        }
        return unansweredSince.map { $0 + options.patience <= now } ?? true
    }

    // MARK: Another connection

    /// The connection is lost: what it was doing it will not end.
    mutating func suspend() {
        var next = LiveSession(settings: settings, options: options)
        // Names of items are not used twice in a call.
        next.nextNumber = nextNumber
        next.lastCallerItemID = lastCallerItemID
        self = next
    }

    /// Another connection is there; its session begins with what was said and done so far.
    mutating func resume(_ history: [ConversationHistory.Item]) {
        self.history = history
        backEnd.resume(history)
    }

    // MARK: What the server is told

    /// Whether the session was told of that message when it began.
    private func hasBegun(with text: String, of role: String) -> Bool {
        history.contains { item in
            if case .message(let speaker, text) = item { speaker.rawValue == role } else { false }
        }
    }

    /// Instructions and voice are fixed when the session begins: others can only be added.
    private mutating func apply(_ change: RealtimeSettings.Change, eventID: String) {
        if let instructions = change.instructions {
            settings.instructions = instructions
            append(LiveText.replacement(instructions), eventID: eventID) { .appendInstructions($0) }
        }
        if let tools = change.tools { settings.tools = tools }
        if change.instructions != nil || change.tools != nil {
            send(.updateBackEnd(instructions: change.instructions, tools: change.tools), eventID: eventID)
        }
    }

    /// Whether the server hears the caller.
    private mutating func setDeaf(_ isDeaf: Bool) {
        guard isDeaf != self.isDeaf else { return }
        self.isDeaf = isDeaf
        send(isDeaf ? .mute : .unmute)
        if !isDeaf, hasMissedCaller { append([LiveText.missed], eventID: makeID("live")) { .appendThinking($0) } }
        hasMissedCaller = false
    }

    private mutating func add(_ text: String, of role: String, eventID: String) {
        if role == "system" {
            append(LiveText.split(text), eventID: eventID) { .appendInstructions($0) }
        } else {
            append(LiveText.split("\(role): \(text)"), eventID: eventID) { .appendThinking($0) }
        }
        say(
            .itemAdded(
                RealtimeItem(id: makeID("item"), kind: .message(role: role), status: "completed"), previousItemID: nil))
    }

    /// Sends pieces of one text. The last one has the event's own identifier, so that its echo is that of the whole.
    mutating func append(
        _ pieces: [String], eventID: String, _ body: (String) -> LiveClientEvent.Body
    ) {
        for (index, piece) in pieces.enumerated() {
            let isLast = index == pieces.count - 1
            send(body(piece), eventID: isLast ? eventID : "\(eventID).\(index + 1)")
        }
    }

    private mutating func receive(_ error: RealtimeError) {
        var error = error
        // A piece of a text stands for the whole.
        error.eventID = error.eventID.map { String($0.prefix { $0 != "." }) }
        if let id = error.eventID, id == backEnd.continuation { backEnd.continuation = nil }
        guard let index = asks.firstIndex(where: { $0.eventID == error.eventID }) else {
            say(.error(error))
            return
        }
        let ask = asks.remove(at: index)
        if ask.isDropped { return }
        if let id = ask.responseID {
            end(id, .failed(error), metadata: ask.metadata)
        } else {
            say(.error(error))
        }
    }

    // MARK: Numbers and outputs

    mutating func makeID(_ kind: String) -> String {
        defer { nextNumber += 1 }
        return "\(kind)_\(nextNumber)"
    }

    mutating func say(_ event: RealtimeServerEvent) {
        outputs.append(.event(event))
    }

    mutating func send(_ body: LiveClientEvent.Body, eventID: String? = nil) {
        outputs.append(.send(LiveClientEvent(eventID: eventID ?? makeID("live"), body: body)))
    }

    private mutating func take() -> [Output] {
        defer { outputs = [] }
        return outputs
    }
}

extension RealtimeError {
    /// Why a Live session is over.
    fileprivate init(closedSession reason: String) {
        switch reason {
        case "expired": self.init(code: "session_expired", message: "the session expired")
        case "content": self.init(code: "content_filter", message: "the session was ended", severity: .fatal)
        default:
            self.init(
                code: "session_closed", message: "the server ended the session (\(reason))", severity: .retryable)
        }
    }
}
