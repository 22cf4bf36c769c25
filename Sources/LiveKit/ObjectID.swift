import Crypto

/// Identifiers in LiveKit's form: a prefix that names the kind, and twelve random characters.
public enum ObjectID {
    public enum Kind: String, Sendable {
        case trunk = "ST_"
        case dispatch = "AD_"
        case job = "AJ_"
        case call = "SCL_"
        case room = "RM_"
        case participant = "PA_"
    }

    private static let digits = Array("23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    /// A new identifier with some 70 bits of randomness.
    public static func make(_ kind: Kind) -> String {
        let random = SecureRandom.bytes(12).map { digits[Int($0) % digits.count] }
        return kind.rawValue + String(decoding: random, as: UTF8.self)
    }
}
