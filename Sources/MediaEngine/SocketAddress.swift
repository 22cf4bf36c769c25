import CLinux
public import SansIO

/// A numeric address as plain bits, so that comparing one costs no allocation and no reference count.
public struct SocketAddress: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    private enum Family: UInt8 { case none = 0, v4 = 4, v6 = 6 }

    private let high: UInt64
    private let low: UInt64
    private let family: Family
    public let port: UInt16

    /// No address.
    public static let none = SocketAddress(high: 0, low: 0, family: .none, port: 0)

    private init(high: UInt64, low: UInt64, family: Family, port: UInt16) {
        self.high = high
        self.low = low
        self.family = family
        self.port = port
    }

    /// - Returns: `nil` when the host is not a numeric address.
    public init?(_ address: TransportAddress) {
        var bits = clinux_address()
        guard clinux_address_parse(address.host, address.port, &bits) == 0 else { return nil }
        self.init(bits)
    }

    init(_ bits: clinux_address) {
        self.init(high: bits.high, low: bits.low, family: Family(rawValue: bits.family) ?? .none, port: bits.port)
    }

    var bits: clinux_address { clinux_address(high: high, low: low, port: port, family: family.rawValue) }

    /// Whether a datagram can be sent there: neither the unspecified address nor port 0.
    public var isSendable: Bool { family != .none && (high | low) != 0 && port != 0 }

    public func hasSameHost(as other: SocketAddress) -> Bool {
        family != .none && family == other.family && high == other.high && low == other.low
    }

    public func withPort(_ port: UInt16) -> SocketAddress {
        SocketAddress(high: high, low: low, family: family, port: port)
    }

    public var transportAddress: TransportAddress {
        var bits = self.bits
        let host = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { text in
            clinux_address_format(&bits, text.baseAddress)
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return TransportAddress(host: host, port: port)
    }

    public var description: String { transportAddress.description }
}
