public import SansIO

/// A client transaction for every method but INVITE and ACK (RFC 3261 §17.1.2).
public struct NonInviteClientTransaction: Sendable {
    public enum Input: Equatable, Sendable {
        /// A response that matches this transaction.
        case response(Response)
        case transportFailed
        case deadline
    }

    public enum Action: Equatable, Sendable {
        case send(Request)
        /// A provisional response, or the only final one.
        case deliver(Response)
        case finish(TransactionOutcome)
    }

    private enum State: Sendable {
        /// Request sent, nothing heard. Timer E resends, Timer F gives up. Next: proceeding, completed, terminated.
        case trying(resendAt: Instant?, interval: Duration, giveUpAt: Instant)
        /// A 1xx arrived. Timer E resends each T2, Timer F gives up. Next: completed, terminated.
        case proceeding(resendAt: Instant?, giveUpAt: Instant)
        /// A final response arrived; its retransmissions are absorbed until Timer K. Next: terminated.
        case completed(until: Instant)
        case terminated
    }

    public let request: Request
    private let timers: TransactionTimers
    private let isReliable: Bool
    private var state: State

    /// Whether no final response has arrived yet.
    public var isPending: Bool {
        switch state {
        case .trying, .proceeding: true
        case .completed, .terminated: false
        }
    }

    /// Begins a transaction.
    ///
    /// - Parameters:
    ///   - request: With its own branch in the top Via; sent as it is, each time.
    ///   - isReliable: Whether the transport retransmits by itself.
    /// - Returns: The machine, and what it does at once.
    public static func start(
        _ request: Request, timers: TransactionTimers, isReliable: Bool = false, at now: Instant
    ) -> (transaction: Self, actions: [Action]) {
        let state = State.trying(
            resendAt: isReliable ? nil : now + timers.t1, interval: timers.t1, giveUpAt: now + timers.timeout)
        return (Self(request: request, timers: timers, isReliable: isReliable, state: state), [.send(request)])
    }

    /// When to call back with ``Input/deadline``; `nil` when only the network can move us.
    public var nextDeadline: Instant? {
        switch state {
        case .trying(let resendAt, _, let giveUpAt), .proceeding(let resendAt, let giveUpAt):
            min(resendAt ?? giveUpAt, giveUpAt)
        case .completed(let until): until
        case .terminated: nil
        }
    }

    public var isTerminated: Bool {
        if case .terminated = state { true } else { false }
    }

    /// Advances the machine by one event. Total: every input is legal in every state.
    public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
        switch (state, input) {
        case (.terminated, _): return []
        case (.trying(_, _, let giveUpAt), .response(let response)),
            (.proceeding(_, let giveUpAt), .response(let response)):
            return receive(response, giveUpAt: giveUpAt, at: now)
        case (.completed, .response), (.completed, .transportFailed): return []
        case (.trying, .transportFailed), (.proceeding, .transportFailed):
            state = .terminated
            return [.finish(.transportFailed)]
        case (.trying(let resendAt, let interval, let giveUpAt), .deadline):
            if giveUpAt <= now { return timeOut() }
            guard let resendAt, resendAt <= now else { return [] }
            let longer = timers.doubled(interval)
            state = .trying(resendAt: now + longer, interval: longer, giveUpAt: giveUpAt)
            return [.send(request)]
        case (.proceeding(let resendAt, let giveUpAt), .deadline):
            if giveUpAt <= now { return timeOut() }
            guard let resendAt, resendAt <= now else { return [] }
            state = .proceeding(resendAt: now + timers.t2, giveUpAt: giveUpAt)
            return [.send(request)]
        case (.completed(let until), .deadline):
            guard until <= now else { return [] }
            state = .terminated
            return [.finish(.completed)]
        }
    }

    private mutating func receive(_ response: Response, giveUpAt: Instant, at now: Instant) -> [Action] {
        if response.statusCode < 200 {
            if case .trying(let resendAt, _, _) = state {
                state = .proceeding(resendAt: resendAt, giveUpAt: giveUpAt)
            }
            return [.deliver(response)]
        }
        if isReliable {
            state = .terminated
            return [.deliver(response), .finish(.completed)]
        }
        state = .completed(until: now + timers.t4)
        return [.deliver(response)]
    }

    private mutating func timeOut() -> [Action] {
        state = .terminated
        return [.finish(.timedOut)]
    }
}
