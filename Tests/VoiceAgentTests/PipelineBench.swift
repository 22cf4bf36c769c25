import Conversation
import Net
import SansIO
import Testing
import VoiceAgent

/// A connection and what it reported.
final class PipelineBench: Sendable {
    let client: HTTPClient
    let connection: PipelineConnection
    let events = Recorder<PipelineEvent>()

    init(_ configuration: PipelineConfiguration) throws {
        client = try HTTPClient()
        let events = events
        connection = try PipelineConnection(configuration: configuration, client: client) { events.record($0) }
    }

    func hear(_ bytes: [UInt8]) {
        for start in stride(from: 0, to: bytes.count, by: 160) {
            Array(bytes[start..<min(bytes.count, start + 160)]).withUnsafeBytes { connection.append($0) }
        }
    }

    /// All events so far, as soon as the last one of that work is among them.
    func generation(_ id: UInt64) async -> [GenerationEvent] {
        let events = await events.wait { $0.contains { Self.isEnd($0, of: id) } }
        return events.compactMap { event in
            // Whether a piece of an answer came alone is the network's matter.
            if case .generation(id, let event) = event, event.isWord { event } else { nil }
        }
    }

    func synthesis(_ id: UInt64) async -> [SynthesisEvent] {
        let events = await events.wait { $0.contains { Self.isEnd($0, of: id) } }
        return events.compactMap { if case .synthesis(id, let event) = $0 { event } else { nil } }
    }

    func transcript(_ id: UInt64) async -> PipelineEvent? {
        await events.wait { $0.contains { Self.isEnd($0, of: id) } }.first { Self.isEnd($0, of: id) }
    }

    private static func isEnd(_ event: PipelineEvent, of id: UInt64) -> Bool {
        switch event {
        case .generation(id, .ended), .generation(id, .failed), .synthesis(id, .ended), .synthesis(id, .failed),
            .transcribed(id, _), .transcriptionFailed(id, _):
            true
        default: false
        }
    }

    /// Closes, and waits until nothing is left.
    func close() async {
        connection.perform(.close)
        #expect(connection.openCount == 0)
        while client.counts.openTransfers > 0 { await Task.yield() }
    }

    // MARK: What is asked of it

    static func configuration(
        _ stub: StageStub, stt: SpeechToTextProvider.Kind = .transcriptions
    ) -> PipelineConfiguration {
        PipelineConfiguration(
            stt: [SpeechToTextProvider(kind: stt, endpoint: stub.endpoint, model: "scribe")],
            llm: [LanguageModelProvider(kind: .chat, endpoint: stub.endpoint, model: "chat")],
            tts: [.speech(SpeechEndpoint(endpoint: stub.endpoint, model: "voice"))])
    }

    static func failure(_ event: GenerationEvent?) -> StageFailure? {
        if case .failed(let failure) = event { failure } else { nil }
    }

    static func failure(_ event: SynthesisEvent?) -> StageFailure? {
        if case .failed(let failure) = event { failure } else { nil }
    }

    static func failure(_ event: PipelineEvent?) -> StageFailure? {
        if case .transcriptionFailed(_, let failure) = event { failure } else { nil }
    }

    static let chat = Array(
        text: #"data: {"choices":[{"index":0,"delta":{"content":"Good morning. "}}]}"# + "\n\n"
            + #"data: {"choices":[{"index":0,"delta":{"content":"Grüß Gott."}}]}"# + "\n\n"
            + #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\ndata: [DONE]\n\n")

    static func ask(_ id: UInt64, provider: Int = 0) -> PipelineCommand {
        .generate(
            GenerationRequest(
                id: id, provider: provider, instructions: "", messages: [ChatMessage(role: .user, text: "Hello?")]))
    }

    static func say(_ id: UInt64, _ text: String = "Hello.", provider: Int = 0) -> PipelineCommand {
        .synthesize(SynthesisRequest(id: id, provider: provider, text: text))
    }
}

extension GenerationEvent {
    /// Neither a sign of life nor one that the end is near.
    var isWord: Bool {
        switch self {
        case .progress, .written: false
        case .text, .call, .ended, .failed: true
        }
    }
}
