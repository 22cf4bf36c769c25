/// A URI as it stands in a Request-URI, an address or a REFER's target.
public enum URI: Hashable, Sendable, CustomStringConvertible {
    case sip(SIPURI)
    case tel(TelURI)
    /// A URI of any other scheme, as written.
    case other(String)

    /// Reads a URI of any scheme.
    ///
    /// - Throws: ``GrammarError``: no scheme, or not the grammar of `sip:`, `sips:` (RFC 3261 §19.1) and `tel:`
    ///   (RFC 3966). Other schemes are checked for characters that no URI has.
    public init(parsing text: String) throws(GrammarError) {
        let bytes = Array(text.utf8)
        try self.init(bytes, in: 0..<bytes.count)
    }

    init(_ bytes: [UInt8], in range: Range<Int>) throws(GrammarError) {
        var scanner = ByteScanner(bytes, in: range)
        guard let first = scanner.current, Grammar.isAlpha(first) else { throw scanner.failure(.badScheme) }
        let schemeRange = scanner.takeWhile {
            Grammar.isAlphanumeric($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        let scheme = Grammar.lowercased(scanner.text(schemeRange))
        guard scanner.take(UInt8(ascii: ":")) else { throw GrammarError(offset: range.lowerBound, reason: .badScheme) }
        switch scheme {
        case "sip": self = .sip(try SIPURI(scanning: &scanner, isSecure: false))
        case "sips": self = .sip(try SIPURI(scanning: &scanner, isSecure: true))
        case "tel": self = .tel(try TelURI(scanning: &scanner))
        default:
            let rest = scanner.takeWhile {
                $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "\"")
            }
            guard !rest.isEmpty else { throw scanner.failure(.badURI) }
            self = .other(scanner.text(range.lowerBound..<scanner.offset))
        }
        guard scanner.isAtEnd else { throw scanner.failure(.unexpectedCharacter) }
    }

    /// The scheme in lower case, without colon.
    public var scheme: String {
        switch self {
        case .sip(let uri): uri.isSecure ? "sips" : "sip"
        case .tel: "tel"
        case .other(let text): Grammar.lowercased(String(text.prefix { $0 != ":" }))
        }
    }

    public var sip: SIPURI? {
        guard case .sip(let uri) = self else { return nil }
        return uri
    }

    public var tel: TelURI? {
        guard case .tel(let uri) = self else { return nil }
        return uri
    }

    /// The URI as it is written in a message.
    public var description: String {
        switch self {
        case .sip(let uri): uri.description
        case .tel(let uri): uri.description
        case .other(let text): text
        }
    }

    /// Whether two URIs name the same resource by the rules of their scheme (RFC 3261 §19.1.4, RFC 3966 §4).
    ///
    /// URIs of other schemes are compared byte for byte, but for the scheme.
    public func isEquivalent(to other: URI) -> Bool {
        switch (self, other) {
        case (.sip(let left), .sip(let right)): left.isEquivalent(to: right)
        case (.tel(let left), .tel(let right)): left.isEquivalent(to: right)
        case (.other(let left), .other(let right)):
            scheme == other.scheme
                && left.utf8.dropFirst(scheme.utf8.count).elementsEqual(
                    right.utf8.dropFirst(scheme.utf8.count))
        default: false
        }
    }
}
