import SansIO

/// The model's side of one call: what was asked of the server, what it is doing, and what may be sent next.
///
/// At most one `response.create` is under way, and none while a response is active; others wait in order. Function
/// calls are handed out once a response, when it is done and completed. Events of responses that were interrupted,
/// have ended, or were never announced are dropped.
///
/// A lost connection suspends it: what is asked for waits, and what is said and done is kept in ``history``. The next
/// connection is told of that before anything else, and what was cut goes on.
struct RealtimeSession: Sendable {
    struct ActiveResponse {
        let request: ResponseRequest?
        var isMuted = false
        var isCancelSent = false
        var hasAudio = false
        var calls: [RealtimeFunctionCall] = []
        var callNames: [String: RealtimeFunctionCall] = [:]
        /// Items of the functions' calls.
        var callItems: [String: String] = [:]
        /// Items of its speech, in order.
        var items: [String] = []
        /// Turns of the caller that it answers.
        var turns: [String] = []
        var lastEventAt: Instant
    }

    /// A request that is to be sent.
    struct Waiting {
        var request: ResponseRequest
        var notBefore = Instant.zero
        /// A connection that is lost had been asked for it: what stops the agent stops it, too.
        var wasUnderWay = false
    }

    struct Pending {
        var request: ResponseRequest
        let eventID: String
        let sentAt: Instant
        var isCancelled = false
    }

    enum CallerTurn {
        case none
        case speaking
        /// The server is about to answer a turn by itself.
        case awaitingResponse(until: Instant)
    }

    private(set) var settings: RealtimeSettings
    let limits: Limits
    /// Both sides speak when they like: neither requests nor uninterruptible sentences wait for the caller.
    let isDuplex: Bool
    var state = State.closed
    var responses: [String: ActiveResponse] = [:]
    var activeID: String?
    /// The server says that a response is active which it never announced.
    var hiddenActiveUntil: Instant?
    var pending: Pending?
    var queue: [Waiting] = []
    var callerTurn = CallerTurn.none
    /// Function calls whose outputs the server has not yet added to the conversation.
    var unacknowledgedOutputs: Set<String> = []
    /// The conversation as far as it is true.
    var history = ConversationHistory()
    /// Turns of the caller that no audio has answered yet.
    var openTurns: [OpenTurn] = []
    /// Items of speech that only earlier connections knew as such.
    var foreignItems: Set<String> = []
    /// Names, on this connection, of messages that it was told.
    var replayedItems: [String: String] = [:]
    /// Functions' calls that this connection knows.
    var knownCalls: Set<String> = []
    /// Events that told this connection of the conversation.
    var replayEvents: Set<String> = []
    var nextReplayedItem: UInt64 = 1
    /// When the server was last heard.
    var lastEventAt = Instant.zero
    /// Until when the server is to notice a turn that it hears again; then it is asked to answer.
    var rehearingUntil: Instant?
    var isRehearing = false
    /// When the turn began that a connection is to hear again.
    var rehearsedFrom: Instant?
    /// A turn of the caller was committed since the last `response.created`.
    var isTurnCommitted = false
    /// The server has sent audio, and with it has chosen a voice for good.
    var hasSpoken = false
    /// The server's own answers and interruptions are switched off for an uninterruptible sentence.
    var isHolding = false
    var isTurnMissed = false
    var nextRequestNumber: UInt64 = 1
    private var nextEventNumber: UInt64 = 1
    var outputs: [Output] = []

    init(settings: RealtimeSettings, limits: Limits = Limits(), isDuplex: Bool = false) {
        self.settings = settings
        self.limits = limits
        self.isDuplex = isDuplex
    }

    var nextDeadline: Instant? {
        guard state == .ready else { return nil }
        var deadlines: [Instant] = []
        if let pending { deadlines.append(pending.sentAt + limits.responseStart) }
        if let activeID, let active = responses[activeID] {
            deadlines.append(active.lastEventAt + limits.responseStall)
        }
        if let hiddenActiveUntil { deadlines.append(hiddenActiveUntil) }
        if isFree { deadlines.append(contentsOf: queue.compactMap { sendTime(of: $0) }) }
        if case .awaitingResponse(let until) = callerTurn { deadlines.append(until) }
        if let rehearingUntil { deadlines.append(rehearingUntil) }
        return deadlines.min()
    }

    /// Whether nothing is being generated, asked for, or waiting to be asked for.
    var isIdle: Bool { activeID == nil && pending == nil && queue.isEmpty && hiddenActiveUntil == nil }

    /// Whether the server is about to answer a turn of the caller.
    var isAnswerDue: Bool {
        if case .awaitingResponse = callerTurn { true } else { rehearingUntil != nil }
    }

    private var isFree: Bool { activeID == nil && pending == nil && hiddenActiveUntil == nil }

    /// When a waiting request may be sent by the passing of time alone.
    private func sendTime(of entry: Waiting) -> Instant? {
        guard entry.request.yieldsToCaller else { return entry.notBefore }
        return switch callerTurn {
        case .none: entry.notBefore
        case .awaitingResponse(let until): max(until, entry.notBefore)
        case .speaking: nil
        }
    }

    // MARK: What the call asks for

    /// Sends the session's settings.
    mutating func configure() -> [Output] {
        var settings = settings
        if isHolding { settings.turnDetection = settings.turnDetection.eventsOnly }
        let event = send(.updateSession(settings))
        state = .configuring(eventID: event)
        return take()
    }

    /// Changes what the server was told of instructions, tools or voice; before the connection is there, what it will
    /// be told.
    mutating func change(_ change: (inout RealtimeSettings) -> Void) -> [Output] {
        let old = settings
        change(&settings)
        guard state != .closed, state != .suspended, settings != old else { return [] }
        send(.changeSession(RealtimeSettings.Change(from: old, to: settings)))
        return take()
    }

    /// Adds a message to the conversation.
    mutating func addMessage(role: String, text: String) -> [Output] {
        if let role = ConversationHistory.Role(rawValue: role) { history.add(role, text) }
        guard state == .ready else { return [] }
        send(.createMessage(role: role, text: text))
        return take()
    }

    /// Asks for a response; it is sent when none is active. A second follow-up joins one that waits.
    ///
    /// - Returns: The number under which its outputs come.
    mutating func request(_ kind: ResponseRequest.Kind, at now: Instant) -> (number: UInt64, outputs: [Output]) {
        if kind == .followUp, let waiting = queue.first(where: { $0.request.kind == .followUp }) {
            return (waiting.request.number, [])
        }
        let request = ResponseRequest(number: nextRequestNumber, kind: kind)
        nextRequestNumber += 1
        queue.append(Waiting(request: request))
        advance(at: now)
        return (request.number, take())
    }

    /// Adds the result of a function to the conversation.
    mutating func answer(callID: String, output: String) -> [Output] {
        history.returned(callID: callID, output)
        guard state == .ready else { return [] }
        unacknowledgedOutputs.insert(callID)
        tellCall(callID)
        send(.createFunctionOutput(callID: callID, output: output))
        return take()
    }

    /// Drops what is still to come of the given responses and of the active one, and cancels the latter.
    mutating func interrupt(responseIDs: Set<String>) -> [Output] {
        stopWaiting()
        guard state == .ready else { return take() }
        for id in responseIDs where responses[id] != nil { responses[id]?.isMuted = true }
        if let activeID { cancel(activeID) }
        if pending?.request.isInterruptible == true { pending?.isCancelled = true }
        return take()
    }

    /// Cancels one response, whether it is heard or not.
    mutating func cancelResponse(id: String) -> [Output] {
        guard state == .ready else { return [] }
        cancel(id)
        return take()
    }

    /// Withdraws what waits only to keep the conversation going.
    mutating func withdrawFollowUps() {
        queue.removeAll { $0.request.yieldsToCaller }
    }

    /// Cuts a part of an item to what was heard of it, or removes the item when nothing was.
    ///
    /// - Parameters:
    ///   - heard: The words of the part that were heard.
    ///   - isWhole: Whether the part is all that the item has.
    mutating func truncate(
        itemID: String, contentIndex: Int, heardMilliseconds: Int, heard: String, isWhole: Bool = true
    ) -> [Output] {
        history.heard(itemID, part: contentIndex, .cut(heard))
        guard state == .ready else { return [] }
        if foreignItems.contains(itemID) {
            retell(itemID)
        } else if heardMilliseconds > 0 || !isWhole {
            send(.truncateItem(id: itemID, contentIndex: contentIndex, audioEndMilliseconds: heardMilliseconds))
        } else {
            send(.deleteItem(id: itemID))
        }
        return take()
    }

    /// Takes note of what the far end heard of a part that has ended.
    mutating func heard(itemID: String, contentIndex: Int, _ heard: ConversationHistory.Heard) {
        history.heard(itemID, part: contentIndex, heard)
    }

    /// Gives the server back its own answers and interruptions after an uninterruptible sentence.
    ///
    /// A turn that the caller took meanwhile is answered now; a model that did not hear it is told of it by others.
    mutating func releaseHold(at now: Instant) -> [Output] {
        guard state != .closed, isHolding else { return [] }
        isHolding = false
        if state == .ready { send(.updateTurnDetection(settings.turnDetection)) }
        let isAnswerDue = isTurnMissed && settings.turnDetection.createsResponse && !isDuplex
        isTurnMissed = false
        return isAnswerDue ? take() + request(.followUp, at: now).outputs : take()
    }

    /// The connection is gone: whatever waited will never be.
    mutating func close() -> [ResponseRequest] {
        var requests = queue.map(\.request)
        if let pending { requests.append(pending.request) }
        requests.append(contentsOf: responses.values.compactMap(\.request))
        state = .closed
        responses = [:]
        activeID = nil
        pending = nil
        queue = []
        hiddenActiveUntil = nil
        isHolding = false
        rehearingUntil = nil
        return requests.sorted { $0.number < $1.number }
    }

    // MARK: What time brings

    mutating func deadline(at now: Instant) -> [Output] {
        guard state == .ready else { return [] }
        if let waiting = pending, waiting.sentAt + limits.responseStart <= now {
            guard !limits.isRemote || lastEventAt > waiting.sentAt else {
                return [.stalled(RealtimeError(connectionFailure: "it says nothing any more"))]
            }
            pending = nil
            let error = RealtimeError(
                code: "response_timeout", message: "the model did not begin a response in time", severity: .retryable)
            retryOrFail(waiting.request, error, at: now)
        }
        if let id = activeID, let active = responses[id], active.lastEventAt + limits.responseStall <= now {
            guard !limits.isRemote || lastEventAt > active.lastEventAt else {
                return [.stalled(RealtimeError(connectionFailure: "it stopped in the middle of a response"))]
            }
            cancel(id)
            let error = RealtimeError(
                code: "response_stalled", message: "the model stopped in the middle of a response", severity: .retryable
            )
            endActive(id, status: .failed(error), calls: [], usage: nil, mayRetry: false, at: now)
        }
        if let until = hiddenActiveUntil, until <= now { hiddenActiveUntil = nil }
        if case .awaitingResponse(let until) = callerTurn, until <= now {
            callerTurn = .none
            remindOfTurn()
        }
        if let until = rehearingUntil, until <= now {
            rehearingUntil = nil
            rehearsedFrom = nil
            let answer = request(.followUp, at: now)
            outputs += answer.outputs
        }
        advance(at: now)
        return take()
    }

    // MARK: Sending

    mutating func cancel(_ id: String) {
        guard let response = responses[id] else { return }
        responses[id]?.isMuted = true
        if id == activeID, !response.isCancelSent {
            responses[id]?.isCancelSent = true
            send(.cancelResponse(id: id))
        }
    }

    /// Sends the first request that may go now.
    mutating func advance(at now: Instant) {
        guard state == .ready, isFree,
            let index = queue.firstIndex(where: { entry in sendTime(of: entry).map { $0 <= now } ?? false })
        else { return }
        let request = queue.remove(at: index).request
        if !request.isInterruptible, !isHolding, !isDuplex {
            isHolding = true
            send(.updateTurnDetection(settings.turnDetection.eventsOnly))
        }
        let eventID = send(.createResponse(request.parameters(base: settings.instructions)))
        pending = Pending(request: request, eventID: eventID, sentAt: now)
    }

    @discardableResult
    mutating func send(_ body: RealtimeClientEvent.Body) -> String {
        let eventID = "moonline_\(nextEventNumber)"
        nextEventNumber += 1
        outputs.append(.send(RealtimeClientEvent(eventID: eventID, body: body)))
        return eventID
    }

    mutating func take() -> [Output] {
        defer { outputs = [] }
        return outputs
    }
}
