public import SansIO

/// The server transaction of an INVITE (RFC 3261 §17.2.1, with the Accepted state of RFC 6026 §7.1).
///
/// Retransmission of a 2xx is not its work but the user agent core's.
public struct InviteServerTransaction: Sendable {
    public enum Input: Equatable, Sendable {
        /// The same INVITE once more.
        case retransmission
        /// The ACK that has this transaction's branch.
        case acknowledgement
        /// What the transaction user answers: provisional responses, one final response, and 2xx again.
        case respond(Response)
        case transportFailed
        case deadline
    }

    public enum Action: Equatable, Sendable {
        case send(Response)
        case finish(TransactionOutcome)
    }

    private enum State: Sendable {
        /// Nothing sent yet; 100 follows within 200 ms. Next: all others.
        case trying(hundredAt: Instant)
        /// A provisional response was sent; retransmissions of the request get it again. Next: all that follow.
        case proceeding(latest: Response)
        /// A 300–699 was sent. Timer G resends it, Timer H gives up waiting for its ACK. Next: confirmed, terminated.
        case completed(Response, resendAt: Instant?, interval: Duration, giveUpAt: Instant)
        /// The ACK came; further ones are absorbed until Timer I. Next: terminated.
        case confirmed(until: Instant)
        /// A 2xx was sent; retransmissions of the request are absorbed until Timer L. Next: terminated.
        case accepted(until: Instant)
        case terminated
    }

    /// How long the transaction user may be silent before 100 is sent for it (RFC 3261 §17.2.1).
    public static let tryingDelay = Duration.milliseconds(200)

    private let trying: Response
    private let timers: TransactionTimers
    private let isReliable: Bool
    private var state: State

    /// Begins with an INVITE that matches no transaction.
    ///
    /// - Parameters:
    ///   - trying: The 100 response to that request.
    ///   - isReliable: Whether the transport retransmits by itself.
    public init(trying: Response, timers: TransactionTimers, isReliable: Bool = false, at now: Instant) {
        self.trying = trying
        self.timers = timers
        self.isReliable = isReliable
        state = .trying(hundredAt: now + Self.tryingDelay)
    }

    /// When to call back with ``Input/deadline``; `nil` when only the peer or the transaction user can move us.
    public var nextDeadline: Instant? {
        switch state {
        case .trying(let hundredAt): hundredAt
        case .proceeding, .terminated: nil
        case .completed(_, let resendAt, _, let giveUpAt): min(resendAt ?? giveUpAt, giveUpAt)
        case .confirmed(let until), .accepted(let until): until
        }
    }

    public var isTerminated: Bool {
        if case .terminated = state { true } else { false }
    }

    /// Whether no final response has been sent yet.
    public var isPending: Bool {
        switch state {
        case .trying, .proceeding: true
        case .completed, .confirmed, .accepted, .terminated: false
        }
    }

    /// Whether a 2xx was sent; its ACK then is the user agent core's.
    var isAccepted: Bool {
        if case .accepted = state { true } else { false }
    }

    /// Advances the machine by one event. Total: every input is legal in every state.
    public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
        switch (state, input) {
        case (.terminated, _): return []
        case (_, .retransmission): return retransmission()
        case (_, .respond(let response)): return respond(response, at: now)
        case (_, .acknowledgement): return acknowledge(at: now)
        case (.trying, .transportFailed), (.proceeding, .transportFailed), (.completed, .transportFailed):
            state = .terminated
            return [.finish(.transportFailed)]
        case (.accepted, .transportFailed), (.confirmed, .transportFailed): return []
        case (.trying(let hundredAt), .deadline):
            guard hundredAt <= now else { return [] }
            state = .proceeding(latest: trying)
            return [.send(trying)]
        case (.proceeding, .deadline): return []
        case (.completed(let response, let resendAt, let interval, let giveUpAt), .deadline):
            if giveUpAt <= now {
                state = .terminated
                return [.finish(.timedOut)]
            }
            guard let resendAt, resendAt <= now else { return [] }
            let longer = timers.doubled(interval)
            state = .completed(response, resendAt: now + longer, interval: longer, giveUpAt: giveUpAt)
            return [.send(response)]
        case (.confirmed(let until), .deadline), (.accepted(let until), .deadline):
            guard until <= now else { return [] }
            state = .terminated
            return [.finish(.completed)]
        }
    }

    private func retransmission() -> [Action] {
        switch state {
        case .proceeding(let latest): [.send(latest)]
        case .completed(let response, _, _, _): [.send(response)]
        case .trying, .confirmed, .accepted, .terminated: []
        }
    }

    private mutating func respond(_ response: Response, at now: Instant) -> [Action] {
        switch (state, response.statusCode) {
        case (.trying, ..<200), (.proceeding, ..<200):
            state = .proceeding(latest: response)
            return [.send(response)]
        case (.trying, 200..<300), (.proceeding, 200..<300):
            state = .accepted(until: now + timers.timeout)
            return [.send(response)]
        case (.trying, _), (.proceeding, _):
            state = .completed(
                response, resendAt: isReliable ? nil : now + timers.t1, interval: timers.t1,
                giveUpAt: now + timers.timeout)
            return [.send(response)]
        case (.accepted, 200..<300): return [.send(response)]
        case (.accepted, _), (.completed, _), (.confirmed, _), (.terminated, _): return []
        }
    }

    private mutating func acknowledge(at now: Instant) -> [Action] {
        guard case .completed = state else { return [] }
        if isReliable {
            state = .terminated
            return [.finish(.completed)]
        }
        state = .confirmed(until: now + timers.t4)
        return []
    }
}
