import SansIO

/// A connection that is lost, and the next one.
extension RealtimeSession {
    /// What becomes of the call when the connection is lost.
    struct Suspension {
        /// From when on the far end's audio is to be heard again; `nil` where nothing of it is missed.
        var rehearsFrom: Instant?
        /// Turns of the far end that come again with it, under other names.
        var itemsToCome: Set<String> = []
        var outputs: [Output] = []
    }

    /// Whether something is still to be said that the call waits for.
    var owesSpeech: Bool {
        !queue.isEmpty || pending?.isCancelled == false || responses.values.contains { !$0.isMuted }
    }

    /// The connection is lost, and another one is to come.
    ///
    /// What was being said goes on behind what arrived of it. A turn of the caller that is not answered is answered
    /// then: by its words where they are known, and where not by hearing it again.
    mutating func suspend(at now: Instant) -> Suspension {
        var suspension = Suspension()
        guard state != .closed, state != .suspended else { return suspension }
        // A connection that dies before its settings are in force has heard nothing: what the one before has left to be
        // heard again still is.
        let hasHeardNothing = if case .configuring = state { openTurns.isEmpty } else { false }
        state = .suspended
        let isRehearsed = hasHeardNothing ? isRehearing : rehearse(&suspension, at: now)
        if let lost = pending {
            if lost.isCancelled {
                outputs.append(.requestFailed(lost.request, Self.interrupted))
            } else {
                wait(for: lost.request)
            }
        }
        pending = nil
        for (id, response) in responses.sorted(by: { $0.key < $1.key }) {
            responses[id] = nil
            goOn(with: response, id: id)
        }
        activeID = nil
        if isRehearsed, !hasHeardNothing { queue.removeAll { $0.request.yieldsToCaller } }
        isRehearing = isRehearsed
        rehearingUntil = nil
        hiddenActiveUntil = nil
        callerTurn = .none
        isTurnCommitted = false
        unacknowledgedOutputs = []
        knownCalls = []
        replayEvents = []
        replayedItems = [:]
        for entry in history.entries {
            if case .agent = entry.content { foreignItems.insert(entry.id) }
        }
        suspension.outputs = take()
        return suspension
    }

    private static let interrupted = RealtimeError(
        code: "response_cancel_not_active", message: "the response was interrupted", severity: .benign)

    /// Finds what of the far end's audio the next connection has to hear again.
    ///
    /// - Returns: Whether the server will answer it by itself.
    private mutating func rehearse(_ suspension: inout Suspension, at now: Instant) -> Bool {
        defer { openTurns = [] }
        rehearsedFrom = nil
        // A noise is no turn.
        openTurns.removeAll { history.finalText(of: $0.itemID) == "" }
        guard let first = openTurns.firstIndex(where: { history.finalText(of: $0.itemID) == nil }) else {
            if !openTurns.isEmpty, settings.turnDetection.createsResponse { askForAnswer() }
            return false
        }
        let turns = openTurns[first...]
        if let startedAt = turns.first?.startedAt, now - startedAt <= limits.rehearing {
            suspension.rehearsFrom = startedAt
            rehearsedFrom = startedAt
            suspension.itemsToCome = Set(turns.map(\.itemID))
            for turn in turns { history.remove(turn.itemID) }
            if first == 0 { isTurnMissed = false }
            return settings.turnDetection.createsResponse && !isHolding
        }
        // Too long ago: the model is told that there was something, and asks.
        for turn in turns where turn.isCommitted && history.finalText(of: turn.itemID) == nil {
            history.callerSaid(turn.itemID, Self.inaudible, isFinal: true)
        }
        if settings.turnDetection.createsResponse { askForAnswer() }
        return false
    }

    private static let inaudible = "(inaudible)"

    /// Asks for an answer to the caller's turn, unless a response that is under way or waits is one.
    private mutating func askForAnswer(isReminder: Bool = false) {
        guard !isHolding else {
            isTurnMissed = true
            return
        }
        // A response that goes on answers what was said before it began; one that begins anew answers all.
        let isComing =
            !isReminder && responses.values.contains { !$0.isMuted && $0.request?.answersCaller != false }
            || pending.map { !$0.isCancelled && $0.request.answersCaller } == true
            || queue.contains { $0.request.answersCaller }
        guard !isComing else { return }
        var request = newRequest(.followUp)
        request.isReminder = isReminder
        queue.append(Waiting(request: request))
    }

    /// Asks for an answer to a turn that the server has taken and lets go by: its own response met another one, or the
    /// end of an uninterruptible sentence.
    mutating func remindOfTurn() {
        let answered = responses.values.flatMap(\.turns)
        guard limits.isRemote, settings.turnDetection.createsResponse, !isHolding,
            openTurns.contains(where: { $0.isCommitted && !answered.contains($0.itemID) })
        else { return }
        askForAnswer(isReminder: true)
    }

    /// What is to become of a response that was under way.
    private mutating func goOn(with response: ActiveResponse, id: String) {
        var result = ResponseResult(
            id: id, request: response.request, status: .cancelled(reason: "connection_lost"), calls: [], usage: nil)
        guard !response.isMuted else {
            outputs.append(.responseEnded(result))
            return
        }
        let heard = response.items.map { history.text(of: $0) }.filter { !$0.isEmpty }.joined(separator: " ")
        var request = response.request ?? newRequest(.followUp)
        if case .say(let text, let isInterruptible) = request.kind {
            let rest = text.rest(after: heard)
            if rest.isEmpty {
                result.status = .completed
                outputs.append(.responseEnded(result))
                return
            }
            request.kind = .say(text: rest, isInterruptible: isInterruptible)
        } else {
            request.heardBefore = [request.heardBefore, heard].filter { !$0.isEmpty }.joined(separator: " ")
        }
        result.request = nil
        outputs.append(.responseEnded(result))
        wait(for: request)
    }

    private mutating func newRequest(_ kind: ResponseRequest.Kind) -> ResponseRequest {
        defer { nextRequestNumber += 1 }
        return ResponseRequest(number: nextRequestNumber, kind: kind)
    }

    /// Puts a request that was under way before those that wait.
    private mutating func wait(for request: ResponseRequest) {
        queue.insert(Waiting(request: request, wasUnderWay: true), at: 0)
    }

    /// Withdraws what a lost connection had been asked for and the agent is not to say any more.
    mutating func stopWaiting() {
        let stopped = queue.filter { $0.wasUnderWay && $0.request.isInterruptible }
        queue.removeAll { $0.wasUnderWay && $0.request.isInterruptible }
        for entry in stopped { outputs.append(.requestFailed(entry.request, Self.interrupted)) }
    }

    // MARK: The next connection

    /// What a new connection is told of the conversation.
    var toldHistory: [ConversationHistory.Item] {
        history.newest(characters: limits.replayedCharacters).compactMap(\.item)
    }

    /// Tells a new connection of the conversation.
    mutating func replay(at now: Instant) {
        if isRehearing, settings.turnDetection.createsResponse, !isHolding {
            rehearingUntil = now + limits.serverResponse
        }
        isRehearing = false
        for entry in history.newest(characters: limits.replayedCharacters) {
            switch entry.item {
            case .message(let role, let text):
                let id = wireID(entry.id)
                replayedItems[entry.id] = id
                replayEvents.insert(send(.replayMessage(id: id, role: role.rawValue, text: text)))
            case .function(let call, let output):
                knownCalls.insert(call.callID)
                replayEvents.insert(send(.replayFunctionCall(id: wireID(entry.id), call)))
                replayEvents.insert(send(.createFunctionOutput(callID: call.callID, output: output)))
            case nil: break
            }
        }
    }

    /// Tells the connection of a call that it does not know, so that the output has its place.
    mutating func tellCall(_ callID: String) {
        guard !knownCalls.contains(callID) else { return }
        for entry in history.entries {
            guard case .function(let call, _) = entry.content, call.callID == callID else { continue }
            knownCalls.insert(callID)
            replayEvents.insert(send(.replayFunctionCall(id: wireID(entry.id), call)))
        }
    }

    /// Tells the connection anew of an item that it knows as text, and of which less was heard.
    mutating func retell(_ itemID: String) {
        guard let known = replayedItems.removeValue(forKey: itemID) else { return }
        send(.deleteItem(id: known))
        let text = history.text(of: itemID)
        guard !text.isEmpty else { return }
        let before = history.last(before: itemID) { replayedItems[$0.id] != nil }
        let id = ownWireID()
        replayedItems[itemID] = id
        replayEvents.insert(
            send(
                .replayMessage(
                    id: id, after: before.flatMap { replayedItems[$0] } ?? "root",
                    role: ConversationHistory.Role.assistant.rawValue, text: text)))
    }

    /// The name of an item on the wire, which servers let be so long.
    private mutating func wireID(_ id: String) -> String { (1...32).contains(id.utf8.count) ? id : ownWireID() }

    private mutating func ownWireID() -> String {
        defer { nextReplayedItem += 1 }
        return "moonline_replayed_\(nextReplayedItem)"
    }

    // MARK: Turns and items

    mutating func openTurn(_ itemID: String, at now: Instant) {
        guard !itemID.isEmpty, !openTurns.contains(where: { $0.itemID == itemID }) else { return }
        // A turn that began but was never committed never will be.
        openTurns.removeAll { !$0.isCommitted }
        openTurns.append(OpenTurn(itemID: itemID, startedAt: rehearsedFrom ?? now))
        rehearsedFrom = nil
    }

    mutating func commitTurn(_ itemID: String) {
        if let index = openTurns.firstIndex(where: { $0.itemID == itemID }) {
            openTurns[index].isCommitted = true
        } else {
            openTurns.append(OpenTurn(itemID: itemID, startedAt: nil, isCommitted: true))
        }
    }

    /// Turns that have got no answer need none.
    mutating func leaveTurns() {
        openTurns = []
    }

    /// The turns that a response answers are answered.
    mutating func closeTurns(of responseID: String) {
        guard let turns = responses[responseID]?.turns, !turns.isEmpty else { return }
        responses[responseID]?.turns = []
        openTurns.removeAll { turns.contains($0.itemID) }
    }

    mutating func noteSpeech(_ itemID: String, in responseID: String) {
        guard responses[responseID]?.items.contains(itemID) == false else { return }
        responses[responseID]?.items.append(itemID)
    }

    /// An item has its place in the server's conversation.
    mutating func place(_ item: RealtimeItem, after previousItemID: String?) {
        let previous = previousItemID.map { entryID($0) }
        switch item.kind {
        case .message(let role):
            history.place(entryID(item.id), after: previous, role: ConversationHistory.Role(rawValue: role))
        case .functionCall: history.place(entryID(item.id), after: previous)
        case .functionCallOutput, .other: break
        }
    }

    /// The name in the history of an item that has another one on this connection.
    private func entryID(_ id: String) -> String { replayedItems.first { $0.value == id }?.key ?? id }
}
