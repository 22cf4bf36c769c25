import SansIO

/// What the server says.
extension RealtimeSession {
    mutating func receive(_ event: RealtimeServerEvent, at now: Instant) -> [Output] {
        guard state != .closed, state != .suspended else { return [] }
        lastEventAt = now
        switch event {
        case .error(let error): receive(error, at: now)
        case .sessionUpdated(let id, let model, let expiresAt):
            if case .configuring = state {
                state = .ready
                replay(at: now)
                outputs.append(.configured(id: id, model: model, expiresAt: expiresAt))
            }
        case .responseCreated(let response): begin(response, at: now)
        case .responseDone(let response): finish(response, at: now)
        case .speechStarted(let itemID, _):
            if !isDuplex { callerTurn = .speaking }
            rehearingUntil = nil
            openTurn(itemID, at: now)
            // The server begins ours only after this, so that it would speak into the caller's turn. Its own answer to
            // that turn serves as well.
            if !isDuplex, pending?.request.yieldsToCaller == true, settings.turnDetection.createsResponse, !isHolding {
                pending?.isCancelled = true
            }
            outputs.append(.speechStarted(itemID: itemID))
        case .speechStopped(let itemID, _):
            callerTurn =
                settings.turnDetection.createsResponse && !isHolding && !isDuplex
                ? .awaitingResponse(until: now + limits.serverResponse) : .none
            if isHolding { isTurnMissed = true }
            outputs.append(.speechStopped(itemID: itemID))
        case .inputCommitted(let itemID, let previousItemID):
            isTurnCommitted = true
            if isHolding { isTurnMissed = true }
            history.callerSpoke(itemID, after: previousItemID)
            commitTurn(itemID)
            outputs.append(.inputCommitted(itemID: itemID, previousItemID: previousItemID))
        case .inputCleared:
            callerTurn = .none
            openTurns.removeAll { !$0.isCommitted }
        case .inputTranscriptDelta(let itemID, let delta):
            history.callerSaid(itemID, more: delta)
            outputs.append(.inputTranscript(itemID: itemID, delta: delta))
        case .inputTranscriptCompleted(let itemID, let transcript):
            history.callerSaid(itemID, transcript, isFinal: true)
            outputs.append(.inputTranscriptEnded(itemID: itemID, transcript))
        case .inputTranscriptFailed(let itemID, _):
            history.callerSaid(itemID, nil, isFinal: true)
            outputs.append(.inputTranscriptEnded(itemID: itemID, nil))
        case .outputItemAdded(let item, let responseID, _), .outputItemDone(let item, let responseID, _):
            note(item, responseID: responseID, at: now)
        case .functionArgumentsDone(let responseID, let itemID, let call):
            note(call, itemID: itemID, responseID: responseID, at: now)
        case .functionArgumentsDelta(let responseID, _, _): _ = touch(responseID, at: now)
        case .audioDelta, .audioDone, .audioTranscriptDelta, .audioTranscriptDone, .textDelta, .textDone,
            .contentPartAdded, .contentPartDone:
            receivePart(event, at: now)
        case .itemAdded(let item, let previousItemID):
            place(item, after: previousItemID)
            if case .functionCallOutput(let callID) = item.kind { unacknowledgedOutputs.remove(callID) }
        case .sessionCreated, .itemDone, .itemTruncated, .itemDeleted, .inputTimedOut, .rateLimitsUpdated,
            .unknown:
            break
        }
        advance(at: now)
        return take()
    }

    /// Functions were called beside all responses.
    mutating func noteCalls(_ calls: [RealtimeFunctionCall]) {
        for call in calls {
            history.called(call, id: "")
            knownCalls.insert(call.callID)
        }
    }

    private mutating func receive(_ error: RealtimeError, at now: Instant) {
        if case .configuring(let eventID) = state {
            if error.eventID == eventID || error.eventID == nil || error.severity == .fatal {
                outputs.append(.configurationRefused(error))
            }
            return
        }
        if let eventID = error.eventID, replayEvents.remove(eventID) != nil {
            outputs.append(.replayRefused(error))
            return
        }
        let isConflict = error.code == "conversation_already_has_active_response"
        if let waiting = pending, error.eventID == waiting.eventID || (error.eventID == nil && isConflict) {
            pending = nil
            if isConflict {
                // The server's own response came first; ours has its turn when that one is done.
                if !waiting.isCancelled, !waiting.request.isReminder {
                    queue.insert(Waiting(request: waiting.request), at: 0)
                }
                if waiting.isCancelled { outputs.append(.requestFailed(waiting.request, error)) }
                if activeID == nil { hiddenActiveUntil = now + limits.responseStart }
            } else {
                retryOrFail(waiting.request, error, at: now)
            }
        } else if !error.isExpected {
            outputs.append(.fault(error))
        }
    }

    private mutating func begin(_ response: RealtimeResponse, at now: Instant) {
        guard responses[response.id] == nil else { return }
        hiddenActiveUntil = nil
        let number = response.metadata[ResponseRequest.numberKey].flatMap { UInt64($0) }
        var request: ResponseRequest?
        var isCancelled = false
        // A server that echoes no metadata: the response is ours unless a turn of the caller asked for one.
        if let waiting = pending, number == waiting.request.number || (number == nil && !isTurnCommitted) {
            request = waiting.request
            isCancelled = waiting.isCancelled
            pending = nil
        } else if unacknowledgedOutputs.isEmpty {
            // The server's own response sees all that a waiting follow-up would.
            queue.removeAll { $0.request.yieldsToCaller }
        }
        if case .awaitingResponse = callerTurn { callerTurn = .none }
        isTurnCommitted = false
        responses[response.id] = ActiveResponse(
            request: request, turns: openTurns.filter(\.isCommitted).map(\.itemID), lastEventAt: now)
        activeID = response.id
        outputs.append(.responseStarted(id: response.id, request: request))
        if isCancelled {
            cancel(response.id)
        } else if isDuplex, request?.isInterruptible == false, !isHolding {
            // A model that hears while it speaks is held from its first word on.
            isHolding = true
            send(.updateTurnDetection(settings.turnDetection.eventsOnly))
        }
    }

    private mutating func finish(_ response: RealtimeResponse, at now: Instant) {
        guard let active = responses[response.id] else {
            hiddenActiveUntil = nil
            return
        }
        for item in response.output { note(item, responseID: response.id, at: now) }
        let calls = response.status == .completed ? responses[response.id]?.calls ?? active.calls : []
        if !calls.isEmpty { closeTurns(of: response.id) }
        for call in calls {
            history.called(call, id: responses[response.id]?.callItems[call.callID] ?? "")
            knownCalls.insert(call.callID)
        }
        endActive(
            response.id, status: response.status, calls: calls, usage: response.usage, mayRetry: true, at: now)
    }

    mutating func endActive(
        _ id: String, status: RealtimeResponse.Status, calls: [RealtimeFunctionCall], usage: JSON?, mayRetry: Bool,
        at now: Instant
    ) {
        guard let ended = responses.removeValue(forKey: id) else { return }
        if activeID == id { activeID = nil }
        var result = ResponseResult(id: id, request: ended.request, status: status, calls: calls, usage: usage)
        if case .failed(let error) = status {
            let canRetry =
                mayRetry && error.severity == .retryable && !ended.hasAudio && !ended.isMuted
                && (ended.request?.attempts ?? 0) < limits.maximumRetries
            if canRetry {
                var request = ended.request ?? ResponseRequest(number: nextRequestNumber, kind: .followUp)
                if ended.request == nil { nextRequestNumber += 1 }
                request.attempts += 1
                queue.insert(Waiting(request: request, notBefore: now + limits.retryDelay), at: 0)
                result.request = nil
            } else {
                outputs.append(.fault(error))
            }
        }
        outputs.append(.responseEnded(result))
    }

    mutating func retryOrFail(_ request: ResponseRequest, _ error: RealtimeError, at now: Instant) {
        if error.severity == .retryable, request.attempts < limits.maximumRetries {
            var again = request
            again.attempts += 1
            queue.insert(Waiting(request: again, notBefore: now + limits.retryDelay), at: 0)
        } else {
            if !error.isExpected { outputs.append(.fault(error)) }
            outputs.append(.requestFailed(request, error))
        }
    }

    /// Notes a sign of life of a response.
    ///
    /// - Returns: Its id, which some servers leave out; `nil` when the response is not under way.
    private mutating func touch(_ responseID: String, at now: Instant) -> String? {
        guard let id = responseID.isEmpty ? activeID : responseID, responses[id] != nil else { return nil }
        responses[id]?.lastEventAt = now
        return id
    }

    private mutating func note(_ item: RealtimeItem, responseID: String, at now: Instant) {
        guard let id = touch(responseID, at: now) else { return }
        if case .message = item.kind { noteSpeech(item.id, in: id) }
        guard case .functionCall(let call) = item.kind else { return }
        responses[id]?.callNames[item.id] = call
        if item.status != "in_progress", !call.arguments.isEmpty || item.status == "completed" {
            note(call, itemID: item.id, responseID: id, at: now)
        }
    }

    private mutating func note(
        _ call: RealtimeFunctionCall, itemID: String, responseID: String, at now: Instant
    ) {
        guard let id = touch(responseID, at: now), !call.callID.isEmpty else { return }
        var call = call
        if call.name.isEmpty { call.name = responses[id]?.callNames[itemID]?.name ?? "" }
        guard responses[id]?.calls.contains(where: { $0.callID == call.callID }) == false else { return }
        responses[id]?.calls.append(call)
        responses[id]?.callItems[call.callID] = itemID
    }

    private mutating func receivePart(_ event: RealtimeServerEvent, at now: Instant) {
        switch event {
        case .audioDelta(let path, let audio):
            guard let path = audiblePath(path, at: now), !audio.isEmpty else { return }
            responses[path.responseID]?.hasAudio = true
            noteSpeech(path.itemID, in: path.responseID)
            closeTurns(of: path.responseID)
            hasSpoken = true
            outputs.append(.audio(path, audio, request: responses[path.responseID]?.request))
        case .audioDone(let path):
            guard let path = audiblePath(path, at: now) else { return }
            outputs.append(.audioEnded(path))
        case .audioTranscriptDelta(let path, let text):
            guard let path = audiblePath(path, at: now), !text.isEmpty else { return }
            noteSpeech(path.itemID, in: path.responseID)
            history.wrote(path.itemID, part: path.contentIndex, text)
            outputs.append(.transcript(path, text, request: responses[path.responseID]?.request))
        case .audioTranscriptDone(let path, let text):
            guard let path = audiblePath(path, at: now) else { return }
            if !text.isEmpty { history.wrote(path.itemID, part: path.contentIndex, text, isWhole: true) }
            outputs.append(.transcriptEnded(path, text.isEmpty ? nil : text))
        case .contentPartDone(let path, _):
            guard let path = audiblePath(path, at: now) else { return }
            outputs.append(.audioEnded(path))
            outputs.append(.transcriptEnded(path, nil))
        case .textDelta(let path, _), .textDone(let path, _), .contentPartAdded(let path, _):
            _ = touch(path.responseID, at: now)
        default:
            break
        }
    }

    /// The path with its response's id, when what belongs to it may be heard.
    private mutating func audiblePath(_ path: RealtimePartPath, at now: Instant) -> RealtimePartPath? {
        guard let id = touch(path.responseID, at: now), responses[id]?.isMuted == false else { return nil }
        var path = path
        path.responseID = id
        return path
    }
}
