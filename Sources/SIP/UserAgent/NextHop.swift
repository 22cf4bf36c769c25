import SansIO

/// Where a message is sent to.
enum NextHop {
    static let defaultPort: UInt16 = 5060

    /// The address of the next hop of an in-dialog request (RFC 3263 §4, for numeric hosts over UDP).
    ///
    /// Two deviations, both for peers behind address translators: a host name, and a private address given by a peer
    /// that speaks from a public one, lead to the peer's own address instead. The Request-URI and Route stay as given.
    static func address(of uri: URI, peer: TransportAddress) -> TransportAddress {
        guard case .sip(let uri) = uri else { return peer }
        let host = uri.parameters["maddr"] ?? uri.host
        guard isNumeric(host) else { return peer }
        if isPrivate(host) && !isPrivate(peer.host) { return peer }
        return TransportAddress(host: host, port: uri.port ?? defaultPort)
    }

    /// Where the responses to a request go (RFC 3261 §18.2.2, RFC 3581 §4).
    ///
    /// `maddr` is not honoured: it would let any sender aim our responses at third parties.
    static func responseAddress(of via: Via, source: TransportAddress) -> TransportAddress {
        via.asksForResponsePort ? source : TransportAddress(host: source.host, port: via.port ?? defaultPort)
    }

    /// Notes in a received request's top Via where it came from (RFC 3261 §18.2.1, RFC 3581 §4).
    static func stamp(_ via: inout Via, source: TransportAddress) {
        if via.asksForResponsePort {
            via.responsePort = source.port
            via.received = source.host
        } else if via.host != source.host {
            via.received = source.host
        }
    }

    /// Whether a host is an IPv4 or IPv6 address rather than a name.
    static func isNumeric(_ host: String) -> Bool { host.utf8.contains(UInt8(ascii: ":")) || octets(of: host) != nil }

    /// Whether an address is of a network that the public one does not route: RFC 1918, RFC 6598, loopback, link-local
    /// and RFC 4193.
    static func isPrivate(_ host: String) -> Bool {
        if let octets = octets(of: host) {
            switch (octets[0], octets[1]) {
            case (10, _), (127, _), (192, 168), (172, 16...31), (169, 254), (100, 64...127): return true
            default: return false
            }
        }
        let text = Grammar.lowercased(host)
        return text == "::1" || text.hasPrefix("fc") || text.hasPrefix("fd") || text.hasPrefix("fe80")
    }

    /// The four numbers of a dotted IPv4 address; `nil` for everything else.
    private static func octets(of host: String) -> [UInt8]? {
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [UInt8] = []
        for part in parts {
            guard part.count <= 3, part.allSatisfy({ Grammar.isDigit($0) }), let value = UInt8(Substring(part)) else {
                return nil
            }
            octets.append(value)
        }
        return octets
    }
}
