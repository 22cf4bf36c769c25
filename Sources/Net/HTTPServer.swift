public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SansIO
import Synchronization

/// An HTTP/1.1 server with WebSockets (RFC 9112, RFC 6455).
public final class HTTPServer: Sendable {
    /// Answers one request. The task is cancelled when the client goes away.
    public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse
    /// Decides on one upgrade; runs on the event loop and must not block.
    public typealias WebSocketDecision = @Sendable (HTTPRequest) -> WebSocketUpgrade

    public struct Options: Sendable {
        /// Larger heads are answered with 431. [byte]
        public var maximumHeaderBytes = 32 * 1024
        /// Larger bodies are answered with 413. [byte]
        public var maximumBodyBytes = 4 * 1024 * 1024
        /// How long a connection may take until a request's head is complete, the first one or the next.
        public var idleTimeout: Duration = .seconds(60)
        /// How long a client may take from the end of the head to the end of the body.
        public var bodyTimeout: Duration = .seconds(30)
        /// More connections are closed at once.
        public var maximumConnections = 4096
        /// PEM files of certificate chain and private key; with them the server speaks TLS.
        public var tls: (certificateChainFile: String, privateKeyFile: String)?
        /// Limits of accepted WebSockets. The connect time-out has no meaning here.
        public var webSocket = WebSocketOptions()

        public init() {}
    }

    /// The port, also where 0 was asked for.
    public let port: UInt16
    private let listener: any Channel
    private let connections: HTTPServerConnections

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - host: A numeric address of this machine, or a name of it.
    ///   - port: 0 lets the kernel choose.
    ///   - webSocket: `nil` answers upgrades as ordinary requests.
    /// - Throws: ``NetError``: ``NetError/Code/addressInUse``, ``NetError/Code/addressUnavailable``, …
    public static func start(
        host: String, port: UInt16, options: Options = Options(), logger: Logger, handler: @escaping Handler,
        webSocket: WebSocketDecision? = nil
    ) async throws(NetError) -> HTTPServer {
        let tls = try tlsContext(options)
        let connections = HTTPServerConnections(maximum: options.maximumConnections)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.add(channel) else { return channel.close(promise: nil) }
                    try configure(
                        channel, options: options, tls: tls, logger: logger, handler: handler, webSocket: webSocket)
                }
            }
        do {
            let listener = try await bootstrap.bind(host: host, port: Int(port)).get()
            let bound = listener.localAddress?.port.flatMap(UInt16.init(exactly:)) ?? port
            return HTTPServer(port: bound, listener: listener, connections: connections)
        } catch {
            throw NetError(nio: error, action: "listen on \(host):\(port)")
        }
    }

    private init(port: UInt16, listener: any Channel, connections: HTTPServerConnections) {
        self.port = port
        self.listener = listener
        self.connections = connections
    }

    /// Stops listening, lets running requests end, closes WebSockets with 1001, and returns when all connections are
    /// gone.
    ///
    /// - Parameter grace: Connections that are still open after this long are cut.
    public func shutdown(grace: Duration = .seconds(5)) async {
        listener.close(promise: nil)
        let open = connections.drain()
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let cut = listener.eventLoop.scheduleTask(in: .nanoseconds(grace.nanoseconds)) {
            for channel in open { channel.close(promise: nil) }
        }
        let ends = open.map(\.closeFuture) + [listener.closeFuture]
        let gone = EventLoopFuture.andAllComplete(ends, on: listener.eventLoop)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            gone.whenComplete { _ in continuation.resume() }
        }
        cut.cancel()
    }

    private static func configure(
        _ channel: any Channel, options: Options, tls: NIOSSLContext?, logger: Logger, handler: @escaping Handler,
        webSocket: WebSocketDecision?
    ) throws {
        let operations = channel.pipeline.syncOperations
        if let tls { try operations.addHandler(NIOSSLServerHandler(context: tls)) }
        let upgrader = webSocket.map { WebSocketServerUpgrader(options: options.webSocket, decide: $0) }
        let http = HTTPServerHandler(options: options, upgrader: upgrader, logger: logger, handler: handler)
        let httpBound = NIOLoopBound(http, eventLoop: channel.eventLoop)
        try operations.configureHTTPServerPipeline(
            withServerUpgrade: upgrader.map { upgrader in
                (
                    upgraders: [upgrader],
                    completionHandler: { context in
                        context.pipeline.syncOperations.removeHandler(httpBound.value, promise: nil)
                    }
                )
            })
        try operations.addHandler(http)
    }

    private static func tlsContext(_ options: Options) throws(NetError) -> NIOSSLContext? {
        guard let tls = options.tls else { return nil }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificateChainFile)
            let key = try NIOSSLPrivateKey(file: tls.privateKeyFile, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw NetError(
                .tls, "Cannot use the certificate \(tls.certificateChainFile) with its key: \(error).",
                underlying: error)
        }
    }
}

/// The open connections of a server.
final class HTTPServerConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isDraining = false
    }

    private let state = Mutex(State())
    private let maximum: Int

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// - Returns: `false` when the server shuts down or is full.
    func add(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let isAdded = state.withLock { state in
            guard !state.isDraining, state.channels.count < maximum else { return false }
            state.channels[key] = channel
            return true
        }
        if isAdded {
            channel.closeFuture.whenComplete { [self] _ in _ = state.withLock { $0.channels.removeValue(forKey: key) } }
        }
        return isAdded
    }

    /// Refuses connections from now on, and returns those that are open.
    func drain() -> [any Channel] {
        state.withLock { state in
            state.isDraining = true
            return Array(state.channels.values)
        }
    }
}
