import SansIO

/// Reads one annotation line from left to right.
struct AnnotationScanner {
    let bytes: [UInt8]
    var offset: Int

    /// - Parameter offset: Index of the first byte to read.
    init(_ line: String, offset: Int = 0) {
        bytes = Array(line.utf8)
        self.offset = offset
    }

    /// From 1.
    var column: Int { offset + 1 }
    var isAtEnd: Bool { offset >= bytes.count }
    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpaces() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0D { offset += 1 }
    }

    func has(_ text: String) -> Bool { bytes[min(offset, bytes.count)...].starts(with: text.utf8) }

    mutating func take(_ text: String) -> Bool {
        guard has(text) else { return false }
        offset += text.utf8.count
        return true
    }

    /// Takes a word that is followed by no further letter of a name.
    mutating func take(word: String) -> Bool {
        var copy = self
        guard copy.name() == word else { return false }
        self = copy
        return true
    }

    /// A name, with dots inside; `nil` when none stands here.
    mutating func name() -> String? {
        let start = offset
        while let byte = current, isNameByte(byte) || byte == UInt8(ascii: ".") && offset > start { offset += 1 }
        // A dot at the end belongs to the prose.
        while offset > start, bytes[offset - 1] == UInt8(ascii: ".") { offset -= 1 }
        return offset > start ? String(decoding: bytes[start..<offset], as: UTF8.self) : nil
    }

    /// What is left, without spaces around it.
    mutating func rest() -> String {
        skipSpaces()
        var end = bytes.count
        while end > offset, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 || bytes[end - 1] == 0x0D { end -= 1 }
        defer { offset = bytes.count }
        return String(decoding: bytes[min(offset, end)..<end], as: UTF8.self)
    }

    /// What is left behind a type: prose, without the `#` or `--` that may stand before it.
    mutating func prose() -> String {
        skipSpaces()
        if !take("#") { _ = take("--") }
        return rest()
    }

    /// A text in quotes, with the escapes of Lua that stand for one character.
    mutating func quoted(by quote: UInt8) throws(AnnotationProblem) -> String {
        let start = column
        offset += 1
        var text: [UInt8] = []
        while let byte = current, byte != quote {
            offset += 1
            guard byte == UInt8(ascii: "\\"), let escaped = current else {
                text.append(byte)
                continue
            }
            offset += 1
            switch escaped {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): text.append(escaped)
            default: text += [byte, escaped]
            }
        }
        guard current == quote else {
            throw AnnotationProblem(
                column: start, message: "the text in quotes does not end",
                hint: "close it with \(Character(UnicodeScalar(quote))) in the same line")
        }
        offset += 1
        return String(decoding: text, as: UTF8.self)
    }

    /// A number as Lua writes it, with a `-` before it or not; `nil` when none stands here.
    mutating func number() throws(AnnotationProblem) -> JSON? {
        let start = offset
        let sign = current == UInt8(ascii: "-") ? 1 : 0
        guard offset + sign < bytes.count, (0x30...0x39).contains(bytes[offset + sign]) else { return nil }
        offset += sign
        while let byte = current {
            let isExponentSign =
                (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+"))
                && bytes[offset - 1] | 0x20 == UInt8(ascii: "e")
            guard isNameByte(byte) || byte == UInt8(ascii: ".") || isExponentSign else { break }
            offset += 1
        }
        while bytes[offset - 1] == UInt8(ascii: ".") { offset -= 1 }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        let digits = text.dropFirst(sign)
        if digits.hasPrefix("0x") || digits.hasPrefix("0X"), let value = Int64(digits.dropFirst(2), radix: 16) {
            return .integer(sign == 1 ? 0 - value : value)
        }
        if let value = Int64(text) { return .integer(value) }
        if let value = Double(text), value.isFinite {
            return Int64(exactly: value).map { .integer($0) } ?? .number(value)
        }
        throw AnnotationProblem(
            column: start + 1, message: "'\(text)' is no number", hint: "write it like 5, -1 or 0.5")
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}
