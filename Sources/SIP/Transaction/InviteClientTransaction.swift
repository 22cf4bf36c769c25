public import SansIO

/// The client transaction of an INVITE (RFC 3261 §17.1.1, with the Accepted state of RFC 6026 §7.2).
public struct InviteClientTransaction: Sendable {
    public enum Input: Equatable, Sendable {
        /// A response that matches this transaction.
        case response(Response)
        case transportFailed
        case deadline
    }

    public enum Action: Equatable, Sendable {
        /// The INVITE, or the ACK of a non-2xx response.
        case send(Request)
        /// A provisional response, the only non-2xx final one, or any of several 2xx.
        case deliver(Response)
        case finish(TransactionOutcome)
    }

    private enum State: Sendable {
        /// Request sent, nothing heard. Timer A resends, Timer B gives up. Next: all others.
        case calling(resendAt: Instant?, interval: Duration, giveUpAt: Instant)
        /// A 1xx arrived; only a final response or a transport failure ends this state. Next: all that follow.
        case proceeding
        /// A 300–699 arrived; its retransmissions are acknowledged until Timer D. Next: terminated.
        case completed(ack: Request, until: Instant)
        /// A 2xx arrived; it and 2xx of other forks are delivered until Timer M. Next: terminated.
        case accepted(until: Instant)
        case terminated
    }

    public let request: Request
    private let timers: TransactionTimers
    private let isReliable: Bool
    private var state: State

    /// Begins a transaction.
    ///
    /// - Parameters:
    ///   - request: With its own branch in the top Via; sent as it is, each time.
    ///   - isReliable: Whether the transport retransmits by itself.
    /// - Returns: The machine, and what it does at once.
    public static func start(
        _ request: Request, timers: TransactionTimers, isReliable: Bool = false, at now: Instant
    ) -> (transaction: Self, actions: [Action]) {
        let state = State.calling(
            resendAt: isReliable ? nil : now + timers.t1, interval: timers.t1, giveUpAt: now + timers.timeout)
        return (Self(request: request, timers: timers, isReliable: isReliable, state: state), [.send(request)])
    }

    /// When to call back with ``Input/deadline``; `nil` when only the network can move us.
    public var nextDeadline: Instant? {
        switch state {
        case .calling(let resendAt, _, let giveUpAt): min(resendAt ?? giveUpAt, giveUpAt)
        case .completed(_, let until), .accepted(let until): until
        case .proceeding, .terminated: nil
        }
    }

    public var isTerminated: Bool {
        if case .terminated = state { true } else { false }
    }

    /// Whether no final response has arrived yet.
    public var isPending: Bool {
        switch state {
        case .calling, .proceeding: true
        case .completed, .accepted, .terminated: false
        }
    }

    /// Advances the machine by one event. Total: every input is legal in every state.
    public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
        switch (state, input) {
        case (.terminated, _): return []
        case (.calling, .response(let response)), (.proceeding, .response(let response)):
            return receive(response, at: now)
        case (.calling, .transportFailed), (.proceeding, .transportFailed), (.completed, .transportFailed):
            state = .terminated
            return [.finish(.transportFailed)]
        case (.calling(let resendAt, let interval, let giveUpAt), .deadline):
            if giveUpAt <= now {
                state = .terminated
                return [.finish(.timedOut)]
            }
            guard let resendAt, resendAt <= now else { return [] }
            state = .calling(resendAt: now + interval * 2, interval: interval * 2, giveUpAt: giveUpAt)
            return [.send(request)]
        case (.proceeding, .deadline): return []
        case (.completed(let ack, _), .response(let response)):
            return response.statusCode >= 300 ? [.send(ack)] : []
        case (.accepted, .response(let response)):
            return (200..<300).contains(response.statusCode) ? [.deliver(response)] : []
        case (.accepted, .transportFailed): return []
        case (.completed(_, let until), .deadline), (.accepted(let until), .deadline):
            guard until <= now else { return [] }
            state = .terminated
            return [.finish(.completed)]
        }
    }

    /// Gives up waiting for a final response, as after an unanswered CANCEL (RFC 3261 §9.1).
    public mutating func abandon() -> [Action] {
        guard isPending else { return [] }
        state = .terminated
        return [.finish(.timedOut)]
    }

    private mutating func receive(_ response: Response, at now: Instant) -> [Action] {
        switch response.statusCode {
        case ..<200:
            state = .proceeding
            return [.deliver(response)]
        case 200..<300:
            state = .accepted(until: now + timers.timeout)
            return [.deliver(response)]
        default:
            let ack = request.acknowledgement(ofRefusal: response)
            if isReliable {
                state = .terminated
                return [.send(ack), .deliver(response), .finish(.completed)]
            }
            state = .completed(ack: ack, until: now + timers.timerD)
            return [.send(ack), .deliver(response)]
        }
    }
}
