import SansIO

/// An HTTP client for requests that others write: it sends them to allowed hosts alone, whatever names resolve to and
/// wherever redirects lead.
///
/// Proxies are not used: what address a proxy connects to could not be seen.
public final class RestrictedHTTPClient: Sendable {
    public struct Options: Sendable {
        public var allowed = HTTPAllowList()
        /// What an operator changes to allow a host, for messages: `set MOONLINE_HTTP_ALLOW`.
        public var remedy = ""
        /// Larger requests are not sent. [byte]
        public var maximumRequestBytes = 1 << 20
        /// Larger responses are cut off, and fail. [byte]
        public var maximumResponseBytes = 1 << 20
        public var maximumRedirects = 5
        /// A PEM file of certificates that are trusted instead of the system's.
        public var trustedCertificatesFile: String?

        public init() {}
    }

    /// Fields that frame a message or speak to the next hop: they are the client's own business.
    private static let framingFields: Set<String> = [
        "connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]
    /// Fields that a redirect to another origin must not carry along (RFC 9110 §15.4).
    private static let secretFields = ["Authorization", "Cookie"]
    /// Fields of a request, at most.
    private static let maximumFields = 64
    /// Length of names and values of all fields together. [byte]
    private static let maximumFieldBytes = 16_384

    private let options: Options
    private let client: HTTPClient

    /// - Throws: ``NetError`` when libcurl or its thread cannot be started.
    public init(options: Options) throws(NetError) {
        self.options = options
        var inner = HTTPClient.Options()
        inner.maximumBodyBytes = options.maximumResponseBytes
        inner.trustedCertificatesFile = options.trustedCertificatesFile
        inner.permitsConnection = { [allowed = options.allowed] in allowed.allowsConnection(to: $1, for: $0) }
        client = try HTTPClient(options: inner)
    }

    /// Sends a request, and follows redirects.
    ///
    /// Cancelling the task aborts the transfer.
    /// - Parameters:
    ///   - request: With an absolute URL as target.
    ///   - timeout: For all of it.
    ///   - maximumResponseBytes: `nil` for the client's own.
    /// - Throws: ``NetError``; ``NetError/Code/notAllowed`` for a host or an address that is not allowed.
    public func send(
        _ request: HTTPRequest, timeout: Duration, maximumResponseBytes: Int? = nil
    ) async throws(NetError) -> HTTPResponse {
        try check(request)
        let deadline = ContinuousClock.now + timeout
        var request = request
        var url = try HTTPURL(request.target)
        for redirects in 0... {
            guard options.allowed.allows(url) else { throw refusal(of: url, afterRedirect: redirects > 0) }
            request.target = url.description
            let rest = ContinuousClock.now.duration(to: deadline)
            let response = try await client.send(
                request, timeout: max(rest, .milliseconds(1)), maximumBodyBytes: maximumResponseBytes)
            guard let location = response.headers["Location"], [301, 302, 303, 307, 308].contains(response.status)
            else { return response }
            guard redirects < options.maximumRedirects else {
                throw NetError(
                    .protocolViolation, "\(url.origin) redirects more than \(options.maximumRedirects) times.")
            }
            let next = try url.resolving(location)
            RestrictedHTTPClient.redirect(&request, status: response.status, from: url, to: next)
            if url.isSecure, !next.isSecure {
                throw NetError(.notAllowed, "\(url.origin) redirects from https to http.")
            }
            url = next
        }
        throw NetError(.protocolViolation, "\(url.origin) redirects for ever.")
    }

    private func check(_ request: HTTPRequest) throws(NetError) {
        let fields = request.headers.fields
        guard request.body.count <= options.maximumRequestBytes else {
            throw NetError(
                .messageTooLarge,
                "The request has \(request.body.count) bytes; \(options.maximumRequestBytes) are allowed.")
        }
        let bytes = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard fields.count <= RestrictedHTTPClient.maximumFields, bytes <= RestrictedHTTPClient.maximumFieldBytes
        else {
            throw NetError(
                .messageTooLarge,
                "The request has more than \(RestrictedHTTPClient.maximumFields) headers, or more than "
                    + "\(RestrictedHTTPClient.maximumFieldBytes) bytes of them.")
        }
        try request.headers.validate()
        for field in fields where RestrictedHTTPClient.framingFields.contains(field.name.lowercased()) {
            throw NetError(.invalidArgument, "The header \(field.name) is the host's own business; leave it out.")
        }
    }

    private func refusal(of url: HTTPURL, afterRedirect: Bool) -> NetError {
        let subject = afterRedirect ? "The redirect to \(url.origin)" : url.origin
        let remedy = options.remedy.isEmpty ? "" : " (\(options.remedy))"
        return NetError(.notAllowed, "\(subject) is not among the hosts that the operator allows\(remedy).")
    }

    /// Makes the request that follows a redirect (RFC 9110 §15.4).
    private static func redirect(_ request: inout HTTPRequest, status: Int, from url: HTTPURL, to next: HTTPURL) {
        let becomesGET = status == 303 ? request.method != "HEAD" : status < 303 && request.method == "POST"
        if becomesGET {
            request.method = "GET"
            request.body = []
            for name in ["Content-Type", "Content-Encoding", "Content-Language"] { request.headers[name] = nil }
        }
        if next.origin != url.origin {
            for name in secretFields { request.headers[name] = nil }
        }
    }
}
