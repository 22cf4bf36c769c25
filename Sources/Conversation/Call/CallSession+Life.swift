import SansIO

/// From the start of a call to its answer.
extension CallSession {
    mutating func start(at now: Instant) {
        guard phase == .idle else { return }
        startedAt = now
        if isInbound {
            startIncoming(at: now)
            return
        }
        setStatus(.dialing)
        if handles(.onDial) {
            phase = .asking
            timers[.onDial] = now + configuration.limits.onDial
            _ = scripts.start(.handler(.onDial, arguments: []), for: .onDial)
        } else {
            connectModel(at: now)
        }
    }

    mutating func setStatus(_ status: CallFacts.Status) {
        facts.status = status
        observe(.status(status))
    }

    mutating func hangUpRequested(_ reason: String, at now: Instant) {
        let wasAnswered = answeredAt != nil
        end(
            CallOutcome(
                kind: wasAnswered ? .completed : .cancelled, reason: reason,
                message: wasAnswered
                    ? "The call was ended by the operator." : "The call was cancelled by the operator.",
                endedBy: .host),
            at: now)
    }

    /// `on_dial` has come to its end: `false, reason` refuses, a table changes how to dial, all else lets it be.
    mutating func dialDecided(_ values: [JSON], at now: Instant) {
        guard phase == .asking else { return }
        timers[.onDial] = nil
        switch values.first ?? .null {
        case .bool(false):
            let reason = values.dropFirst().first?.string ?? "refused"
            end(
                CallOutcome(
                    kind: .refused, reason: reason, message: "The flow's on_dial refused to dial: \(reason).",
                    endedBy: .agent),
                at: now)
        case .object(let options):
            apply(options)
            connectModel(at: now)
        default:
            connectModel(at: now)
        }
    }

    /// A fault in `on_dial` refuses as well: the handler may be the one that knows who must not be called.
    mutating func dialRefused(byFault message: String, at now: Instant) {
        guard phase == .asking else { return }
        timers[.onDial] = nil
        end(
            CallOutcome(
                kind: .scriptFailed, reason: "on_dial",
                message: "The call was not dialled, because on_dial failed: \(message).", endedBy: .fault),
            at: now)
    }

    private mutating func apply(_ options: JSONObject) {
        if let callerID = options["caller_id"]?.string { dialOptions.callerID = callerID }
        if let seconds = options["ring_timeout"]?.number, seconds > 0, seconds <= 3_600 {
            dialOptions.ringTimeout = .milliseconds(Int64(seconds * 1_000))
        }
        for member in options["headers"]?.object?.members ?? [] {
            let text = member.value.string ?? member.value.text
            if CallSession.isHeader(name: member.key, value: text) {
                dialOptions.headers[member.key] = text
            } else {
                let message = "on_dial gave a header that cannot be sent: \(member.key)"
                observe(.fault(CallFault(kind: .script, message: message)))
            }
        }
    }

    /// Whether a header can neither break its line nor its name (RFC 3261 §25.1).
    private static func isHeader(name: String, value: String) -> Bool {
        let marks = Set("-.!%*_+`'~".utf8)
        let isToken = name.utf8.allSatisfy { byte in
            marks.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte)
        }
        return !name.isEmpty && isToken && value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
    }

    mutating func connectModel(at now: Instant) {
        isModelOpen = true
        if pipeline != nil {
            // There is nothing to connect: the stages are opened by the settings.
            phase = .configuring
            timers[.modelConfigure] = now + configuration.limits.modelConfigure
            handle(realtime.configure(), at: now)
            return
        }
        phase = .connecting
        timers[.modelConnect] = now + configuration.limits.modelConnect
        perform(.connectModel)
    }

    mutating func dial(at now: Instant) {
        phase = .dialing
        timers[.modelConfigure] = nil
        if isInbound {
            timers[.answer] = max(now, answerNotBefore)
            return
        }
        timers[.ring] = now + dialOptions.ringTimeout
        perform(.dial(dialOptions))
    }

    // MARK: Telephone

    mutating func receive(_ event: TelephonyEvent, at now: Instant) {
        switch event {
        case .ringing(let earlyMedia): ringing(earlyMedia: earlyMedia)
        case .answered(let headers): answered(headers, at: now)
        case .failed(let failure):
            let outcome = CallOutcome(failure: failure, wasRinging: facts.status != .dialing)
            if outcome.endedBy == .fault, !isEnding {
                observe(.fault(CallFault(kind: .trunk, message: outcome.message)))
            }
            end(outcome, hangingUp: false, at: now)
        case .ended(let byRemote, let reason): ended(byRemote: byRemote, reason, at: now)
        case .transferAccepted: transferAccepted()
        case .transferProgress(let status, _): transferProgressed(status: status)
        case .transferEnded(let status, let reason): transferEnded(status: status, reason: reason, at: now)
        }
    }

    private mutating func ringing(earlyMedia: Bool) {
        guard phase == .dialing else { return }
        let status: CallFacts.Status = earlyMedia ? .early : .ringing
        // Forks and retransmissions ring again; only news is told.
        guard facts.status == .dialing || (facts.status == .ringing && status == .early) else { return }
        setStatus(status)
        notify(.onRinging, [.bool(earlyMedia)])
    }

    private mutating func answered(_ headers: [String: String], at now: Instant) {
        guard phase == .dialing else { return }
        timers[.ring] = nil
        timers[.answer] = nil
        answeredAt = now
        facts.answeredAt = facts.startedAt + (now - startedAt).seconds
        if !isInbound { facts.headers = headers }
        timers[.callDuration] = now + configuration.limits.callDuration
        setStatus(.active)
        phase = .answered
        if isMediaReady {
            activate(at: now)
        } else {
            timers[.mediaStart] = now + configuration.limits.mediaStart
        }
    }

    mutating func mediaStarted(at now: Instant) {
        isMediaReady = true
        if phase == .answered { activate(at: now) }
    }

    private mutating func activate(at now: Instant) {
        timers[.mediaStart] = nil
        phase = .active
        isListening = true
        if outage == nil {
            listen(at: now)
        } else {
            perform(.keepAudio(last: .zero))
        }
        timers[.measure] = now + configuration.limits.measurement
        if handles(.onAnswered) {
            notify(.onAnswered, [])
        } else {
            handle(realtime.request(.greeting, at: now).outputs, at: now)
        }
    }

    private mutating func ended(byRemote: Bool, _ reason: String, at now: Instant) {
        if let transfer, transfer.isAccepted {
            // Many switches hang up as soon as they have taken the call over, before the final NOTIFY.
            transferSucceeded(code: nil, at: now)
            end(CallSession.transferredOutcome, hangingUp: false, at: now)
            return
        }
        if case .closing(let outcome) = phase, !byRemote || outcome.endedBy == .fault {
            end(outcome, hangingUp: false, at: now)
            return
        }
        let word = reason.isEmpty ? (byRemote ? "remote_hangup" : "ended") : reason
        end(
            CallOutcome(
                kind: answeredAt == nil ? .cancelled : .completed, reason: word,
                message: byRemote ? "The \(isInbound ? "caller" : "callee") hung up." : "The call was ended.",
                endedBy: byRemote ? .callee : .host),
            hangingUp: false, at: now)
    }
}
