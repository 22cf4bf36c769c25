/// Why a token is not accepted. The words never repeat anything of the token but the algorithm's name.
public enum AccessTokenError: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(String)
    /// Only HS256 is accepted; `none` least of all (RFC 8725 §3.1).
    case unsupportedAlgorithm(String)
    case unknownKey
    case badSignature
    /// LiveKit requires `exp`.
    case missingExpiry
    case expired
    case notYetValid

    public var description: String {
        switch self {
        case .malformed(let reason): "the token is malformed: \(reason)"
        case .unsupportedAlgorithm(let name): "the token's algorithm is \(name), not HS256"
        case .unknownKey: "the token's API key is not known here"
        case .badSignature: "the token's signature is wrong: it was made with another API secret"
        case .missingExpiry: "the token has no expiry"
        case .expired: "the token has expired"
        case .notYetValid: "the token is not valid yet: check the clocks"
        }
    }
}
