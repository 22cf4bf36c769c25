import SansIO

/// Reads one annotation line from left to right.
///
/// The grammar is that of LuaLS for types that can be data: a union of types with the suffixes `[]` and `?`.
struct AnnotationScanner {
    private let bytes: [UInt8]
    private(set) var offset: Int

    /// - Parameter offset: Index of the first byte to read.
    init(_ line: String, offset: Int = 0) {
        bytes = Array(line.utf8)
        self.offset = offset
    }

    /// From 1.
    var column: Int { offset + 1 }
    var isAtEnd: Bool { offset >= bytes.count }
    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpaces() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0D { offset += 1 }
    }

    mutating func take(_ text: String) -> Bool {
        guard bytes[min(offset, bytes.count)...].starts(with: text.utf8) else { return false }
        offset += text.utf8.count
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

    /// What is left, without spaces around it and without the `#` that may stand before prose.
    mutating func prose() -> String {
        skipSpaces()
        if take("#") { skipSpaces() }
        var end = bytes.count
        while end > offset, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 || bytes[end - 1] == 0x0D { end -= 1 }
        defer { offset = bytes.count }
        return String(decoding: bytes[min(offset, end)..<end], as: UTF8.self)
    }

    /// A type; stops behind its last character.
    mutating func type(depth: Int = 0) throws(AnnotationProblem) -> AnnotationType {
        guard depth < 16 else { throw AnnotationProblem(column: column, message: "the type is nested too deeply") }
        var members = [try suffixedType(depth: depth)]
        while true {
            let end = offset
            skipSpaces()
            guard take("|") else {
                offset = end
                break
            }
            skipSpaces()
            members.append(try suffixedType(depth: depth))
        }
        return members.count == 1 ? members[0] : .union(members)
    }

    private mutating func suffixedType(depth: Int) throws(AnnotationProblem) -> AnnotationType {
        var type = try plainType(depth: depth)
        while true {
            if take("[]") {
                type = .array(type)
            } else if take("?") {
                type = .optional(type)
            } else {
                return type
            }
        }
    }

    private mutating func plainType(depth: Int) throws(AnnotationProblem) -> AnnotationType {
        skipSpaces()
        let start = column
        if take("(") {
            let inner = try type(depth: depth + 1)
            skipSpaces()
            guard take(")") else { throw AnnotationProblem(column: column, message: "expected ')'") }
            return inner
        }
        if take("{") { return try record(depth: depth) }
        if let byte = current, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
            return .literal(.string(try quoted(by: byte)))
        }
        guard let name = name() else {
            throw AnnotationProblem(
                column: start, message: isAtEnd ? "the type is missing" : "expected a type",
                hint: AnnotationProblem.knownTypes)
        }
        switch name {
        case "string": return .string
        case "number": return .number
        case "integer": return .integer
        case "boolean": return .boolean
        case "any": return .any
        case "nil": return .nil
        case "table": return take("<") ? try map(depth: depth, column: start) : .table
        case "fun", "function", "thread", "userdata", "lightuserdata":
            throw AnnotationProblem(
                column: start, message: "a \(name == "fun" ? "function" : name) cannot be passed as data",
                hint: AnnotationProblem.knownTypes)
        default:
            if let number = Int64(name) { return .literal(.integer(number)) }
            return .named(name, column: start)
        }
    }

    private mutating func map(depth: Int, column start: Int) throws(AnnotationProblem) -> AnnotationType {
        let key = try type(depth: depth + 1)
        skipSpaces()
        guard take(",") else { throw AnnotationProblem(column: column, message: "expected ',' in table<K, V>") }
        let value = try type(depth: depth + 1)
        skipSpaces()
        guard take(">") else { throw AnnotationProblem(column: column, message: "expected '>'") }
        switch key {
        case .string: return .map(value)
        case .integer: return .array(value)
        default:
            throw AnnotationProblem(
                column: start, message: "the keys of table<K, V> must be of type string or integer",
                hint: "write table<string, T>, or T[] for a list")
        }
    }

    private mutating func record(depth: Int) throws(AnnotationProblem) -> AnnotationType {
        var fields: [AnnotationType.Field] = []
        while true {
            skipSpaces()
            if take("}") { return .record(fields) }
            let start = column
            guard let name = name() else {
                throw AnnotationProblem(column: start, message: "expected a field's name or '}'")
            }
            let isOptional = take("?")
            skipSpaces()
            guard take(":") else {
                throw AnnotationProblem(column: column, message: "expected ':' behind the field '\(name)'")
            }
            let type = try type(depth: depth + 1)
            fields.append(AnnotationType.Field(name: name, type: type, isOptional: isOptional || type.isOptional))
            skipSpaces()
            if !take(","), !take(";"), current != UInt8(ascii: "}") {
                throw AnnotationProblem(column: column, message: "expected ',' or '}'")
            }
        }
    }

    private mutating func quoted(by quote: UInt8) throws(AnnotationProblem) -> String {
        let start = offset
        offset += 1
        while let byte = current, byte != quote { offset += 1 }
        guard current == quote else {
            throw AnnotationProblem(column: start + 1, message: "the text in quotes does not end")
        }
        offset += 1
        return String(decoding: bytes[(start + 1)..<(offset - 1)], as: UTF8.self)
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
