import NIOCore
public import SansIO

/// An open WebSocket, of a client or of a server (RFC 6455).
///
/// It lives until it is closed: dropping the last reference does not close it. Every method is callable from any
/// thread, returns at once, and does nothing after the closed event.
public final class WebSocketConnection: Sendable {
    /// The peer's address; behind a proxy, the proxy's.
    public let remoteAddress: TransportAddress?
    /// The subprotocol that was agreed on (RFC 6455 §1.9).
    public let subprotocol: String?

    private let loop: any EventLoop
    private let handler: NIOLoopBound<WebSocketHandler>

    init(handler: WebSocketHandler, channel: any Channel, subprotocol: String?) {
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        loop = channel.eventLoop
        remoteAddress = channel.remoteAddress.flatMap(TransportAddress.init(nio:))
        self.subprotocol = subprotocol
    }

    /// Sends one text message, in the order of the calls.
    ///
    /// - Parameter text: UTF-8. The bytes are copied once, into the frame that is written.
    /// - Complexity: One hop to the event loop, one allocation, one write and flush.
    public func send(text: [UInt8]) {
        send(opcode: 1, payload: text)
    }

    /// Sends one binary message, in the order of the calls.
    public func send(binary: [UInt8]) {
        send(opcode: 2, payload: binary)
    }

    private func send(opcode: UInt8, payload: [UInt8]) {
        onLoop { $0.send(opcode: opcode, payload: payload) }
    }

    /// Runs `body` on the event loop: at once when already there, so that calls keep their order.
    private func onLoop(_ body: @escaping @Sendable (WebSocketHandler) -> Void) {
        if loop.inEventLoop {
            body(handler.value)
        } else {
            loop.execute { [handler] in body(handler.value) }
        }
    }

    /// Begins the close handshake after everything sent before.
    ///
    /// - Parameters:
    ///   - code: 1000, 1001, 1003, 1007–1014, or 3000–4999 (RFC 6455 §7.4); anything else becomes 1000.
    ///   - reason: Cut to 123 bytes.
    public func close(code: UInt16 = 1000, reason: String = "") {
        let code = WebSocketMessageAssembler.isSendable(closeCode: code) ? code : 1000
        onLoop { $0.close(code: code, reason: reason) }
    }

    /// Drops the connection without close frame.
    public func abort() {
        onLoop { $0.abort() }
    }
}

extension TransportAddress {
    /// The address that NIO reports; `nil` for Unix sockets.
    init?(nio address: SocketAddress) {
        guard let host = address.ipAddress, let port = address.port.flatMap(UInt16.init(exactly:)) else { return nil }
        self.init(host: host, port: port)
    }
}
