/// Escaping of characters in URIs (RFC 3261 §19.1.2).
enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// `text` with every byte escaped that is not a member of the class.
    static func encode(_ text: String, unescaped isMember: (UInt8) -> Bool) -> String {
        if text.utf8.allSatisfy(isMember) { return text }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isMember(byte) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `text` with `%HH` sequences replaced; a `%` without two digits stands for itself.
    static func decodedBytes(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = Grammar.hexValue(bytes[index + 1]), let low = Grammar.hexValue(bytes[index + 2])
            {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return output
    }

    /// The decoded text; bytes that are not UTF-8 become U+FFFD.
    static func decode(_ text: String) -> String {
        text.utf8.contains(UInt8(ascii: "%")) ? String(decoding: decodedBytes(text), as: UTF8.self) : text
    }
}

extension ByteScanner {
    /// A run of characters of a class and of escaped ones, still escaped; may be empty.
    ///
    /// - Throws: ``GrammarError/Reason/badEscape`` when a `%` lacks its two digits.
    mutating func takeEscapable(_ isMember: (UInt8) -> Bool) throws(GrammarError) -> String {
        let start = offset
        while let byte = current {
            if byte == UInt8(ascii: "%") {
                guard offset + 2 < end, Grammar.isHexDigit(bytes[offset + 1]), Grammar.isHexDigit(bytes[offset + 2])
                else { throw failure(.badEscape) }
                seek(to: offset + 3)
            } else if isMember(byte) {
                advance()
            } else {
                break
            }
        }
        return text(start..<offset)
    }
}
