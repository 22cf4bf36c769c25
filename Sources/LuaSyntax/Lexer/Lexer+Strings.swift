extension Lexer {
    /// The number of `=` when a long bracket opens here (§3.1).
    func longBracketLevel() -> Int? {
        var level = 0
        while byte(1 + level) == UInt8(ascii: "=") { level += 1 }
        return byte(1 + level) == UInt8(ascii: "[") ? level : nil
    }

    /// The content of a long bracket, without the line end that may follow its opening.
    mutating func longBracket(level: Int, from start: SourcePosition, _ what: String) -> [UInt8] {
        offset += level + 2
        let opening = position
        if !isAtEnd, byte(0).isLineEnd { skipLineEnd() }
        var content: [UInt8] = []
        while !isAtEnd {
            let current = byte(0)
            if current == UInt8(ascii: "]"), closesLongBracket(level: level) {
                offset += level + 2
                return content
            }
            if current.isLineEnd {
                skipLineEnd()
                content.append(0x0A)
            } else {
                content.append(current)
                offset += 1
            }
        }
        let close = "]" + String(repeating: "=", count: min(level, 40)) + "]"
        report(
            SourceRange(start, opening), "this long \(what) is never closed",
            hint: "close it with '\(close)'", derails: true)
        return content
    }

    private func closesLongBracket(level: Int) -> Bool {
        guard byte(level + 1) == UInt8(ascii: "]") else { return false }
        return (0..<level).allSatisfy { byte(1 + $0) == UInt8(ascii: "=") }
    }

    mutating func quotedString(from start: SourcePosition) -> [UInt8] {
        let quote = byte(0)
        offset += 1
        var content: [UInt8] = []
        while !isAtEnd, !byte(0).isLineEnd {
            let current = byte(0)
            if current == quote {
                offset += 1
                return content
            }
            if current == UInt8(ascii: "\\") {
                escape(into: &content)
            } else {
                content.append(current)
                offset += 1
            }
        }
        reportUnclosed(quote, from: start)
        return content
    }

    private mutating func reportUnclosed(_ quote: UInt8, from start: SourcePosition) {
        let end = position
        // What closes something at the end of the line was hardly meant to be part of the text.
        var index = offset
        while index > start.offset + 1, offset - index < 200, start.line == line {
            switch bytes[index - 1] {
            case UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: ";"), 0x20:
                index -= 1
                continue
            default: break
            }
            break
        }
        offset = index
        report(
            SourceRange(start, end), "this string is never closed",
            hint:
                "close it with \(Character(UnicodeScalar(quote))) in the same line, or write [[ … ]] around several lines",
            derails: true)
    }

    /// One escape sequence (§3.1).
    private mutating func escape(into content: inout [UInt8]) {
        let start = position
        offset += 1
        let letter = byte(0)
        guard !isAtEnd else { return }
        if letter.isLineEnd {
            skipLineEnd()
            content.append(0x0A)
            return
        }
        if letter.isDigit { return decimalEscape(from: start, into: &content) }
        offset += 1
        switch letter {
        case UInt8(ascii: "a"): content.append(7)
        case UInt8(ascii: "b"): content.append(8)
        case UInt8(ascii: "f"): content.append(12)
        case UInt8(ascii: "n"): content.append(10)
        case UInt8(ascii: "r"): content.append(13)
        case UInt8(ascii: "t"): content.append(9)
        case UInt8(ascii: "v"): content.append(11)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): content.append(letter)
        case UInt8(ascii: "x"): hexadecimalEscape(from: start, into: &content)
        case UInt8(ascii: "u"): unicodeEscape(from: start, into: &content)
        case UInt8(ascii: "z"):
            while !isAtEnd {
                let byte = byte(0)
                if byte.isLineEnd {
                    skipLineEnd()
                } else if byte == 0x20 || (0x09...0x0C).contains(byte) {
                    offset += 1
                } else {
                    break
                }
            }
        default:
            while letter >= 0x80, !isAtEnd, byte(0) & 0xC0 == 0x80 { offset += 1 }
            let escape = text(from: start)
            report(
                SourceRange(start, position), "'\(escape)' is not an escape sequence",
                hint: letter.isNameStart || letter.isPatternMark
                    ? "write '\\\\' for a backslash; patterns escape with '%': '%\(escape.dropFirst())'"
                    : "write '\\\\' for a backslash")
        }
    }

    private mutating func decimalEscape(from start: SourcePosition, into content: inout [UInt8]) {
        var value = 0
        var count = 0
        while count < 3, byte(0).isDigit {
            value = value * 10 + Int(byte(0) - 0x30)
            count += 1
            offset += 1
        }
        guard value <= 255 else {
            report(SourceRange(start, position), "'\(text(from: start))' is above the largest byte, \\255")
            return
        }
        content.append(UInt8(value))
    }

    private mutating func hexadecimalEscape(from start: SourcePosition, into content: inout [UInt8]) {
        guard let high = byte(0).hexadecimalValue, let low = byte(1).hexadecimalValue else {
            report(
                SourceRange(start, position), "'\\x' needs two hexadecimal digits", hint: "write '\\x41' for an 'A'")
            return
        }
        offset += 2
        content.append(UInt8(high * 16 + low))
    }

    /// `\u{XXX}`, up to 2³¹ − 1, as UTF-8 in its first definition of up to six bytes.
    private mutating func unicodeEscape(from start: SourcePosition, into content: inout [UInt8]) {
        let example = "write '\\u{20AC}' for a '€'"
        guard byte(0) == UInt8(ascii: "{"), byte(1).hexadecimalValue != nil else {
            report(SourceRange(start, position), "'\\u' needs hexadecimal digits in braces", hint: example)
            return
        }
        offset += 1
        var value: UInt64 = 0
        var isTooLarge = false
        while let digit = byte(0).hexadecimalValue {
            value = value * 16 + UInt64(digit)
            if value > 0x7FFF_FFFF {
                isTooLarge = true
                value = 0
            }
            offset += 1
        }
        guard byte(0) == UInt8(ascii: "}") else {
            report(SourceRange(start, position), "'}' expected after the digits of '\\u{'", hint: example)
            return
        }
        offset += 1
        guard !isTooLarge else {
            report(SourceRange(start, position), "the character's number is above the largest, 7FFFFFFF")
            return
        }
        Self.encode(value, into: &content)
    }

    private static func encode(_ value: UInt64, into content: inout [UInt8]) {
        guard value >= 0x80 else {
            content.append(UInt8(value))
            return
        }
        var rest = value
        var tail: [UInt8] = []
        var firstLimit: UInt64 = 0x3F
        repeat {
            tail.append(UInt8(0x80 | (rest & 0x3F)))
            rest >>= 6
            firstLimit >>= 1
        } while rest > firstLimit
        content.append(UInt8((~firstLimit << 1) & 0xFF | rest))
        content += tail.reversed()
    }
}

extension UInt8 {
    /// A character that Lua's patterns give a meaning.
    fileprivate var isPatternMark: Bool { ".+-*?[]^$()%".utf8.contains(self) }
}
