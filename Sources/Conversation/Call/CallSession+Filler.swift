import SansIO

/// What the far end hears while an action takes its time.
extension CallSession {
    /// Lets the time of the filler line run while an action works and nobody speaks.
    mutating func watchActions(at now: Instant) {
        guard let filler = definition.filler, !filler.lines.isEmpty, isWorkingInSilence else {
            timers[.filler] = nil
            return
        }
        if timers[.filler] == nil { timers[.filler] = now + filler.after }
    }

    private var isWorkingInSilence: Bool {
        phase == .active && isModelOpen && outage == nil && ledger.isIdle && !ledger.isFlushing && realtime.isIdle
            && !realtime.isAnswerDue && !isCallerSpeaking && keys.gathering == nil && transfer == nil && wayOut == nil
            && functions.open.contains { !$0.isFilled && isWorking($0) }
    }

    /// Whether an action is at work, and does not wait for the telephone or for speech.
    private func isWorking(_ call: FunctionCalls.Open) -> Bool {
        guard let task = call.task else { return false }
        return switch waits[task] {
        case nil, .sleep, .service, .loading: true
        case .transfer, .hangUp, .playout, .gather, .speech, .local: false
        }
    }

    /// Says the next line, once for all that is at work.
    mutating func fill(at now: Instant) {
        guard let filler = definition.filler, !filler.lines.isEmpty, isWorkingInSilence else { return }
        let line = filler.lines[fillerCount % filler.lines.count]
        fillerCount += 1
        functions.fill()
        handle(realtime.request(.say(text: line, isInterruptible: true), at: now).outputs, at: now)
    }
}
