/// What the callee of a test call does, step by step.
public struct CalleeScript: Hashable, Sendable {
    public enum Step: Hashable, Sendable {
        /// Listens until the agent has said one of `words` and is silent again; gives up after `patience`.
        case hear(anyOf: [String], patience: Duration)
        /// Speaks, and waits until it has been sent.
        case say(String)
        /// Waits until the agent speaks, lets it speak for `delay`, then speaks over it.
        case interrupt(after: Duration, say: String)
        /// Waits for the agent to hang up; gives up after `patience`.
        case awaitHangUp(patience: Duration)
        case hangUp
    }

    /// Time from the INVITE to the answer; it rings meanwhile.
    public var answerDelay: Duration
    public var steps: [Step]
    /// What the agent is likely to say, in `SpeechGrammar`'s notation; helps the recogniser, and limits nothing.
    public var expectedPhrases: [String]
    /// One of the synthesiser's voices.
    public var voice: String

    public init(answerDelay: Duration, steps: [Step], expectedPhrases: [String] = [], voice: String = "awb") {
        self.answerDelay = answerDelay
        self.steps = steps
        self.expectedPhrases = expectedPhrases
        self.voice = voice
    }
}
