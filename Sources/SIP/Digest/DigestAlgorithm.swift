import Crypto

/// A digest algorithm of RFC 2617 and RFC 8760.
public enum DigestAlgorithm: String, CaseIterable, Hashable, Sendable {
    case md5 = "MD5"
    case md5Session = "MD5-sess"
    case sha256 = "SHA-256"
    case sha256Session = "SHA-256-sess"

    /// The algorithm of a name, in any case; `nil` for those that are not supported.
    public init?(name: String) {
        guard let match = DigestAlgorithm.allCases.first(where: { Grammar.equal($0.rawValue, name) }) else {
            return nil
        }
        self = match
    }

    /// Whether the first hash covers nonce and cnonce too (RFC 7616 §3.4.2).
    var isSession: Bool { self == .md5Session || self == .sha256Session }

    /// The hash of `text` in lower-case hexadecimal.
    func hash(_ text: [UInt8]) -> String {
        switch self {
        case .md5, .md5Session: Hex.encode(Digest.md5(text))
        case .sha256, .sha256Session: Hex.encode(Digest.sha256(text))
        }
    }

    func hash(_ text: String) -> String { hash(Array(text.utf8)) }
}
