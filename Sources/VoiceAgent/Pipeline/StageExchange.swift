public import Conversation
public import Net

/// One request to a stage's server and what its answer means, without the connection.
///
/// Owned by one task or thread at a time.
public struct StageExchange {
    private enum State {
        /// No head has come.
        case waiting
        /// A success: its body goes to the reader.
        case reading
        /// A refusal, whose body is collected.
        case refused(status: Int, HTTPFields, body: [UInt8])
        case ended
    }

    public let request: HTTPRequest
    public let timeouts: HTTPStream.Timeouts

    /// A body that is larger is an error. [byte]
    public let maximumBodyBytes: Int

    private let server: StageServer
    private var reader: any StageReader
    private var state = State.waiting

    /// A refusal is not read further. [byte]
    private static let longestRefusal = 65_536
    /// [byte]
    private static let longestTranscript = 1 << 20
    private static let longestGeneration = 16 << 20
    /// Five minutes of samples. [byte]
    private static let longestSpeech = 16 << 20

    /// What the language model is asked.
    public init(_ request: GenerationRequest, provider: LanguageModelProvider) {
        self.request = provider.request(request)
        timeouts = provider.timeouts
        maximumBodyBytes = StageExchange.longestGeneration
        server = provider.endpoint.server(.llm)
        reader = GenerationReader(
            id: request.id, stream: GenerationStream(provider: provider, generation: request.id))
    }

    /// A sentence to be spoken.
    public init(_ request: SynthesisRequest, provider: SpeechEndpoint) {
        self.request = provider.request(request)
        timeouts = provider.timeouts
        maximumBodyBytes = StageExchange.longestSpeech
        server = provider.endpoint.server(.tts)
        reader = SynthesisReader(id: request.id, text: request.text, server: server)
    }

    /// A segment to be written down.
    ///
    /// - Parameter audio: µ-law at 8 kHz.
    public init(segment: UInt64, audio: [UInt8], provider: SpeechToTextProvider) {
        request = provider.request(audio)
        timeouts = provider.timeouts
        maximumBodyBytes = StageExchange.longestTranscript
        server = provider.endpoint.server(.stt)
        reader = TranscriptReader(segment: segment, provider: provider)
    }

    /// Whether the last event was given; what comes of the connection then is of no interest.
    public var isEnded: Bool {
        if case .ended = state { true } else { false }
    }

    /// Takes what comes of the request, and tells what it means. The last event is an end, a transcript or a failure.
    ///
    /// - Parameter now: Unix time. [s]
    public mutating func receive(_ event: HTTPStreamEvent, now: Int64) -> [PipelineEvent] {
        switch (state, event) {
        case (.ended, _): return []
        // What the answer was to hold has come: how its connection ends is of no interest.
        case (.reading, .failed) where reader.isComplete: return finish(now: now)
        case (_, .failed(let error)): return fail(server.failure(error))
        case (.waiting, .head(let status, let headers)):
            if (200..<300).contains(status) {
                state = .reading
                reader.begin(headers)
            } else {
                state = .refused(status: status, headers, body: [])
            }
            return []
        case (.reading, .body(let bytes)):
            let events = reader.receive(bytes)
            if reader.isEnded { state = .ended }
            return events
        case (.refused(let status, let headers, let body), .body(let bytes)):
            let room = StageExchange.longestRefusal - body.count
            if room > 0 { state = .refused(status: status, headers, body: body + bytes.prefix(room)) }
            return []
        case (.reading, .ended): return finish(now: now)
        case (.refused(let status, let headers, let body), .ended):
            return fail(server.failure(status: status, headers: headers, body: body, now: now))
        case (.waiting, .body), (.waiting, .ended), (.reading, .head), (.refused, .head):
            return fail(server.failure(.retryable, "sent no HTTP answer; check the base URL"))
        }
    }

    private mutating func finish(now: Int64) -> [PipelineEvent] {
        state = .ended
        return reader.finish(now: now)
    }

    private mutating func fail(_ failure: StageFailure) -> [PipelineEvent] {
        state = .ended
        return [reader.failed(failure)]
    }
}
