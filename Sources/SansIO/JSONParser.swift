/// Why a text is not JSON, or not JSON that is accepted here.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        case unexpectedEnd = "the text ends in the middle of a value"
        case unexpectedCharacter = "unexpected character"
        case badEscape = "bad escape sequence in a string"
        case badNumber = "bad number"
        case badUTF8 = "the text is not UTF-8"
        case tooDeep = "values are nested too deeply"
        case trailingText = "text behind the value"
    }

    /// Index of the first byte that could not be read.
    public let offset: Int
    public let reason: Reason

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    public var description: String { "\(reason.rawValue) at byte \(offset)" }
}

extension JSON {
    /// Reads one JSON text (RFC 8259).
    ///
    /// The last of several equal keys wins. Lone surrogate escapes become U+FFFD.
    /// - Parameters:
    ///   - bytes: UTF-8, without byte order mark.
    ///   - maximumDepth: How deeply arrays and objects may be nested.
    /// - Throws: ``JSONError`` with the offset of the first offence.
    public init(parsing bytes: some Sequence<UInt8>, maximumDepth: Int = 128) throws(JSONError) {
        var parser = JSONParser(bytes: ContiguousArray(bytes), maximumDepth: maximumDepth)
        self = try parser.parseText()
    }

    /// Reads one JSON text.
    public init(parsing text: String, maximumDepth: Int = 128) throws(JSONError) {
        try self.init(parsing: text.utf8, maximumDepth: maximumDepth)
    }
}

private struct JSONParser {
    let bytes: ContiguousArray<UInt8>
    let maximumDepth: Int
    var offset = 0

    mutating func parseText() throws(JSONError) -> JSON {
        let value = try parseValue(depth: 0)
        skipWhitespace()
        guard offset == bytes.count else { throw failure(.trailingText) }
        return value
    }

    private func failure(_ reason: JSONError.Reason) -> JSONError {
        JSONError(
            offset: offset, reason: offset >= bytes.count && reason == .unexpectedCharacter ? .unexpectedEnd : reason)
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        offset += 1
        return true
    }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSON {
        guard depth <= maximumDepth else { throw failure(.tooDeep) }
        skipWhitespace()
        switch current {
        case UInt8(ascii: "{"): return try parseObject(depth: depth)
        case UInt8(ascii: "["): return try parseArray(depth: depth)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        default: return try parseNumber()
        }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for index in 0..<word.utf8CodeUnitCount {
            guard take(word.utf8Start[index]) else { throw failure(.unexpectedCharacter) }
        }
        return value
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSON {
        offset += 1
        var object = JSONObject()
        var indices: [String: Int] = [:]
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return .object(object) }
        while true {
            skipWhitespace()
            guard current == UInt8(ascii: "\"") else { throw failure(.unexpectedCharacter) }
            let key = try parseString()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw failure(.unexpectedCharacter) }
            let value = try parseValue(depth: depth + 1)
            if let index = indices[key] {
                object.replace(at: index, by: value)
            } else {
                indices[key] = object.appendNew(key: key, value: value)
            }
            skipWhitespace()
            if take(UInt8(ascii: "}")) { return .object(object) }
            guard take(UInt8(ascii: ",")) else { throw failure(.unexpectedCharacter) }
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSON {
        offset += 1
        var elements: [JSON] = []
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try parseValue(depth: depth + 1))
            skipWhitespace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw failure(.unexpectedCharacter) }
        }
    }

    private mutating func parseString() throws(JSONError) -> String {
        offset += 1
        let start = offset
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
        if current == UInt8(ascii: "\"") {
            let text = try decode(bytes[start..<offset], at: start)
            offset += 1
            return text
        }
        var unescaped = Array(bytes[start..<offset])
        while let byte = current {
            if byte == UInt8(ascii: "\"") {
                let text = try decode(unescaped[...], at: start)
                offset += 1
                return text
            }
            guard byte >= 0x20 else { throw failure(.unexpectedCharacter) }
            if byte == UInt8(ascii: "\\") {
                try parseEscape(into: &unescaped)
            } else {
                unescaped.append(byte)
                offset += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    private func decode(_ slice: some Collection<UInt8>, at start: Int) throws(JSONError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw JSONError(offset: start, reason: .badUTF8)
        }
        return text
    }

    private mutating func parseEscape(into output: inout [UInt8]) throws(JSONError) {
        offset += 1
        guard let kind = current else { throw failure(.unexpectedEnd) }
        offset += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(kind)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try parseHex4())
            if (0xD800..<0xDC00).contains(code), offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
                bytes[offset + 1] == UInt8(ascii: "u")
            {
                let mark = offset
                offset += 2
                let low = UInt32(try parseHex4())
                if (0xDC00..<0xE000).contains(low) {
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    offset = mark
                }
            }
            output.append(contentsOf: String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        default:
            offset -= 1
            throw failure(.badEscape)
        }
    }

    private mutating func parseHex4() throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure(.badEscape)
            }
            value = value << 4 | UInt16(digit)
            offset += 1
        }
        return value
    }

    private mutating func parseNumber() throws(JSONError) -> JSON {
        let start = offset
        var isWhole = true
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            if let byte = current, isDigit(byte) { throw failure(.badNumber) }
        } else {
            try takeDigits()
        }
        if take(UInt8(ascii: ".")) {
            isWhole = false
            try takeDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isWhole = false
            offset += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try takeDigits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw JSONError(offset: start, reason: .badNumber)
        }
        return .number(value)
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private mutating func takeDigits() throws(JSONError) {
        guard let byte = current, isDigit(byte) else {
            throw failure(offset < bytes.count ? .unexpectedCharacter : .unexpectedEnd)
        }
        while let byte = current, isDigit(byte) { offset += 1 }
    }
}
