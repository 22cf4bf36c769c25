import SansIO

/// The end of a call that cannot go on: `on_error` first, then the fallback line, then away.
struct WayOut: Hashable, Sendable {
    var outcome: CallOutcome
    /// `on_error` runs; the line is said when it has ended.
    var isHandlerRunning: Bool
    /// Where the far end goes when it has heard the line; `nil` hangs up.
    var target: String?
}

extension CallSession {
    /// Tells of a fault, the script too.
    mutating func tell(_ fault: CallFault) {
        observe(.fault(fault))
        guard !isEnding else { return }
        notify(
            .onError,
            [
                [
                    "kind": .string(fault.kind.rawValue), "message": .string(fault.message),
                    "retryable": .bool(fault.isRetryable),
                ]
            ])
    }

    /// Leaves the call by its fallback line, if it has one: after `on_error`, but not for ever.
    mutating func takeWayOut(_ outcome: CallOutcome, at now: Instant) {
        guard phase == .active, wayOut == nil, let fallback = definition.fallback else { return }
        let waits = handles(.onError)
        wayOut = WayOut(outcome: outcome, isHandlerRunning: waits, target: fallback.transferTo)
        if waits {
            timers[.fallback] = now + configuration.limits.onError
        } else {
            leave(at: now)
        }
    }

    mutating func errorHandled(at now: Instant) {
        if wayOut?.isHandlerRunning == true { leave(at: now) }
    }

    /// Says the fallback line, and closes the call behind it.
    mutating func leave(at now: Instant) {
        timers[.fallback] = nil
        guard phase == .active, let way = wayOut, let fallback = definition.fallback else { return }
        wayOut?.isHandlerRunning = false
        if isModelOpen {
            handle(realtime.request(.say(text: fallback.text, isInterruptible: false), at: now).outputs, at: now)
        } else if !configuration.fallbackAudio.isEmpty {
            _ = playLocal(configuration.fallbackAudio, text: fallback.text, isInterruptible: false)
        }
        close(with: way.outcome, at: now)
    }

    /// Hands the far end over, where the fallback says so, when it has heard the line.
    ///
    /// - Returns: Whether the call waits for that.
    mutating func transferAway(at now: Instant) -> Bool {
        if transfer != nil { return true }
        guard let target = wayOut?.target else { return false }
        wayOut?.target = nil
        transfer = Transfer(task: nil)
        timers[.transfer] = now + configuration.limits.transfer
        timers[.hangUpPlayout] = nil
        perform(.transfer(target: target))
        observe(.transfer(.requested, code: nil))
        return true
    }
}

extension CallOutcome {
    /// That of a call whose script could not go on.
    init(_ fault: ScriptFault) {
        self.init(
            kind: .scriptFailed, reason: fault.kind.rawValue, message: "The flow failed: \(fault.message).",
            endedBy: .fault)
    }
}
