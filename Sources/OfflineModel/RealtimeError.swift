import SansIO

/// A client's fault, as the `error` event tells it. The session stays open.
///
/// Source: OpenAI's Realtime API reference, server event `error`.
public struct RealtimeError: Error, Hashable, Sendable {
    /// `invalid_request_error`, `server_error`, …
    public var type: String
    public var code: String?
    public var message: String
    /// Dotted path of the offending field, such as `session.audio.input.format`.
    public var param: String?

    public init(type: String = "invalid_request_error", code: String?, message: String, param: String? = nil) {
        self.type = type
        self.code = code
        self.message = message
        self.param = param
    }

    static func missing(_ param: String) -> RealtimeError {
        RealtimeError(
            code: "missing_required_parameter", message: "Missing required parameter: '\(param)'.", param: param)
    }

    static func unknown(_ param: String) -> RealtimeError {
        RealtimeError(code: "unknown_parameter", message: "Unknown parameter: '\(param)'.", param: param)
    }

    static func wrongType(_ param: String, expected: String, got value: JSON) -> RealtimeError {
        RealtimeError(
            code: "invalid_type",
            message: "Invalid type for '\(param)': expected \(expected), but got \(value.kindName) instead.",
            param: param)
    }

    static func wrongValue(_ param: String, _ message: String) -> RealtimeError {
        RealtimeError(code: "invalid_value", message: message, param: param)
    }

    static func unsupported(_ param: String, value: String, supported: some Sequence<String>) -> RealtimeError {
        let list = supported.map { "'\($0)'" }.joined(separator: ", ")
        return wrongValue(param, "Invalid value: '\(value)'. Supported values are: \(list).")
    }
}

extension JSON {
    /// The kind of the value with its article, for messages.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The string, or JSON's `null`.
    init(orNull text: String?) {
        self = text.map(JSON.string) ?? .null
    }
}
