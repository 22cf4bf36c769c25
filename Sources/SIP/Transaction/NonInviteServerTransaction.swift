public import SansIO

/// A server transaction for every method but INVITE and ACK (RFC 3261 §17.2.2, as corrected by RFC 4320).
public struct NonInviteServerTransaction: Sendable {
    public enum Input: Equatable, Sendable {
        /// The same request once more.
        case retransmission
        /// What the transaction user answers: one final response.
        case respond(Response)
        case transportFailed
        case deadline
    }

    public enum Action: Equatable, Sendable {
        case send(Response)
        case finish(TransactionOutcome)
    }

    private enum State: Sendable {
        /// Nothing sent yet; 100 follows when the client's Timer E reaches T2. Next: all others.
        case trying(hundredAt: Instant, giveUpAt: Instant)
        /// 100 was sent; retransmissions of the request get it again. Next: completed, terminated.
        case proceeding(giveUpAt: Instant)
        /// The final response was sent; retransmissions get it again until Timer J. Next: terminated.
        case completed(Response, until: Instant)
        case terminated
    }

    private let trying: Response
    private let timers: TransactionTimers
    private let isReliable: Bool
    private var state: State

    /// Begins with a request that matches no transaction.
    ///
    /// - Parameters:
    ///   - trying: The 100 response to that request.
    ///   - isReliable: Whether the transport retransmits by itself.
    public init(trying: Response, timers: TransactionTimers, isReliable: Bool = false, at now: Instant) {
        self.trying = trying
        self.timers = timers
        self.isReliable = isReliable
        state = .trying(hundredAt: now + timers.nonInviteTryingDelay, giveUpAt: now + timers.timeout)
    }

    /// When to call back with ``Input/deadline``; `nil` when the transaction has ended.
    public var nextDeadline: Instant? {
        switch state {
        case .trying(let hundredAt, let giveUpAt): min(hundredAt, giveUpAt)
        case .proceeding(let until), .completed(_, let until): until
        case .terminated: nil
        }
    }

    public var isTerminated: Bool {
        if case .terminated = state { true } else { false }
    }

    /// Advances the machine by one event. Total: every input is legal in every state.
    ///
    /// No 408 is ever sent, nor a 1xx other than 100 (RFC 4320 §4): by 64·T1 the client has given up by itself, and the
    /// transaction ends in silence.
    public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
        switch (state, input) {
        case (.terminated, _), (.trying, .retransmission): return []
        case (.proceeding, .retransmission): return [.send(trying)]
        case (.completed(let response, _), .retransmission): return [.send(response)]
        case (.trying, .respond(let response)), (.proceeding, .respond(let response)):
            return respond(response, at: now)
        case (.completed, .respond): return []
        case (.trying, .transportFailed), (.proceeding, .transportFailed), (.completed, .transportFailed):
            state = .terminated
            return [.finish(.transportFailed)]
        case (.trying(let hundredAt, let giveUpAt), .deadline):
            if giveUpAt <= now { return finish(.timedOut) }
            guard hundredAt <= now else { return [] }
            state = .proceeding(giveUpAt: giveUpAt)
            return [.send(trying)]
        case (.proceeding(let giveUpAt), .deadline):
            return giveUpAt <= now ? finish(.timedOut) : []
        case (.completed(_, let until), .deadline):
            return until <= now ? finish(.completed) : []
        }
    }

    private mutating func respond(_ response: Response, at now: Instant) -> [Action] {
        guard response.statusCode >= 200 else { return [] }
        guard response.statusCode != 408 else { return finish(.timedOut) }
        if isReliable {
            state = .terminated
            return [.send(response), .finish(.completed)]
        }
        state = .completed(response, until: now + timers.timeout)
        return [.send(response)]
    }

    private mutating func finish(_ outcome: TransactionOutcome) -> [Action] {
        state = .terminated
        return [.finish(outcome)]
    }
}
