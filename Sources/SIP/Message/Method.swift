/// A request's method (RFC 3261 §7.1); names are case-sensitive, and any token is one.
public struct Method: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String { rawValue }

    public static let invite = Method(rawValue: "INVITE")
    public static let ack = Method(rawValue: "ACK")
    public static let bye = Method(rawValue: "BYE")
    public static let cancel = Method(rawValue: "CANCEL")
    public static let options = Method(rawValue: "OPTIONS")
    public static let register = Method(rawValue: "REGISTER")
    /// RFC 3515.
    public static let refer = Method(rawValue: "REFER")
    /// RFC 6665.
    public static let notify = Method(rawValue: "NOTIFY")
    /// RFC 6665.
    public static let subscribe = Method(rawValue: "SUBSCRIBE")
    /// RFC 6086.
    public static let info = Method(rawValue: "INFO")
    /// RFC 3311.
    public static let update = Method(rawValue: "UPDATE")
    /// RFC 3262.
    public static let prack = Method(rawValue: "PRACK")
    /// RFC 3428.
    public static let message = Method(rawValue: "MESSAGE")
    /// RFC 3903.
    public static let publish = Method(rawValue: "PUBLISH")
}
