import SansIO

/// Reads the members of a protobuf message in JSON (ProtoJSON, "JSON Mapping").
///
/// A field may be named in lowerCamelCase or as in the .proto file; `null` counts as absent; unknown fields are
/// ignored, as LiveKit's server does.
struct ProtoJSONReader {
    private let object: JSONObject
    private let path: String

    /// - Throws: ``TwirpError`` with ``TwirpError/Code/malformed``.
    init(_ json: JSON, path: String = "") throws(TwirpError) {
        guard let object = json.object else { throw ProtoJSONReader.malformed(path, "an object") }
        self.object = object
        self.path = path
    }

    private static func malformed(_ path: String, _ expected: String) -> TwirpError {
        TwirpError(.malformed, "\(path.isEmpty ? "the request" : path) must be \(expected)", meta: ["argument": path])
    }

    /// The message as it came.
    var json: JSON { .object(object) }

    private func full(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// - Parameter name: As in the .proto file: `agent_name`.
    private func value(_ name: String) -> JSON? {
        let found = object[ProtoJSONReader.camelCase(name)] ?? object[name]
        return found == .null ? nil : found
    }

    func string(_ name: String) throws(TwirpError) -> String {
        guard let value = value(name) else { return "" }
        guard let text = value.string else { throw ProtoJSONReader.malformed(full(name), "a string") }
        return text
    }

    func strings(_ name: String) throws(TwirpError) -> [String] {
        guard let value = value(name) else { return [] }
        guard let elements = value.array else { throw ProtoJSONReader.malformed(full(name), "an array of strings") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string else {
                throw ProtoJSONReader.malformed(full(name), "an array of strings")
            }
            texts.append(text)
        }
        return texts
    }

    func map(_ name: String) throws(TwirpError) -> [String: String] {
        guard let value = value(name) else { return [:] }
        guard let members = value.object?.members else {
            throw ProtoJSONReader.malformed(full(name), "an object of strings")
        }
        var map: [String: String] = [:]
        for member in members {
            guard let text = member.value.string else {
                throw ProtoJSONReader.malformed(full(name), "an object of strings")
            }
            map[member.key] = text
        }
        return map
    }

    /// A number, or its decimal text, as 64-bit integers are written.
    func integer(_ name: String) throws(TwirpError) -> Int64 {
        guard let value = value(name) else { return 0 }
        guard let number = value.integer ?? value.string.flatMap({ Int64($0) }) else {
            throw ProtoJSONReader.malformed(full(name), "a whole number")
        }
        return number
    }

    /// An enumeration, by name or by number.
    ///
    /// - Parameter names: The value names, at the index of their numbers.
    func enumeration(_ name: String, names: [String]) throws(TwirpError) -> Int {
        guard let value = value(name) else { return 0 }
        if let text = value.string, let index = names.firstIndex(of: text) { return index }
        if let number = value.integer, let index = Int(exactly: number), names.indices.contains(index) { return index }
        throw ProtoJSONReader.malformed(full(name), "one of \(names.joined(separator: ", "))")
    }

    func message(_ name: String) throws(TwirpError) -> ProtoJSONReader? {
        guard let value = value(name) else { return nil }
        return try ProtoJSONReader(value, path: full(name))
    }

    func messages(_ name: String) throws(TwirpError) -> [ProtoJSONReader] {
        guard let value = value(name) else { return [] }
        guard let elements = value.array else { throw ProtoJSONReader.malformed(full(name), "an array") }
        var messages: [ProtoJSONReader] = []
        for (index, element) in elements.enumerated() {
            messages.append(try ProtoJSONReader(element, path: "\(full(name))[\(index)]"))
        }
        return messages
    }

    static func camelCase(_ name: String) -> String {
        var result = ""
        var isAfterUnderscore = false
        for character in name {
            if character == "_" {
                isAfterUnderscore = true
            } else {
                result += isAfterUnderscore ? character.uppercased() : String(character)
                isAfterUnderscore = false
            }
        }
        return result
    }
}

/// Writes the members of a protobuf message in JSON: lowerCamelCase names, fields of zero value left out, 64-bit
/// integers as text.
struct ProtoJSONWriter {
    private(set) var object = JSONObject()

    mutating func add(_ name: String, _ value: String) {
        if !value.isEmpty { object[name] = .string(value) }
    }

    mutating func add(_ name: String, _ values: [String]) {
        if !values.isEmpty { object[name] = .array(values.map { .string($0) }) }
    }

    mutating func add(_ name: String, _ map: [String: String]) {
        if map.isEmpty { return }
        object[name] = .object(JSONObject(members: map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }

    mutating func add(_ name: String, _ number: Int64) {
        if number != 0 { object[name] = .string(String(number)) }
    }

    mutating func add(_ name: String, enumeration index: Int, names: [String]) {
        if index != 0, names.indices.contains(index) { object[name] = .string(names[index]) }
    }

    /// A message field: written even when it is empty, for presence has a meaning there.
    mutating func add(_ name: String, message: JSON) {
        object[name] = message
    }

    mutating func add(_ name: String, messages: [JSON]) {
        if !messages.isEmpty { object[name] = .array(messages) }
    }

    var json: JSON { .object(object) }
}
