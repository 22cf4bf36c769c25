import SansIO

/// The model's side of the call.
extension CallSession {
    var isEnding: Bool {
        switch phase {
        case .ending, .finished: true
        default: false
        }
    }

    var isClosing: Bool {
        if case .closing = phase { true } else { false }
    }

    mutating func receive(_ event: ModelEvent, at now: Instant) {
        guard isModelOpen else { return }
        switch event {
        case .connected:
            guard !isEnding else { return }
            if outage?.step == .connecting {
                outage?.step = .configuring
            } else if phase == .connecting {
                phase = .configuring
            } else {
                return
            }
            timers[.modelConnect] = nil
            timers[.modelConfigure] = now + configuration.limits.modelConfigure
            if outage != nil { live?.resume(realtime.toldHistory) }
            handle(realtime.configure(), at: now)
        case .event(.error(let error))
        where (phase == .connecting || outage?.step == .connecting) && !error.isExpected:
            // A server may refuse the key with an event before anything was asked of it.
            modelLost(error, at: now)
        case .event(let event):
            handle(realtime.receive(event, at: now), at: now)
        case .live(.error(let error))
        where (phase == .connecting || outage?.step == .connecting) && !error.isExpected:
            modelLost(error, at: now)
        case .live(let event):
            handle(live?.receive(event, at: now) ?? [], at: now)
        case .malformed(let what):
            malformed(what, at: now)
        case .closed(let code, let reason):
            modelLost(RealtimeError(closeCode: code, reason: reason), at: now)
        case .failed(let message):
            modelLost(RealtimeError(connectionFailure: message), at: now)
        }
    }

    private mutating func malformed(_ what: String, at now: Instant) {
        malformedCount += 1
        let isGivenUp: Bool =
            switch phase {
            case .connecting, .configuring: true
            default: outage != nil || malformedCount >= configuration.limits.malformedMessages
            }
        let kind = live == nil ? "Realtime" : "Live"
        let message = "The model sent \(what). Check that the base URL is that of a \(kind) API."
        if isGivenUp {
            modelLost(message: message, isRetryable: false, at: now)
        } else {
            tell(CallFault(kind: .model, message: message, isRetryable: true))
        }
    }

    /// The model is gone for good: a call that isn't answered is given up, one that is ends after what was said.
    mutating func modelLost(message: String, isRetryable: Bool, at now: Instant) {
        guard isModelOpen else { return }
        isModelOpen = false
        outage = nil
        for name in [TimerName.modelConnect, .modelConfigure, .modelRetry, .modelOutage, .modelRenewal, .modelLimit] {
            timers[name] = nil
        }
        let failed = realtime.close()
        disconnectModel(at: now)
        guard !isEnding else { return }
        tell(CallFault(kind: .model, message: message, isRetryable: isRetryable))
        for request in failed {
            answerSpeech(
                request.number, .failure(code: .modelFailed, message: "the model is gone"), at: now)
        }
        // What was generated will not be ended by the server any more.
        abandonSpeech()
        for number in speeches.keys { speeches[number]?.isResponseDone = true }
        let outcome = CallOutcome(kind: .modelFailed, reason: "model_failed", message: message, endedBy: .fault)
        switch phase {
        case .closing:
            // What was generated is heard; the line that the model still owes is the host's.
            sayLineInstead(at: now)
        case .active:
            guard let fallback = definition.fallback else {
                close(with: outcome, at: now)
                return
            }
            // At once: the far end hears nobody.
            if wayOut == nil { wayOut = WayOut(outcome: outcome, target: fallback.transferTo) }
            leave(at: now)
        default:
            close(with: outcome, at: now)
        }
    }

    /// The model will not end any more what it has begun to say: so much of it as arrived is heard.
    mutating func abandonSpeech() {
        let (tags, cut) = ledger.abandon()
        for tag in tags { perform(.finishPlayout(tag: tag)) }
        for part in cut {
            realtime.heard(
                itemID: part.path.itemID, contentIndex: part.path.contentIndex, .cut(part.transcript.text))
        }
    }

    mutating func handle(_ outputs: [RealtimeSession.Output], at now: Instant) {
        for output in outputs { handle(output, at: now) }
    }

    private mutating func handle(_ output: RealtimeSession.Output, at now: Instant) {
        switch output {
        case .inputCommitted, .inputTranscript, .inputTranscriptEnded:
            receiveInput(output, at: now)
        case _ where isEnding:
            // Only what the far end said last is of interest now.
            break
        case .send(let event): send(event, at: now)
        case .configured(let id, let model, let expiresAt):
            planRenewal(expiresAt: expiresAt, at: now)
            if outage != nil { reconnected(id, at: now) }
            guard phase == .configuring else { return }
            observe(.modelReady(sessionID: id, model: model))
            dial(at: now)
        case .configurationRefused(let error):
            guard error.severity == .benign else {
                modelLost(error, at: now)
                return
            }
            let message =
                "The model refused the session's settings: \(error.message). Check the flow's voice and actions."
            modelLost(message: message, isRetryable: false, at: now)
        case .responseStarted(let id, let request): responseStarted(id, request, at: now)
        case .audio(let path, let audio, let request): receiveAudio(audio, path, request, at: now)
        case .audioEnded(let path):
            if let tag = ledger.completeAudio(of: path) { perform(.finishPlayout(tag: tag)) }
        case .transcript(let path, let text, let request): ledger.append(text: text, to: path, request: request)
        case .transcriptEnded(let path, let whole): ledger.completeText(of: path, whole)
        case .responseEnded(let result): responseEnded(result, at: now)
        case .requestFailed(let request, let error): requestFailed(request, error, at: now)
        case .speechStarted(let itemID): callerSpeechStarted(itemID, at: now)
        case .speechStopped(let itemID): callerSpeechStopped(itemID, at: now)
        case .fault(let error):
            if error.severity == .fatal || error.isExpiry {
                modelLost(error, at: now)
            } else {
                let isRetryable = error.severity == .retryable
                tell(CallFault(kind: .model, message: error.sentence, isRetryable: isRetryable))
            }
        case .stalled(let error): modelLost(error, at: now)
        case .replayRefused(let error):
            observe(.fault(CallFault(kind: .model, message: error.sentence, isRetryable: true, turn: turn.number)))
        }
    }

    private mutating func receiveInput(_ output: RealtimeSession.Output, at now: Instant) {
        guard hasTranscripts else { return }
        switch output {
        case .inputCommitted(let itemID, let previousItemID):
            inputs.committed(itemID, previousItemID: previousItemID, at: now)
        case .inputTranscript(let itemID, let delta):
            if let utterance = inputs.append(delta, to: itemID, at: now) {
                observe(.transcript(TranscriptEntry(utterance, isFinal: false)))
            }
        case .inputTranscriptEnded(let itemID, let text):
            for utterance in inputs.complete(itemID, text, at: now) { report(utterance) }
        default:
            break
        }
    }

    /// Tells what the caller said.
    mutating func report(_ utterance: InputTranscripts.Utterance) {
        observe(.transcript(TranscriptEntry(utterance, isFinal: true)))
        notify(.onTranscript, ["user", .string(utterance.text), true])
    }

    // MARK: Responses

    private mutating func responseStarted(_ id: String, _ request: ResponseRequest?, at now: Instant) {
        turn.begin(responseID: id)
        guard case .closing = phase, request?.yieldsToCaller != false else { return }
        handle(realtime.cancelResponse(id: id), at: now)
    }

    private mutating func responseEnded(_ result: RealtimeSession.ResponseResult, at now: Instant) {
        endParts(of: result, at: now)
        if let usage = result.usage { observe(.usage(usage)) }
        // The connection has proved itself.
        if result.status == .completed { recovery = nil }
        if let request = result.request { speechGenerated(request, result.status, at: now) }
        begin(result.calls, responseID: result.id, at: now)
    }

    /// Of a response that came to no end, so much of each part as arrived was said: the model is told so.
    private mutating func endParts(of result: RealtimeSession.ResponseResult, at now: Instant) {
        let (tags, cut) = ledger.complete(responseID: result.id, isWhole: result.status == .completed)
        for tag in tags { perform(.finishPlayout(tag: tag)) }
        for part in cut {
            handle(
                realtime.truncate(
                    itemID: part.path.itemID, contentIndex: part.path.contentIndex,
                    heardMilliseconds: part.transcript.audioBytes / G711Law.bytesPerMillisecond,
                    heard: part.transcript.text, isWhole: pipeline == nil),
                at: now)
        }
    }

    private mutating func requestFailed(_ request: ResponseRequest, _ error: RealtimeError, at now: Instant) {
        let reply: ScriptReply =
            error.isExpected
            ? CallSession.interrupted : .failure(code: .modelFailed, message: error.sentence)
        answerSpeech(request.number, reply, at: now)
        if request.number == wayOut?.line { sayLineInstead(at: now) }
    }
}

extension TranscriptEntry {
    init(_ utterance: InputTranscripts.Utterance, isFinal: Bool) {
        self.init(
            role: .user, text: utterance.text, isFinal: isFinal, itemID: utterance.itemID,
            startedAt: utterance.startedAt, endedAt: utterance.endedAt)
    }
}
