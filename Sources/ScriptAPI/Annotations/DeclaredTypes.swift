import SansIO

/// The classes and aliases that the annotations of a flow declare, and the JSON Schema of types.
struct DeclaredTypes {
    private struct Class {
        var parents: [(name: String, column: Int)] = []
        var fields: [AnnotationType.Field] = []
        /// Type of the fields that have no name of their own: `---@field [string] T`.
        var rest: AnnotationType?
        var prose = ""
    }

    private var classes: [String: Class] = [:]
    private var aliases: [String: AnnotationType] = [:]

    /// Collects the declarations of one file.
    mutating func collect(from source: AnnotatedSource, diagnostics: inout [FlowDiagnostic]) {
        for comment in source.comments() {
            var current: String?
            for tag in comment.tags {
                do throws(AnnotationProblem) {
                    switch tag.name {
                    case "class": current = try declareClass(tag, prose: comment.description)
                    case "field": if let current { try declareField(tag, of: current) }
                    case "alias": try declareAlias(tag)
                    default: continue
                    }
                } catch {
                    diagnostics.append(FlowDiagnostic(source.chunkName, line: tag.line, error))
                }
            }
        }
    }

    private mutating func declareClass(
        _ tag: DocumentationComment.Tag, prose: String
    ) throws(AnnotationProblem) -> String {
        var scanner = tag.scanner
        if scanner.take("(exact)") || scanner.take("(partial)") { scanner.skipSpaces() }
        guard let name = scanner.name() else {
            throw AnnotationProblem(column: scanner.column, message: "the class has no name")
        }
        var declared = classes[name] ?? Class()
        if !prose.isEmpty { declared.prose = prose }
        scanner.skipSpaces()
        if scanner.take(":") {
            repeat {
                scanner.skipSpaces()
                let column = scanner.column
                if let parent = scanner.name() { declared.parents.append((parent, column)) }
                scanner.skipSpaces()
            } while scanner.take(",")
        }
        classes[name] = declared
        return name
    }

    private mutating func declareField(
        _ tag: DocumentationComment.Tag, of name: String
    ) throws(AnnotationProblem) {
        var scanner = tag.scanner
        for scope in ["public ", "private ", "protected ", "package "] where scanner.take(scope) {
            scanner.skipSpaces()
            if scope != "public " { return }
        }
        if scanner.take("[") {
            _ = try scanner.type()
            guard scanner.take("]") else { throw AnnotationProblem(column: scanner.column, message: "expected ']'") }
            classes[name]?.rest = try scanner.type()
            return
        }
        guard let field = scanner.name() else {
            throw AnnotationProblem(column: scanner.column, message: "the field has no name")
        }
        let isOptional = scanner.take("?")
        let type = try scanner.type()
        classes[name]?.fields.removeAll { $0.name == field }
        classes[name]?.fields.append(
            AnnotationType.Field(
                name: field, type: type, isOptional: isOptional || type.isOptional, prose: scanner.prose()))
    }

    private mutating func declareAlias(_ tag: DocumentationComment.Tag) throws(AnnotationProblem) {
        var scanner = tag.scanner
        guard let name = scanner.name() else {
            throw AnnotationProblem(column: scanner.column, message: "the alias has no name")
        }
        scanner.skipSpaces()
        var members: [AnnotationType] = []
        if !scanner.isAtEnd { members.append(try scanner.type()) }
        for (_, line) in tag.continuations {
            var line = line
            members.append(try line.type())
        }
        guard !members.isEmpty else {
            throw AnnotationProblem(column: scanner.column, message: "the alias '\(name)' has no type")
        }
        aliases[name] = members.count == 1 ? members[0] : .union(members)
    }

    /// The JSON Schema of a type.
    ///
    /// - Parameter column: Where the type stands, for types that are wrong further inside.
    func schema(of type: AnnotationType, column: Int) throws(AnnotationProblem) -> JSON {
        try schema(of: type, column: column, enclosing: [])
    }

    private func schema(
        of type: AnnotationType, column: Int, enclosing: [String]
    ) throws(AnnotationProblem) -> JSON {
        switch type {
        case .string: return ["type": "string"]
        case .number: return ["type": "number"]
        case .integer: return ["type": "integer"]
        case .boolean: return ["type": "boolean"]
        case .any: return [:]
        case .table: return ["type": "object"]
        case .nil: return ["type": "null"]
        case .literal(let value): return ["type": typeName(of: value), "enum": [value]]
        case .optional(let inner): return try schema(of: inner, column: column, enclosing: enclosing)
        case .array(let element):
            return ["type": "array", "items": try schema(of: element, column: column, enclosing: enclosing)]
        case .map(let value):
            return [
                "type": "object",
                "additionalProperties": try schema(of: value, column: column, enclosing: enclosing),
            ]
        case .record(let fields): return try object(fields, column: column, enclosing: enclosing)
        case .union(let members): return try union(members, column: column, enclosing: enclosing)
        case .named(let name, let place):
            guard !enclosing.contains(name) else {
                throw AnnotationProblem(
                    column: column, message: "the type '\(name)' contains itself",
                    hint: "give the whole schema as a table: CallActions.schemas.NAME = { ... }")
            }
            let inside = enclosing + [name]
            if let alias = aliases[name] { return try schema(of: alias, column: place, enclosing: inside) }
            if let declared = classes[name] {
                var fields: [AnnotationType.Field] = []
                var rest: AnnotationType?
                collectFields(of: name, into: &fields, rest: &rest, seen: [])
                var schema = try object(fields, column: column, enclosing: inside)
                if let rest {
                    schema["additionalProperties"] = try self.schema(of: rest, column: column, enclosing: inside)
                }
                if !declared.prose.isEmpty { schema["description"] = .string(declared.prose) }
                return schema
            }
            let known =
                ["string", "number", "integer", "boolean", "any", "table"] + classes.keys.sorted()
                + aliases.keys.sorted()
            throw AnnotationProblem(
                column: enclosing.isEmpty ? place : column,
                message: "unknown type '\(name)'\(suggestion(for: name, among: known))",
                hint: AnnotationProblem.knownTypes)
        }
    }

    private func collectFields(
        of name: String, into fields: inout [AnnotationType.Field], rest: inout AnnotationType?, seen: Set<String>
    ) {
        guard let declared = classes[name], !seen.contains(name) else { return }
        for parent in declared.parents {
            collectFields(of: parent.name, into: &fields, rest: &rest, seen: seen.union([name]))
        }
        for field in declared.fields {
            fields.removeAll { $0.name == field.name }
            fields.append(field)
        }
        rest = declared.rest ?? rest
    }

    private func object(
        _ fields: [AnnotationType.Field], column: Int, enclosing: [String]
    ) throws(AnnotationProblem) -> JSON {
        var properties = JSONObject()
        var required: [JSON] = []
        for field in fields {
            var schema = try schema(of: field.type, column: column, enclosing: enclosing)
            if !field.prose.isEmpty { schema["description"] = .string(field.prose) }
            properties[field.name] = schema
            if !field.isOptional { required.append(.string(field.name)) }
        }
        return [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": false,
        ]
    }

    /// Literals of one kind become one `enum`; `nil` says only that the value may be left out.
    private func union(
        _ members: [AnnotationType], column: Int, enclosing: [String]
    ) throws(AnnotationProblem) -> JSON {
        var choices: [JSON] = []
        var literals: [JSON] = []
        for member in members where member != .nil {
            let choice = try schema(of: member, column: column, enclosing: enclosing)
            if let values = choice["enum"]?.array { literals += values } else { choices.append(choice) }
        }
        for kind in ["string", "integer"] {
            let values = literals.filter { typeName(of: $0).string == kind }
            if !values.isEmpty { choices.append(["type": .string(kind), "enum": .array(values)]) }
        }
        return choices.count == 1 ? choices[0] : ["anyOf": .array(choices)]
    }

    private func typeName(of literal: JSON) -> JSON { literal.string == nil ? "integer" : "string" }
}
