import SansIO

/// Which of a stage's providers to ask: the first that does not rest after a failure.
struct StageProviders: Sendable {
    private let count: Int
    private let rest: Duration
    /// Providers that failed, and until when they are passed over.
    private var restingUntil: [Int: Instant] = [:]

    init(count: Int, rest: Duration) {
        self.count = max(1, count)
        self.rest = rest
    }

    /// The provider for a new request.
    func choice(at now: Instant) -> Int {
        (0..<count).first { !isResting($0, at: now) }
            ?? (0..<count).min { (restingUntil[$0] ?? .zero) < (restingUntil[$1] ?? .zero) } ?? 0
    }

    /// The provider for a request that failed at those in `tried`, and how long to wait before; `nil` when there is
    /// nobody left to ask.
    ///
    /// A stage of one provider asks it twice, when that may help.
    func alternative(
        to tried: [Int], after failure: StageFailure, at now: Instant
    ) -> (provider: Int, delay: Duration)? {
        let fresh = (0..<count).filter { !tried.contains($0) }
        if let provider = fresh.first(where: { !isResting($0, at: now) }) ?? fresh.first { return (provider, .zero) }
        guard count == 1, tried.count == 1, failure.severity == .retryable else { return nil }
        let delay = failure.retryAfter ?? .zero
        return delay <= StageProviders.longestDelay ? (0, delay) : nil
    }

    /// Longer than that nobody is kept waiting because a server asks for it.
    private static let longestDelay = Duration.seconds(2)

    mutating func failed(_ provider: Int, _ failure: StageFailure, at now: Instant) {
        switch failure.severity {
        case .fatal: restingUntil[provider] = .distantFuture
        case .retryable: restingUntil[provider] = now + max(rest, failure.retryAfter ?? .zero)
        case .refused: break
        }
    }

    mutating func succeeded(_ provider: Int) {
        restingUntil[provider] = nil
    }

    private func isResting(_ provider: Int, at now: Instant) -> Bool {
        restingUntil[provider].map { now < $0 } ?? false
    }
}
