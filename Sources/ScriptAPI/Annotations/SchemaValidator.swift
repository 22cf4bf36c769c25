import SansIO

/// Why a value is not what a schema asks for.
struct SchemaMismatch: Error, CustomStringConvertible {
    /// `date`, `people[2].name`; empty for the value itself.
    let path: String
    let reason: String

    var description: String { path.isEmpty ? reason : "argument '\(path)' \(reason)" }
}

/// The part of JSON Schema that annotations can produce: `type`, `enum`, `const`, `anyOf`, `properties`, `required`,
/// `additionalProperties`, `items`, `prefixItems`, `minItems`, `maxItems`. Other keywords are for the model to follow
/// and are not checked.
enum SchemaValidator {
    static func validate(_ value: JSON, against schema: JSON, path: String = "") throws(SchemaMismatch) {
        if let choices = schema["anyOf"]?.array {
            for choice in choices where accepts(value, choice, path) { return }
            throw SchemaMismatch(path: path, reason: "is none of the allowed kinds of value")
        }
        if let allowed = schema["enum"]?.array ?? schema["const"].map({ [$0] }),
            !allowed.contains(where: { isEqual($0, value) })
        {
            let names = allowed.map(\.text).joined(separator: ", ")
            throw SchemaMismatch(path: path, reason: "must be one of \(names), got \(shortened(value))")
        }
        if let expected = schema["type"] {
            let names = expected.array?.compactMap(\.string) ?? expected.string.map { [$0] } ?? []
            guard names.isEmpty || names.contains(where: { isKind($0, value) }) else {
                let article = names.joined(separator: " or ")
                throw SchemaMismatch(path: path, reason: "must be of type \(article), got \(shortened(value))")
            }
        }
        switch value {
        case .object(let object): try validate(object, against: schema, path: path)
        case .array(let elements): try validate(elements, against: schema, path: path)
        default: return
        }
    }

    private static func validate(
        _ elements: [JSON], against schema: JSON, path: String
    ) throws(SchemaMismatch) {
        let count = Int64(elements.count)
        if let least = schema["minItems"]?.integer, count < least {
            throw SchemaMismatch(path: path, reason: "must have at least \(least) elements, got \(count)")
        }
        if let most = schema["maxItems"]?.integer, count > most {
            throw SchemaMismatch(path: path, reason: "must have at most \(most) elements, got \(count)")
        }
        let places = schema["prefixItems"]?.array ?? []
        for (index, element) in elements.enumerated() {
            let items = index < places.count ? places[index] : schema["items"]
            guard let items else { continue }
            try validate(element, against: items, path: "\(path)[\(index + 1)]")
        }
    }

    private static func validate(
        _ object: JSONObject, against schema: JSON, path: String
    ) throws(SchemaMismatch) {
        func inner(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        let required = schema["required"]?.array?.compactMap(\.string) ?? []
        for name in required where object[name] == nil {
            throw SchemaMismatch(path: inner(name), reason: "is missing")
        }
        let properties = schema["properties"]?.object ?? JSONObject()
        // Models write `null` for what they leave out; in Lua it is not there then.
        for member in object.members where member.value != .null || required.contains(member.key) {
            if let property = properties[member.key] {
                try validate(member.value, against: property, path: inner(member.key))
                continue
            }
            switch schema["additionalProperties"] {
            case .bool(false)?:
                let known = suggestion(for: member.key, among: properties.keys)
                throw SchemaMismatch(path: inner(member.key), reason: "is unknown\(known)")
            case let rest? where rest.object != nil:
                try validate(member.value, against: rest, path: inner(member.key))
            default: continue
            }
        }
    }

    private static func accepts(_ value: JSON, _ schema: JSON, _ path: String) -> Bool {
        do throws(SchemaMismatch) {
            try validate(value, against: schema, path: path)
            return true
        } catch {
            return false
        }
    }

    /// 1 and 1.0 are one number.
    private static func isEqual(_ left: JSON, _ right: JSON) -> Bool {
        if left == right { return true }
        guard let left = left.number, let right = right.number else { return false }
        return left == right
    }

    private static func isKind(_ name: String, _ value: JSON) -> Bool {
        switch name {
        case "null": value == .null
        case "boolean": value.bool != nil
        case "integer": value.integer != nil
        case "number": value.number != nil
        case "string": value.string != nil
        case "array": value.array != nil
        case "object": value.object != nil
        default: true
        }
    }

    private static func shortened(_ value: JSON) -> String {
        let text = value.text
        return text.count <= 40 ? text : "\(text.prefix(37))..."
    }
}
