import Synchronization

/// One wake-up for a protocol core's `nextDeadline`.
///
/// A core says after each input when it wants to be called again; an earlier wake-up than asked for is harmless. So a
/// later deadline never cancels an armed earlier one: the core is woken, and arms anew.
public final class DeadlineTimer: Sendable {
    private struct State {
        var armedFor: ContinuousClock.Instant?
        var task: Task<Void, Never>?
        var isStopped = false

        /// `true` when the wake-up that was armed for `due` is still the wanted one.
        mutating func fire(_ due: ContinuousClock.Instant) -> Bool {
            guard !isStopped, armedFor == due else { return false }
            armedFor = nil
            task = nil
            return true
        }
    }

    private let state = Mutex(State())
    private let onDeadline: @Sendable () -> Void

    /// - Parameter onDeadline: Called on the cooperative pool; it must only pass the word on.
    public init(onDeadline: @escaping @Sendable () -> Void) {
        self.onDeadline = onDeadline
    }

    /// Asks for a call in `delay`, unless an earlier one is on its way; `nil` asks for none.
    public func arm(after delay: Duration?) {
        guard let delay else { return }
        let due = ContinuousClock.now.advanced(by: max(delay, .zero))
        state.withLock { state in
            if state.isStopped { return }
            if let armedFor = state.armedFor, armedFor <= due { return }
            state.task?.cancel()
            state.armedFor = due
            state.task = Task { [weak self] in
                do {
                    try await ContinuousClock().sleep(until: due, tolerance: .zero)
                } catch {
                    return  // Cancelled: an earlier deadline has replaced this one.
                }
                guard let self, self.state.withLock({ $0.fire(due) }) else { return }
                self.onDeadline()
            }
        }
    }

    /// No call comes any more.
    public func stop() {
        state.withLock { state in
            state.isStopped = true
            state.task?.cancel()
            state.task = nil
        }
    }
}
