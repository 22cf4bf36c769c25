/// A request whose response is handed on as it comes: ``HTTPClient/stream(_:timeouts:maximumBodyBytes:onEvent:)``.
///
/// The transfer goes on without it: dropping the last reference cancels nothing.
public struct HTTPStream: Sendable {
    /// Called on the client's thread, in order. It must not block.
    public typealias EventHandler = @Sendable (HTTPStreamEvent) -> Void

    /// How long a server may be silent.
    public struct Timeouts: Hashable, Sendable {
        /// From the beginning to the first byte of the body, connecting included.
        public var firstByte: Duration
        /// From one part of the body to the next.
        public var betweenBytes: Duration
        /// The whole request.
        public var whole: Duration

        public init(
            firstByte: Duration = .seconds(30), betweenBytes: Duration = .seconds(30), whole: Duration = .seconds(300)
        ) {
            self.firstByte = firstByte
            self.betweenBytes = betweenBytes
            self.whole = whole
        }
    }

    private let engine: CurlEngine
    private let number: Int

    init(engine: CurlEngine, number: Int) {
        self.engine = engine
        self.number = number
    }

    /// Aborts the transfer, and with it the connection if it serves nobody else; nothing happens if it has ended.
    ///
    /// Callable from any thread, also from the event handler. What is being handed on at this moment may still come;
    /// the last event is ``HTTPStreamEvent/failed(_:)`` with ``NetError/Code/cancelled``.
    public func cancel() {
        engine.cancel(number)
    }
}

/// What comes of a request.
public enum HTTPStreamEvent: Sendable {
    /// Status and header fields; once, and first.
    case head(status: Int, headers: HTTPFields)
    /// A part of the body as the network cut it; never empty.
    case body([UInt8])
    /// The response is complete. The last event.
    case ended
    /// No complete response came. The last event.
    case failed(NetError)
}
