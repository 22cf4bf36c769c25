import Conversation
import SansIO

/// A check of the whole call, and how far it has looked.
struct ActiveCheck {
    let check: DeferredCheck
    /// How many of each list were looked at.
    fileprivate var seen = 0
    fileprivate var seenRecognised = 0

    init(_ check: DeferredCheck) { self.check = check }

    var needsRecognition: Bool {
        guard case .neverSays(let matcher?) = check.kind else { return false }
        return matcher.needsRecognition
    }
}

// What must hold of the whole call: looked at whenever something happens, so that a failure is told where it was.
extension TestRun {
    func lookAtChecks(at now: Instant) {
        for index in checks.indices {
            guard failure == nil, let found = violation(of: &checks[index], isEnd: false) else { continue }
            fail(violated(checks[index].check, found, at: now), at: now)
        }
    }

    /// Looks for the last time, when the call is over.
    func lastChecks(at now: Instant) -> TestFailure? {
        for index in checks.indices {
            if let found = violation(of: &checks[index], isEnd: true) {
                return violated(checks[index].check, found, at: now)
            }
            if case .latency(let limits) = checks[index].check.kind,
                let failure = excess(over: limits, checks[index].check, at: now)
            {
                return failure
            }
        }
        return nil
    }

    private func violated(_ check: DeferredCheck, _ found: String, at now: Instant) -> TestFailure {
        failure(
            .expectation, "it happened that \(found)", place: check.place, expected: sentence(of: check),
            nearest: found,
            at: now)
    }

    private func sentence(of check: DeferredCheck) -> String {
        switch check.kind {
        case .neverSays(let matcher):
            "the agent never says " + (matcher.map { "something \($0.asSpeech)" } ?? "anything")
        case .neverHears(let matcher):
            "the agent never understands " + (matcher.map { "something \($0.asSpeech)" } ?? "anything")
        case .neverCalls(let name, let arguments):
            "the agent never calls \(name ?? "an action")" + (arguments.map { " with \($0.description)" } ?? "")
        case .neverTransfers(let target):
            "the agent never transfers the call" + (target.map { " to \($0.description)" } ?? "")
        case .neverInterrupted: "the agent is never interrupted"
        case .latency: "the agent answers in time"
        }
    }

    /// What happened that must not, in what was not looked at yet.
    ///
    /// - Parameter isEnd: Whether speech that is not final is looked at too: it will not change any more.
    private func violation(of active: inout ActiveCheck, isEnd: Bool) -> String? {
        switch active.check.kind {
        case .neverSays(let matcher):
            return violation(matcher, in: log.agentSpeech, &active.seen, "the agent said", isEnd: isEnd)
                ?? (matcher?.needsRecognition == true
                    ? violation(
                        matcher, in: log.recognised, &active.seenRecognised, "it sounded as if the agent said",
                        isEnd: isEnd)
                    : nil)
        case .neverHears(let matcher):
            return violation(matcher, in: log.calleeSpeech, &active.seen, "the agent understood", isEnd: isEnd)
        case .neverCalls(let name, let arguments):
            defer { active.seen = log.actions.count }
            let found = log.actions.dropFirst(active.seen).first { action in
                (name == nil || action.name == name) && arguments?.mismatch(action.arguments, patterns: state) == nil
            }
            return found.map { "the agent called \($0.name) \($0.arguments.text) at \($0.at.inSeconds)" }
        case .neverTransfers(let target):
            defer { active.seen = log.transfers.count }
            let found = log.transfers.dropFirst(active.seen).first {
                target?.matches(target: $0.target, patterns: state) ?? true
            }
            return found.map { "the agent asked for a transfer to \($0.target) at \($0.at.inSeconds)" }
        case .neverInterrupted:
            defer { active.seen = log.interruptions.count }
            return log.interruptions.dropFirst(active.seen).first.map {
                "the agent was interrupted at \($0.at.inSeconds): not heard was \(quoted($0.unheard))"
            }
        case .latency: return nil
        }
    }

    private func violation(
        _ matcher: Matcher?, in list: [CallMemory.Utterance], _ seen: inout Int, _ who: String, isEnd: Bool
    ) -> String? {
        while seen < list.count, list[seen].isFinal || isEnd {
            let utterance = list[seen]
            seen += 1
            if matcher?.find(in: utterance.speech, patterns: state) != nil || matcher == nil {
                return "\(who) \(quoted(utterance.speech.text)) at \(utterance.at.inSeconds)"
            }
        }
        return nil
    }

    // MARK: - Latency

    private func excess(over limits: LatencyLimits, _ check: DeferredCheck, at now: Instant) -> TestFailure? {
        let statistics = TestStatistics(responses: log.latencies.map(\.toFirstPacket))
        let measures: [(name: String, limit: Duration?, value: Duration?)] = [
            ("response_p50", limits.responseP50, statistics.response(percentile: 0.5)),
            ("response_p95", limits.responseP95, statistics.response(percentile: 0.95)),
            ("response_max", limits.responseMaximum, statistics.response(percentile: 1)),
            ("first_word", limits.firstWord, log.firstWord),
        ]
        for (name, limit, value) in measures {
            guard let limit else { continue }
            guard let value else {
                let what = name == "first_word" ? "the agent never spoke" : "the agent answered no turn of the callee"
                return failure(
                    .expectation, "\(name) could not be measured: \(what)", place: check.place,
                    expected: "\(name) is at most \(limit.inSeconds)", nearest: what, at: now)
            }
            if value > limit {
                return failure(
                    .expectation, "\(name) was \(value.inSeconds), more than \(limit.inSeconds)", place: check.place,
                    expected: "\(name) is at most \(limit.inSeconds)", nearest: turns(), at: now)
            }
        }
        return nil
    }

    private func turns() -> String {
        let turns = log.latencies.map { "turn \($0.turn): \($0.toFirstPacket.inSeconds)" }
        return (turns + [log.firstWord.map { "first word: \($0.inSeconds)" }].compactMap { $0 }).joined(separator: ", ")
    }
}
