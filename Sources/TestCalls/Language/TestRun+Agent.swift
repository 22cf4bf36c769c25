import Conversation
import LuaRuntime
import SansIO

/// How far the expectations of each kind have come: what lies before a cursor was found, or passed over.
struct ExpectationCursors {
    /// A place in a list of utterances.
    struct Speech: Hashable {
        var utterance = 0
        /// Word of that utterance, from 0.
        var word = 0
    }

    var agentSpeech = Speech()
    var recognised = Speech()
    var calleeSpeech = Speech()
    var actions = 0
    var transfers = 0
    var interruptions = 0
    var keys = 0
    /// What met the last expectation, of whatever kind: its place among all that happened.
    var last = -1
}

// What the agent is expected to do: each function looks whether it has happened.
extension TestRun {
    /// Speech that is under way when its time is over may end first; its transcript comes so long after its last sound.
    private static let transcriptDelay = Duration.seconds(1)

    func expect(_ running: Running, at now: Instant) -> Progress {
        takeAsUsual(at: now)
        let statement = running.statement
        // What comes before is not looked at.
        let after = statement.isInOrder ?? test.options.isInOrder ? cursors.last : -1
        switch statement.kind {
        case .says(let matcher): return says(running, matcher, after: after, at: now)
        case .hears(let matcher):
            if let found = find(matcher, in: log.calleeSpeech, from: cursors.calleeSpeech, after: after) {
                return met(found, \.calleeSpeech, log.calleeSpeech)
            }
            return unmet(running, at: now)
        case .receives(let keys): return receives(running, keys, after: after, at: now)
        case .calls(let expectation): return calls(running, expectation, after: after, at: now)
        case .transfers(let target): return transfers(running, target, after: after, at: now)
        case .isInterrupted(let heard, let unheard):
            return isInterrupted(running, heard: heard, unheard: unheard, after: after, at: now)
        case .staysSilent(let duration): return staysSilent(running, duration, at: now)
        case .agentHangsUp: return agentHangsUp(running, at: now)
        case .ends(let matcher): return ends(running, matcher, at: now)
        default: return .done()
        }
    }

    // MARK: - Speech

    private func says(_ running: Running, _ matcher: Matcher, after: Int, at now: Instant) -> Progress {
        if let found = find(matcher, in: log.agentSpeech, from: cursors.agentSpeech, after: after),
            log.agentSpeech[found.index].isFinal || !log.agentIsSpeaking
        {
            return met(found, \.agentSpeech, log.agentSpeech)
        }
        if let found = find(matcher, in: log.recognised, from: cursors.recognised, after: after) {
            return met(found, \.recognised, log.recognised)
        }
        if let fault = state.patternFault {
            return .failed(failure(.script, fault, statement: running.statement, at: now))
        }
        return unmet(running, at: now)
    }

    private func find(
        _ matcher: Matcher, in list: [CallMemory.Utterance], from cursor: ExpectationCursors.Speech, after: Int
    ) -> (index: Int, place: Matcher.Place)? {
        for index in list.indices.dropFirst(cursor.utterance) where list[index].sequence > after {
            let start = index == cursor.utterance ? cursor.word : 0
            if let place = matcher.find(in: list[index].speech, from: start, patterns: state) { return (index, place) }
        }
        return nil
    }

    private func met(
        _ found: (index: Int, place: Matcher.Place),
        _ cursor: WritableKeyPath<ExpectationCursors, ExpectationCursors.Speech>,
        _ list: [CallMemory.Utterance]
    ) -> Progress {
        switch found.place {
        case .words(let range):
            cursors[keyPath: cursor] = ExpectationCursors.Speech(utterance: found.index, word: range.upperBound)
        case .whole: cursors[keyPath: cursor] = ExpectationCursors.Speech(utterance: found.index + 1)
        }
        cursors.last = list[found.index].sequence
        return .done([.string(list[found.index].speech.text)])
    }

    private func staysSilent(_ running: Running, _ duration: Duration, at now: Instant) -> Progress {
        if log.isOver { return .done() }
        guard log.answeredAt != nil else { return .waiting(until: nil) }
        if case .counting(let since) = running.stage {
            if log.agentIsSpeaking {
                return .failed(
                    failure(
                        .expectation, "the agent spoke after \((now - since).inSeconds) of silence",
                        statement: running.statement, expected: expectation(of: running.statement),
                        nearest: nearestSpeech(), at: now))
            }
            return now >= since + duration ? .done() : .waiting(until: since + duration)
        }
        guard log.agentIsSpeaking else {
            setStage(.counting(since: now))
            return .waiting(until: now + duration)
        }
        return unmet(running, at: now)
    }

    private func isInterrupted(
        _ running: Running, heard: Matcher?, unheard: Matcher?, after: Int, at now: Instant
    ) -> Progress {
        for index in log.interruptions.indices.dropFirst(cursors.interruptions) {
            let interruption = log.interruptions[index]
            guard interruption.sequence > after,
                heard?.matches(text: interruption.heard, patterns: state) ?? true,
                unheard?.matches(text: interruption.unheard, patterns: state) ?? true
            else { continue }
            cursors.interruptions = index + 1
            cursors.last = interruption.sequence
            return .done()
        }
        return unmet(running, at: now)
    }

    // MARK: - Keys, actions, transfers

    private func receives(_ running: Running, _ keys: String, after: Int, at now: Instant) -> Progress {
        let wanted = Array(keys)
        let pressed = log.keys
        var index = cursors.keys
        while index + wanted.count <= pressed.count {
            let run = pressed[index..<index + wanted.count]
            if run.map(\.key) == wanted, let last = run.last?.sequence, last > after {
                cursors.keys = index + wanted.count
                cursors.last = last
                return .done()
            }
            index += 1
        }
        return unmet(running, at: now)
    }

    private func calls(_ running: Running, _ expectation: ActionExpectation, after: Int, at now: Instant) -> Progress {
        for index in log.actions.indices.dropFirst(cursors.actions) {
            let action = log.actions[index]
            guard action.name == expectation.name, action.sequence > after,
                expectation.arguments?.mismatch(action.arguments, patterns: state) == nil
            else { continue }
            if let returns = expectation.returns {
                switch action.result {
                // It is the one, or it is not: what it returns will tell.
                case nil where !log.isOver: return unmet(running, at: now)
                case nil, .failed: continue
                case .returned(let value): if returns.mismatch(value, patterns: state) != nil { continue }
                }
            }
            cursors.actions = index + 1
            cursors.last = action.sequence
            return .done([.json(action.arguments)])
        }
        return unmet(running, at: now)
    }

    private func transfers(_ running: Running, _ target: Matcher?, after: Int, at now: Instant) -> Progress {
        for index in log.transfers.indices.dropFirst(cursors.transfers) {
            let transfer = log.transfers[index]
            guard transfer.sequence > after, target?.matches(target: transfer.target, patterns: state) ?? true else {
                continue
            }
            cursors.transfers = index + 1
            cursors.last = transfer.sequence
            return .done([.string(transfer.target)])
        }
        return unmet(running, at: now)
    }

    // MARK: - The end of the call

    private func agentHangsUp(_ running: Running, at now: Instant) -> Progress {
        let byAgent: Bool? =
            if let ended = log.calleeEnded {
                ended.byRemote
            } else {
                // The BYE is still on its way. Behind a fault, too, it is our side that ends an answered call.
                log.outcome.map { outcome in
                    [.agent, .host].contains(outcome.endedBy) || outcome.endedBy == .fault && outcome.wasAnswered
                }
            }
        switch byAgent {
        case true?:
            cursors.last = max(cursors.last, log.calleeEnded?.sequence ?? log.timeline.count - 1)
            return .done()
        case false?:
            return .failed(
                failure(
                    .expectation, "it was not the agent that ended the call", statement: running.statement,
                    expected: expectation(of: running.statement), nearest: nearestToCall(), at: now))
        case nil: return unmet(running, at: now)
        }
    }

    private func ends(_ running: Running, _ matcher: Matcher, at now: Instant) -> Progress {
        guard let outcome = log.outcome else {
            guard running.statement.within != nil else { return .waiting(until: nil) }
            return unmet(running, at: now)
        }
        if matcher.matches(outcome: outcome, patterns: state) { return .done() }
        return .failed(
            failure(
                .expectation,
                "the call ended as \(outcome.kind.rawValue) (\(outcome.reason)), expected \(matcher.description)"
                    + Matcher.suggestion(forOutcome: matcher),
                statement: running.statement, expected: expectation(of: running.statement), nearest: nearestToCall(),
                at: now))
    }

    // MARK: - What has not happened yet

    /// Waits for it, or fails when its time is over, or the call.
    private func unmet(_ running: Running, at now: Instant) -> Progress {
        let statement = running.statement
        let within = statement.within ?? Self.patience
        let giveUpAt = max(running.since, log.answeredAt ?? running.since) + within
        if log.outcome == nil {
            guard now >= giveUpAt else { return .waiting(until: giveUpAt) }
            // What is being said may end.
            if log.agentIsSpeaking { return .waiting(until: nil) }
            if statement.kind.isAboutSpeech, let silent = log.agentSilentSince, now < silent + Self.transcriptDelay {
                return .waiting(until: silent + Self.transcriptDelay)
            }
        }
        let expected = expectation(of: statement)
        let message =
            if let outcome = log.outcome {
                "the call was over (\(outcome.kind.rawValue), \(outcome.reason)) before \(expected)"
            } else if log.answeredAt == nil {
                "the call was not answered within \((now - running.since).inSeconds), so that it could not happen that \(expected)"
            } else {
                "it did not happen within \(within.inSeconds) that \(expected)"
            }
        return .failed(
            failure(
                .expectation, message, statement: statement, expected: expected, nearest: nearest(to: statement),
                at: now))
    }
}

extension Statement.Kind {
    fileprivate var isAboutSpeech: Bool {
        switch self {
        case .says, .isInterrupted: true
        default: false
        }
    }
}

extension Matcher {
    /// Whether a call is handed to whom is expected: a plain text is a number or an address.
    func matches(target: String, patterns: any PatternMatching) -> Bool {
        switch self {
        case .value(let value):
            Self.address(of: value.plainText) == Self.address(of: target) || value.plainText == target
        case .any(let alternatives): alternatives.contains { $0.matches(target: target, patterns: patterns) }
        default:
            matches(text: Self.address(of: target), patterns: patterns) || matches(text: target, patterns: patterns)
        }
    }

    /// The user part of an address, or the address itself: `+15105550199` of `<sip:+1-510-555-0199@pbx;x=y>`.
    private static func address(of text: String) -> String {
        var rest = text.trimmed[...]
        if let open = rest.firstIndex(of: "<") {
            rest = rest[rest.index(after: open)...].prefix { $0 != ">" }
        }
        for scheme in ["sip:", "sips:", "tel:"] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            break
        }
        rest = rest.prefix { $0 != "@" && $0 != ";" && $0 != "?" }
        let bare = rest.filter { !"-.() ".contains($0) }
        let isNumber = !bare.isEmpty && bare.allSatisfy { $0 == "+" || $0.isNumber }
        return isNumber ? bare : String(rest)
    }

    /// Whether a call ended as expected: a plain text is the outcome or the reason.
    func matches(outcome: CallOutcome, patterns: any PatternMatching) -> Bool {
        switch self {
        case .value(let value): [outcome.kind.rawValue, outcome.reason].contains(value.plainText)
        case .any(let alternatives): alternatives.contains { $0.matches(outcome: outcome, patterns: patterns) }
        default:
            matches(text: outcome.kind.rawValue, patterns: patterns)
                || matches(text: outcome.reason, patterns: patterns)
        }
    }
}
