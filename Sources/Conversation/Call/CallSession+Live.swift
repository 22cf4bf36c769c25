import SansIO

/// Live mode: what stands between the call and a model that hears and speaks at the same time.
extension CallSession {
    mutating func handle(_ outputs: [LiveSession.Output], at now: Instant) {
        for output in outputs { handle(output, at: now) }
    }

    private mutating func handle(_ output: LiveSession.Output, at now: Instant) {
        switch output {
        case .event(let event):
            handle(realtime.receive(event, at: now), at: now)
            if case .inputTranscriptDelta(let itemID, _) = event { yield(toWordsOf: itemID, at: now) }
        case .send(let event): perform(.sendLive(event))
        case .calls(let calls, let responseID):
            realtime.noteCalls(calls)
            begin(calls, responseID: responseID, at: now)
        case .usage(let usage): observe(.usage(usage))
        case .turnEnded(let end): turn.ends(end)
        case .interrupted(let path, let unheard): ledger.leave(path, unsaid: unheard)
        case .lost(let error): modelLost(error, at: now)
        }
    }

    /// Takes what was heard of the caller on the way to the server.
    mutating func hear(_ event: PipelineEvent, at now: Instant) {
        switch event {
        case .voiceStarted: handle(live?.hear(true, at: now) ?? [], at: now)
        case .voiceStopped: handle(live?.hear(false, at: now) ?? [], at: now)
        default: break
        }
    }

    /// Drops what a server has sent ahead of time, at the first word that the caller speaks into it.
    ///
    /// A model that hears while it speaks falls silent by itself: what it sent in real time is no more than the
    /// network's jitter.
    private mutating func yield(toWordsOf itemID: String, at now: Instant) {
        guard itemID == turnOverSpeech else { return }
        turnOverSpeech = nil
        guard let live, phase == .active, ledger.isAudible, ledger.isInterruptible, !realtime.isHolding,
            ledger.unheard(at: now) > live.options.lead
        else { return }
        silence(at: now)
    }
}
