import AgentHost
import Conversation
import Net
import OfflineModel
import SansIO
import Speech
import VoiceAgent

/// The three stages of a pipeline in virtual time: the drivers' values at this end, the offline model's at the other,
/// and a network between them.
///
/// Segments are transcribed whole (`/audio/transcriptions`), whatever interface the flow names.
final class VirtualStages {
    /// What is on its way between the two.
    enum Delivery {
        case request(Work, EndpointRequest)
        case reply(Work, HTTPStreamEvent)
    }

    enum Work: Hashable {
        case segment(UInt64), generation(UInt64), synthesis(UInt64)
    }

    /// A request that has not been answered whole.
    private struct Request {
        var exchange: StageExchange
        /// Of a segment. [ms]
        var range: Range<Int>?
    }

    /// From us to a server, and back.
    static let networkDelay = Duration.milliseconds(20)

    private var audio: CallerAudio
    private let configuration: PipelineConfiguration
    private let endpoints: VirtualEndpoints
    private let unixTime: Int64
    private var open: [Work: Request] = [:]
    /// The segment whose transcription the server was asked for last.
    private(set) var servedRange: Range<Int>?

    /// Requests that are under way.
    var openCount: Int { open.count }

    /// - Throws: ``StageFailure`` when the system has no memory left.
    init(_ configuration: PipelineConfiguration, _ endpoints: VirtualEndpoints, unixTime: Int64) throws(StageFailure) {
        audio = try CallerAudio(settings: configuration.voice)
        self.configuration = configuration
        self.endpoints = endpoints
        self.unixTime = unixTime
    }

    /// What a flow's pipeline is made of: each server that it names is the offline model, and its name is the key.
    static func configuration(for definition: AgentDefinition) throws(PipelineEndpoints.Unknown)
        -> PipelineConfiguration
    {
        try PipelineEndpoints().serving(definition) {
            StageEndpoint(baseURL: "http://\($0).invalid/v1", apiKey: Secret($0))
        }
        .configuration(for: definition)
    }

    /// Takes audio of the far end.
    func hear(_ payload: UnsafeRawBufferPointer) -> [PipelineEvent] { audio.append(payload) }

    /// Does what the session asks for.
    ///
    /// - Returns: What happens at once, and what is sent.
    func perform(_ command: PipelineCommand) -> (events: [PipelineEvent], sent: [Delivery]) {
        switch command {
        case .open: return ([.ready(models: configuration.models)], [])
        case .beginSegment: break
        case .endSegment(let id, let provider, let range):
            let exchange = StageExchange(
                segment: id, audio: audio.audio(range), provider: configuration.stt[provider])
            return ([], [send(exchange, .transcriptions, configuration.stt[provider].endpoint, .segment(id), range)])
        case .generate(let request):
            let provider = configuration.llm[request.provider]
            let exchange = StageExchange(request, provider: provider)
            let endpoint: EndpointRequest.Endpoint = provider.kind == .chat ? .chat : .responses
            return ([], [send(exchange, endpoint, provider.endpoint, .generation(request.id))])
        case .synthesize(let request):
            let provider = VirtualStages.speech(configuration.tts[request.provider])
            let exchange = StageExchange(request, provider: provider)
            return ([], [send(exchange, .speech, provider.endpoint, .synthesis(request.id))])
        case .dropSegment(let id): open[.segment(id)] = nil
        case .cancelGeneration(let id): open[.generation(id)] = nil
        case .cancelSynthesis(let id): open[.synthesis(id)] = nil
        case .close: open = [:]
        }
        return ([], [])
    }

    /// The machine's own synthesiser is the offline model's too; its key is ``PipelineEndpoints/local``.
    private static func speech(_ provider: TextToSpeechProvider) -> SpeechEndpoint {
        switch provider {
        case .speech(let provider): provider
        case .local(let voice):
            SpeechEndpoint(
                endpoint: StageEndpoint(
                    baseURL: "http://\(PipelineEndpoints.local).invalid/v1", apiKey: Secret(PipelineEndpoints.local)),
                model: "flite", voice: voice.rawValue)
        }
    }

    private func send(
        _ exchange: StageExchange, _ endpoint: EndpointRequest.Endpoint, _ server: StageEndpoint, _ work: Work,
        _ range: Range<Int>? = nil
    ) -> Delivery {
        open[work] = Request(exchange: exchange, range: range)
        return .request(
            work,
            EndpointRequest(
                endpoint, key: server.apiKey.revealed,
                contentType: exchange.request.headers["Content-Type"] ?? "application/json",
                body: exchange.request.body))
    }

    /// The server gets a request.
    ///
    /// - Returns: What it sends, and how long after.
    func serve(_ work: Work, _ request: EndpointRequest, at now: Instant) -> [(HTTPStreamEvent, Duration)] {
        guard let waiting = open[work] else { return [] }
        servedRange = waiting.range
        let reply = endpoints.reply(to: request, at: now)
        var events: [(HTTPStreamEvent, Duration)] = []
        if let delay = reply.headDelay {
            var headers = HTTPFields()
            for header in reply.headers { headers.append(name: header.name, value: header.value) }
            events.append((.head(status: reply.status, headers: headers), delay))
        }
        events += reply.pieces.map { (.body($0.bytes), $0.delay) }
        switch reply.ending {
        case .complete: events.append((.ended, reply.endDelay))
        case .dropped:
            events.append((.failed(NetError(.connectionLost, "The server closed the connection.")), reply.endDelay))
        case .stalled: break
        }
        return events
    }

    /// Takes what comes of a request.
    func receive(_ event: HTTPStreamEvent, of work: Work) -> [PipelineEvent] {
        guard let events = open[work]?.exchange.receive(event, now: unixTime) else { return [] }
        if open[work]?.exchange.isEnded == true { open[work] = nil }
        return events
    }
}
