/// A request to one of the HTTP endpoints, as a server or a test call receives it.
public struct EndpointRequest: Sendable {
    /// The endpoints that are served.
    public enum Endpoint: String, CaseIterable, Hashable, Sendable {
        case chat = "/v1/chat/completions"
        case responses = "/v1/responses"
        case speech = "/v1/audio/speech"
        case transcriptions = "/v1/audio/transcriptions"
    }

    public var endpoint: Endpoint
    /// The key of `Authorization: Bearer …`; empty without one.
    public var key: String
    /// The header `Content-Type`; of a transcription it names the boundary.
    public var contentType: String
    public var body: [UInt8]

    public init(_ endpoint: Endpoint, key: String, contentType: String = "application/json", body: [UInt8]) {
        self.endpoint = endpoint
        self.key = key
        self.contentType = contentType
        self.body = body
    }
}

/// What a reply is made of besides request and answer.
struct ReplyContext: Sendable {
    /// Seed of identifiers and of the lengths of pieces.
    let seed: UInt64
    /// Wall clock at the arrival of the request. Unix time. [s]
    let unixTime: Int64
    /// How many times faster than real time speech is sent; 0 sends all at once, and so are words.
    let pace: Double

    /// Between one word of a written answer and the next.
    var wordInterval: Duration { .milliseconds(pace > 0 ? 5 : 0) }
}
