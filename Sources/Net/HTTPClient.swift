import SansIO

/// An HTTP client on libcurl: HTTP/1.1 and HTTP/2, connections reused, no redirects followed.
///
/// All requests of one client share one thread. Proxies are taken from the environment as curl does, except for
/// loopback hosts.
public final class HTTPClient: Sendable {
    public struct Options: Sendable {
        /// DNS, TCP and TLS.
        public var connectTimeout: Duration = .seconds(10)
        /// The whole request.
        public var timeout: Duration = .seconds(30)
        /// Larger responses fail. [byte]
        public var maximumBodyBytes = 16 * 1024 * 1024
        /// Whether a connection to an address may be made for a URL; `nil` permits all. With it no proxies are used, and
        /// URLs must be such as ``HTTPURL`` reads.
        public var permitsConnection: (@Sendable (HTTPURL, IPAddress) -> Bool)?
        /// Connections that are kept for the next request.
        public var maximumIdleConnections = 64
        /// A PEM file of certificates that are trusted instead of the system's.
        public var trustedCertificatesFile: String?
        /// `false` accepts every certificate: for tests alone.
        public var verifiesCertificates = true

        public init() {}
    }

    /// What a client holds, for tests.
    public struct Counts: Hashable, Sendable {
        /// Requests that have not ended.
        public var openTransfers: Int
        /// Connections that were made since the beginning, by requests that have ended.
        public var connectionsOpened: Int

        public init(openTransfers: Int, connectionsOpened: Int) {
            self.openTransfers = openTransfers
            self.connectionsOpened = connectionsOpened
        }
    }

    private let engine: CurlEngine
    private let options: Options

    /// - Throws: ``NetError`` when libcurl or its thread cannot be started.
    public init(options: Options = Options()) throws(NetError) {
        self.options = options
        engine = try CurlEngine(options: options)
    }

    deinit {
        engine.stop()
    }

    /// Sends one request and collects the response, whatever its status.
    ///
    /// Cancelling the task aborts the transfer.
    /// - Parameters:
    ///   - request: With an absolute `http` or `https` URL as target.
    ///   - timeout: The whole request; `nil` for the client's own.
    ///   - maximumBodyBytes: Larger responses fail; `nil` for the client's own.
    /// - Throws: ``NetError`` when no complete response arrived.
    public func send(
        _ request: HTTPRequest, timeout: Duration? = nil, maximumBodyBytes: Int? = nil
    ) async throws(NetError) -> HTTPResponse {
        try HTTPClient.check(request)
        return try await engine.perform(request, timeout: timeout, maximumBodyBytes: maximumBodyBytes)
    }

    /// Sends one request, and hands the response on as it comes.
    ///
    /// - Parameters:
    ///   - request: With an absolute `http` or `https` URL as target.
    ///   - timeouts: How long the server may be silent.
    ///   - maximumBodyBytes: Larger responses fail; `nil` for the client's own.
    ///   - onEvent: Called in order on the client's one thread, perhaps before this function has returned; it must not
    ///     block. Its last call is ``HTTPStreamEvent/ended`` or ``HTTPStreamEvent/failed(_:)``, in every case.
    /// - Throws: ``NetError`` for a request that cannot be sent; `onEvent` is not called then.
    @discardableResult
    public func stream(
        _ request: HTTPRequest, timeouts: HTTPStream.Timeouts = HTTPStream.Timeouts(), maximumBodyBytes: Int? = nil,
        onEvent: @escaping HTTPStream.EventHandler
    ) throws(NetError) -> HTTPStream {
        try HTTPClient.check(request)
        let number = engine.stream(
            request, timeouts: timeouts, maximumBodyBytes: maximumBodyBytes ?? options.maximumBodyBytes,
            onEvent: onEvent)
        return HTTPStream(engine: engine, number: number)
    }

    public var counts: Counts { engine.counts }

    private static func check(_ request: HTTPRequest) throws(NetError) {
        try request.headers.validate()
        guard request.method.utf8.allSatisfy(HTTPFields.isTokenCharacter), !request.method.isEmpty else {
            throw NetError(.invalidArgument, "\"\(request.method)\" is no HTTP method.")
        }
    }
}
