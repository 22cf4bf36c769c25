/// Why a socket, a request or a connection failed.
///
/// ``message`` is one sentence for an operator and says what to do where that is known. It names hosts and ports, never
/// headers, query strings or bodies, so that it can be logged.
public struct NetError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The local port is taken by another process.
        case addressInUse
        /// The local address does not belong to this machine, or is no numeric address.
        case addressUnavailable
        /// The system forbids it: a port below 1024, a firewall rule, or too many open files.
        case notPermitted
        /// The operator allows no requests to that host or address.
        case notAllowed
        /// A URL, a header or an address that cannot be used.
        case invalidArgument
        case hostNotFound
        case connectionRefused
        case unreachable
        case timedOut
        /// The certificate is not trusted, or, where an attempt may succeed later, the TLS handshake failed.
        case tls
        /// The server answered an upgrade with another status than 101: see ``httpStatus``.
        case upgradeRefused
        /// The peer broke the protocol.
        case protocolViolation
        case messageTooLarge
        /// The peer reads more slowly than we write.
        case outboundBufferFull
        case connectionLost
        case cancelled
        /// Any other failure of the system.
        case system
    }

    public var code: Code
    public var message: String
    /// Whether the same attempt may succeed later without anybody's help.
    public var isRetryable: Bool
    /// The HTTP status of the refusal, with ``Code/upgradeRefused``.
    public var httpStatus: Int?
    /// The body of the refusal, at most 64 KiB.
    public var httpBody: [UInt8]
    public var underlying: (any Error)?

    public init(
        _ code: Code, _ message: String, isRetryable: Bool? = nil, httpStatus: Int? = nil, httpBody: [UInt8] = [],
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable ?? NetError.isUsuallyRetryable(code)
        self.httpStatus = httpStatus
        self.httpBody = httpBody
        self.underlying = underlying
    }

    public var description: String { message }

    private static func isUsuallyRetryable(_ code: Code) -> Bool {
        switch code {
        case .connectionRefused, .unreachable, .timedOut, .connectionLost, .outboundBufferFull, .hostNotFound: true
        case .addressInUse, .addressUnavailable, .notPermitted, .notAllowed, .invalidArgument, .tls, .upgradeRefused,
            .protocolViolation, .messageTooLarge, .cancelled, .system:
            false
        }
    }
}
