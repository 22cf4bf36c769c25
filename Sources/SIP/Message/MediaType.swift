/// The type of a body (RFC 3261 §20.15); type and subtype are compared without regard to case.
public struct MediaType: Hashable, Sendable, CustomStringConvertible {
    /// In lower case.
    public let type: String
    /// In lower case.
    public let subtype: String
    public var parameters: Parameters

    public init(_ type: String, _ subtype: String, parameters: Parameters = Parameters()) {
        self.type = Grammar.lowercased(type)
        self.subtype = Grammar.lowercased(subtype)
        self.parameters = parameters
    }

    /// `application/sdp` (RFC 3261 §13.2.1).
    public static let sdp = MediaType("application", "sdp")
    /// `message/sipfrag;version=2.0` (RFC 3420, RFC 3515 §2.4.5).
    public static let sipfrag = MediaType("message", "sipfrag", parameters: Parameters([("version", "2.0")]))
    /// `application/dtmf-relay`.
    public static let dtmfRelay = MediaType("application", "dtmf-relay")

    /// Whether type and subtype are the same; parameters don't matter.
    public func matches(_ other: MediaType) -> Bool { type == other.type && subtype == other.subtype }

    public init(parsing text: String) throws(GrammarError) {
        var scanner = ByteScanner(text)
        scanner.skipWhitespace()
        let type = try scanner.expectToken()
        guard scanner.takeSeparator(UInt8(ascii: "/")) else { throw scanner.failure(.unexpectedCharacter) }
        let subtype = try scanner.expectToken()
        self.init(type, subtype, parameters: try Parameters(scanning: &scanner))
        try scanner.expectEnd()
    }

    public var description: String { type + "/" + subtype + parameters.headerText }
}
