import NIOCore

/// Writes the body of one response as it comes: ``HTTPResponse/streaming(status:headers:_:)``.
public struct HTTPBodyWriter: Sendable {
    private let handler: NIOLoopBound<HTTPServerHandler>
    private let loop: any EventLoop
    /// The number of the response.
    private let number: Int

    init(handler: NIOLoopBound<HTTPServerHandler>, loop: any EventLoop, response number: Int) {
        self.handler = handler
        self.loop = loop
        self.number = number
    }

    /// Writes a part, and returns when the kernel has it: a client that reads slowly slows the writer down.
    ///
    /// - Parameter part: Goes out at once, as a chunk of its own; an empty one is nothing.
    /// - Throws: ``NetError`` with ``NetError/Code/connectionLost`` when the client has gone, or ``abort()`` was called.
    public func write(_ part: [UInt8]) async throws(NetError) {
        guard !part.isEmpty else { return }
        try await perform { [number] in $0.write(part: part, number: number) }
    }

    /// Writes a text as UTF-8; see ``write(_:)-([UInt8])``.
    public func write(_ text: String) async throws(NetError) {
        try await write(Array(text.utf8))
    }

    /// Drops the connection: the client sees a body that was cut off behind what was written.
    public func abort() {
        loop.execute { [handler, number] in handler.value.abortBody(number: number) }
    }

    /// Sends a whole response.
    func run(_ response: HTTPResponse, _ produce: HTTPResponse.BodyProducer) async {
        do {
            try await perform { [number] in $0.begin(response, number: number) }
            try await produce(self)
            loop.execute { [handler, number] in handler.value.endBody(number: number) }
        } catch {
            abort()
        }
    }

    /// - Parameter body: Returns `nil` when there is nobody to write to.
    private func perform(
        _ body: @escaping @Sendable (HTTPServerHandler) -> EventLoopFuture<Void>?
    ) async throws(NetError) {
        let written = loop.makePromise(of: Void.self)
        loop.execute { [handler] in
            if let future = body(handler.value) {
                future.cascade(to: written)
            } else {
                written.fail(ChannelError.ioOnClosedChannel)
            }
        }
        do {
            try await written.futureResult.get()
        } catch {
            throw NetError(nio: error, action: "write a response")
        }
    }
}
