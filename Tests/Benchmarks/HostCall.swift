import Conversation
import MediaEngine
import Net
import SansIO
import Synchronization
import VoiceAgent

/// What the calls of a benchmark have in common.
final class HostFigures: Sendable {
    /// From the decision to flush to the last packet with audio.
    let flushes = Mutex(LatencyHistogram())
    let moments = Mutex(TurnMoments())
    let faults = Atomic(0)
    let endedCalls = Atomic(0)
}

/// One call as the agent host runs it: a `CallSession` between its model and the media stream.
///
/// Left out: SIP, whose work is done when the audio flows, the script, which has its own figures, and the files.
struct HostCall {
    /// What stands for the model's side.
    enum Mode: Sendable {
        case realtime
        /// Three stages, whose requests go over that client.
        case pipeline(HTTPClient)
    }

    private enum Model: Sendable {
        case realtime(RealtimeConnection)
        case pipeline(PipelineConnection)

        func append(_ payload: UnsafeRawBufferPointer) {
            switch self {
            case .realtime(let connection): connection.append(payload)
            case .pipeline(let connection): connection.append(payload)
            }
        }
    }

    /// What the pump thread and the call's task share.
    private final class Line: Sendable {
        /// Where the caller's audio goes; `nil` before the answer.
        let model = Mutex<Model?>(nil)
        /// When the last flush was decided. [ns]
        let flushedAt = Atomic<Int64>(0)
    }

    private let number: Int
    private let stream: MediaStream
    private let model: Model
    private let timer: DeadlineTimer
    private let events: AsyncStream<CallSession.Event>
    private let mailbox: AsyncStream<CallSession.Event>.Continuation
    private let remote: TransportAddress
    private let line = Line()
    private let figures: HostFigures
    private var session: CallSession
    private var lastTag: UInt32?

    var media: MediaStream { stream }
    /// Requests of the pipeline that are open.
    var openRequests: @Sendable () -> Int {
        { [model] in if case .pipeline(let connection) = model { connection.openCount } else { 0 } }
    }

    /// - Parameters:
    ///   - number: Of the call, from 0.
    ///   - remote: Where its RTP goes.
    init(
        number: Int, engine: MediaEngine, remote: TransportAddress, mode: Mode, modelURL: String, certificate: String?,
        figures: HostFigures
    ) throws {
        let (events, mailbox) = AsyncStream<CallSession.Event>.makeStream()
        let line = line
        stream = try engine.open(
            handlers: MediaStream.Handlers(
                uplink: { payload, _ in line.model.withLock { $0?.append(payload) } },
                event: { event in
                    if case .flushed(_, _, _, let at) = event {
                        let decided = line.flushedAt.exchange(0, ordering: .acquiringAndReleasing)
                        if decided > 0 {
                            figures.flushes.withLock { $0.record(nanoseconds: at.nanoseconds - decided) }
                        }
                    }
                    if let report = MediaReport(event) { mailbox.yield(.media(report)) }
                }))
        let name = "bench-\(number)-\(stream.localPort)"
        var definition = AgentDefinition(name: "bench", instructions: "Say what is to be said.")
        switch mode {
        case .realtime:
            model = .realtime(
                RealtimeConnection(
                    configuration: RealtimeConfiguration(
                        baseURL: modelURL, apiKey: "benchmark", model: name, trustedCertificatesFile: certificate,
                        connectTimeout: .seconds(30))
                ) { mailbox.yield(.model(ModelEvent($0))) })
        case .pipeline(let client):
            definition.mode = .pipeline
            var stages = PipelineConfiguration(at: modelURL, model: name)
            stages.voice.silence = definition.turns.voicePause
            model = .pipeline(
                try PipelineConnection(configuration: stages, client: client) { event in
                    if case .voiceStopped = event { figures.note(.voiceStopped, of: number) }
                    mailbox.yield(.pipeline(event))
                })
        }
        timer = DeadlineTimer { mailbox.yield(.deadline) }
        self.number = number
        self.events = events
        self.mailbox = mailbox
        self.remote = remote
        self.figures = figures
        var limits = CallSession.Limits()
        limits.modelConnect = .seconds(30)
        limits.modelConfigure = .seconds(30)
        session = CallSession(
            configuration: CallSession.Configuration(
                facts: CallFacts(
                    id: "bench-\(number)", to: "+15105550100", from: "", direction: .outbound, metadata: [:],
                    startedAt: 0, room: "bench", mode: definition.mode.rawValue, version: "bench"),
                definition: definition, model: CallSession.ModelOptions(transcriptionModel: nil), limits: limits))
    }

    /// Runs the call; it ends with the process.
    mutating func run() async {
        mailbox.yield(.start)
        for await event in events {
            let now = MonotonicClock.now()
            for action in session.receive(event, at: now) { perform(action) }
            timer.arm(after: session.nextDeadline.map { $0 - now })
        }
    }

    private mutating func perform(_ action: CallSession.Action) {
        switch action {
        case .connectModel:
            if case .realtime(let connection) = model { Task { await connection.connect() } }
        case .sendModel(let event): if case .realtime(let connection) = model { connection.send(event) }
        case .closeModel: if case .realtime(let connection) = model { connection.close() }
        case .pipeline(let command): if case .pipeline(let connection) = model { connection.perform(command) }
        case .dial:
            stream.start(MediaParameters(remote: remote))
            mailbox.yield(.telephony(.answered(headers: [:])))
            mailbox.yield(.media(.started))
        case .listen: line.model.withLock { $0 = model }
        case .play(let tag, let audio):
            if tag != lastTag { figures.note(.played, of: number) }
            lastTag = tag
            stream.play(audio, tag: tag)
        case .finishPlayout(let tag): stream.finish(tag: tag)
        case .flush:
            line.flushedAt.store(MonotonicClock.now().nanoseconds, ordering: .releasing)
            figures.note(.flushed, of: number)
            stream.flush()
        case .pausePlayout:
            figures.note(.held, of: number)
            stream.pause()
        case .resumePlayout: stream.resume()
        case .observe(.fault): figures.faults.add(1, ordering: .relaxed)
        case .observe(.latency(let latency)): figures.moments.withLock { $0.latencies.append(latency) }
        case .finish: figures.endedCalls.add(1, ordering: .relaxed)
        case .sendLive, .hangUp, .transfer, .script, .observe, .ring, .answer, .reject, .mute, .measure, .service,
            .cancelService, .keepAudio:
            break
        }
    }
}

extension PipelineConfiguration {
    /// One server for all three stages, each by plain requests.
    fileprivate init(at baseURL: String, model: String) {
        let endpoint = StageEndpoint(baseURL: baseURL, apiKey: Secret("benchmark"))
        self.init(
            stt: [SpeechToTextProvider(kind: .transcriptions, endpoint: endpoint, model: model)],
            llm: [LanguageModelProvider(kind: .chat, endpoint: endpoint, model: model)],
            tts: [.speech(SpeechEndpoint(endpoint: endpoint, model: model))])
    }
}

extension ModelEvent {
    fileprivate init(_ event: RealtimeConnection.Event) {
        switch event {
        case .connected: self = .connected
        case .event(let event): self = .event(event)
        case .malformed(let sentence): self = .malformed(sentence)
        case .closed(let code, let reason): self = .closed(code: code.map { Int($0) } ?? 1006, reason: reason)
        case .failed(let message): self = .failed(message: message)
        }
    }
}

extension MediaReport {
    fileprivate init?(_ event: MediaEvent) {
        switch event {
        case .started: return nil
        case .playoutStarted(let tag, let at): self = .playoutStarted(tag: tag, at: at)
        case .playoutEnded(let tag, let played, _): self = .playoutEnded(tag: tag, bytes: played)
        case .flushed(let tag, let played, let dropped, _): self = .flushed(tag: tag, played: played, dropped: dropped)
        case .drained: self = .drained
        case .digit(let digit, let duration): self = .digit(digit, milliseconds: duration)
        case .timedOut: self = .timedOut
        }
    }
}
