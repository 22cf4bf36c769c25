import Conversation
import SansIO
import ScriptAPI

// What failures say: what was expected, and what came nearest to it.
extension TestRun {
    /// What a statement waits for, as the end of a sentence: "the agent says something like …".
    func expectation(of statement: Statement) -> String {
        switch statement.kind {
        case .dial: "the callee calls"
        case .answer: "the callee answers"
        case .reject(let status, _): "the callee rejects the call with \(status)"
        case .answerAsVoicemail: "the voicemail has said its greeting"
        case .speak(let utterance, _): "the callee says \(quoted(utterance.text))"
        case .interrupt(let utterance, _): "the callee interrupts the agent with \(quoted(utterance.text))"
        case .press(let keys, _): "the callee presses \(keys)"
        case .pass(let duration): "\(duration.inSeconds) have passed"
        case .hangUp: "the callee hangs up"
        case .says(let matcher): "the agent says something \(matcher.asSpeech)"
        case .hears(let matcher): "the agent understands something \(matcher.asSpeech)"
        case .receives(let keys): "the agent receives the keys \(keys)"
        case .calls(let expectation):
            "the agent calls \(expectation.name)" + (expectation.arguments.map { " with \($0.description)" } ?? "")
                + (expectation.returns.map { ", which returns \($0.description)" } ?? "")
        case .transfers(let target): "the agent transfers the call" + (target.map { " to \($0.description)" } ?? "")
        case .isInterrupted(let heard, let unheard):
            "the agent is interrupted" + (heard.map { ", with heard \($0.asSpeech)" } ?? "")
                + (unheard.map { ", with unheard \($0.asSpeech)" } ?? "")
        case .staysSilent(let duration): "the agent stays silent for \(duration.inSeconds)"
        case .agentHangsUp: "the agent hangs up"
        case .ends(let matcher): "the call ends as \(matcher.description)"
        }
    }

    /// What happened that comes nearest to what a statement waits for.
    func nearest(to statement: Statement) -> String {
        switch statement.kind {
        case .says(let matcher):
            if let cut = cutSpeech(matcher) { return cut }
            guard matcher.needsRecognition else {
                return nearestSpeech(to: matcher, in: log.agentSpeech, "the agent said")
            }
            return log.recognised.isEmpty && !log.agentSpeech.isEmpty
                ? "the recogniser understood nothing; \(nearestSpeech())"
                : nearestSpeech(to: matcher, in: log.recognised, "what the agent said was understood as")
        case .hears(let matcher):
            return nearestSpeech(to: matcher, in: log.calleeSpeech, "the agent understood")
        case .receives:
            return log.keys.isEmpty
                ? "the agent received no key"
                : "it received \(String(log.keys.map(\.key))), from \(time(log.keys[0].at)) on"
        case .calls(let expectation): return nearestAction(to: expectation)
        case .transfers:
            guard let transfer = log.transfers.last else { return nearestFault() ?? "the agent asked for no transfer" }
            return "it asked for a transfer to \(transfer.target) at \(time(transfer.at))"
        case .isInterrupted:
            guard let interruption = log.interruptions.last else { return "the agent was not interrupted" }
            return "at \(time(interruption.at)) it was interrupted: heard \(quoted(interruption.heard)), "
                + "not heard \(quoted(interruption.unheard))"
        case .staysSilent: return nearestSpeech()
        default: return nearestToCall()
        }
    }

    private func time(_ at: Duration) -> String { at.inSeconds }

    // MARK: - Speech

    private func nearestSpeech(to matcher: Matcher, in list: [CallMemory.Utterance], _ who: String) -> String {
        var best: (index: Int, nearness: Double)?
        for index in list.indices {
            let nearness = matcher.nearness(to: list[index].speech.words)
            if nearness >= best?.nearness ?? 0 { best = (index, nearness) }
        }
        guard let best else { return nearestFault() ?? "\(who) nothing" }
        let utterance = list[best.index]
        var sentence = "\(who) \(quoted(utterance.speech.text)) at \(time(utterance.at))"
        if matcher.find(in: utterance.speech, patterns: state) != nil {
            sentence += ", before what the expectations before this one had found"
        }
        return sentence
    }

    /// A sentence that would have been it, had it not been cut.
    private func cutSpeech(_ matcher: Matcher) -> String? {
        for cut in log.interruptions.reversed()
        where matcher.matches(text: "\(cut.heard) \(cut.unheard)", patterns: state) {
            return
                "the agent was interrupted at \(time(cut.at)): heard was \(quoted(cut.heard)), not heard \(quoted(cut.unheard))"
        }
        return nil
    }

    /// What the agent said last.
    func nearestSpeech() -> String {
        guard let last = log.agentSpeech.last else { return nearestFault() ?? "the agent said nothing" }
        return "the agent last said \(quoted(last.speech.text)) at \(time(last.at))"
    }

    // MARK: - Actions

    private func nearestAction(to expectation: ActionExpectation) -> String {
        if !actionNames.isEmpty, !actionNames.contains(expectation.name) {
            return "the flow has no action \(expectation.name)\(suggestion(for: expectation.name, among: actionNames))"
        }
        guard !log.actions.isEmpty else { return nearestFault() ?? "the agent called no action" }
        let sameName = log.actions.filter { $0.name == expectation.name }
        if let action = sameName.last(where: { difference(of: $0, to: expectation) != nil }) ?? sameName.last {
            let difference =
                difference(of: action, to: expectation)
                ?? "that was before what the expectations before this one had found"
            return "it called \(action.name) \(action.arguments.text) at \(time(action.at)): \(difference)"
        }
        let names = log.actions.map { "\($0.name) at \(time($0.at))" }.joined(separator: ", ")
        return "it called \(names)" + suggestion(for: expectation.name, among: Set(log.actions.map(\.name)).sorted())
    }

    private func difference(of action: CallMemory.Action, to expectation: ActionExpectation) -> String? {
        if let found = expectation.arguments?.mismatch(action.arguments, patterns: state) { return found }
        guard let returns = expectation.returns else { return nil }
        return switch action.result {
        case nil: "it has not come back"
        case .failed(let reason): "it failed: \(reason)"
        case .returned(let value):
            returns.mismatch(value, patterns: state).map {
                $0.hasPrefix("it is") ? "what it returned: \($0)" : "of what it returned, \($0)"
            }
        }
    }

    // MARK: - The call

    /// How the call stands.
    func nearestToCall() -> String {
        if let outcome = log.outcome {
            return "the call ended as \(outcome.kind.rawValue) (\(outcome.reason)): \(outcome.message)"
        }
        if let ended = log.calleeEnded { return "the \(ended.byRemote ? "agent" : "callee") had ended the call" }
        if let fault = nearestFault() { return fault }
        if log.answeredAt != nil { return "the call is still on; \(nearestSpeech())" }
        return log.ringingAt == nil ? "the call never reached the callee" : "the call rang and was not answered"
    }

    /// What went wrong last; a fault explains a silence better than any speech.
    private func nearestFault() -> String? {
        for entry in log.timeline.reversed() {
            if case .fault(let kind, let message) = entry.event {
                return "there was a fault of the \(kind.rawValue) at \(time(entry.at)): \(message)"
            }
        }
        return nil
    }
}

extension Matcher {
    /// As speech is expected, where a plain text stands for what is like it.
    var asSpeech: String {
        switch self {
        case .value(let value): Matcher.like(value.plainText).description
        case .any(let alternatives): alternatives.map(\.asSpeech).joined(separator: " or ")
        default: description
        }
    }

    /// ` (did you mean 'no_answer'?)`, for an outcome that is none.
    static func suggestion(forOutcome matcher: Matcher) -> String {
        guard case .value(let value) = matcher else { return "" }
        let known = CallOutcome.Kind.allCases.map(\.rawValue)
        return known.contains(value.plainText) ? "" : ScriptAPI.suggestion(for: value.plainText, among: known)
    }
}
