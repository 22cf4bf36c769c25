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
    /// - Parameter request: With an absolute `http` or `https` URL as target.
    /// - Throws: ``NetError`` when no complete response arrived.
    public func send(_ request: HTTPRequest) async throws(NetError) -> HTTPResponse {
        try request.headers.validate()
        guard request.method.utf8.allSatisfy(HTTPFields.isTokenCharacter), !request.method.isEmpty else {
            throw NetError(.invalidArgument, "\"\(request.method)\" is no HTTP method.")
        }
        return try await engine.perform(request)
    }
}
