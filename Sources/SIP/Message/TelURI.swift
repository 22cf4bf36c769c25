/// A telephone number as a URI (RFC 3966).
public struct TelURI: Hashable, Sendable, CustomStringConvertible {
    /// The number as written, with its visual separators; global numbers begin with `+`.
    public internal(set) var number: String
    /// `isub`, `ext`, `phone-context` and others; values are kept escaped.
    public var parameters: Parameters

    /// A number with optional parameters.
    ///
    /// - Throws: ``GrammarError`` when `number` is neither a global number (`+` and digits) nor a local one (digits,
    ///   `*`, `#`, letters A–F), each with visual separators.
    public init(number: String, parameters: Parameters = Parameters()) throws(GrammarError) {
        var scanner = ByteScanner(number)
        self.number = try TelURI.expectNumber(&scanner)
        guard scanner.isAtEnd else { throw scanner.failure(.unexpectedCharacter) }
        self.parameters = parameters
    }

    public var isGlobal: Bool { number.utf8.first == UInt8(ascii: "+") }

    /// The number without visual separators, in lower case: what is dialled and compared.
    public var digits: String {
        String(decoding: number.utf8.filter { !TelURI.isSeparator($0) }.map { Grammar.lowercased($0) }, as: UTF8.self)
    }

    public var description: String { "tel:" + number + parameters.uriText }

    /// Whether two URIs name the same number (RFC 3966 §4).
    ///
    /// Both must be global or both local; separators and case don't matter; parameters must be the same in any order.
    /// A `phone-context` or `ext` that is a number is compared without separators too.
    public func isEquivalent(to other: TelURI) -> Bool {
        guard digits == other.digits, parameters.items.count == other.parameters.items.count else { return false }
        return parameters.items.allSatisfy { item in
            guard other.parameters.contains(item.name) else { return false }
            return TelURI.comparable(item.value, of: item.name)
                == TelURI.comparable(other.parameters[item.name], of: item.name)
        }
    }

    private static func comparable(_ value: String?, of name: String) -> [UInt8]? {
        guard let value else { return nil }
        let folded = PercentEncoding.decodedBytes(value).map { Grammar.lowercased($0) }
        let isNumber = Grammar.equal(name, "ext") || folded.first == UInt8(ascii: "+")
        return isNumber ? folded.filter { !isSeparator($0) } : folded
    }

    /// `visual-separator`.
    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")")
    }

    private static func expectNumber(_ scanner: inout ByteScanner) throws(GrammarError) -> String {
        let start = scanner.offset
        let isGlobal = scanner.take(UInt8(ascii: "+"))
        let range = scanner.takeWhile { byte in
            if Grammar.isDigit(byte) || isSeparator(byte) { return true }
            return !isGlobal && (Grammar.isHexDigit(byte) || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "#"))
        }
        guard scanner.bytes[range].contains(where: { !isSeparator($0) }) else {
            throw scanner.failure(.badNumber)
        }
        return scanner.text(start..<scanner.offset)
    }

    /// Reads what stands behind `tel:`.
    ///
    /// A local number without `phone-context` is accepted, which RFC 3966 §5.1.5 is not: private exchanges send them.
    init(scanning scanner: inout ByteScanner) throws(GrammarError) {
        number = try TelURI.expectNumber(&scanner)
        parameters = try Parameters(scanningURI: &scanner)
    }
}
