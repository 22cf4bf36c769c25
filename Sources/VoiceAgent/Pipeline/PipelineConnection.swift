public import Conversation
import Glibc
public import Net
import SansIO
import Synchronization

/// The three stages of one call: performs the pipeline's commands and reports what comes of them.
///
/// Events are handed on in the order in which they happen, one closure call each, on whatever thread they happen.
/// Everything here may be called from any thread and returns at once; nothing follows ``PipelineCommand/close``.
public final class PipelineConnection: Sendable {
    /// A request under way.
    enum Work: Hashable {
        case segment(UInt64), generation(UInt64), synthesis(UInt64)
        /// Whether a server can be used.
        case probe(Int)
    }

    struct Transfer {
        /// `nil` until the client has it, and for work that is no request.
        var stream: HTTPStream?
        /// The last event was reported; the connection is let finish, for the next request.
        var isReported = false
        /// When an event was reported last.
        var reportedAt: ContinuousClock.Instant?
    }

    struct State {
        var isClosed = false
        /// The stages were opened, or are being opened.
        var hasBegun = false
        var caller: CallerAudio
        var listeners: [Int: TranscriptionListener] = [:]
        var transfers: [Work: Transfer] = [:]
        /// While it is not known whether the stages can be used.
        var opening: PipelineOpening?
        /// Waits before another attempt.
        var waits: [Int: Task<Void, Never>] = [:]
        var nextWait = 0
    }

    let configuration: PipelineConfiguration
    let client: HTTPClient
    let onEvent: @Sendable (PipelineEvent) -> Void
    let state: Mutex<State>

    /// - Parameters:
    ///   - client: Shared by all calls of a host: it keeps the connections warm.
    ///   - onEvent: Never called twice at once. It must only pass the event on: calling back into the connection from it
    ///     is a deadlock.
    /// - Throws: ``StageFailure`` when the system has no memory left.
    public init(
        configuration: PipelineConfiguration, client: HTTPClient, onEvent: @escaping @Sendable (PipelineEvent) -> Void
    ) throws(StageFailure) {
        self.configuration = configuration
        self.client = client
        self.onEvent = onEvent
        state = Mutex(State(caller: try CallerAudio(settings: configuration.voice)))
    }

    deinit {
        close()
    }

    /// Requests, sockets and waits that are open, for tests: none after ``PipelineCommand/close``.
    public var openCount: Int {
        state.withLock { state in
            state.transfers.count + state.waits.count + state.listeners.values.count { $0.isBusy }
        }
    }

    /// Takes the caller's audio. Called on the media pump thread; it neither waits nor blocks.
    ///
    /// - Parameter payload: µ-law at 8 kHz, of any length; copied before return.
    public func append(_ payload: UnsafeRawBufferPointer) {
        let lent = LentAudio(payload)
        state.withLock { state in
            if state.isClosed { return }
            for event in state.caller.append(lent.bytes) { onEvent(event) }
            for provider in state.listeners.keys {
                perform(state.listeners[provider]?.session.hear(state.caller) ?? [], provider, &state)
            }
        }
    }

    /// Performs a command.
    public func perform(_ command: PipelineCommand) {
        switch command {
        case .open: open()
        case .beginSegment(let id, let provider, let from):
            state.withLock { state in
                // What cannot be heard is told when the segment is whole: then somebody else can be asked.
                guard !state.isClosed, let listener = state.listeners[provider], listener.failure == nil else { return }
                perform(
                    state.listeners[provider]?.session.begin(id, from: from, state.caller) ?? [], provider, &state)
            }
        case .endSegment(let id, let provider, let range): endSegment(id, provider, range)
        case .dropSegment(let id):
            state.withLock { state in
                for provider in state.listeners.keys {
                    perform(state.listeners[provider]?.session.drop(id, state.caller) ?? [], provider, &state)
                }
            }
            cancel(.segment(id))
        case .generate(let request): generate(request)
        case .cancelGeneration(let id): cancel(.generation(id))
        case .synthesize(let request): synthesize(request)
        case .cancelSynthesis(let id): cancel(.synthesis(id))
        case .close: close()
        }
    }

    private func close() {
        let (streams, sockets, tasks) = state.withLock { state in
            state.isClosed = true
            defer {
                state.transfers = [:]
                state.listeners = [:]
                state.waits = [:]
                state.opening = nil
            }
            return (
                state.transfers.values.compactMap(\.stream), state.listeners.values.compactMap(\.socket),
                state.listeners.values.compactMap(\.connecting) + state.waits.values
            )
        }
        for stream in streams { stream.cancel() }
        for socket in sockets { socket.close() }
        for task in tasks { task.cancel() }
    }

    // MARK: Stages

    private func endSegment(_ id: UInt64, _ provider: Int, _ range: Range<Int>) {
        guard configuration.stt.indices.contains(provider) else {
            return report(.transcriptionFailed(segment: id, missing(.stt, provider)))
        }
        guard configuration.stt[provider].kind == .transcriptions else {
            return state.withLock { state in
                if state.isClosed { return }
                if let failure = state.listeners[provider]?.failure {
                    return onEvent(.transcriptionFailed(segment: id, failure))
                }
                perform(
                    state.listeners[provider]?.session.end(id, range: range, state.caller) ?? [], provider, &state)
            }
        }
        let audio = state.withLock { $0.caller.audio(range) }
        start(.segment(id), StageExchange(segment: id, audio: audio, provider: configuration.stt[provider]))
    }

    private func generate(_ request: GenerationRequest) {
        guard configuration.llm.indices.contains(request.provider) else {
            return report(.generation(request.id, .failed(missing(.llm, request.provider))))
        }
        start(.generation(request.id), StageExchange(request, provider: configuration.llm[request.provider]))
    }

    private func synthesize(_ request: SynthesisRequest) {
        guard configuration.tts.indices.contains(request.provider) else {
            return report(.synthesis(request.id, .failed(missing(.tts, request.provider))))
        }
        let work = Work.synthesis(request.id)
        switch configuration.tts[request.provider] {
        case .speech(let provider): start(work, StageExchange(request, provider: provider))
        case .local(let voice):
            guard claim(work) else { return }
            LocalSynthesis.speak(request, voice: voice) { [weak self] in
                self?.state.withLock { $0.transfers[work] != nil } ?? false
            } then: { [weak self] events in
                self?.report(events.map { .synthesis(request.id, $0) }, of: work, isReported: true, isOver: true)
            }
        }
    }

    private func missing(_ stage: PipelineStage, _ provider: Int) -> StageFailure {
        StageFailure(
            stage: stage, severity: .fatal,
            message: "The \(stage.rawValue) stage has no provider \(provider + 1); add it to the settings.")
    }

    // MARK: Requests

    /// Notes that work is under way; `false` when the connection is closed.
    private func claim(_ work: Work) -> Bool {
        state.withLock { state in
            if state.isClosed { return false }
            state.transfers[work] = Transfer()
            return true
        }
    }

    private func start(_ work: Work, _ exchange: sending StageExchange) {
        let (request, timeouts, limit) = (exchange.request, exchange.timeouts, exchange.maximumBodyBytes)
        let exchange = Mutex(exchange)
        start(work, request, timeouts, limit) { [weak self] event in
            let (events, isReported) = exchange.withLock { exchange in
                (exchange.receive(event, now: Int64(time(nil))), exchange.isEnded)
            }
            self?.report(events, of: work, isReported: isReported, isOver: event.isLast)
        }
    }

    /// Sends a request; `onEvent` is called on the client's thread.
    func start(
        _ work: Work, _ request: HTTPRequest, _ timeouts: HTTPStream.Timeouts, _ maximumBodyBytes: Int,
        onEvent: @escaping HTTPStream.EventHandler
    ) {
        guard claim(work) else { return }
        do throws(NetError) {
            let stream = try client.stream(
                request, timeouts: timeouts, maximumBodyBytes: maximumBodyBytes, onEvent: onEvent)
            let isWanted = state.withLock { state in
                state.transfers[work]?.stream = stream
                return state.transfers[work] != nil
            }
            // It has ended already, or it was cancelled meanwhile.
            if !isWanted { stream.cancel() }
        } catch {
            onEvent(.failed(error))
        }
    }

    private func cancel(_ work: Work) {
        let stream = state.withLock { state -> HTTPStream? in
            guard let transfer = state.transfers[work], !transfer.isReported else { return nil }
            state.transfers[work] = nil
            return transfer.stream
        }
        stream?.cancel()
    }

    /// Hands events on, unless nobody wants to hear of this work any more.
    ///
    /// - Parameters:
    ///   - isReported: The last event is among them, or was before.
    ///   - isOver: The connection has nothing more to give.
    func report(_ events: [PipelineEvent], of work: Work, isReported: Bool, isOver: Bool) {
        let left = state.withLock { state -> HTTPStream? in
            guard let transfer = state.transfers[work] else { return nil }
            if !transfer.isReported, !events.isEmpty {
                let now = ContinuousClock.now
                let hasSaidSo = transfer.reportedAt.map { $0.duration(to: now) < Self.signInterval } ?? false
                for event in events where !(hasSaidSo && event.isProgress) {
                    onEvent(event)
                    state.transfers[work]?.reportedAt = now
                }
            }
            let hasFailed = !isOver && events.last?.isFailure == true
            if isOver || hasFailed {
                state.transfers[work] = nil
            } else {
                state.transfers[work]?.isReported = isReported
            }
            return hasFailed ? transfer.stream : nil
        }
        left?.cancel()
    }

    /// A model that only works on is reported so often at most: each report is an entry of the call's log.
    private static let signInterval = Duration.milliseconds(250)

    private func report(_ event: PipelineEvent) {
        state.withLock { if !$0.isClosed { onEvent(event) } }
    }
}

extension HTTPStreamEvent {
    /// Nothing more comes of the request.
    var isLast: Bool {
        switch self {
        case .ended, .failed: true
        case .head, .body: false
        }
    }
}

extension PipelineEvent {
    fileprivate var isProgress: Bool {
        if case .generation(_, .progress) = self { true } else { false }
    }

    fileprivate var isFailure: Bool {
        switch self {
        case .generation(_, .failed), .synthesis(_, .failed), .transcriptionFailed: true
        default: false
        }
    }
}
