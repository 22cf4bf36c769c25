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
        /// A PEM file of certificates that are trusted instead of the system's.
        public var trustedCertificatesFile: String?
        /// `false` accepts every certificate: for tests alone.
        public var verifiesCertificates = true

        public init() {}
    }

    private let engine: CurlEngine

    /// - Throws: ``NetError`` when libcurl or its thread cannot be started.
    public init(options: Options = Options()) throws(NetError) {
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
        try request.headers.validate()
        guard request.method.utf8.allSatisfy(HTTPFields.isTokenCharacter), !request.method.isEmpty else {
            throw NetError(.invalidArgument, "\"\(request.method)\" is no HTTP method.")
        }
        return try await engine.perform(request, timeout: timeout, maximumBodyBytes: maximumBodyBytes)
    }
}
