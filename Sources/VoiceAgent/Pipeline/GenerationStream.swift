public import Conversation

/// Reads a language model's answer, of one protocol.
protocol GenerationParser: Sendable {
    mutating func receive(_ bytes: [UInt8]) -> [GenerationEvent]
    mutating func finish() -> [GenerationEvent]
    var isComplete: Bool { get }
    var isEnded: Bool { get }
}

extension ChatCompletionStream: GenerationParser {}
extension ResponsesStream: GenerationParser {}

/// Reads a language model's answer, of either protocol.
public struct GenerationStream: Sendable {
    private var parser: any GenerationParser

    public init(provider: LanguageModelProvider, generation: UInt64) {
        let server = provider.endpoint.server(.llm)
        switch provider.kind {
        case .chat: parser = ChatCompletionStream(server: server, generation: generation)
        case .responses: parser = ResponsesStream(server: server, generation: generation)
        }
    }

    /// Takes a part of the body, cut anywhere.
    public mutating func receive(_ bytes: [UInt8]) -> [GenerationEvent] { parser.receive(bytes) }

    /// The body has ended; the last event is among the result unless it was given already.
    public mutating func finish() -> [GenerationEvent] { parser.finish() }

    /// The model has said that it is done, even if its answer has not ended.
    public var isComplete: Bool { parser.isComplete }

    /// The last event was given.
    public var isEnded: Bool { parser.isEnded }
}
