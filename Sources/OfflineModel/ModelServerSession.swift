import SansIO

/// The server's side of one WebSocket as a value: events in, actions out.
protocol ModelServerSession: Sendable {
    /// The first actions. Empty when called again.
    mutating func start() -> [RealtimeServerSession.Action]
    /// When to call back with `deadline`; `nil` when only inputs can move the session.
    var nextDeadline: Instant? { get }
    /// Advances the session by one event. Total: every input is legal in every state.
    mutating func receive(_ input: RealtimeServerSession.Input, at now: Instant) -> [RealtimeServerSession.Action]
}

extension RealtimeServerSession: ModelServerSession {}
