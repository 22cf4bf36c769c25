/// A server's answer to a request for a WebSocket.
public enum WebSocketUpgrade: Sendable {
    /// Receives the open connection and returns the handler of its events. Called on the event loop, before anything
    /// is delivered.
    public typealias ConnectionHandler = @Sendable (WebSocketConnection) -> WebSocketEventHandler

    /// Accept, with the subprotocol chosen from the request's `Sec-WebSocket-Protocol`, if any.
    case accept(subprotocol: String? = nil, ConnectionHandler)
    /// Refuse with an ordinary response.
    case reject(HTTPResponse)
}
