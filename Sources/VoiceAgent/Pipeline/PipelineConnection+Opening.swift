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
    private let end: ContinuousClock.Instant

    init(_ configuration: PipelineConfiguration, at now: ContinuousClock.Instant) {
        end = now + configuration.openingTime
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

    /// Whether a provider that failed for a passing reason may be asked again after a pause.
    func hasTime(for pause: Duration, at now: ContinuousClock.Instant) -> Bool { now + pause <= end }

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
    /// The first wait before a server is asked again; each further one is twice as long.
    private static let probePause = Duration.milliseconds(400)

    /// Opens sockets, and asks each HTTP server for the head of its models: that opens a connection, and tells a bad key
    /// at once. Who fails for a passing reason is asked again within ``PipelineConfiguration/openingTime``.
    ///
    /// Once in a connection's life.
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
        let isFirst = state.withLock { state in
            guard !state.isClosed, !state.hasBegun else { return false }
            begin(&state)
            return true
        }
        guard isFirst else { return }
        for (number, endpoint) in endpoints.enumerated() {
            probe(number, endpoint.key, endpoint.value, attempt: 1)
        }
    }

    /// Begins with what needs no request.
    private func begin(_ state: inout State) {
        state.hasBegun = true
        state.opening = PipelineOpening(configuration, at: .now)
        for (place, provider) in configuration.tts.enumerated() {
            if case .local = provider { settle(.tts, place, nil, &state) }
        }
        for (place, provider) in configuration.stt.enumerated() where provider.kind == .realtime {
            state.listeners[place] = TranscriptionListener(session: TranscriptionSession(provider: provider))
            connect(place, &state)
        }
        // A stage without any provider is known by now.
        announce(&state)
    }

    /// Asks a server for its models, on behalf of all providers there.
    ///
    /// - Parameter needsReason: The head was refused; why stands in the body.
    private func probe(
        _ number: Int, _ endpoint: StageEndpoint, _ providers: [PipelineOpening.Provider], attempt: Int,
        needsReason: Bool = false
    ) {
        let work = Work.probe(number)
        let answer = Mutex(ProbeAnswer(hasBody: needsReason))
        let request = endpoint.request(method: needsReason ? "GET" : "HEAD", path: "/models")
        start(work, request, PipelineConnection.probeTimeouts, ProbeAnswer.longestBody) { [weak self] event in
            let outcome = answer.withLock { $0.receive(event) }
            self?.state.withLock { state in
                guard let self, state.transfers[work] != nil else { return }
                if event.isLast { state.transfers[work] = nil }
                let pause = Self.probePause * (1 << (attempt - 1))
                switch outcome {
                case .unknown: return
                case .unexplained:
                    return self.after(.zero, &state) {
                        $0.probe(number, endpoint, providers, attempt: attempt, needsReason: true)
                    }
                case .unreachable(let error)
                where error.isRetryable && state.opening?.hasTime(for: pause, at: .now) == true:
                    return self.after(pause, &state) {
                        $0.probe(number, endpoint, providers, attempt: attempt + 1)
                    }
                case .usable, .refused, .unreachable: break
                }
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
        onEvent(outcome)
    }
}
