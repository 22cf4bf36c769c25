import SansIO

/// The time between a connection to the model that is lost and the next one.
struct ModelOutage: Hashable, Sendable {
    enum Step: Hashable {
        /// Until the next try.
        case waiting
        case connecting
        case configuring
    }

    let since: Instant
    /// The connection was given up before its server would have ended it.
    let isPlanned: Bool
    /// Tries so far.
    var attempts: Int
    var step = Step.waiting
    /// What went wrong last.
    var error: RealtimeError
}

/// What is left for the next outage, when one follows upon another.
struct ModelRecovery: Hashable, Sendable {
    let at: Instant
    /// How long the model was away.
    let spent: Duration
    let attempts: Int
}

/// The model's connection ends in mid-call, and the call goes on with another one.
///
/// What is queued goes on playing, what the script asks for waits, and what the far end says is kept. The new session
/// gets the settings of now and the conversation as far as it is true; then what was cut goes on, and a turn that was not
/// answered is answered. Only when the model stays away for too long, or when no try can succeed, is it lost for good.
extension CallSession {
    /// A connection has ended, could not be made, or is of no use any more.
    mutating func modelLost(_ error: RealtimeError, at now: Instant) {
        guard isModelOpen else { return }
        if outage != nil {
            reconnectFailed(error, at: now)
        } else if error.severity == .retryable, canReconnect {
            beginOutage(error, isPlanned: false, at: now)
        } else {
            modelLost(message: error.sentence, isRetryable: error.severity == .retryable, at: now)
        }
    }

    private var canReconnect: Bool {
        // A pipeline mends each of its stages by itself.
        guard definition.mode != .pipeline, configuration.limits.modelReconnects > 0 else { return false }
        return switch phase {
        case .dialing, .answered, .active: true
        // The fallback line is there already; for anything else that is still to be said the model is needed.
        case .closing: wayOut == nil && realtime.owesSpeech
        case .idle, .asking, .connecting, .configuring, .ending, .finished: false
        }
    }

    private mutating func beginOutage(_ error: RealtimeError, isPlanned: Bool, at now: Instant) {
        var spent = Duration.zero
        var attempts = 0
        if let recovery, now - recovery.at < configuration.limits.modelOutage {
            spent = recovery.spent
            attempts = recovery.attempts
        }
        recovery = nil
        outage = ModelOutage(since: now - spent, isPlanned: isPlanned, attempts: attempts, error: error)
        observe(.modelLost(reason: error.sentence, planned: isPlanned))
        abandonSpeech()
        let suspension = realtime.suspend(at: now)
        forgetCaller(suspension.itemsToCome)
        if isListening {
            // Before the connection is let go: nothing is to fall between the two.
            let missed = suspension.rehearsFrom.map { now - $0 + CallSession.speechPadding }
            perform(.keepAudio(last: missed ?? (isPlanned ? CallSession.unnoticed : .zero)))
        }
        leaveConnection()
        handle(suspension.outputs, at: now)
        timers[.modelOutage] = now + max(.zero, configuration.limits.modelOutage - spent)
        reconnect(after: isPlanned || error.isExpiry && attempts == 0 ? .zero : backOff, at: now)
    }

    /// What is heard again begins a little before the server noticed it.
    private static let speechPadding = Duration.milliseconds(700)
    /// At a quiet point, a voice may have begun so long ago of which nobody has told yet.
    private static let unnoticed = Duration.milliseconds(500)

    /// Lets go of the connection. What it still says is not heard.
    private mutating func leaveConnection() {
        modelConnection += 1
        for name in [TimerName.modelConnect, .modelConfigure, .modelRetry, .modelRenewal, .modelLimit] {
            timers[name] = nil
        }
        isRenewalDue = false
        live?.suspend()
        turnOverSpeech = nil
        perform(.closeModel)
    }

    /// The server that heard the caller speak is gone.
    private mutating func forgetCaller(_ itemsToCome: Set<String>) {
        inputs.forget(itemsToCome)
        for utterance in inputs.takeRemaining() { report(utterance) }
        guard isCallerSpeaking else { return }
        isCallerSpeaking = false
        observe(.callerSpeech(started: false))
        if !isEnding { notify(.onSpeechStopped, []) }
    }

    /// 0.5·2ⁿ s, 8 s at most, of which a quarter is left to chance: calls that lost their model together come back one
    /// by one.
    private var backOff: Duration {
        mutating get {
            let exponent = min(outage?.attempts ?? 0, 4)
            let whole = Double(500 << exponent)
            let fraction = 0.75 + 0.25 * Double.random(in: 0...1, using: &random)
            return .milliseconds(Int64(whole * fraction))
        }
    }

    private mutating func reconnect(after delay: Duration, at now: Instant) {
        outage?.step = .waiting
        if delay == .zero {
            reconnect(at: now)
        } else {
            timers[.modelRetry] = now + delay
        }
    }

    mutating func reconnect(at now: Instant) {
        guard outage?.step == .waiting, !isEnding else { return }
        outage?.step = .connecting
        outage?.attempts += 1
        timers[.modelConnect] = now + configuration.limits.modelReconnect
        perform(.connectModel)
    }

    private mutating func reconnectFailed(_ error: RealtimeError, at now: Instant) {
        guard var current = outage else { return }
        current.error = error
        outage = current
        leaveConnection()
        // A server may have said something before it took the settings.
        abandonSpeech()
        let suspension = realtime.suspend(at: now)
        forgetCaller(suspension.itemsToCome)
        handle(suspension.outputs, at: now)
        if error.severity != .retryable || current.attempts >= configuration.limits.modelReconnects {
            giveUpModel(at: now)
        } else {
            reconnect(after: backOff, at: now)
        }
    }

    /// The model has been away for as long as a caller waits.
    mutating func giveUpModel(at now: Instant) {
        guard let outage else { return }
        modelLost(
            message: outage.error.sentence, isRetryable: outage.error.severity == .retryable, at: now)
    }

    /// The new connection has the settings, and was told of the conversation.
    mutating func reconnected(_ sessionID: String, at now: Instant) {
        guard let ended = outage else { return }
        outage = nil
        timers[.modelConfigure] = nil
        timers[.modelOutage] = nil
        functions.forgetSeen()
        recovery = ModelRecovery(at: now, spent: now - ended.since, attempts: ended.attempts)
        observe(
            .modelReconnected(
                sessionID: sessionID, after: now - ended.since, attempts: ended.attempts, planned: ended.isPlanned))
        if isListening { listen(at: now) }
    }

    /// From here on the model hears the far end.
    mutating func listen(at now: Instant) {
        perform(.listen)
        live?.listen(at: now)
    }

    // MARK: Renewal

    /// Notes when the session that has just begun is to be replaced.
    ///
    /// - Parameter expiresAt: When the server will end it, if it says so. Unix time. [s]
    mutating func planRenewal(expiresAt: Int64?, at now: Instant) {
        guard definition.mode != .pipeline else { return }
        var due = configuration.model.sessionLifetime
        var last = due + CallSession.renewalMargin - CallSession.renewalReserve
        let clock = facts.startedAt + (now - startedAt).seconds
        if let left = expiresAt.map({ Double($0) - clock }), left > 60, left < 86_400 {
            let lifetime = Duration.milliseconds(Int64(left * 1_000))
            last = min(lifetime - CallSession.renewalReserve, lifetime * 9 / 10)
            due = min(due, lifetime - min(CallSession.renewalMargin, lifetime / 4))
        }
        timers[.modelRenewal] = now + due
        timers[.modelLimit] = now + max(due, last)
    }

    /// How long before the end of a session a quiet point for its successor is looked for.
    private static let renewalMargin = Duration.seconds(300)
    /// How long before the end it is not waited for any more.
    private static let renewalReserve = Duration.seconds(30)

    /// Replaces the session at a quiet point.
    mutating func renewWhenQuiet(at now: Instant) {
        guard isRenewalDue, isQuiet, !realtime.isAnswerDue, scripts.isQuiet else { return }
        if let live {
            guard live.isQuiet(at: now) else { return }
            // What the model has not answered by now it does not want to.
            realtime.leaveTurns()
        }
        renew(at: now)
    }

    /// Replaces the session now.
    mutating func renew(at now: Instant) {
        guard isModelOpen, outage == nil, canReconnect else { return }
        let error = RealtimeError(code: "session_expired", message: "the session has reached its longest duration")
        beginOutage(error, isPlanned: true, at: now)
    }
}
