import Conversation
import SansIO

// What the callee does: each function looks how far a statement has come, and does the next step.
extension TestRun {
    /// How long the callee waits for the agent's silence, or for its first word.
    private static let patienceForSilence = Duration.seconds(60)
    /// From a voicemail's answer to its greeting.
    private static let greetingDelay = Duration.milliseconds(500)

    func progress(of running: Running, at now: Instant) -> Progress {
        let statement = running.statement
        switch statement.kind {
        case .dial(let from, let to, let headers):
            guard test.options.direction == .inbound else {
                return failed(
                    statement, "callee:calls is for tests with { direction = \"inbound\" }: here the agent calls",
                    at: now)
            }
            guard taking == .undecided else { return failed(statement, "the callee has called already", at: now) }
            dial(from: from, to: to, headers: headers, at: now)
            return .done()
        case .answer(let after): return answer(running, after: after, at: now)
        case .reject(let status, let after): return reject(running, status: status, after: after, at: now)
        case .answerAsVoicemail(let greeting, let after):
            return answerAsVoicemail(running, greeting: greeting, after: after, at: now)
        case .speak(let utterance, let after): return speak(running, utterance, after: after, at: now)
        case .interrupt(let utterance, let after): return interrupt(running, utterance, after: after, at: now)
        case .press(let keys, let after): return press(running, keys, after: after, at: now)
        case .pass(let duration):
            return log.isOver || now >= running.since + duration ? .done() : .waiting(until: running.since + duration)
        case .hangUp(let after): return hangUp(running, after: after, at: now)
        case .says, .hears, .receives, .calls, .transfers, .isInterrupted, .staysSilent, .agentHangsUp, .ends:
            return expect(running, at: now)
        }
    }

    private func failed(_ statement: Statement, _ message: String, at now: Instant) -> Progress {
        .failed(failure(.script, message, statement: statement, at: now))
    }

    // MARK: - Taking the call

    private func answer(_ running: Running, after: Duration, at now: Instant) -> Progress {
        if running.stage == .begun {
            if let refusal = refusalToTake(running.statement, at: now) { return refusal }
            take(.answering(after: after, from: now))
            setStage(.sending)
            return progressAgain(at: now)
        }
        if log.answeredAt != nil { return .done() }
        return awaitCall(running, extra: after, "the callee answers", at: now)
    }

    private func reject(_ running: Running, status: Int, after: Duration, at now: Instant) -> Progress {
        if running.stage == .begun {
            if let refusal = refusalToTake(running.statement, at: now) { return refusal }
            take(.rejecting(status: status, after: after, from: now))
            setStage(.sending)
            return progressAgain(at: now)
        }
        if taking == .settled { return .done() }
        return awaitCall(running, extra: after, "the callee rejects the call", at: now)
    }

    private func answerAsVoicemail(
        _ running: Running, greeting: Utterance, after: Duration, at now: Instant
    ) -> Progress {
        switch running.stage {
        case .begun:
            if let refusal = refusalToTake(running.statement, at: now) { return refusal }
            take(.answering(after: after, from: now))
            setStage(.counting(since: now))
            return progressAgain(at: now)
        case .counting:
            guard let answeredAt = log.answeredAt else {
                return awaitCall(running, extra: after, "the voicemail answers", at: now)
            }
            if log.isOver { return .done() }
            let due = answeredAt + Self.greetingDelay
            guard now >= due else { return .waiting(until: due) }
            say(greeting, at: now)
            setStage(.sending)
            return .waiting(until: nil)
        case .sending: return isSpoken || log.isOver ? .done() : .waiting(until: nil)
        }
    }

    /// Looks at the statement again, whose stage has changed.
    private func progressAgain(at now: Instant) -> Progress {
        guard let running else { return .waiting(until: nil) }
        performTaking(at: now)
        return progress(of: running, at: now)
    }

    private func refusalToTake(_ statement: Statement, at now: Instant) -> Progress? {
        if test.options.direction == .inbound {
            return failed(statement, "in a test with { direction = \"inbound\" } the agent takes the call", at: now)
        }
        return taking == .undecided
            ? nil : failed(statement, "it was decided already how the callee takes the call", at: now)
    }

    /// Waits for the call to reach the callee.
    private func awaitCall(_ running: Running, extra: Duration, _ expected: String, at now: Instant) -> Progress {
        let statement = running.statement
        let giveUpAt = max(running.since, log.ringingAt ?? running.since) + extra + Self.patience
        guard log.isOver || now >= giveUpAt else { return .waiting(until: giveUpAt) }
        let message =
            log.isOver
            ? "the call was over before \(expected)"
            : "the call did not come so far that \(expected), within \((now - running.since).inSeconds)"
        return .failed(
            failure(
                .expectation, message, statement: statement, expected: expected, nearest: nearestToCall(), at: now))
    }

    // MARK: - Speaking

    private func speak(_ running: Running, _ utterance: Utterance, after: Duration, at now: Instant) -> Progress {
        if running.stage == .sending { return isSpoken || log.isOver ? .done() : .waiting(until: nil) }
        takeAsUsual(at: now)
        let expected = "the callee says \(quoted(utterance.text))"
        guard let answeredAt = log.answeredAt, !log.isOver else { return awaitAnswer(running, expected, at: now) }
        guard !log.agentIsSpeaking else {
            let giveUpAt = max(running.since, answeredAt) + after + Self.patienceForSilence
            guard now >= giveUpAt else { return .waiting(until: giveUpAt) }
            return .failed(
                failure(
                    .expectation,
                    "the agent did not stop speaking for \(Self.patienceForSilence.inSeconds); "
                        + "callee:interrupts talks over it",
                    statement: running.statement, expected: expected, nearest: nearestSpeech(), at: now))
        }
        let due = max(running.since + after, (log.agentSilentSince ?? answeredAt) + CalleeFunctions.pause)
        guard now >= due else { return .waiting(until: due) }
        say(utterance, at: now)
        setStage(.sending)
        return .waiting(until: nil)
    }

    private func interrupt(_ running: Running, _ utterance: Utterance, after: Duration, at now: Instant) -> Progress {
        if running.stage == .sending { return isSpoken || log.isOver ? .done() : .waiting(until: nil) }
        takeAsUsual(at: now)
        let expected = "the callee interrupts the agent with \(quoted(utterance.text))"
        guard let answeredAt = log.answeredAt, !log.isOver else { return awaitAnswer(running, expected, at: now) }
        if log.agentIsSpeaking, let began = log.agentSpeechChangedAt {
            let due = max(began, running.since) + after
            guard now >= due else { return .waiting(until: due) }
            say(utterance, at: now)
            setStage(.sending)
            return .waiting(until: nil)
        }
        let giveUpAt = max(running.since, answeredAt, log.agentSilentSince ?? answeredAt) + Self.patience
        guard now >= giveUpAt else { return .waiting(until: giveUpAt) }
        return .failed(
            failure(
                .expectation,
                "the agent did not speak for \(after.inSeconds) without a pause, so that it could not be interrupted",
                statement: running.statement, expected: expected, nearest: nearestSpeech(), at: now))
    }

    private func say(_ utterance: Utterance, at now: Instant) {
        perform(.speak(utterance))
        log.append(.calleeSaid(utterance.text), at: now)
    }

    private func press(_ running: Running, _ keys: String, after: Duration, at now: Instant) -> Progress {
        if running.stage == .sending { return isPressed || log.isOver ? .done() : .waiting(until: nil) }
        takeAsUsual(at: now)
        guard let answeredAt = log.answeredAt, !log.isOver else {
            return awaitAnswer(running, "the callee presses \(keys)", at: now)
        }
        let due = max(running.since, answeredAt) + after
        guard now >= due else { return .waiting(until: due) }
        perform(.press(keys))
        log.append(.calleePressed(keys), at: now)
        setStage(.sending)
        return .waiting(until: nil)
    }

    private func hangUp(_ running: Running, after: Duration, at now: Instant) -> Progress {
        takeAsUsual(at: now)
        guard let answeredAt = log.answeredAt, !log.isOver else {
            return awaitAnswer(running, "the callee hangs up", at: now)
        }
        let due = max(running.since, answeredAt) + after
        guard now >= due else { return .waiting(until: due) }
        actions.append(.hangUp)
        log.append(.calleeDid("hangs up"), at: now)
        return .done()
    }

    /// Waits until both can hear each other; fails when the call is over.
    private func awaitAnswer(_ running: Running, _ expected: String, at now: Instant) -> Progress {
        if !log.isOver {
            // Whoever dials may let it ring long; the test's own time limit ends that.
            return .waiting(until: nil)
        }
        return .failed(
            failure(
                .expectation, "the call was over before \(expected)", statement: running.statement, expected: expected,
                nearest: nearestToCall(), at: now))
    }
}
