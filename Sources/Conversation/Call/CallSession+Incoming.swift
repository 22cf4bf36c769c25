import SansIO

/// An incoming call, from its INVITE to our answer.
extension CallSession {
    var isInbound: Bool { facts.direction == .inbound }

    mutating func startIncoming(at now: Instant) {
        setStatus(.ringing)
        guard handles(.onIncoming) else {
            connectModel(at: now)
            return
        }
        phase = .asking
        timers[.onDial] = now + configuration.limits.onDial
        _ = scripts.start(.handler(.onIncoming, arguments: []), for: .onIncoming)
    }

    /// `on_incoming` has come to its end.
    mutating func incomingDecided(_ values: [JSON], at now: Instant) {
        guard phase == .asking else { return }
        timers[.onDial] = nil
        let number = values.dropFirst().first?.number
        switch values.first?.string {
        case "reject":
            let status = number.flatMap { Int(exactly: $0) } ?? 603
            let isFinal = (400...699).contains(status)
            end(
                CallOutcome(
                    kind: .refused, reason: "rejected", message: "The flow's on_incoming rejected the call.",
                    sipStatus: isFinal ? status : 603, endedBy: .agent),
                at: now)
        case "ring":
            let seconds = min(max(number ?? 5, 0), 120)
            perform(.ring)
            answerNotBefore = now + .milliseconds(Int64(seconds * 1_000))
            connectModel(at: now)
        case "answer", nil:
            if case .bool(false)? = values.first {
                incomingFailed("on_incoming returned false; write `return \"reject\", 603`", at: now)
            } else {
                connectModel(at: now)
            }
        case let word?:
            incomingFailed("on_incoming returned \"\(word)\"; write \"answer\", \"reject\" or \"ring\"", at: now)
        }
    }

    /// A fault refuses: the handler may be the one that knows who must not be spoken to.
    mutating func incomingFailed(_ message: String, at now: Instant) {
        guard phase == .asking else { return }
        timers[.onDial] = nil
        end(
            CallOutcome(
                kind: .scriptFailed, reason: "on_incoming",
                message: "The call was not answered, because on_incoming failed: \(message).", sipStatus: 480,
                endedBy: .fault),
            at: now)
    }

    mutating func answer() {
        guard phase == .dialing, isInbound else { return }
        perform(.answer)
    }
}
