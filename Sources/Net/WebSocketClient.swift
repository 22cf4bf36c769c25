import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SansIO

/// Opens WebSockets (RFC 6455 §4.1), over TLS for `wss`.
public enum WebSocketClient {
    /// Connects and upgrades.
    ///
    /// - Parameters:
    ///   - url: `ws://host[:port]/path?query` or `wss://…`.
    ///   - headers: Sent with the upgrade: authorization, subprotocol. Never logged.
    ///   - onEvent: Receives messages and the end, on the connection's event loop; may be called before this function
    ///     has returned.
    /// - Throws: ``NetError``; with ``NetError/httpStatus`` and ``NetError/httpBody`` when the server answers with
    ///   another status than 101. Nothing has been delivered to `onEvent` then.
    public static func connect(
        url: String, headers: HTTPFields = [:], options: WebSocketOptions = WebSocketOptions(),
        onEvent: @escaping WebSocketEventHandler
    ) async throws(NetError) -> WebSocketConnection {
        let target = try WebSocketURL(url)
        try headers.validate()
        let tls = target.isSecure ? try tlsContext(options) : nil
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let opened = loop.makePromise(of: WebSocketConnection.self)
        let action = "connect to \(target.origin)"
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(options.connectTimeout.nanoseconds))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(
                        channel, target: target, headers: headers, options: options, tls: tls, opened: opened,
                        onEvent: onEvent)
                }
            }
        let connecting = bootstrap.connect(host: target.host, port: Int(target.port))
        connecting.cascadeFailure(to: opened)
        let timeout = loop.scheduleTask(in: .nanoseconds(options.connectTimeout.nanoseconds)) {
            opened.fail(NetError(.timedOut, "Cannot \(action): no answer within \(options.connectTimeout.seconds) s."))
        }
        // Whatever made the attempt fail, the channel must not stay behind.
        opened.futureResult.whenComplete { result in
            timeout.cancel()
            if case .failure = result { connecting.whenSuccess { $0.close(promise: nil) } }
        }
        do {
            return try await withTaskCancellationHandler {
                try await opened.futureResult.get()
            } onCancel: {
                opened.fail(CancellationError())
            }
        } catch {
            throw NetError(nio: error, action: action)
        }
    }

    private static func configure(
        _ channel: any Channel, target: WebSocketURL, headers: HTTPFields, options: WebSocketOptions,
        tls: NIOSSLContext?, opened: EventLoopPromise<WebSocketConnection>, onEvent: @escaping WebSocketEventHandler
    ) throws {
        let operations = channel.pipeline.syncOperations
        if let tls {
            try operations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: target.serverName))
        }
        let upgrader = WebSocketClientUpgrader { channel, response in
            let handler = WebSocketHandler(isClient: true, options: options)
            handler.deliver(to: onEvent)
            let connection = WebSocketConnection(
                handler: handler, channel: channel, subprotocol: response.headers.first(name: "Sec-WebSocket-Protocol"))
            try WebSocketPipeline.install(handler, on: channel, options: options)
            opened.succeed(connection)
        }
        let handshake = WebSocketClientHandshake(target: target, headers: headers, opened: opened)
        let handshakeBound = NIOLoopBound(handshake, eventLoop: channel.eventLoop)
        try operations.addHTTPClientHandlers(
            leftOverBytesStrategy: .forwardBytes,
            withClientUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(handshakeBound.value, promise: nil)
                }
            ))
        try operations.addHandler(handshake)
    }

    private static func tlsContext(_ options: WebSocketOptions) throws(NetError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        if let file = options.trustedCertificatesFile { configuration.trustRoots = .file(file) }
        if !options.verifiesCertificates { configuration.certificateVerification = .none }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            let file = options.trustedCertificatesFile ?? "the system's store"
            throw NetError(.tls, "Cannot read the trusted certificates of \(file): \(error).", underlying: error)
        }
    }
}
