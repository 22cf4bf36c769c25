/// What was heard in one utterance.
public struct Recognition: Hashable, Sendable {
    /// What the words were searched with.
    public enum Source: Hashable, Sendable {
        /// The grammar; the phrases that the words are made of, as the caller wrote them.
        case grammar(phrases: [String])
        /// The open vocabulary.
        case open
        /// Neither found a word.
        case nothing
    }

    /// The text: a phrase without choices as it was written, else words in lower case; empty when nothing was heard.
    public var text: String
    /// How sure the recogniser is, 0…1. At least 0.5 for what is taken for the grammar's.
    public var confidence: Double
    public var source: Source
    /// How well the grammar's best utterance fits: minus log-likelihood a frame; the smaller, the better. `nil` when the
    /// grammar found none or there is no grammar.
    public var grammarScore: Double?

    public init(text: String, confidence: Double, source: Source, grammarScore: Double?) {
        self.text = text
        self.confidence = confidence
        self.source = source
        self.grammarScore = grammarScore
    }

    /// Whether the utterance is one that the grammar allows.
    public var isInGrammar: Bool {
        if case .grammar = source { true } else { false }
    }
}
