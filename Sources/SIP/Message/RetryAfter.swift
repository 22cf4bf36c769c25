/// How long to leave a peer alone (RFC 3261 §20.33).
public struct RetryAfter: Hashable, Sendable, CustomStringConvertible {
    /// [s]
    public var seconds: UInt32
    /// Without parentheses.
    public var comment: String?
    public var parameters: Parameters

    public init(seconds: UInt32, comment: String? = nil, parameters: Parameters = Parameters()) {
        self.seconds = seconds
        self.comment = comment
        self.parameters = parameters
    }

    public init(parsing text: String) throws(GrammarError) {
        var scanner = ByteScanner(text)
        scanner.skipWhitespace()
        seconds = UInt32(truncatingIfNeeded: try scanner.expectNumber(upTo: UInt64(UInt32.max)))
        scanner.skipWhitespace()
        comment = scanner.current == UInt8(ascii: "(") ? try scanner.expectComment() : nil
        parameters = try Parameters(scanning: &scanner)
        try scanner.expectEnd()
    }

    public var description: String {
        "\(seconds)" + (comment.map { " (" + RetryAfter.escaped($0) + ")" } ?? "") + parameters.headerText
    }

    private static func escaped(_ comment: String) -> String {
        var bytes: [UInt8] = []
        for byte in comment.utf8 {
            if byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: "\\") {
                bytes.append(UInt8(ascii: "\\"))
            }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ByteScanner {
    /// A `comment`, without its outer parentheses and backslashes; comments nest.
    mutating func expectComment() throws(GrammarError) -> String {
        try expect(UInt8(ascii: "("))
        var content: [UInt8] = []
        var depth = 1
        while let byte = current {
            advance()
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") {
                depth -= 1
                if depth == 0 { return String(decoding: content, as: UTF8.self) }
            }
            if byte == UInt8(ascii: "\\"), let escaped = current {
                content.append(escaped)
                advance()
            } else {
                content.append(byte)
            }
        }
        throw failure(.unexpectedEnd)
    }
}
