public import Conversation

/// Reads a language model's answer, of either protocol.
public enum GenerationStream: Sendable {
    case chat(ChatCompletionStream)
    case responses(ResponsesStream)

    public init(provider: LanguageModelProvider, generation: UInt64) {
        let server = provider.endpoint.server(.llm)
        switch provider.kind {
        case .chat: self = .chat(ChatCompletionStream(server: server, generation: generation))
        case .responses: self = .responses(ResponsesStream(server: server, generation: generation))
        }
    }

    /// Takes a part of the body, cut anywhere.
    public mutating func receive(_ bytes: [UInt8]) -> [GenerationEvent] {
        switch self {
        case .chat(var stream):
            defer { self = .chat(stream) }
            return stream.receive(bytes)
        case .responses(var stream):
            defer { self = .responses(stream) }
            return stream.receive(bytes)
        }
    }

    /// The body has ended; the last event is among the result unless it was given already.
    public mutating func finish() -> [GenerationEvent] {
        switch self {
        case .chat(var stream):
            defer { self = .chat(stream) }
            return stream.finish()
        case .responses(var stream):
            defer { self = .responses(stream) }
            return stream.finish()
        }
    }

    /// The last event was given.
    public var isEnded: Bool {
        switch self {
        case .chat(let stream): stream.isEnded
        case .responses(let stream): stream.isEnded
        }
    }
}
