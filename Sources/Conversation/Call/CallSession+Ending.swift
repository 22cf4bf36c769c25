import SansIO

/// From the decision to end a call to `finish`.
extension CallSession {
    /// Lets the last words be heard, then ends the call.
    ///
    /// The caller no longer interrupts: a "bye" spoken into the agent's goodbye doesn't cut it off. What the model
    /// begins from now on is cancelled.
    mutating func close(with outcome: CallOutcome, at now: Instant) {
        guard phase == .active else {
            end(outcome, at: now)
            return
        }
        phase = .closing(outcome)
        realtime.withdrawFollowUps()
        // The fallback line comes behind what is being said.
        let before = wayOut == nil ? .zero : ledger.unheard(at: now)
        timers[.hangUpPlayout] = now + configuration.limits.hangUpPlayout + before
    }

    /// The last words took too long.
    mutating func lastWordsMissed(at now: Instant) {
        guard case .closing(let outcome) = phase else { return }
        if wayOut?.line != nil {
            // The model is there, and says nothing.
            abandonSpeech()
            closeModel(at: now)
            sayLineInstead(at: now)
            timers[.hangUpPlayout] = now + configuration.limits.hangUpPlayout + ledger.unheard(at: now)
            return
        }
        if transfer != nil || !transferAway(at: now) { end(outcome, at: now) }
    }

    /// Hangs up when nothing is left to be said, heard or done.
    mutating func finishClosing(at now: Instant) {
        guard case .closing(let outcome) = phase, ledger.isIdle, !ledger.isFlushing, realtime.isIdle else { return }
        // Behind the fallback line the far end waits for nothing more.
        let isBusy =
            wayOut == nil
            && functions.open.contains { call in
                guard let task = call.task else { return true }
                return waits[task] != .hangUp
            }
        if !isBusy, !transferAway(at: now) { end(outcome, at: now) }
    }

    /// Ends the call now. The first outcome counts.
    ///
    /// - Parameter hangingUp: Whether the telephone side has to be told; it knows when it reported the end itself.
    mutating func end(_ outcome: CallOutcome, hangingUp: Bool = true, at now: Instant) {
        var outcome = outcome
        switch phase {
        case .ending, .finished: return
        case .idle:
            phase = .finished
            perform(.finish(outcome))
            return
        case .dialing, .answered, .active, .closing:
            if hangingUp { perform(.hangUp(reason: outcome.reason)) }
        case .asking, .connecting, .configuring:
            if hangingUp, isInbound { perform(.reject(status: outcome.sipStatus ?? 480)) }
        }
        outcome.wasAnswered = answeredAt != nil
        outcome.duration = answeredAt.map { now - $0 } ?? .zero
        phase = .ending(Ending(outcome: outcome, step: .settling))
        timers.removeAll()
        setStatus(.hangup)
        if ledger.isAudible {
            _ = ledger.condemn()
            perform(.flush)
        }
        scripts.dropQueued { purpose in
            if case .notify(let handler) = purpose { handler != .onAnswered && handler != .onRinging } else { false }
        }
        functions.removeAll()
        releaseWaits(at: now)
        if isModelOpen, let outputs = pipeline?.callerLeft(at: now) { handle(outputs, at: now) }
        timers[.lateTranscript] = now + configuration.limits.lateTranscript
        timers[.lastHandlers] = now + configuration.limits.lateTranscript + configuration.limits.lastHandlers
    }

    /// Answers every request that waits: with success what asked for the end, with `call_ended` all else. Those that
    /// sleep are closed.
    private mutating func releaseWaits(at now: Instant) {
        for (id, wait) in waits.sorted(by: { $0.key < $1.key }) {
            switch wait {
            case .sleep:
                waits[id] = nil
                if scripts.cancel(id) { perform(.script(.cancel(id))) }
            case .gather:
                stopGathering()
                resume(id, CallSession.callEnded, at: now)
            case .service, .loading:
                perform(.cancelService(id))
                resume(id, CallSession.callEnded, at: now)
            case .hangUp: resume(id, .value(true), at: now)
            case .transfer, .playout, .speech, .local: resume(id, CallSession.callEnded, at: now)
            }
        }
        speeches = [:]
        transfer = nil
        offer = nil
        dropTimers()
    }

    static let callEnded = ScriptReply.failure(code: .callEnded, message: "the call has ended")

    /// Goes on towards `finish` as far as it is possible now.
    mutating func advanceEnding(at now: Instant) {
        guard case .ending(let ending) = phase else { return }
        switch ending.step {
        case .settling:
            let isHearing = inputs.isOutstanding || pipeline?.turns.isHearing == true
            if !ledger.isFlushing, !isModelOpen || !isHearing { finishSettling(at: now) }
        case .handlers:
            guard scripts.isIdle else { return }
            timers[.lastHandlers] = nil
            guard handles(.onHangup) else {
                finish()
                return
            }
            let id = scripts.start(
                .handler(.onHangup, arguments: [.string(ending.outcome.reason)]), for: .onHangUp)
            timers[.onHangUp] = now + configuration.limits.onHangUp
            phase = .ending(Ending(outcome: ending.outcome, step: .onHangUp(id)))
        case .onHangUp(let id):
            if !scripts.contains(id) { finish() }
        }
    }

    /// Writes down what was heard and said last, and lets go of the model.
    mutating func finishSettling(at now: Instant) {
        guard case .ending(var ending) = phase, ending.step == .settling else { return }
        timers[.lateTranscript] = nil
        timers[.flushReport] = nil
        while ledger.isFlushing { receiveCut(ledger.assumeFlushed(at: now), at: now) }
        for part in ledger.takeRemaining() {
            noteHeard(part)
            report(part)
        }
        reportAnswer()
        realtime.history.end()
        for utterance in inputs.takeRemaining() { report(utterance) }
        closeModel(at: now)
        ending.step = .handlers
        phase = .ending(ending)
        advanceEnding(at: now)
    }

    mutating func closeModel(at now: Instant) {
        guard isModelOpen else { return }
        isModelOpen = false
        _ = realtime.close()
        disconnectModel(at: now)
    }

    /// The handlers had their time: those that wait are closed, one that runs forfeits `on_hangup`.
    mutating func abandonHandlers(at now: Instant) {
        finishSettling(at: now)
        guard case .ending(let ending) = phase, ending.step == .handlers else { return }
        for id in scripts.all where scripts.cancel(id) {
            abandonWait(of: id)
            perform(.script(.cancel(id)))
        }
        guard scripts.isIdle else {
            let message = "a handler did not end with the call; on_hangup was not run"
            observe(.fault(CallFault(kind: .script, message: message)))
            finish()
            return
        }
        advanceEnding(at: now)
    }

    mutating func abandonOnHangUp(at now: Instant) {
        guard case .ending(let ending) = phase, case .onHangUp(let id) = ending.step else { return }
        observe(.fault(CallFault(kind: .script, message: "on_hangup took too long and was stopped")))
        if scripts.cancel(id) {
            abandonWait(of: id)
            perform(.script(.cancel(id)))
        }
        finish()
    }

    private mutating func finish() {
        guard case .ending(let ending) = phase else { return }
        phase = .finished
        timers.removeAll()
        perform(.finish(ending.outcome))
    }
}
