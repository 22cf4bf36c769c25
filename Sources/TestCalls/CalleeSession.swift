public import SansIO

/// The callee's side of a test call: follows a ``CalleeScript`` by what it hears.
public struct CalleeSession: Sendable {
    public enum Input: Hashable, Sendable {
        /// The call is answered, audio flows.
        case answered
        /// The agent began to speak, as the voice detector hears it.
        case agentStarted
        /// The agent fell silent.
        case agentStopped
        /// The recogniser's word on what the agent said last.
        case heard(String)
        /// Everything that ``Action/speak(_:)`` asked for has been sent.
        case spoken
        /// The agent hung up.
        case ended
        case deadline
    }

    public enum Action: Hashable, Sendable {
        case speak(String)
        case hangUp
        /// The script is through, or could not go on. Once.
        case finish(Outcome)
    }

    public enum Outcome: Hashable, Sendable {
        /// Every step happened.
        case completed
        /// A step did not; the sentence says which and why.
        case failed(String)
    }

    private enum State: Hashable {
        case ringing
        case hearing(words: [String], said: [String], giveUpAt: Instant)
        case speaking
        case awaitingAgent(delay: Duration, text: String, giveUpAt: Instant)
        case lettingSpeak(text: String, until: Instant)
        case awaitingHangUp(giveUpAt: Instant)
        case finished
    }

    /// How long the callee waits for the agent to begin before an interruption is a failure.
    private static let patienceForSpeech = Duration.seconds(20)

    private let script: CalleeScript
    private var nextStep = 0
    private var state = State.ringing
    private var agentIsSpeaking = false

    public init(script: CalleeScript) {
        self.script = script
    }

    public var nextDeadline: Instant? {
        switch state {
        case .hearing(_, _, let giveUpAt), .awaitingAgent(_, _, let giveUpAt), .awaitingHangUp(let giveUpAt): giveUpAt
        case .lettingSpeak(_, let until): until
        case .ringing, .speaking, .finished: nil
        }
    }

    public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
        switch input {
        case .agentStarted: agentIsSpeaking = true
        case .agentStopped: agentIsSpeaking = false
        case .answered, .heard, .spoken, .ended, .deadline: break
        }
        switch (state, input) {
        case (.finished, _): return []
        case (.awaitingHangUp, .ended): return finish(.completed)
        case (_, .ended): return finish(.failed("the agent hung up before \(describeStep(nextStep - 1)) was through"))
        case (.ringing, .answered), (.speaking, .spoken): return advance(at: now)
        case (.hearing(let words, var said, let giveUpAt), .heard(let text)):
            said.append(text)
            state = .hearing(words: words, said: said, giveUpAt: giveUpAt)
            return advanceIfHeard(at: now)
        case (.hearing, .agentStopped): return advanceIfHeard(at: now)
        case (.hearing(let words, let said, let giveUpAt), .deadline) where now >= giveUpAt:
            return [.hangUp]
                + finish(
                    .failed(
                        "waited for the agent to say \(words.map { "“\($0)”" }.joined(separator: " or ")), heard "
                            + (said.isEmpty ? "nothing" : "“\(said.joined(separator: " / "))”")))
        case (.awaitingAgent(let delay, let text, _), .agentStarted):
            state = .lettingSpeak(text: text, until: now + delay)
            return []
        case (.awaitingAgent, .deadline) where now >= (nextDeadline ?? .distantFuture):
            return [.hangUp] + finish(.failed("waited for the agent to speak, to interrupt it; it was silent"))
        case (.lettingSpeak(let text, let until), .deadline) where now >= until:
            state = .speaking
            return [.speak(text)]
        case (.awaitingHangUp(let giveUpAt), .deadline) where now >= giveUpAt:
            return [.hangUp] + finish(.failed("waited for the agent to hang up; it did not"))
        default: return []
        }
    }

    private mutating func advanceIfHeard(at now: Instant) -> [Action] {
        guard case .hearing(let words, let said, _) = state, !agentIsSpeaking else { return [] }
        let text = CalleeSession.normalized(said.joined(separator: " "))
        guard words.contains(where: { text.contains(CalleeSession.normalized($0)) }) else { return [] }
        return advance(at: now)
    }

    private mutating func advance(at now: Instant) -> [Action] {
        guard nextStep < script.steps.count else { return finish(.completed) }
        let step = script.steps[nextStep]
        nextStep += 1
        switch step {
        case .hear(let words, let patience):
            state = .hearing(words: words, said: [], giveUpAt: now + patience)
            return []
        case .say(let text):
            state = .speaking
            return [.speak(text)]
        case .interrupt(let delay, let text):
            if agentIsSpeaking {
                state = .lettingSpeak(text: text, until: now + delay)
            } else {
                state = .awaitingAgent(delay: delay, text: text, giveUpAt: now + CalleeSession.patienceForSpeech)
            }
            return []
        case .awaitHangUp(let patience):
            state = .awaitingHangUp(giveUpAt: now + patience)
            return []
        case .hangUp:
            return [.hangUp]
                + finish(nextStep == script.steps.count ? .completed : .failed("hung up before the last step"))
        }
    }

    private mutating func finish(_ outcome: Outcome) -> [Action] {
        state = .finished
        return [.finish(outcome)]
    }

    private func describeStep(_ index: Int) -> String {
        guard script.steps.indices.contains(index) else { return "the first step" }
        return switch script.steps[index] {
        case .hear(let words, _): "“hear \(words.joined(separator: ", "))”"
        case .say(let text), .interrupt(_, let text): "“say \(text)”"
        case .awaitHangUp: "“wait for the hang-up”"
        case .hangUp: "“hang up”"
        }
    }

    /// Lower case, with everything but letters and digits as single spaces.
    static func normalized(_ text: String) -> String {
        var output = ""
        for character in text.lowercased() {
            if character.isLetter || character.isNumber || character == "'" {
                output.append(character)
            } else if output.last != " " {
                output.append(" ")
            }
        }
        return output
    }
}
