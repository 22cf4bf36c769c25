public import Conversation
public import Net

/// One request to a stage's server and what its answer means, without the connection.
///
/// Owned by one task or thread at a time.
public struct StageExchange {
    private enum Reading {
        case generation(UInt64, GenerationStream)
        case synthesis(UInt64, SpeechAudioStream)
        case transcription(UInt64, SpeechToTextProvider, body: [UInt8])
    }

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

    private let server: StageServer
    private var reading: Reading
    private var state = State.waiting
    private var headers: HTTPFields = [:]

    /// A refusal is not read further. [byte]
    private static let longestRefusal = 65_536

    /// What the language model is asked.
    public init(_ request: GenerationRequest, provider: LanguageModelProvider) {
        self.request = provider.request(request)
        timeouts = provider.timeouts
        server = provider.endpoint.server(.llm)
        reading = .generation(request.id, GenerationStream(provider: provider, generation: request.id))
    }

    /// A sentence to be spoken.
    public init(_ request: SynthesisRequest, provider: SpeechEndpoint) {
        self.request = provider.request(request)
        timeouts = provider.timeouts
        server = provider.endpoint.server(.tts)
        reading = .synthesis(request.id, SpeechAudioStream(server: server, contentType: nil))
    }

    /// A segment to be written down.
    ///
    /// - Parameter audio: µ-law at 8 kHz.
    public init(segment: UInt64, audio: [UInt8], provider: SpeechToTextProvider) {
        request = provider.request(audio)
        timeouts = provider.timeouts
        server = provider.endpoint.server(.stt)
        reading = .transcription(segment, provider, body: [])
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
        case (_, .failed(let error)): return fail(server.failure(error))
        case (.waiting, .head(let status, let headers)):
            begin(status, headers)
            return []
        case (.reading, .body(let bytes)): return read(bytes)
        case (.refused(let status, let headers, let body), .body(let bytes)):
            state = .waiting
            state = .refused(
                status: status, headers, body: Array((body + bytes).prefix(StageExchange.longestRefusal)))
            return []
        case (.reading, .ended): return finish(now: now)
        case (.refused(let status, let headers, let body), .ended):
            return fail(server.failure(status: status, headers: headers, body: body, now: now))
        case (.waiting, .body), (.waiting, .ended), (.reading, .head), (.refused, .head):
            return fail(server.failure(.retryable, "sent no HTTP answer; check the base URL"))
        }
    }

    private mutating func begin(_ status: Int, _ headers: HTTPFields) {
        self.headers = headers
        guard (200..<300).contains(status) else {
            state = .refused(status: status, headers, body: [])
            return
        }
        state = .reading
        if case .synthesis(let id, _) = reading {
            reading = .synthesis(id, SpeechAudioStream(server: server, contentType: headers["Content-Type"]))
        }
    }

    private mutating func read(_ bytes: [UInt8]) -> [PipelineEvent] {
        switch reading {
        case .generation(let id, var stream):
            let events = stream.receive(bytes)
            reading = .generation(id, stream)
            if stream.isEnded { state = .ended }
            return events.map { .generation(id, $0) }
        case .synthesis(let id, var stream):
            let events = stream.receive(bytes)
            reading = .synthesis(id, stream)
            if stream.isEnded { state = .ended }
            return events.map { .synthesis(id, $0) }
        case .transcription(let id, let provider, let body):
            reading = .transcription(id, provider, body: body + bytes)
            return []
        }
    }

    private mutating func finish(now: Int64) -> [PipelineEvent] {
        state = .ended
        switch reading {
        case .generation(let id, var stream): return stream.finish().map { .generation(id, $0) }
        case .synthesis(let id, var stream): return stream.finish().map { .synthesis(id, $0) }
        case .transcription(let id, let provider, let body):
            do throws(StageFailure) {
                return [
                    .transcribed(
                        segment: id,
                        try provider.transcript(status: 200, headers: headers, body: body, now: now))
                ]
            } catch {
                return fail(error)
            }
        }
    }

    private mutating func fail(_ failure: StageFailure) -> [PipelineEvent] {
        state = .ended
        switch reading {
        case .generation(let id, _): return [.generation(id, .failed(failure))]
        case .synthesis(let id, _): return [.synthesis(id, .failed(failure))]
        case .transcription(let id, _, _): return [.transcriptionFailed(segment: id, failure)]
        }
    }
}
