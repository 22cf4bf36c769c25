import Conversation
import Net
import SansIO
import Synchronization

/// What is known of the providers while the stages are opened.
struct PipelineOpening {
    struct Provider: Hashable {
        var stage: PipelineStage
        var place: Int
    }

    private var unknown: Set<Provider>
    private var usable: Set<PipelineStage> = []
    private var failures: [Provider: StageFailure] = [:]

    init(_ configuration: PipelineConfiguration) {
        unknown = Set(
            configuration.stt.indices.map { Provider(stage: .stt, place: $0) }
                + configuration.llm.indices.map { Provider(stage: .llm, place: $0) }
                + configuration.tts.indices.map { Provider(stage: .tts, place: $0) })
    }

    /// Learns of a provider, once.
    ///
    /// - Parameter failure: `nil` when it can be used.
    mutating func settle(_ stage: PipelineStage, _ place: Int, _ failure: StageFailure?) {
        let provider = Provider(stage: stage, place: place)
        guard unknown.remove(provider) != nil else { return }
        if let failure { failures[provider] = failure } else { usable.insert(stage) }
    }

    /// The event that ends the opening: every stage has a provider, or one has none; `nil` while neither is known.
    func outcome(models: String) -> PipelineEvent? {
        for stage in PipelineStage.allCases where !usable.contains(stage) {
            if unknown.contains(where: { $0.stage == stage }) { continue }
            let first = failures.filter { $0.key.stage == stage }.min { $0.key.place < $1.key.place }
            return .failed(
                first?.value
                    ?? StageFailure(
                        stage: stage, severity: .fatal,
                        message: "The \(stage.rawValue) stage has no provider; name one in the settings."))
        }
        return usable.count == PipelineStage.allCases.count ? .ready(models: models) : nil
    }
}

extension PipelineConnection {
    /// How long a server may take to say whether it can be used; then it is taken to be.
    private static let probeTimeouts = HTTPStream.Timeouts(
        firstByte: .seconds(4), betweenBytes: .seconds(4), whole: .seconds(8))
    private static let probePause = Duration.milliseconds(400)

    /// Opens sockets, and asks each HTTP server for its models: that opens a connection, and tells a bad key at once.
    ///
    /// What is open already is reported again; what could not be opened is tried anew.
    func open() {
        var endpoints: [StageEndpoint: [PipelineOpening.Provider]] = [:]
        for (place, provider) in configuration.stt.enumerated() where provider.kind == .transcriptions {
            endpoints[provider.endpoint, default: []].append(PipelineOpening.Provider(stage: .stt, place: place))
        }
        for (place, provider) in configuration.llm.enumerated() {
            endpoints[provider.endpoint, default: []].append(PipelineOpening.Provider(stage: .llm, place: place))
        }
        for (place, provider) in configuration.tts.enumerated() {
            guard case .speech(let provider) = provider else { continue }
            endpoints[provider.endpoint, default: []].append(PipelineOpening.Provider(stage: .tts, place: place))
        }
        let servers = endpoints.count
        let begun = state.withLock { state -> (firstProbe: Int, sockets: [WebSocketConnection])? in
            guard !state.isClosed, state.opening == nil else { return nil }
            if case .ready = state.outcome, let outcome = state.outcome {
                onEvent(outcome)
                return nil
            }
            let sockets = state.listeners.values.compactMap(\.socket)
            begin(&state)
            defer { state.nextProbe += servers }
            return (state.nextProbe, sockets)
        }
        guard let begun else { return }
        for socket in begun.sockets { socket.close() }
        for (number, endpoint) in endpoints.enumerated() {
            probe(begun.firstProbe + number, endpoint.key, endpoint.value, attempt: 1)
        }
    }

    /// Begins with what needs no request.
    private func begin(_ state: inout State) {
        state.opening = PipelineOpening(configuration)
        for (place, provider) in configuration.tts.enumerated() {
            if case .local = provider { settle(.tts, place, nil, &state) }
        }
        for (place, provider) in configuration.stt.enumerated() where provider.kind == .realtime {
            // The number goes on, so that what an earlier socket still says is known to be stale.
            let epoch = state.listeners[place]?.epoch ?? 0
            state.listeners[place]?.connecting?.cancel()
            state.listeners[place] = TranscriptionListener(
                session: TranscriptionSession(provider: provider), epoch: epoch)
            connect(place, &state)
        }
        // A stage without any provider is known by now.
        announce(&state)
    }

    /// Asks a server for its models, on behalf of all providers there.
    private func probe(
        _ number: Int, _ endpoint: StageEndpoint, _ providers: [PipelineOpening.Provider], attempt: Int
    ) {
        let work = Work.probe(number)
        let answer = Mutex(ProbeAnswer())
        start(work, endpoint.request(method: "GET", path: "/models"), PipelineConnection.probeTimeouts) {
            [weak self] event in
            let outcome = answer.withLock { $0.receive(event) }
            self?.state.withLock { state in
                guard let self, state.transfers[work] != nil else { return }
                if event.isLast { state.transfers[work] = nil }
                if case .unreachable(let error) = outcome, error.isRetryable, attempt < Self.openingAttempts {
                    return self.after(Self.probePause * attempt, &state) {
                        $0.probe(number, endpoint, providers, attempt: attempt + 1)
                    }
                }
                if case .unknown = outcome { return }
                for provider in providers {
                    let failure = outcome.failure(endpoint.server(provider.stage))
                    self.settle(provider.stage, provider.place, failure, &state)
                }
            }
        }
    }

    /// A provider's state is known; the opening may be over.
    func settle(_ stage: PipelineStage, _ place: Int, _ failure: StageFailure?, _ state: inout State) {
        state.opening?.settle(stage, place, failure)
        announce(&state)
    }

    private func announce(_ state: inout State) {
        guard let outcome = state.opening?.outcome(models: configuration.models) else { return }
        state.opening = nil
        state.outcome = outcome
        onEvent(outcome)
    }
}
