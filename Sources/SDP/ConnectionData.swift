/// A `c=` line: where media is to be sent (RFC 8866 §5.7).
public struct ConnectionData: Hashable, Sendable {
    /// `IP4` or `IP6`.
    public var addressType: String
    /// A numeric address or a host name, with a multicast address's TTL and count if it has them.
    public var address: String

    public init(addressType: String, address: String) {
        self.addressType = addressType
        self.address = address
    }

    /// The connection of a numeric address: IPv6 when it has a colon.
    public init(address: String) {
        self.init(addressType: address.utf8.contains(UInt8(ascii: ":")) ? "IP6" : "IP4", address: address)
    }

    init?(parsing value: String) {
        let parts = value.split(separator: " ")
        guard parts.count >= 3, parts[0].uppercased() == "IN" else { return nil }
        self.init(addressType: parts[1].uppercased(), address: String(parts[2]))
    }

    /// The address without a multicast TTL and count.
    public var host: String {
        address.split(separator: "/").first.map { String($0) } ?? address
    }

    /// Whether this is the "nowhere" of old hold offers (RFC 3264 §8.4): `0.0.0.0` or `::`.
    public var isUnspecified: Bool { host == "0.0.0.0" || host == "::" }

    var text: String { "IN \(addressType) \(address)" }
}
