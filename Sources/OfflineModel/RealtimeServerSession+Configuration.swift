import SansIO

extension RealtimeServerSession {
    /// What an operator chooses for a session.
    public struct Configuration: Hashable, Sendable {
        /// Seed of identifiers, chunk sizes and delays.
        public var seed: UInt64
        /// Wall clock at the start, of which `expires_at` is told. Unix time. [s]
        public var unixTime: Int64
        /// Models that exist; dated variants of them do too.
        public var models: [String]
        /// Keys that are refused; every other key that is not empty is good.
        public var refusedKeys: Set<String>
        /// Whether audio is judged and recognised, or only counted.
        public var hears: Bool
        /// How many times faster than real time speech is sent; 0 sends it all at once.
        public var pace: Double
        /// After this a session ends with close code 1001.
        public var maximumDuration: Duration
        /// Instructions of a session that has set none.
        public var instructions: String
        /// Longest delay of the input transcript behind the recogniser.
        public var maximumTranscriptDelay: Duration

        public init(
            seed: UInt64, unixTime: Int64, models: [String] = Self.knownModels, refusedKeys: Set<String> = [],
            hears: Bool = true, pace: Double = 8, maximumDuration: Duration = .seconds(3600),
            instructions: String = "You are a helpful assistant who speaks on the telephone.",
            maximumTranscriptDelay: Duration = .milliseconds(250)
        ) {
            self.seed = seed
            self.unixTime = unixTime
            self.models = models
            self.refusedKeys = refusedKeys
            self.hears = hears
            self.pace = pace
            self.maximumDuration = maximumDuration
            self.instructions = instructions
            self.maximumTranscriptDelay = maximumTranscriptDelay
        }

        /// Models of the live service, and this one's own name.
        public static let knownModels = [
            "gpt-realtime", "gpt-realtime-1.5", "gpt-realtime-2", "gpt-realtime-2.1", "gpt-realtime-2.1-mini",
            "gpt-realtime-mini", "offline",
        ]

        struct Refusal {
            let error: RealtimeError
            let closeCode: UInt16
        }

        /// Why a client gets no session; the live service accepts the upgrade and then says so.
        func refusal(of handshake: Handshake) -> Refusal? {
            guard let key = handshake.key, !key.isEmpty, !refusedKeys.contains(key) else {
                return Refusal(
                    error: RealtimeError(
                        code: "invalid_api_key", message: "Incorrect API key provided, or none at all."),
                    closeCode: 3000)
            }
            if handshake.asksForBeta {
                return Refusal(
                    error: RealtimeError(
                        code: "beta_api_shape_disabled",
                        message: "The Realtime Beta API is no longer supported. Leave out the header 'OpenAI-Beta'."),
                    closeCode: 4000)
            }
            if handshake.isTranscription { return nil }
            guard let model = handshake.model, !model.isEmpty else {
                return Refusal(
                    error: RealtimeError(
                        code: "missing_model", message: "You must provide a model parameter: '?model=…'."),
                    closeCode: 4000)
            }
            guard models.contains(where: { model == $0 || model.hasPrefix($0 + "-20") }) else {
                return Refusal(
                    error: RealtimeError(code: "invalid_model", message: "The model '\(model)' does not exist."),
                    closeCode: 4000)
            }
            return nil
        }
    }

    /// What a client's upgrade request said.
    public struct Handshake: Hashable, Sendable {
        /// Query parameter `model`.
        public var model: String?
        /// The key of `Authorization: Bearer …`.
        public var key: String?
        /// Whether header `OpenAI-Beta` was there.
        public var asksForBeta: Bool
        /// Whether query parameter `intent` was `transcription`: a session that only writes down what it hears.
        public var isTranscription: Bool

        public init(model: String?, key: String?, asksForBeta: Bool = false, isTranscription: Bool = false) {
            self.model = model
            self.key = key
            self.asksForBeta = asksForBeta
            self.isTranscription = isTranscription
        }
    }
}
