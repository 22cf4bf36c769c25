/// A scheme and its comma-separated `name=value` list: what the four authentication fields hold (RFC 3261 §25.1
/// `challenge` and `credentials`).
struct AuthenticationParameters {
    struct Parameter {
        let name: String
        /// What stands between the quotes, backslashes included.
        let value: String
        let isQuoted: Bool
    }

    let scheme: String
    private(set) var items: [Parameter] = []

    init(scheme: String) {
        self.scheme = scheme
    }

    init(parsing text: String) throws(GrammarError) {
        var scanner = ByteScanner(text)
        scanner.skipWhitespace()
        scheme = try scanner.expectToken()
        scanner.skipWhitespace()
        while !scanner.isAtEnd {
            // Elements of a list may be empty.
            while scanner.takeSeparator(UInt8(ascii: ",")) {}
            if scanner.isAtEnd { break }
            let name = try scanner.expectToken()
            if scanner.takeSeparator(UInt8(ascii: "=")) {
                if scanner.current == UInt8(ascii: "\"") {
                    let raw = try scanner.expectRawQuotedString()
                    items.append(Parameter(name: name, value: raw, isQuoted: true))
                } else {
                    let range = scanner.takeWhile { $0 != UInt8(ascii: ",") && $0 > 0x20 }
                    items.append(Parameter(name: name, value: scanner.text(range), isQuoted: false))
                }
            }
            scanner.skipWhitespace()
            guard scanner.isAtEnd || scanner.current == UInt8(ascii: ",") else {
                throw scanner.failure(.unexpectedCharacter)
            }
        }
    }

    subscript(name: String) -> String? { items.first { Grammar.equal($0.name, name) }?.value }

    mutating func append(_ name: String, _ value: String?, isQuoted: Bool) {
        guard let value else { return }
        items.append(Parameter(name: name, value: value, isQuoted: isQuoted))
    }

    var text: String {
        scheme + " "
            + items.map { $0.name + "=" + ($0.isQuoted ? "\"\($0.value)\"" : $0.value) }.joined(separator: ", ")
    }
}

extension ByteScanner {
    /// A `quoted-string`, without its quotes but with its backslashes.
    mutating func expectRawQuotedString() throws(GrammarError) -> String {
        let start = offset
        try expect(UInt8(ascii: "\""))
        while let byte = current {
            if byte == UInt8(ascii: "\"") {
                let content = text((start + 1)..<offset)
                advance()
                return content
            }
            advance()
            if byte == UInt8(ascii: "\\") { advance() }
        }
        throw GrammarError(offset: start, reason: .unbalancedQuote)
    }
}
