/// A display name, a URI and header parameters: the value of From, To, Contact, Route and their like
/// (RFC 3261 §20.10, §25.1 `name-addr` and `addr-spec`).
public struct NameAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without quotes and backslashes; `nil` when there is none.
    public var displayName: String?
    public var uri: URI
    /// Parameters of the header field, not of the URI.
    public var parameters: Parameters

    public init(displayName: String? = nil, uri: URI, parameters: Parameters = Parameters()) {
        self.displayName = displayName
        self.uri = uri
        self.parameters = parameters
    }

    /// The `tag` parameter (RFC 3261 §19.3).
    public var tag: String? {
        get { parameters["tag"] }
        set { parameters["tag"] = newValue }
    }

    /// The `q` parameter of a Contact, 0…1; 1 when it is missing or unreadable (RFC 3261 §20.10).
    public var quality: Double {
        guard let text = parameters["q"], let value = Double(text), (0...1).contains(value) else { return 1 }
        return value
    }

    /// The `expires` parameter of a Contact. [s]
    public var expires: UInt32? { parameters["expires"].flatMap { UInt32($0) } }

    /// Reads one address.
    ///
    /// Without angle brackets, everything behind `;` belongs to the header field (RFC 3261 §20.10).
    /// - Throws: ``GrammarError``.
    public init(parsing text: String) throws(GrammarError) {
        var scanner = ByteScanner(text)
        try self.init(scanning: &scanner)
        try scanner.expectEnd()
    }

    init(scanning scanner: inout ByteScanner) throws(GrammarError) {
        scanner.skipWhitespace()
        displayName = try NameAddress.takeDisplayName(&scanner)
        if scanner.take(UInt8(ascii: "<")) {
            let range = scanner.takeWhile { $0 != UInt8(ascii: ">") }
            uri = try URI(scanner.bytes, in: range)
            try scanner.expect(UInt8(ascii: ">"))
        } else {
            guard displayName == nil else { throw scanner.failure(.unexpectedCharacter) }
            let range = scanner.takeWhile {
                !Grammar.isWhitespace($0) && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ",")
                    && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">")
            }
            if let mark = scanner.bytes[range].firstIndex(of: UInt8(ascii: "?")) {
                throw GrammarError(offset: mark, reason: .headersNeedBrackets)
            }
            uri = try URI(scanner.bytes, in: range)
        }
        parameters = try Parameters(scanning: &scanner)
    }

    /// Takes a quoted string or a run of tokens that a `<` follows.
    private static func takeDisplayName(_ scanner: inout ByteScanner) throws(GrammarError) -> String? {
        if scanner.current == UInt8(ascii: "\"") {
            let name = try scanner.expectQuotedString()
            scanner.skipWhitespace()
            guard scanner.current == UInt8(ascii: "<") else { throw scanner.failure(.unexpectedCharacter) }
            return name
        }
        let start = scanner.offset
        // Bytes above ASCII are not in `token`, but peers send UTF-8 names unquoted.
        let range = scanner.takeWhile { Grammar.isToken($0) || Grammar.isWhitespace($0) || $0 >= 0x80 }
        guard scanner.current == UInt8(ascii: "<") else {
            scanner.seek(to: start)
            return nil
        }
        let words = scanner.bytes[range].split { Grammar.isWhitespace($0) }
        return words.isEmpty ? nil : String(decoding: Array(words.joined(separator: [0x20])), as: UTF8.self)
    }

    /// Always with angle brackets, so that parameters can't be taken for the URI's.
    public var description: String {
        var text = ""
        if let displayName {
            let isPlain = !displayName.isEmpty && displayName.utf8.allSatisfy { Grammar.isToken($0) }
            text = (isPlain ? displayName : Parameters.quoted(displayName)) + " "
        }
        return text + "<" + uri.description + ">" + parameters.headerText
    }

    /// Reads a comma-separated list of at least one address.
    static func list(parsing text: String) throws(GrammarError) -> [NameAddress] {
        var scanner = ByteScanner(text)
        var list: [NameAddress] = []
        repeat {
            list.append(try NameAddress(scanning: &scanner))
        } while scanner.takeSeparator(UInt8(ascii: ","))
        try scanner.expectEnd()
        return list
    }
}
