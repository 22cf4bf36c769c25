/// Reads a header field's value, or a part of it, from left to right.
///
/// Values are unfolded before, so that linear white space is spaces and tabs only.
struct ByteScanner {
    let bytes: [UInt8]
    let end: Int
    private(set) var offset: Int

    init(_ text: String) {
        self.init(Array(text.utf8))
    }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
        end = bytes.count
    }

    /// A scanner over `range` of another's bytes.
    init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset >= end }

    var current: UInt8? { offset < end ? bytes[offset] : nil }

    func failure(_ reason: GrammarError.Reason) -> GrammarError {
        GrammarError(offset: offset, reason: isAtEnd && reason == .unexpectedCharacter ? .unexpectedEnd : reason)
    }

    mutating func advance() {
        if offset < end { offset += 1 }
    }

    /// Goes back to, or ahead to, an offset that this scanner reported.
    mutating func seek(to offset: Int) {
        self.offset = min(max(offset, 0), end)
    }

    mutating func skipWhitespace() {
        while let byte = current, Grammar.isWhitespace(byte) { offset += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        offset += 1
        return true
    }

    /// Takes `byte` and the white space around it, as `SEMI`, `COMMA`, `EQUAL` and `SLASH` allow it.
    ///
    /// - Returns: `false`, with nothing taken, when something else follows.
    mutating func takeSeparator(_ byte: UInt8) -> Bool {
        let start = offset
        skipWhitespace()
        guard take(byte) else {
            offset = start
            return false
        }
        skipWhitespace()
        return true
    }

    mutating func expect(_ byte: UInt8) throws(GrammarError) {
        guard take(byte) else { throw failure(.unexpectedCharacter) }
    }

    mutating func expectEnd() throws(GrammarError) {
        skipWhitespace()
        guard isAtEnd else { throw failure(.unexpectedCharacter) }
    }

    /// The longest run of bytes of a class; may be empty.
    mutating func takeWhile(_ isMember: (UInt8) -> Bool) -> Range<Int> {
        let start = offset
        while offset < end, isMember(bytes[offset]) { offset += 1 }
        return start..<offset
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    mutating func expectToken() throws(GrammarError) -> String {
        let range = takeWhile(Grammar.isToken)
        guard !range.isEmpty else { throw failure(.unexpectedCharacter) }
        return text(range)
    }

    /// A `quoted-string`, without quotes and backslashes.
    mutating func expectQuotedString() throws(GrammarError) -> String {
        let start = offset
        try expect(UInt8(ascii: "\""))
        var content: [UInt8] = []
        while let byte = current {
            offset += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: content, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = current else { break }
                content.append(escaped)
                offset += 1
            } else {
                content.append(byte)
            }
        }
        throw GrammarError(offset: start, reason: .unbalancedQuote)
    }

    /// A decimal number of at most `maximum`, with any number of leading zeros.
    mutating func expectNumber(upTo maximum: UInt64) throws(GrammarError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        while let byte = current, Grammar.isDigit(byte) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
            guard !overflow, !carry, sum <= maximum else { throw GrammarError(offset: start, reason: .badNumber) }
            value = sum
            offset += 1
        }
        guard offset > start else { throw failure(.badNumber) }
        return value
    }

    /// A host name, an IPv4 address or a bracketed IPv6 address; the brackets are not part of the result.
    ///
    /// IPv6 references are checked for their characters only, as RFC 5118 §4.10 wants it.
    mutating func expectHost() throws(GrammarError) -> String {
        let start = offset
        if take(UInt8(ascii: "[")) {
            let range = takeWhile {
                Grammar.isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
            guard bytes[range].count(where: { $0 == UInt8(ascii: ":") }) >= 2, take(UInt8(ascii: "]")) else {
                throw GrammarError(offset: start, reason: .badHost)
            }
            return text(range)
        }
        let range = takeWhile(Grammar.isHostname)
        guard let first = range.first, bytes[first] != UInt8(ascii: "."), bytes[first] != UInt8(ascii: "-") else {
            throw GrammarError(offset: start, reason: .badHost)
        }
        return text(range)
    }

    mutating func expectPort() throws(GrammarError) -> UInt16 {
        let start = offset
        do {
            return UInt16(truncatingIfNeeded: try expectNumber(upTo: UInt64(UInt16.max)))
        } catch {
            throw GrammarError(offset: start, reason: .badPort)
        }
    }
}
