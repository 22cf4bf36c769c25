/// The address of one end of a UDP, TCP or TLS flow: a numeric host and a port.
///
/// Cores compare and hand on addresses; only drivers turn them into socket addresses. Host names are resolved before
/// an address is made.
public struct TransportAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address in dotted form, or an IPv6 address without brackets.
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    public var isIPv6: Bool { host.utf8.contains(UInt8(ascii: ":")) }

    /// `192.0.2.1:5060` or `[2001:db8::1]:5060`.
    public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
