import SansIO

/// The type grammar of LuaLS: a union of types with the suffixes `[]` and `?`.
extension AnnotationScanner {
    private static let maximumDepth = 16
    private static let maximumFields = 1_000

    private var tooDeep: AnnotationProblem {
        AnnotationProblem(
            column: column, message: "the type is nested too deeply", hint: "name its parts with ---@class")
    }

    /// A type; stops behind its last character.
    mutating func type(depth: Int = 0) throws(AnnotationProblem) -> AnnotationType {
        guard depth < Self.maximumDepth else { throw tooDeep }
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

    /// A type, and then prose or nothing.
    mutating func typeBeforeProse() throws(AnnotationProblem) -> AnnotationType {
        skipSpaces()
        let type = try type()
        guard let byte = current, byte != 0x20, byte != 0x09, byte != 0x0D, byte != UInt8(ascii: "#") else {
            try checkForOr()
            return type
        }
        let character = String(decoding: bytes[offset...], as: UTF8.self).first ?? " "
        throw AnnotationProblem(
            column: column, message: "unexpected '\(character)' behind the type",
            hint: "alternatives are written string|number, and a space stands before the prose")
    }

    /// `string or number` would be a string with strange prose.
    private func checkForOr() throws(AnnotationProblem) {
        var ahead = self
        ahead.skipSpaces()
        let start = ahead.column
        guard ahead.take(word: "or") else { return }
        ahead.skipSpaces()
        let words = ["string", "number", "integer", "boolean", "table", "nil", "any", "true", "false"]
        guard ahead.has("\"") || ahead.name().map(words.contains) ?? false else { return }
        throw AnnotationProblem(
            column: start, message: "'or' does not join types", hint: "write alternatives with a bar: string|number")
    }

    private mutating func suffixedType(depth: Int) throws(AnnotationProblem) -> AnnotationType {
        var type = try plainType(depth: depth)
        for _ in 0..<Self.maximumDepth {
            if take("[]") {
                type = .array(type)
            } else if take("?") {
                type = .optional(type)
            } else {
                return type
            }
        }
        throw tooDeep
    }

    private mutating func plainType(depth: Int) throws(AnnotationProblem) -> AnnotationType {
        skipSpaces()
        let start = column
        if take("(") {
            let inner = try type(depth: depth + 1)
            skipSpaces()
            try expect(")", hint: "close the bracket of (A|B)")
            return inner
        }
        if take("{") { return try record(depth: depth) }
        if take("[") { return try tuple(depth: depth) }
        if let byte = current, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            let text = try quoted(by: byte)
            // '"a"' is how older annotations write "a".
            let isQuotedTwice = text.utf8.count > 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
            return .literal(.string(isQuotedTwice ? String(text.dropFirst().dropLast()) : text))
        }
        if let number = try number() { return .literal(number) }
        switch current {
        case UInt8(ascii: "`"):
            throw AnnotationProblem(
                column: start, message: "a type in backquotes has no schema",
                hint: "write a text in quotes: \"a\"|\"b\"")
        case UInt8(ascii: "?"):
            throw AnnotationProblem(column: start, message: "'?' stands before the type", hint: "write it behind: T?")
        default: break
        }
        guard let name = name() else {
            throw AnnotationProblem(
                column: start, message: isAtEnd ? "the type is missing" : "expected a type",
                hint: AnnotationProblem.knownTypes)
        }
        return try type(named: name, at: start, depth: depth)
    }

    private mutating func type(
        named name: String, at start: Int, depth: Int
    ) throws(AnnotationProblem) -> AnnotationType {
        switch name {
        case "string": return .string
        case "number": return .number
        case "integer": return .integer
        case "boolean": return .boolean
        case "any", "unknown": return .any
        case "nil", "void": return .nil
        case "true": return .literal(.bool(true))
        case "false": return .literal(.bool(false))
        case "table": return take("<") ? try map(depth: depth) : .table
        case "async":
            skipSpaces()
            guard take(word: "fun") else { return .named(name, column: start) }
            try function(depth: depth)
            return .notData("a function", column: start)
        case "fun":
            try function(depth: depth)
            return .notData("a function", column: start)
        case "function", "thread", "userdata", "lightuserdata": return .notData("a \(name)", column: start)
        case "never": return .notData("never", column: start)
        case "self": return .notData("self", column: start)
        default:
            guard take("<") else { return .named(name, column: start) }
            repeat { _ = try type(depth: depth + 1) } while takeSeparator(",")
            skipSpaces()
            try expect(">", hint: "close the brackets of \(name)<…>")
            return .notData("the generic type \(name)<…>", column: start)
        }
    }

    private mutating func map(depth: Int) throws(AnnotationProblem) -> AnnotationType {
        let hint = "write table<string, T>, or T[] for a list"
        let key = try type(depth: depth + 1)
        skipSpaces()
        try expect(",", hint: hint)
        let value = try type(depth: depth + 1)
        skipSpaces()
        try expect(">", hint: hint)
        return .map(key: key, value: value)
    }

    private mutating func tuple(depth: Int) throws(AnnotationProblem) -> AnnotationType {
        let hint = "write [T, U] for a list of two, T[] for a list of any length"
        var elements: [AnnotationType] = []
        repeat {
            skipSpaces()
            elements.append(try type(depth: depth + 1))
        } while takeSeparator(",")
        skipSpaces()
        try expect("]", hint: hint)
        return .tuple(elements)
    }

    private mutating func record(depth: Int) throws(AnnotationProblem) -> AnnotationType {
        let hint = "write { name: T, other?: U }, in one line"
        var fields: [AnnotationType.Field] = []
        var rest: AnnotationType.Rest?
        while true {
            skipSpaces()
            if take("}") { return .record(fields, rest: rest) }
            let start = column
            guard fields.count < Self.maximumFields else {
                throw AnnotationProblem(
                    column: start, message: "the table has more than \(Self.maximumFields) fields",
                    hint: "write table<string, T> for names that are not known")
            }
            let key = try fieldKey(depth: depth, hint: hint)
            skipSpaces()
            try expect(":", hint: hint)
            skipSpaces()
            let typeColumn = column
            let type = try type(depth: depth + 1)
            switch key {
            case .name(let name, let isOptional):
                guard !fields.contains(where: { $0.name == name }) else {
                    throw AnnotationProblem(
                        column: start, message: "the field '\(name)' is there twice", hint: "keep one")
                }
                fields.append(
                    AnnotationType.Field(name: name, type: type, isOptional: isOptional, column: typeColumn))
            case .type(let key):
                guard rest == nil else {
                    throw AnnotationProblem(
                        column: start, message: "there are two kinds of further fields", hint: "keep one [K]: V")
                }
                rest = AnnotationType.Rest(key: key, value: type, column: typeColumn)
            }
            skipSpaces()
            if !take(","), !take(";"), current != UInt8(ascii: "}") {
                throw AnnotationProblem(column: column, message: "expected ',' or '}'", hint: hint)
            }
        }
    }

    enum FieldKey {
        case name(String, isOptional: Bool)
        /// `[K]`.
        case type(AnnotationType)
    }

    /// `name`, `name?`, `["name"]` or `[K]`.
    mutating func fieldKey(depth: Int = 0, hint: String) throws(AnnotationProblem) -> FieldKey {
        let start = column
        if take("[") {
            let key = try type(depth: depth + 1)
            skipSpaces()
            try expect("]", hint: hint)
            guard case .literal(let value) = key, let name = value.string else { return .type(key) }
            return .name(name, isOptional: take("?"))
        }
        guard let name = name() else {
            throw AnnotationProblem(column: start, message: "expected a field's name", hint: hint)
        }
        return .name(name, isOptional: take("?"))
    }

    /// Reads over `(a: T, b?: U, ...): R` behind `fun`, which need not be there.
    private mutating func function(depth: Int) throws(AnnotationProblem) {
        let hint = "write fun(name: T): R"
        guard take("(") else { return }
        skipSpaces()
        if !take(")") {
            repeat {
                skipSpaces()
                guard take("...") || name() != nil else {
                    throw AnnotationProblem(column: column, message: "expected a parameter's name", hint: hint)
                }
                _ = take("?")
                skipSpaces()
                if take(":") { _ = try type(depth: depth + 1) }
            } while takeSeparator(",")
            skipSpaces()
            try expect(")", hint: hint)
        }
        guard take(":") else { return }
        repeat { _ = try type(depth: depth + 1) } while takeSeparator(",")
    }

    /// A comma with spaces before it; stays where it is when there is none.
    private mutating func takeSeparator(_ text: String) -> Bool {
        var ahead = self
        ahead.skipSpaces()
        guard ahead.take(text) else { return false }
        self = ahead
        return true
    }

    private mutating func expect(_ text: String, hint: String) throws(AnnotationProblem) {
        guard take(text) else { throw AnnotationProblem(column: column, message: "expected '\(text)'", hint: hint) }
    }
}
