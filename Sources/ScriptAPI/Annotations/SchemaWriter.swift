import SansIO

/// The JSON Schema of annotated types.
struct SchemaWriter {
    let types: DeclaredTypes
    private var count = 0

    /// Bounds of one action's schema; classes that contain classes would grow without them.
    private static let maximumCount = 2_000
    private static let maximumDepth = 24

    init(types: DeclaredTypes) {
        self.types = types
    }

    /// - Parameter column: Where the type stands, for types that are wrong further inside.
    mutating func schema(of type: AnnotationType, column: Int) throws(AnnotationProblem) -> JSON {
        try schema(of: type, column: column, enclosing: [], depth: 0)
    }

    /// Whether a value of the type may be left out.
    func isOptional(_ type: AnnotationType) -> Bool {
        var seen: Set<String> = []
        return isOptional(type, seen: &seen)
    }

    /// - Parameter seen: Aliases that need no second look: if one of them could be left out, that was the answer.
    private func isOptional(_ type: AnnotationType, seen: inout Set<String>) -> Bool {
        switch type {
        case .optional, .nil: return true
        case .inLine(_, let inner): return isOptional(inner, seen: &seen)
        case .union(let members):
            for member in members where isOptional(member, seen: &seen) { return true }
            return false
        case .named(let name, _):
            guard seen.insert(name).inserted, let alias = types.aliases[name] else { return false }
            return isOptional(alias.type, seen: &seen)
        default: return false
        }
    }

    private mutating func schema(
        of type: AnnotationType, column: Int, enclosing: [String], depth: Int
    ) throws(AnnotationProblem) -> JSON {
        count += 1
        guard count <= Self.maximumCount, depth <= Self.maximumDepth else {
            throw AnnotationProblem(
                column: column, message: "the type is too large for a schema",
                hint: "write `table` for a part of it, and say in the prose what the part holds")
        }
        switch type {
        case .string: return ["type": "string"]
        case .number: return ["type": "number"]
        case .integer: return ["type": "integer"]
        case .boolean: return ["type": "boolean"]
        case .any: return [:]
        case .table: return ["type": "object"]
        case .nil: return ["type": "null"]
        case .literal(let value): return Self.choice(of: [value])
        case .inLine(let line, let inner):
            do throws(AnnotationProblem) {
                return try schema(of: inner, column: column, enclosing: enclosing, depth: depth)
            } catch {
                throw error.placed(line: line)
            }
        case .optional(let inner): return try schema(of: inner, column: column, enclosing: enclosing, depth: depth)
        case .array(let element):
            return ["type": "array", "items": try item(element, column, enclosing, depth)]
        case .tuple(let elements): return try tuple(elements, column, enclosing, depth)
        case .map(let key, let value): return try map(key, value, column, enclosing, depth)
        case .record(let fields, let rest): return try object(fields, rest, column, enclosing, depth)
        case .union(let members): return try union(members, column, enclosing, depth)
        case .named(let name, let place):
            return try named(name, column: place, enclosing, depth)
        case .notData(let what, let place):
            throw AnnotationProblem(
                column: place, message: "\(what) cannot be passed as data",
                hint: AnnotationProblem.knownTypes)
        }
    }

    // MARK: - Names

    private mutating func named(
        _ name: String, column: Int, _ enclosing: [String], _ depth: Int
    ) throws(AnnotationProblem) -> JSON {
        guard !enclosing.contains(name) else {
            throw AnnotationProblem(
                column: column, message: "the type '\(name)' contains itself",
                hint:
                    "a schema has an end: write `table` where it begins again, a list with the ids of parents, or the "
                    + "whole schema as CallActions.schemas.NAME = { ... }")
        }
        let inside = enclosing + [name]
        var schema: JSON
        let prose: String
        if let alias = types.aliases[name] {
            do throws(AnnotationProblem) {
                schema = try self.schema(of: alias.type, column: alias.column, enclosing: inside, depth: depth + 1)
            } catch {
                throw error.placed(alias.place)
            }
            prose = alias.prose
        } else if let declared = types.classes[name] {
            guard !declared.isGeneric else {
                throw AnnotationProblem(
                    column: column, message: "the generic type \(name)<…> cannot be passed as data",
                    hint: AnnotationProblem.knownTypes)
            }
            var content = Content()
            try collect(name, into: &content, seen: [])
            schema = try object(content.fields, content.rest, column, inside, depth)
            prose = declared.prose
        } else {
            let known = ["string", "number", "integer", "boolean", "any", "table"] + types.names
            let isHosts = name.hasPrefix("moonline.")
            throw AnnotationProblem(
                column: column,
                message: isHosts
                    ? "the host's type '\(name)' cannot be passed as data"
                    : "unknown type '\(name)'\(suggestion(for: name, among: known))",
                hint: AnnotationProblem.knownTypes)
        }
        if !prose.isEmpty { schema["description"] = .string(prose) }
        return schema
    }

    private struct Content {
        var fields: [AnnotationType.Field] = []
        var rest: AnnotationType.Rest?
        /// Classes whose fields are there already.
        var collected: Set<String> = []

        mutating func add(_ fields: [AnnotationType.Field], _ rest: AnnotationType.Rest?) {
            for field in fields {
                self.fields.removeAll { $0.name == field.name }
                self.fields.append(field)
            }
            self.rest = rest ?? self.rest
        }
    }

    /// The fields of a class and of what it inherits from.
    private func collect(_ name: String, into content: inout Content, seen: [String]) throws(AnnotationProblem) {
        guard let declared = types.classes[name], content.collected.insert(name).inserted else { return }
        for parent in declared.parents {
            do throws(AnnotationProblem) {
                try inherit(parent.type, column: parent.column, into: &content, seen: seen + [name])
            } catch {
                throw error.placed(parent.place)
            }
        }
        content.add(declared.fields, declared.rest)
    }

    private func inherit(
        _ type: AnnotationType, column: Int, into content: inout Content, seen: [String]
    ) throws(AnnotationProblem) {
        switch type {
        case .table: return
        case .record(let fields, let rest): content.add(fields, rest)
        case .map(let key, let value): content.rest = AnnotationType.Rest(key: key, value: value, column: column)
        case .named(let name, _):
            guard !seen.contains(name) else {
                throw AnnotationProblem(
                    column: column, message: "the class '\(name)' inherits from itself", hint: "take the parent away")
            }
            if types.classes[name] != nil { return try collect(name, into: &content, seen: seen) }
            if let alias = types.aliases[name] {
                return try inherit(alias.type, column: column, into: &content, seen: seen + [name])
            }
            guard name.hasPrefix("moonline.") else {
                throw AnnotationProblem(
                    column: column, message: "unknown class '\(name)'\(suggestion(for: name, among: types.names))",
                    hint: "declare it with ---@class \(name), here or in a required file")
            }
        default:
            throw AnnotationProblem(
                column: column, message: "a class cannot inherit from this type",
                hint: "write ---@class Name : Other, or : table<string, T>")
        }
    }

    // MARK: - Tables

    private mutating func object(
        _ fields: [AnnotationType.Field], _ rest: AnnotationType.Rest?, _ column: Int, _ enclosing: [String],
        _ depth: Int
    ) throws(AnnotationProblem) -> JSON {
        if let rest, fields.isEmpty { return try further(rest, column, enclosing, depth) }
        var properties = JSONObject()
        var required: [JSON] = []
        for field in fields {
            do throws(AnnotationProblem) {
                let place = field.place == nil ? column : field.column
                var schema = try schema(of: field.type, column: place, enclosing: enclosing, depth: depth + 1)
                if !field.prose.isEmpty { schema["description"] = .string(field.prose) }
                properties[field.name] = schema
            } catch {
                throw error.placed(field.place)
            }
            if !field.isOptional, !isOptional(field.type) { required.append(.string(field.name)) }
        }
        var others: JSON = false
        if let rest {
            let further = try further(rest, column, enclosing, depth)
            guard let values = further["additionalProperties"] else {
                throw AnnotationProblem(
                    column: rest.place == nil ? column : rest.column,
                    message: "a table is a list or has names, not both", hint: "write a field for the list: items T[]"
                ).placed(rest.place)
            }
            others = values
            for (name, schema) in further["properties"]?.object?.members.map({ ($0.key, $0.value) }) ?? []
            where properties[name] == nil {
                properties[name] = schema
            }
        }
        return [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": others,
        ]
    }

    private mutating func further(
        _ rest: AnnotationType.Rest, _ column: Int, _ enclosing: [String], _ depth: Int
    ) throws(AnnotationProblem) -> JSON {
        do throws(AnnotationProblem) {
            return try map(rest.key, rest.value, rest.place == nil ? column : rest.column, enclosing, depth)
        } catch {
            throw error.placed(rest.place)
        }
    }

    /// What the keys of `table<K, V>` make of it: an object, a list, or an object of known names.
    private mutating func map(
        _ key: AnnotationType, _ value: AnnotationType, _ column: Int, _ enclosing: [String], _ depth: Int
    ) throws(AnnotationProblem) -> JSON {
        let keys = try schema(of: key, column: column, enclosing: enclosing, depth: depth + 1)
        if keys == ["type": "integer"] { return ["type": "array", "items": try item(value, column, enclosing, depth)] }
        let names = keys["enum"]?.array?.compactMap(\.string) ?? []
        let isChoice = keys["type"] == "string" && !names.isEmpty
        guard isChoice || keys["type"] == "string" else {
            throw AnnotationProblem(
                column: column, message: "the keys of a table must be of type string or integer",
                hint: "write table<string, T>, or T[] for a list")
        }
        let values = try schema(of: value, column: column, enclosing: enclosing, depth: depth + 1)
        guard isChoice else { return ["type": "object", "additionalProperties": values] }
        return [
            "type": "object", "properties": .object(JSONObject(members: names.map { ($0, values) })), "required": [],
            "additionalProperties": false,
        ]
    }

    // MARK: - Lists

    private mutating func item(
        _ element: AnnotationType, _ column: Int, _ enclosing: [String], _ depth: Int
    ) throws(AnnotationProblem) -> JSON {
        guard !isOptional(element) else {
            throw AnnotationProblem(
                column: column, message: "a list cannot have holes",
                hint: "write T[]? for a list that may be left out, and T[] for one that may be empty")
        }
        return try schema(of: element, column: column, enclosing: enclosing, depth: depth + 1)
    }

    private mutating func tuple(
        _ elements: [AnnotationType], _ column: Int, _ enclosing: [String], _ depth: Int
    ) throws(AnnotationProblem) -> JSON {
        var items: [JSON] = []
        for element in elements { items.append(try item(element, column, enclosing, depth)) }
        var distinct: [JSON] = []
        for item in items where !distinct.contains(item) { distinct.append(item) }
        let length = JSON.integer(Int64(items.count))
        var schema: JSON = ["type": "array"]
        if distinct.count > 1 { schema["prefixItems"] = .array(items) }
        // Also where each place has its own schema: the model's side wants `items` of every list.
        schema["items"] = distinct.count == 1 ? distinct[0] : ["anyOf": .array(distinct)]
        schema["minItems"] = length
        schema["maxItems"] = length
        return schema
    }

    // MARK: - Unions

    /// Literals of one kind become one `enum`; `nil` says only that the value may be left out.
    private mutating func union(
        _ members: [AnnotationType], _ column: Int, _ enclosing: [String], _ depth: Int
    ) throws(AnnotationProblem) -> JSON {
        var choices: [JSON] = []
        var literals: [JSON] = []
        for member in members {
            let choice = try schema(of: member, column: column, enclosing: enclosing, depth: depth + 1)
            let isPlain = choice["description"] == nil
            if choice == ["type": "null"] { continue }
            if isPlain, let values = choice["enum"]?.array {
                literals += values
            } else if isPlain, let inner = choice["anyOf"]?.array {
                for choice in inner {
                    if let values = choice["enum"]?.array { literals += values } else { choices.append(choice) }
                }
            } else {
                choices.append(choice)
            }
        }
        if choices.contains([:]) { return [:] }
        let texts = literals.filter { $0.string != nil }
        let numbers = literals.filter { $0.number != nil }
        let flags = literals.filter { $0.bool != nil }
        for values in [texts, numbers, flags] where !values.isEmpty { choices.append(Self.choice(of: values)) }
        var distinct: [JSON] = []
        for choice in choices where !distinct.contains(choice) { distinct.append(choice) }
        switch distinct.count {
        case 0: return ["type": "null"]
        case 1: return distinct[0]
        default: return ["anyOf": .array(distinct)]
        }
    }

    /// - Parameter literals: At least one, all of them texts, numbers or truth values.
    private static func choice(of literals: [JSON]) -> JSON {
        var values: [JSON] = []
        for literal in literals where !values.contains(literal) { values.append(literal) }
        if values.contains(true), values.contains(false) { return ["type": "boolean"] }
        let kind: JSON =
            if values.allSatisfy({ $0.string != nil }) {
                "string"
            } else if values.allSatisfy({ $0.bool != nil }) {
                "boolean"
            } else {
                values.allSatisfy { $0.integer != nil } ? "integer" : "number"
            }
        return ["type": kind, "enum": .array(values)]
    }
}
