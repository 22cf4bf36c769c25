public import Net
public import SansIO
public import Speech

/// The providers of each stage, in order of preference: the place in a list is what commands name.
public struct PipelineConfiguration: Sendable {
    public var stt: [SpeechToTextProvider]
    public var llm: [LanguageModelProvider]
    public var tts: [TextToSpeechProvider]
    /// What counts as a voice.
    public var voice: CallerAudio.Settings
    /// Limits of sockets; requests have those of the HTTP client.
    public var webSocket: WebSocketOptions
    /// For how long a server that is out of reach for a passing reason is tried anew before the stages count as failed.
    public var openingTime: Duration

    public init(
        stt: [SpeechToTextProvider], llm: [LanguageModelProvider], tts: [TextToSpeechProvider],
        voice: CallerAudio.Settings = CallerAudio.Settings(),
        webSocket: WebSocketOptions = PipelineConfiguration.callSocket, openingTime: Duration = .seconds(8)
    ) {
        self.stt = stt
        self.llm = llm
        self.tts = tts
        self.voice = voice
        self.webSocket = webSocket
        self.openingTime = openingTime
    }

    /// Sockets whose call notices within seconds that nobody is there any more.
    public static var callSocket: WebSocketOptions {
        var options = WebSocketOptions()
        options.pingInterval = .seconds(5)
        options.pongTimeout = .seconds(5)
        return options
    }

    /// The first choice of each stage, for the log: `gpt-4o-transcribe, gpt-5-mini, flite (awb)`.
    public var models: String {
        [stt.first?.model, llm.first?.model, tts.first?.name].compactMap { $0 }.joined(separator: ", ")
    }
}

/// A speech-to-text provider.
public struct SpeechToTextProvider: Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// A transcription session of the Realtime API: it listens while the caller speaks.
        case realtime
        /// `/audio/transcriptions`, once a segment is whole.
        case transcriptions
    }

    public var kind: Kind
    public var endpoint: StageEndpoint
    /// For example `gpt-4o-transcribe`.
    public var model: String
    /// ISO 639-1; `nil` lets the model find out.
    public var language: String?
    /// Members of the session's `transcription`, or fields of the form, that this program knows nothing of.
    public var extra: JSONObject
    public var timeouts: HTTPStream.Timeouts

    public init(
        kind: Kind, endpoint: StageEndpoint, model: String, language: String? = nil, extra: JSONObject = [:],
        timeouts: HTTPStream.Timeouts = HTTPStream.Timeouts(
            firstByte: .seconds(15), betweenBytes: .seconds(10), whole: .seconds(30))
    ) {
        self.kind = kind
        self.endpoint = endpoint
        self.model = model
        self.language = language
        self.extra = extra
        self.timeouts = timeouts
    }
}

/// A language model's provider.
public struct LanguageModelProvider: Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// `/chat/completions`.
        case chat
        /// `/responses`, without state at the server.
        case responses
    }

    public var kind: Kind
    public var endpoint: StageEndpoint
    public var model: String
    /// `nil` leaves the server's own.
    public var temperature: Double?
    /// Members of the request's body that this program knows nothing of, or means otherwise; `null` leaves one out.
    public var extra: JSONObject
    public var timeouts: HTTPStream.Timeouts

    public init(
        kind: Kind, endpoint: StageEndpoint, model: String, temperature: Double? = nil, extra: JSONObject = [:],
        timeouts: HTTPStream.Timeouts = HTTPStream.Timeouts(
            firstByte: .seconds(20), betweenBytes: .seconds(15), whole: .seconds(120))
    ) {
        self.kind = kind
        self.endpoint = endpoint
        self.model = model
        self.temperature = temperature
        self.extra = extra
        self.timeouts = timeouts
    }
}

/// A text-to-speech provider.
public enum TextToSpeechProvider: Sendable {
    /// `/audio/speech`.
    case speech(SpeechEndpoint)
    /// This machine's own synthesiser: English alone, but it needs nobody.
    case local(voice: SpeechSynthesizer.Voice)

    /// The model's name, for the log.
    public var name: String {
        switch self {
        case .speech(let provider): provider.model
        case .local(let voice): "flite (\(voice.rawValue))"
        }
    }
}

/// A provider of `/audio/speech`.
public struct SpeechEndpoint: Sendable {
    public var endpoint: StageEndpoint
    public var model: String
    /// What speaks where the request names nobody.
    public var voice: String
    /// Whether it speaks whomever the request names: other servers' names mean nothing to this one.
    public var keepsVoice: Bool
    /// Members of the request's body that this program knows nothing of, or means otherwise; `null` leaves one out.
    public var extra: JSONObject
    public var timeouts: HTTPStream.Timeouts

    public init(
        endpoint: StageEndpoint, model: String, voice: String = "alloy", keepsVoice: Bool = false,
        extra: JSONObject = [:],
        timeouts: HTTPStream.Timeouts = HTTPStream.Timeouts(
            firstByte: .seconds(15), betweenBytes: .seconds(10), whole: .seconds(120))
    ) {
        self.endpoint = endpoint
        self.model = model
        self.voice = voice
        self.keepsVoice = keepsVoice
        self.extra = extra
        self.timeouts = timeouts
    }
}
