import SansIO

/// What a part of a client event must look like; finds the first offence and names its dotted path.
indirect enum Shape: Sendable {
    case any
    case null
    case bool
    case string(maximumLength: Int)
    case choice([String])
    case integer(ClosedRange<Int64>)
    case number(ClosedRange<Double>)
    case list(Shape)
    case record([Field])
    /// An object whose fields follow from the string in member `by`.
    case tagged(by: String, [(tag: String, fields: [Field])])
    /// The first alternative that takes the value's kind decides.
    case either([Shape])

    struct Field: Sendable {
        let name: String
        let shape: Shape
        var isRequired = false
    }

    static let text = Shape.string(maximumLength: .max)

    /// - Throws: ``RealtimeError`` with code, message and `param` as OpenAI's server words them.
    func check(_ value: JSON, at path: String) throws(RealtimeError) {
        switch self {
        case .any: return
        case .null, .bool:
            guard takes(value) else { throw .wrongType(path, expected: kindName, got: value) }
        case .string(let maximumLength):
            guard let text = value.string else { throw .wrongType(path, expected: kindName, got: value) }
            guard text.unicodeScalars.count <= maximumLength else {
                throw RealtimeError(
                    code: "string_above_max_length",
                    message: "Invalid '\(path)': string too long. Expected a string with maximum length "
                        + "\(maximumLength), but got a string with length \(text.unicodeScalars.count) instead.",
                    param: path)
            }
        case .choice(let choices):
            guard let text = value.string else { throw .wrongType(path, expected: kindName, got: value) }
            guard choices.contains(text) else { throw .unsupported(path, value: text, supported: choices) }
        case .integer(let range):
            guard let number = value.integer else { throw .wrongType(path, expected: kindName, got: value) }
            try checkRange(range, number, at: path)
        case .number(let range):
            guard let number = value.number else { throw .wrongType(path, expected: kindName, got: value) }
            try checkRange(range, number, at: path)
        case .list(let element):
            guard let elements = value.array else { throw .wrongType(path, expected: kindName, got: value) }
            for (index, member) in elements.enumerated() { try element.check(member, at: "\(path)[\(index)]") }
        case .record(let fields):
            try checkFields(fields, of: value, at: path)
        case .tagged(let tagName, let alternatives):
            guard value.object != nil else { throw .wrongType(path, expected: kindName, got: value) }
            let tagPath = Self.join(path, tagName)
            guard let tagValue = value[tagName] else { throw .missing(tagPath) }
            guard let tag = tagValue.string else { throw .wrongType(tagPath, expected: "a string", got: tagValue) }
            guard let alternative = alternatives.first(where: { $0.tag == tag }) else {
                throw .unsupported(tagPath, value: tag, supported: alternatives.map(\.tag))
            }
            try checkFields(alternative.fields + [Field(name: tagName, shape: .text)], of: value, at: path)
        case .either(let alternatives):
            guard let alternative = alternatives.first(where: { $0.takes(value) }) else {
                let expected = alternatives.map(\.kindName).joined(separator: " or ")
                throw .wrongType(path, expected: expected, got: value)
            }
            try alternative.check(value, at: path)
        }
    }

    private func checkRange<Number: Comparable>(
        _ range: ClosedRange<Number>, _ number: Number, at path: String
    ) throws(RealtimeError) {
        if number < range.lowerBound {
            throw RealtimeError(
                code: "integer_below_min_value",
                message: "Invalid '\(path)': value below minimum. Expected a value >= \(range.lowerBound), "
                    + "but got \(number) instead.", param: path)
        }
        if number > range.upperBound {
            throw RealtimeError(
                code: "integer_above_max_value",
                message: "Invalid '\(path)': value above maximum. Expected a value <= \(range.upperBound), "
                    + "but got \(number) instead.", param: path)
        }
    }

    private func checkFields(_ fields: [Field], of value: JSON, at path: String) throws(RealtimeError) {
        guard let object = value.object else { throw .wrongType(path, expected: "an object", got: value) }
        for member in object.members {
            let memberPath = Self.join(path, member.key)
            guard let field = fields.first(where: { $0.name == member.key }) else { throw .unknown(memberPath) }
            try field.shape.check(member.value, at: memberPath)
        }
        if let field = fields.first(where: { $0.isRequired && object[$0.name] == nil }) {
            throw .missing(Self.join(path, field.name))
        }
    }

    private static func join(_ path: String, _ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }

    private func takes(_ value: JSON) -> Bool {
        switch self {
        case .any: true
        case .null: value.isNull
        case .bool: value.bool != nil
        case .string, .choice: value.string != nil
        case .integer: value.integer != nil
        case .number: value.number != nil
        case .list: value.array != nil
        case .record, .tagged: value.object != nil
        case .either(let alternatives): alternatives.contains { $0.takes(value) }
        }
    }

    private var kindName: String {
        switch self {
        case .any: "any value"
        case .null: "null"
        case .bool: "a boolean"
        case .string: "a string"
        case .choice(let choices): "one of " + choices.map { "'\($0)'" }.joined(separator: ", ")
        case .integer: "an integer"
        case .number: "a number"
        case .list: "an array"
        case .record, .tagged: "an object"
        case .either(let alternatives): alternatives.map(\.kindName).joined(separator: " or ")
        }
    }
}
