/// Cuts a text into tokens as Lua 5.4 does (reference manual §3.1).
///
/// What is wrong is noted and passed over, so that a token follows in any case.
struct Lexer {
    let bytes: [UInt8]
    var offset = 0
    var line = 1
    var lineStart = 0
    private(set) var problems: [LuaDiagnostic] = []
    private(set) var comments: [Comment] = []
    /// Whether a problem is such that what follows is likely to be misread.
    private(set) var isDerailed = false

    /// More would help nobody.
    static let maximumProblems = 20

    init(_ bytes: [UInt8], skipsShebang: Bool) {
        self.bytes = bytes
        guard skipsShebang else { return }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            offset = 3
            lineStart = 3
        }
        if byte(0) == UInt8(ascii: "#") { skipLine() }
    }

    var position: SourcePosition { SourcePosition(offset: offset, line: line, column: offset - lineStart + 1) }

    /// The byte that far ahead; 0 behind the end.
    func byte(_ ahead: Int) -> UInt8 {
        let index = offset + ahead
        return index < bytes.count ? bytes[index] : 0
    }

    var isAtEnd: Bool { offset >= bytes.count }

    mutating func report(
        _ range: SourceRange, _ message: String, hint: String? = nil, derails: Bool = false
    ) {
        if derails { isDerailed = true }
        guard problems.count < Self.maximumProblems else { return }
        problems.append(LuaDiagnostic(.error, .syntax, range, message, hint: hint))
    }

    /// Passes over one character of UTF-8, or one byte that is none.
    mutating func skipCharacter() {
        offset += 1
        while !isAtEnd, byte(0) & 0xC0 == 0x80 { offset += 1 }
    }

    /// Passes over one line end: `\n`, `\r`, `\r\n` or `\n\r`.
    mutating func skipLineEnd() {
        let first = bytes[offset]
        offset += 1
        let second = byte(0)
        if !isAtEnd, second != first, second == 0x0A || second == 0x0D { offset += 1 }
        line += 1
        lineStart = offset
    }

    private mutating func skipLine() {
        while !isAtEnd, !byte(0).isLineEnd { offset += 1 }
    }

    mutating func next() -> Token {
        while true {
            skipSpace()
            let start = position
            guard !isAtEnd else { return Token(kind: .endOfFile, range: SourceRange(start, start)) }
            if let kind = scan(from: start) { return Token(kind: kind, range: SourceRange(start, position)) }
        }
    }

    private mutating func skipSpace() {
        while !isAtEnd {
            let byte = byte(0)
            if byte.isLineEnd {
                skipLineEnd()
            } else if byte == 0x20 || byte == 0x09 || byte == 0x0B || byte == 0x0C {
                offset += 1
            } else {
                return
            }
        }
    }

    /// - Returns: `nil` after a comment, or after something that cannot stand in a program.
    private mutating func scan(from start: SourcePosition) -> Token.Kind? {
        let first = byte(0)
        switch first {
        case UInt8(ascii: "-") where byte(1) == first:
            skipComment(from: start)
            return nil
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return .string(quotedString(from: start))
        case UInt8(ascii: "["):
            if let level = longBracketLevel() { return .string(longBracket(level: level, from: start, "string")) }
            if byte(1) == UInt8(ascii: "=") {
                var length = 1
                while byte(length) == UInt8(ascii: "=") { length += 1 }
                offset += length
                report(
                    SourceRange(start, position), "a long string begins with '\(text(from: start))['",
                    hint: "add the second '['", derails: true)
                return .string([])
            }
        case UInt8(ascii: ".") where byte(1).isDigit:
            return number(from: start)
        default:
            if first.isDigit { return number(from: start) }
            if first.isNameStart || first >= 0x80 { return name(from: start) }
        }
        if let kind = symbol() { return kind }
        skipStray(from: start)
        return nil
    }

    func text(from start: SourcePosition) -> String {
        String(decoding: bytes[start.offset..<offset], as: UTF8.self)
    }

    private mutating func skipComment(from start: SourcePosition) {
        let before = bytes[lineStart..<start.offset]
        let beginsLine = before.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        offset += 2
        if byte(0) == UInt8(ascii: "["), let level = longBracketLevel() {
            _ = longBracket(level: level, from: start, "comment")
        } else {
            skipLine()
        }
        comments.append(Comment(range: SourceRange(start, position), beginsLine: beginsLine))
    }

    private mutating func name(from start: SourcePosition) -> Token.Kind? {
        guard byte(0).isNameStart || isLetterOutsideASCII else { return stray(from: start) }
        var isASCII = true
        while byte(0).isNamePart || isLetterOutsideASCII {
            if byte(0) >= 0x80 {
                isASCII = false
                skipCharacter()
            } else {
                offset += 1
            }
        }
        let text = text(from: start)
        if !isASCII {
            report(
                SourceRange(start, position), "'\(text)' cannot be a name",
                hint: "names have the letters A to Z, digits and '_'")
        }
        return Keyword.byName[text].map { .keyword($0) } ?? .name(text)
    }

    /// Longest first, as Lua does; the foreign ones are sequences that no Lua program has.
    private mutating func symbol() -> Token.Kind? {
        for length in [3, 2, 1] where offset + length <= bytes.count {
            let text = String(decoding: bytes[offset..<(offset + length)], as: UTF8.self)
            let kind: Token.Kind
            if let symbol = Symbol(rawValue: text) {
                kind = .symbol(symbol)
            } else if let foreign = Foreign(rawValue: text) {
                kind = .foreign(foreign)
            } else {
                continue
            }
            offset += length
            return kind
        }
        return nil
    }
}

extension Lexer {
    /// Characters that look like something of Lua's and are not: what they are, and what takes their place.
    private static let lookalikes: [(bytes: [UInt8], name: String, hint: String)] = [
        ([0xE2, 0x80, 0x9C], "the quotation mark '“'", "write \" instead"),
        ([0xE2, 0x80, 0x9D], "the quotation mark '”'", "write \" instead"),
        ([0xE2, 0x80, 0x9E], "the quotation mark '„'", "write \" instead"),
        ([0xE2, 0x80, 0x98], "the quotation mark '‘'", "write ' instead"),
        ([0xE2, 0x80, 0x99], "the quotation mark '’'", "write ' instead"),
        ([0xC2, 0xA0], "a no-break space", "write a plain space"),
        ([0xE2, 0x80, 0x8B], "an invisible character (zero-width space)", "remove it"),
        ([0xEF, 0xBB, 0xBF], "an invisible character (byte order mark)", "remove it"),
        ([0xE2, 0x80, 0x93], "the dash '–'", "write - instead"),
        ([0xE2, 0x80, 0x94], "the dash '—'", "write - instead"),
        ([0xE2, 0x80, 0xA6], "the character '…'", "write ... instead"),
    ]

    private var lookalike: (bytes: [UInt8], name: String, hint: String)? {
        guard byte(0) >= 0xC2 else { return nil }
        return Self.lookalikes.first { entry in
            entry.bytes.indices.allSatisfy { byte($0) == entry.bytes[$0] }
        }
    }

    /// Whether a character begins here that people elsewhere take for a letter.
    private var isLetterOutsideASCII: Bool {
        guard byte(0) >= 0xC2, lookalike == nil else { return false }
        let end = min(bytes.count, offset + 4)
        guard let scalar = String(decoding: bytes[offset..<end], as: UTF8.self).unicodeScalars.first else {
            return false
        }
        return scalar.properties.isAlphabetic && scalar.value != 0xFFFD
    }

    private mutating func stray(from start: SourcePosition) -> Token.Kind? {
        skipStray(from: start)
        return nil
    }

    /// One or several bytes that cannot begin a token: one problem for a row of them.
    private mutating func skipStray(from start: SourcePosition) {
        if let lookalike {
            offset += lookalike.bytes.count
            let range = SourceRange(start, position)
            let isSpace = lookalike.hint.hasPrefix("write a plain") || lookalike.hint.hasPrefix("remove")
            report(range, "\(lookalike.name) stands in the program", hint: lookalike.hint, derails: !isSpace)
            return
        }
        let first = byte(0)
        repeat { skipCharacter() } while !isAtEnd && byte(0) == first && offset - start.offset < 8
        report(
            SourceRange(start, position), "unexpected \(strayName(first, from: start))",
            hint: first == UInt8(ascii: "\\") ? "escapes with '\\' stand only in strings" : nil, derails: true)
    }

    private func strayName(_ first: UInt8, from start: SourcePosition) -> String {
        if first < 0x20 || first == 0x7F { return "control character (byte \(first))" }
        let text = text(from: start)
        return text.contains("\u{FFFD}") ? "byte \(first), which is not UTF-8" : "'\(text)'"
    }
}

extension UInt8 {
    var isLineEnd: Bool { self == 0x0A || self == 0x0D }
    var isDigit: Bool { self &- 0x30 < 10 }
    var isNameStart: Bool { (self | 0x20) &- 0x61 < 26 || self == 0x5F }
    var isNamePart: Bool { isNameStart || isDigit }

    /// 0…15
    var hexadecimalValue: Int? {
        if isDigit { return Int(self) - 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? Int(letter) + 10 : nil
    }
}
