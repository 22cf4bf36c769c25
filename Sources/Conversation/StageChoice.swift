public import SansIO

/// A provider of one of the pipeline's stages, as a flow names it.
public struct StageChoice: Hashable, Sendable {
    /// The operator's name for a server and its key: `openai`, or another; `local` for what needs none.
    public var endpoint: String
    /// The model; `nil` for the operator's.
    public var model: String?
    /// Which of the server's interfaces is used, where there are several; `nil` for the first of them.
    public var api: String?
    /// Of text-to-speech; `nil` for the agent's.
    public var voice: String?
    /// How long it may give nothing before the next is asked; `nil` for the operator's.
    public var patience: Duration?
    /// Of the language model; `nil` for the server's own.
    public var temperature: Double?
    /// Members of the request that this program knows nothing of, or means otherwise; `null` leaves one out.
    public var extra: JSONObject = [:]

    public init(
        endpoint: String, model: String? = nil, api: String? = nil, voice: String? = nil, patience: Duration? = nil
    ) {
        self.endpoint = endpoint
        self.model = model
        self.api = api
        self.voice = voice
        self.patience = patience
    }
}

extension PipelineStage {
    /// The interfaces that a flow can choose from, the usual one first.
    public var apis: [String] {
        switch self {
        case .stt: ["realtime", "transcriptions"]
        case .llm: ["chat", "responses"]
        case .tts: ["speech"]
        }
    }

    /// Providers that a flow may name for one stage.
    public static let maximumChoices = 4

    /// What a language model's temperature can be.
    public static let temperatureRange = 0.0...2.0

    /// What a provider's patience can be: requests themselves are given up later. [s]
    public static let patienceRange = 0.2...12.0
}
