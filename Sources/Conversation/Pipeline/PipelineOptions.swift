/// How long a pipeline waits for its stages, and what it does by itself.
public struct PipelineOptions: Hashable, Sendable {
    /// How many providers each stage can choose from, the first being preferred.
    public var providers: [PipelineStage: Int] = [.stt: 1, .llm: 1, .tts: 1]
    /// How long a stage may give nothing before the next provider is asked: the longest silence that a stage which
    /// fails adds to an answer. From the end of a segment to its transcript; from a request to the language model's
    /// first event, and between two; from a sentence to its first audio, and between two pieces.
    public var patience: [PipelineStage: Duration] = PipelineOptions.usualPatience
    /// That of providers that have one of their own, by their places.
    public var ownPatience: [PipelineStage: [Int: Duration]] = [:]
    /// How long a language model that has written all may take to end its answer; then its usage is not known.
    public var endPatience: Duration = .milliseconds(500)
    /// For `before_llm` and `before_tts`; then the text goes its way as it was.
    public var scriptPatience: Duration = .seconds(2)
    /// For how long a provider that failed is passed over where another can be asked.
    public var rest: Duration = .seconds(30)
    /// Sentences that are synthesised at the same time.
    public var simultaneousSentences = 2
    /// Characters of the conversation that the model is given; what is older is left out.
    public var contextCharacters = 100_000

    public init() {}

    /// Nobody waits longer for a server that answers at all.
    public static let usualPatience: [PipelineStage: Duration] = [
        .stt: .milliseconds(2_500), .llm: .seconds(4), .tts: .seconds(2),
    ]

    func patience(_ stage: PipelineStage, provider: Int) -> Duration {
        ownPatience[stage]?[provider] ?? patience[stage] ?? PipelineOptions.usualPatience[stage] ?? .seconds(2)
    }
}
