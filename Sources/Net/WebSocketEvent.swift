/// What happens on an open WebSocket (RFC 6455).
public enum WebSocketEvent: Sendable, Equatable {
    /// A whole text message, valid UTF-8.
    case text([UInt8])
    /// A whole binary message.
    case binary([UInt8])
    /// The connection has ended. Comes exactly once and last.
    ///
    /// `code` and `reason` are the peer's (RFC 6455 §7.1.5, §7.1.6); 1005 stands for a close frame without code.
    /// Without close frame `code` is `nil` and `reason` is a sentence: the connection was lost, or was failed here.
    case closed(code: UInt16?, reason: String)
}

/// Receives events on the connection's event loop, in order, and never from within a call of the connection's methods:
/// what such a call brings about is told behind it. It must not block.
public typealias WebSocketEventHandler = @Sendable (WebSocketEvent) -> Void
