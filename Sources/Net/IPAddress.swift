import Glibc

/// A numeric address. An IPv4 address inside of IPv6 (`::ffff:192.0.2.1`) is that IPv4 address.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16, in network order.
    let bytes: [UInt8]

    /// - Parameter bytes: 4 or 16; `nil` for another number.
    init?(bytes: [UInt8]) {
        switch bytes.count {
        case 4: self.bytes = bytes
        case 16 where bytes.starts(with: IPAddress.mappedPrefix): self.bytes = Array(bytes[12...])
        case 16: self.bytes = bytes
        default: return nil
        }
    }

    /// Four decimal numbers without leading zeros, or an IPv6 address without brackets and zone.
    public init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: text.utf8.contains(UInt8(ascii: ":")) ? 16 : 4)
        guard inet_pton(bytes.count == 16 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        self.init(bytes: bytes)
    }

    /// The address in a `sockaddr` of any family; `nil` for others than IPv4 and IPv6.
    init?(socketAddress raw: UnsafeRawPointer) {
        switch Int32(raw.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            var value = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            self.init(bytes: withUnsafeBytes(of: &value) { Array($0) })
        case AF_INET6:
            var value = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(bytes: withUnsafeBytes(of: &value) { Array($0) })
        default: return nil
        }
    }

    private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    public var isIPv6: Bool { bytes.count == 16 }

    public var isLoopback: Bool { IPAddress.loopback.contains { $0.contains(self) } }

    /// Whether anybody on the Internet may be there: not in a range that the IANA registries of special-purpose
    /// addresses (RFC 6890) keep for private networks, the machine itself, documentation, or groups.
    public var isPublic: Bool {
        if !isIPv6 { return !IPAddress.specialIPv4.contains { $0.contains(self) } }
        // NAT64 (RFC 6052 §2.1): what counts is the address behind it.
        if IPAddress.translated.contains(where: { $0.contains(self) }),
            let inner = IPAddress(bytes: Array(bytes[12...]))
        {
            return inner.isPublic
        }
        return IPAddress.globalIPv6.contains { $0.contains(self) }
            && !IPAddress.specialIPv6.contains { $0.contains(self) }
    }

    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        var bytes = bytes
        guard inet_ntop(isIPv6 ? AF_INET6 : AF_INET, &bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Addresses that begin with the same bits: `10.0.0.0/8`.
    struct Block: Hashable, Sendable {
        let address: IPAddress
        let bits: Int

        /// - Parameter text: An address, perhaps with `/` and the number of bits.
        init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let address = IPAddress(String(parts[0])) else { return nil }
            self.address = address
            guard parts.count == 2 else {
                bits = address.bytes.count * 8
                return
            }
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let bits = Int(parts[1]),
                bits <= address.bytes.count * 8
            else { return nil }
            self.bits = bits
        }

        func contains(_ other: IPAddress) -> Bool {
            guard other.bytes.count == address.bytes.count else { return false }
            let whole = bits / 8
            guard address.bytes[..<whole] == other.bytes[..<whole] else { return false }
            let rest = bits % 8
            return rest == 0 || (address.bytes[whole] ^ other.bytes[whole]) >> UInt8(8 - rest) == 0
        }
    }

    private static func blocks(_ texts: String) -> [Block] {
        texts.split(separator: " ").compactMap { Block(String($0)) }
    }

    private static let loopback = blocks("127.0.0.0/8 ::1")
    private static let specialIPv4 = blocks(
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
            + "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4")
    private static let globalIPv6 = blocks("2000::/3")
    private static let translated = blocks("64:ff9b::/96")
    private static let specialIPv6 = blocks("2001::/23 2001:db8::/32 2002::/16 3fff::/20")
}
