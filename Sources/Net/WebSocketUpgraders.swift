import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Replaces the HTTP handlers of a channel by those of a WebSocket.
enum WebSocketPipeline {
    static func install(_ handler: WebSocketHandler, on channel: any Channel, options: WebSocketOptions) throws {
        // The largest frame that NIO's decoder can be told of is a UInt32; control frames need 125.
        let largest = max(125, min(options.maximumMessageBytes, Int(UInt32.max)))
        let operations = channel.pipeline.syncOperations
        try operations.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: largest)))
        try operations.addHandler(handler)
    }
}

/// NIO's client handshake (key, accept value), with our own handlers behind it.
final class WebSocketClientUpgrader: NIOHTTPClientProtocolUpgrader {
    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []

    private let handshake = NIOWebSocketClientUpgrader(upgradePipelineHandler: { channel, _ in
        channel.eventLoop.makeSucceededVoidFuture()
    })
    private let opened: (any Channel, HTTPResponseHead) throws -> Void

    /// - Parameter opened: Called on the event loop when the server has accepted.
    init(opened: @escaping (any Channel, HTTPResponseHead) throws -> Void) {
        self.opened = opened
    }

    func addCustom(upgradeRequestHeaders: inout HTTPHeaders) {
        handshake.addCustom(upgradeRequestHeaders: &upgradeRequestHeaders)
    }

    func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool {
        handshake.shouldAllowUpgrade(upgradeResponse: upgradeResponse)
    }

    func upgrade(context: ChannelHandlerContext, upgradeResponse: HTTPResponseHead) -> EventLoopFuture<Void> {
        do {
            try opened(context.channel, upgradeResponse)
            return context.eventLoop.makeSucceededVoidFuture()
        } catch {
            return context.eventLoop.makeFailedFuture(error)
        }
    }
}

/// NIO's server handshake (version, accept value), with our own decision before it and our own handlers behind it.
final class WebSocketServerUpgrader: HTTPServerProtocolUpgrader {
    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []

    /// The answer to a request that was not accepted; the HTTP handler sends it.
    private var rejection: HTTPResponse?
    private var accepted: (subprotocol: String?, handler: WebSocketUpgrade.ConnectionHandler)?
    private let decide: @Sendable (HTTPRequest) -> WebSocketUpgrade
    private let options: WebSocketOptions

    init(options: WebSocketOptions, decide: @escaping @Sendable (HTTPRequest) -> WebSocketUpgrade) {
        self.options = options
        self.decide = decide
    }

    /// The refusal, once.
    func takeRejection() -> HTTPResponse? {
        defer { rejection = nil }
        return rejection
    }

    func buildUpgradeResponse(
        channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        var extra = HTTPHeaders()
        switch decide(HTTPRequest(head: upgradeRequest, body: [], channel: channel)) {
        case .accept(let subprotocol, let handler):
            accepted = (subprotocol, handler)
            if let subprotocol { extra.add(name: "Sec-WebSocket-Protocol", value: subprotocol) }
        case .reject(let response):
            rejection = response
            return channel.eventLoop.makeFailedFuture(NIOWebSocketUpgradeError.unsupportedWebSocketTarget)
        }
        let handshake = NIOWebSocketServerUpgrader(
            shouldUpgrade: { [extra] channel, _ in channel.eventLoop.makeSucceededFuture(extra) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        return handshake.buildUpgradeResponse(
            channel: channel, upgradeRequest: upgradeRequest, initialResponseHeaders: initialResponseHeaders)
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        guard let accepted else {
            return context.eventLoop.makeFailedFuture(NIOWebSocketUpgradeError.unsupportedWebSocketTarget)
        }
        do {
            let handler = WebSocketHandler(isClient: false, options: options)
            let connection = WebSocketConnection(
                handler: handler, channel: context.channel, subprotocol: accepted.subprotocol)
            // Installed first: what the acceptor sends at once goes out behind the 101. Nothing can be read before it
            // has named its receiver, for this is one turn of the event loop.
            try WebSocketPipeline.install(handler, on: context.channel, options: options)
            handler.deliver(to: accepted.handler(connection))
            return context.eventLoop.makeSucceededVoidFuture()
        } catch {
            return context.eventLoop.makeFailedFuture(error)
        }
    }
}
