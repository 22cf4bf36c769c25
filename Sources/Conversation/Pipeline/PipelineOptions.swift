/// How long a pipeline waits for its stages, and what it does by itself.
public struct PipelineOptions: Hashable, Sendable {
    /// How many providers each stage can choose from, the first being preferred.
    public var providers: [PipelineStage: Int] = [.stt: 1, .llm: 1, .tts: 1]
    /// From the end of a segment to its transcript.
    public var transcriptPatience: Duration = .milliseconds(2_500)
    /// From a request to the language model's first event, and between two.
    public var generationPatience: Duration = .seconds(4)
    /// From a sentence to its first audio, and between two pieces of it.
    public var synthesisPatience: Duration = .seconds(2)
    /// For `before_llm` and `before_tts`; then the text goes its way as it was.
    public var scriptPatience: Duration = .seconds(2)
    /// For how long a provider that failed is passed over where another can be asked.
    public var rest: Duration = .seconds(30)
    /// Sentences that are synthesised at the same time.
    public var simultaneousSentences = 2
    /// Characters of the conversation that the model is given; what is older is left out.
    public var contextCharacters = 100_000

    public init() {}
}
