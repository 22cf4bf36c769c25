import SansIO

/// How the model's arguments become those of an action.
struct ActionSignature: Hashable, Sendable {
    /// In declaration order, without `self`.
    let parameters: [String]
    /// JSON Schema of the arguments, an object.
    let schema: JSON

    /// The arguments in declaration order; what is missing and optional is `null`.
    ///
    /// - Throws: ``SchemaMismatch`` for the first argument that the schema does not allow.
    func values(of arguments: JSONObject) throws(SchemaMismatch) -> [JSON] {
        // Models write `null` for what they leave out.
        var given = arguments
        let required = schema["required"]?.array ?? []
        for name in arguments.keys where arguments[name] == .null && !required.contains(.string(name)) {
            given[name] = nil
        }
        try SchemaValidator.validate(.object(given), against: schema)
        return parameters.map { given[$0] ?? .null }
    }
}
