import SansIO

/// The end of a call that cannot go on: `on_error` first, then the fallback line, then away.
struct WayOut: Hashable, Sendable {
    let outcome: CallOutcome
    /// Where the far end goes when it has heard the line; `nil` hangs up.
    var target: String?
    /// The `on_error` behind which the line is said.
    var handler: ScriptTaskID?
    /// The request for the line that the model has not begun to say.
    var line: UInt64?
}

extension CallSession {
    /// Tells of a fault, the script too.
    ///
    /// - Returns: The `on_error` that gets it.
    @discardableResult
    mutating func tell(_ fault: CallFault) -> ScriptTaskID? {
        var fault = fault
        fault.turn = turn.number
        observe(.fault(fault))
        guard !isEnding else { return nil }
        return notify(
            .onError,
            [
                [
                    "kind": .string(fault.kind.rawValue), "message": .string(fault.message),
                    "retryable": .bool(fault.isRetryable),
                ]
            ])
    }

    /// Leaves the call by its fallback line, if it has one: after `on_error`, but not for ever.
    mutating func takeWayOut(_ outcome: CallOutcome, after handler: ScriptTaskID?, at now: Instant) {
        guard phase == .active, wayOut == nil, let fallback = definition.fallback else { return }
        wayOut = WayOut(outcome: outcome, target: fallback.transferTo, handler: handler)
        if handler != nil {
            timers[.fallback] = now + configuration.limits.onError
        } else {
            leave(at: now)
        }
    }

    /// Says the fallback line, and closes the call behind it.
    mutating func leave(at now: Instant) {
        timers[.fallback] = nil
        wayOut?.handler = nil
        guard phase == .active, let way = wayOut, let fallback = definition.fallback else { return }
        close(with: way.outcome, at: now)
        if isModelOpen {
            let (line, outputs) = realtime.request(.say(text: fallback.text, isInterruptible: false), at: now)
            wayOut?.line = line
            handle(outputs, at: now)
        } else {
            playLine(fallback)
        }
    }

    /// Plays the line that the model does not say.
    mutating func sayLineInstead(at now: Instant) {
        guard isClosing, wayOut?.line != nil, let fallback = definition.fallback else { return }
        wayOut?.line = nil
        playLine(fallback)
    }

    private mutating func playLine(_ fallback: AgentDefinition.Fallback) {
        guard !fallbackAudio.isEmpty else { return }
        _ = playLocal(fallbackAudio, text: fallback.text, isInterruptible: false)
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
        report(.requested, code: nil)
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
