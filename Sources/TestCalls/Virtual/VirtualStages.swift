import Conversation
import Net
import OfflineModel
import SansIO
import VoiceAgent

/// The three stages of a pipeline in virtual time: the drivers' values at this end, the offline model's at the other,
/// and a network between them.
final class VirtualStages {
    /// What is on its way between the two.
    enum Delivery {
        case request(UInt64, EndpointRequest)
        case head(UInt64, status: Int, headers: HTTPFields)
        case body(UInt64, [UInt8])
        case ended(UInt64, EndpointReply.Ending)
    }

    private enum Reader {
        case transcription(SpeechToTextProvider)
        case generation(GenerationStream, LanguageModelProvider)
        case synthesis(SpeechAudioStream?, StageServer)
    }

    /// A request that has not been answered whole.
    private struct Exchange {
        var reader: Reader
        var status = 200
        var headers = HTTPFields()
        /// Of a transcript, and of a refusal.
        var body: [UInt8] = []
        /// Of a segment. [ms]
        var range: Range<Int>?
    }

    /// From us to a server, and back.
    static let networkDelay = Duration.milliseconds(20)
    private static let endpoint = StageEndpoint(baseURL: "http://offline.invalid/v1", apiKey: Secret("test"))

    private var audio: CallerAudio
    private let endpoints: VirtualEndpoints
    private let unixTime: Int64
    private let stt: SpeechToTextProvider
    private let llm: LanguageModelProvider
    private let tts: SpeechEndpoint
    private var open: [UInt64: Exchange] = [:]
    /// The segment whose transcription the server was asked for last.
    private(set) var servedRange: Range<Int>?

    /// Requests that are under way.
    var openCount: Int { open.count }

    init(_ endpoints: VirtualEndpoints, turns: TurnOptions, unixTime: Int64) throws(StageFailure) {
        var voice = CallerAudio.Settings()
        voice.silence = turns.voicePause
        audio = try CallerAudio(settings: voice)
        self.endpoints = endpoints
        self.unixTime = unixTime
        stt = SpeechToTextProvider(kind: .transcriptions, endpoint: Self.endpoint, model: "gpt-4o-mini-transcribe")
        llm = LanguageModelProvider(kind: .chat, endpoint: Self.endpoint, model: "gpt-4.1-mini")
        tts = SpeechEndpoint(endpoint: Self.endpoint, model: "gpt-4o-mini-tts")
    }

    /// Takes audio of the far end.
    func hear(_ payload: UnsafeRawBufferPointer) -> [PipelineEvent] { audio.append(payload) }

    /// Does what the session asks for.
    ///
    /// - Returns: What happens at once, and what is sent.
    func perform(_ command: PipelineCommand) -> (events: [PipelineEvent], sent: [Delivery]) {
        switch command {
        case .open: return ([.ready(models: "offline")], [])
        case .beginSegment: break
        case .endSegment(let id, _, let range):
            return send(stt.request(audio.audio(range)), .transcriptions, id, .transcription(stt), range)
        case .generate(let request):
            let stream = GenerationStream(provider: llm, generation: request.id)
            return send(llm.request(request), .chat, request.id, .generation(stream, llm))
        case .synthesize(let request):
            return send(
                tts.request(request), .speech, request.id, .synthesis(nil, Self.endpoint.server(.tts)))
        case .dropSegment(let id), .cancelGeneration(let id), .cancelSynthesis(let id): open[id] = nil
        case .close: open = [:]
        }
        return ([], [])
    }

    private func send(
        _ request: HTTPRequest, _ endpoint: EndpointRequest.Endpoint, _ id: UInt64, _ reader: Reader,
        _ range: Range<Int>? = nil
    ) -> (events: [PipelineEvent], sent: [Delivery]) {
        open[id] = Exchange(reader: reader, range: range)
        let form = EndpointRequest(
            endpoint, key: "test", contentType: request.headers["Content-Type"] ?? "application/json",
            body: request.body)
        return ([], [.request(id, form)])
    }

    /// The server gets a request.
    ///
    /// - Returns: What it sends, and how long after.
    func serve(_ id: UInt64, _ request: EndpointRequest, at now: Instant) -> [(Delivery, Duration)] {
        guard let exchange = open[id] else { return [] }
        servedRange = exchange.range
        let reply = endpoints.reply(to: request, at: now)
        var deliveries: [(Delivery, Duration)] = []
        if let delay = reply.headDelay {
            var headers = HTTPFields()
            for header in reply.headers { headers.append(name: header.name, value: header.value) }
            deliveries.append((.head(id, status: reply.status, headers: headers), delay))
        }
        deliveries += reply.pieces.map { (.body(id, $0.bytes), $0.delay) }
        deliveries.append((.ended(id, reply.ending), reply.endDelay))
        return deliveries
    }

    // MARK: What the server sent

    func receive(_ delivery: Delivery) -> [PipelineEvent] {
        switch delivery {
        case .request: return []
        case .head(let id, let status, let headers):
            open[id]?.status = status
            open[id]?.headers = headers
            if case .synthesis(nil, let server)? = open[id]?.reader, status == 200 {
                let stream = SpeechAudioStream(server: server, contentType: headers["Content-Type"])
                open[id]?.reader = .synthesis(stream, server)
            }
            return []
        case .body(let id, let bytes): return receive(bytes, of: id)
        case .ended(let id, let ending): return end(id, ending)
        }
    }

    private func receive(_ bytes: [UInt8], of id: UInt64) -> [PipelineEvent] {
        guard var exchange = open[id] else { return [] }
        var events: [PipelineEvent] = []
        var isEnded = false
        switch exchange.reader {
        case .generation(var stream, let provider) where exchange.status == 200:
            events = stream.receive(bytes).map { .generation(id, $0) }
            isEnded = stream.isEnded
            exchange.reader = .generation(stream, provider)
        case .synthesis(var stream?, let server):
            events = stream.receive(bytes).map { .synthesis(id, $0) }
            isEnded = stream.isEnded
            exchange.reader = .synthesis(stream, server)
        default: exchange.body += bytes
        }
        open[id] = isEnded ? nil : exchange
        return events
    }

    private func end(_ id: UInt64, _ ending: EndpointReply.Ending) -> [PipelineEvent] {
        guard ending != .stalled, let exchange = open.removeValue(forKey: id) else { return [] }
        switch exchange.reader {
        case .transcription(let provider):
            guard ending == .complete else {
                return [.transcriptionFailed(segment: id, dropped(provider.endpoint.server(.stt)))]
            }
            do throws(StageFailure) {
                let text = try provider.transcript(
                    status: exchange.status, headers: exchange.headers, body: exchange.body, now: unixTime)
                return [.transcribed(segment: id, text)]
            } catch {
                return [.transcriptionFailed(segment: id, error)]
            }
        case .generation(var stream, let provider):
            let server = provider.endpoint.server(.llm)
            if exchange.status != 200 { return [.generation(id, .failed(refusal(exchange, server)))] }
            guard ending == .complete else { return [.generation(id, .failed(dropped(server)))] }
            return stream.finish().map { .generation(id, $0) }
        case .synthesis(let stream, let server):
            guard ending == .complete else { return [.synthesis(id, .failed(dropped(server)))] }
            guard var stream else { return [.synthesis(id, .failed(refusal(exchange, server)))] }
            return stream.finish().map { .synthesis(id, $0) }
        }
    }

    private func refusal(_ exchange: Exchange, _ server: StageServer) -> StageFailure {
        server.failure(status: exchange.status, headers: exchange.headers, body: exchange.body, now: unixTime)
    }

    private func dropped(_ server: StageServer) -> StageFailure {
        server.failure(NetError(.connectionLost, "\(server.name) closed the connection."))
    }
}
