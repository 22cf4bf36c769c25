import SansIO

/// Shapes that the requests of several endpoints share.
extension Shape {
    /// Most messages or items of one request.
    static let maximumEntries = 1024
    /// Most functions of one request.
    static let maximumTools = 128

    static func nullable(_ shape: Shape) -> Shape { .either([.null, shape]) }

    /// Parameters of sampling and bookkeeping: accepted, without effect.
    static let ignoredParameters = [
        Field(name: "temperature", shape: nullable(.number(0...2))),
        Field(name: "top_p", shape: nullable(.number(0...1))),
        Field(name: "top_logprobs", shape: nullable(.integer(0...20))),
        Field(name: "user", shape: nullable(.text)),
        Field(name: "safety_identifier", shape: nullable(.string(maximumLength: 128))),
        Field(name: "prompt_cache_key", shape: nullable(.text)),
        Field(name: "prompt_cache_retention", shape: nullable(.choice(["in_memory", "24h"]))),
        Field(
            name: "service_tier", shape: nullable(.choice(["auto", "default", "flex", "scale", "priority", "fast"]))),
    ]

    static let effort = nullable(.choice(["none", "minimal", "low", "medium", "high", "xhigh"]))

    static let metadata = nullable(.any)

    /// Checks a `metadata` object: at most 16 strings.
    static func checkMetadata(_ metadata: JSON, at path: String) throws(RealtimeError) {
        if metadata.isNull { return }
        guard let object = metadata.object else { throw .wrongType(path, expected: "an object", got: metadata) }
        let fits = object.members.allSatisfy { member in
            member.key.count <= 64 && (member.value.string.map { $0.count <= 512 } ?? false)
        }
        guard object.count <= 16, fits else {
            throw .wrongValue(path, "Invalid '\(path)': at most 16 strings of 512 characters with keys of 64.")
        }
    }

    /// Checks that a list is not longer than is served.
    static func checkCount(_ value: JSON?, atMost maximum: Int, at path: String) throws(RealtimeError) {
        guard let count = value?.array?.count, count > maximum else { return }
        throw RealtimeError(
            code: "array_above_max_length",
            message: "Invalid '\(path)': array too long. Expected an array with maximum length \(maximum), but got an "
                + "array with length \(count) instead.", param: path)
    }

    /// The JSON object of a request's body.
    static func object(in body: [UInt8]) throws(RealtimeError) -> JSON {
        let json: JSON
        do {
            json = try JSON(parsing: body)
        } catch {
            throw RealtimeError(
                code: nil, message: "We could not parse the JSON body of your request: \(error).")
        }
        guard json.object != nil else {
            throw RealtimeError(code: nil, message: "The body of the request must be an object, not \(json.kindName).")
        }
        return json
    }
}
