/// Limits and time-outs of one WebSocket.
public struct WebSocketOptions: Sendable {
    /// TCP, TLS and the upgrade together.
    public var connectTimeout: Duration = .seconds(10)
    /// A PEM file of certificates that are trusted instead of the system's.
    public var trustedCertificatesFile: String?
    /// `false` accepts every certificate: for tests alone.
    public var verifiesCertificates = true
    /// Larger messages end the connection with code 1009. [byte]
    public var maximumMessageBytes = 16 * 1024 * 1024
    /// When this much waits to be sent, the connection is failed. [byte]
    public var maximumBufferedBytes = 8 * 1024 * 1024
    /// How often a ping is sent; `nil` for never.
    public var pingInterval: Duration? = .seconds(20)
    /// The connection is failed when nothing at all arrives for this long after a ping.
    public var pongTimeout: Duration = .seconds(15)
    /// How long the peer may take to answer a close frame.
    public var closeTimeout: Duration = .seconds(3)

    public init() {}
}
