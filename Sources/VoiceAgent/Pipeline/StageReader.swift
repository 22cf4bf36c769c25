import Conversation
import Net

/// Reads the body of a stage's answer, a success, and tells what it means.
protocol StageReader {
    /// The head has come.
    mutating func begin(_ headers: HTTPFields)
    /// Takes a part of the body, cut anywhere.
    mutating func receive(_ bytes: [UInt8]) -> [PipelineEvent]
    /// The body has ended; the last event is among the result.
    ///
    /// - Parameter now: Unix time. [s]
    mutating func finish(now: Int64) -> [PipelineEvent]
    /// The last event when the request has failed.
    func failed(_ failure: StageFailure) -> PipelineEvent
    /// All has come that matters, even if the body has not ended.
    var isComplete: Bool { get }
    /// The last event was given.
    var isEnded: Bool { get }
}

/// The answer of a language model.
struct GenerationReader: StageReader {
    let id: UInt64
    var stream: GenerationStream

    var isComplete: Bool { stream.isComplete }
    var isEnded: Bool { stream.isEnded }

    mutating func begin(_ headers: HTTPFields) {}

    mutating func receive(_ bytes: [UInt8]) -> [PipelineEvent] {
        stream.receive(bytes).map { .generation(id, $0) }
    }

    mutating func finish(now: Int64) -> [PipelineEvent] {
        stream.finish().map { .generation(id, $0) }
    }

    func failed(_ failure: StageFailure) -> PipelineEvent { .generation(id, .failed(failure)) }
}

/// A sentence that is spoken.
struct SynthesisReader: StageReader {
    let id: UInt64
    let text: String
    let server: StageServer
    private var stream: SpeechAudioStream

    init(id: UInt64, text: String, server: StageServer) {
        self.id = id
        self.text = text
        self.server = server
        stream = SpeechAudioStream(server: server, contentType: nil)
    }

    let isComplete = false
    var isEnded: Bool { stream.isEnded }

    mutating func begin(_ headers: HTTPFields) {
        // A sentence of signs alone may sound like nothing.
        let isAudible = text.unicodeScalars.contains { $0.properties.isAlphabetic || $0.properties.numericType != nil }
        stream = SpeechAudioStream(server: server, contentType: headers["Content-Type"], expectsSound: isAudible)
    }

    mutating func receive(_ bytes: [UInt8]) -> [PipelineEvent] {
        stream.receive(bytes).map { .synthesis(id, $0) }
    }

    mutating func finish(now: Int64) -> [PipelineEvent] {
        stream.finish().map { .synthesis(id, $0) }
    }

    func failed(_ failure: StageFailure) -> PipelineEvent { .synthesis(id, .failed(failure)) }
}

/// The words of a segment.
struct TranscriptReader: StageReader {
    let segment: UInt64
    let provider: SpeechToTextProvider
    private var headers: HTTPFields = [:]
    private var body: [UInt8] = []

    init(segment: UInt64, provider: SpeechToTextProvider) {
        self.segment = segment
        self.provider = provider
    }

    let isComplete = false
    let isEnded = false

    mutating func begin(_ headers: HTTPFields) {
        self.headers = headers
    }

    mutating func receive(_ bytes: [UInt8]) -> [PipelineEvent] {
        body += bytes
        return []
    }

    mutating func finish(now: Int64) -> [PipelineEvent] {
        do throws(StageFailure) {
            let words = try provider.transcript(status: 200, headers: headers, body: body, now: now)
            return [.transcribed(segment: segment, words)]
        } catch {
            return [failed(error)]
        }
    }

    func failed(_ failure: StageFailure) -> PipelineEvent { .transcriptionFailed(segment: segment, failure) }
}
