public import SansIO

/// What went wrong at the model's side, and how bad it is for a call.
///
/// Made from an `error` event, from the error inside a failed response, from a WebSocket close, or from a connection
/// that could not be made.
public struct RealtimeError: Error, Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable {
        /// The session is over, or never began; trying again changes nothing until somebody acts.
        case fatal
        /// The same request, or the same connection, may succeed a moment later.
        case retryable
        /// One request was refused; the session goes on.
        case benign
    }

    /// The vendor's class, such as `invalid_request_error`; empty when there is none.
    public var type: String
    /// The vendor's code, such as `invalid_api_key`; empty when there is none.
    public var code: String
    /// The vendor's words.
    public var message: String
    /// Dotted path of the offending parameter.
    public var parameter: String?
    /// `event_id` of the client event that was refused.
    public var eventID: String?
    public var severity: Severity

    public init(
        type: String = "", code: String = "", message: String, parameter: String? = nil, eventID: String? = nil,
        severity: Severity? = nil
    ) {
        self.type = type
        self.code = code
        self.message = message
        self.parameter = parameter
        self.eventID = eventID
        self.severity = severity ?? RealtimeError.severity(type: type, code: code)
    }

    /// Reads the `error` object of an event or of `status_details`; a bare string is taken as the message.
    public init(json: JSON) {
        self.init(
            type: json["type"]?.string ?? "", code: json["code"]?.string ?? "",
            message: json["message"]?.string ?? json.string ?? "", parameter: json["param"]?.string,
            eventID: json["event_id"]?.string)
    }

    /// The error that a WebSocket close stands for.
    ///
    /// - Parameters:
    ///   - closeCode: RFC 6455 §7.4; 1005 and 1006 stand for a missing close frame.
    ///   - reason: `type.code` from OpenAI, free text from others.
    public init(closeCode: Int, reason: String) {
        let parts = reason.split(separator: ".", maxSplits: 1).map(String.init)
        let looksLikeCode = parts.count == 2 && parts[0].hasSuffix("_error") && !parts[1].contains(" ")
        let severity: Severity =
            switch closeCode {
            case 1001, 1005, 1006, 1011, 1012, 1013, 1015: .retryable
            default: .fatal
            }
        self.init(
            type: looksLikeCode ? parts[0] : "", code: looksLikeCode ? parts[1] : "closed_\(closeCode)",
            message: reason.isEmpty
                ? "the connection was closed with code \(closeCode)" : RealtimeError.withoutFullStop(reason),
            severity: severity)
    }

    /// The error of a connection that could not be made: resolution, TLS, a refused upgrade, a missing answer.
    ///
    /// - Parameter message: With or without the full stop of a sentence.
    public init(connectionFailure message: String) {
        self.init(
            code: "connection_failed", message: RealtimeError.withoutFullStop(message), severity: .retryable)
    }

    /// What is to stand within a sentence.
    private static func withoutFullStop(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// Codes after which no reconnect helps.
    private static let fatalCodes: Set<String> = [
        "insufficient_quota", "invalid_api_key", "account_deactivated", "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "missing_model", "invalid_model", "model_not_found", "beta_api_shape_disabled",
    ]

    private static let retryableCodes: Set<String> = [
        "rate_limit_exceeded", "inference_rate_limit_exceeded", "server_error", "session_expired",
    ]

    /// Codes that a correct client meets in races with the server; nobody needs to hear of them.
    private static let raceCodes: Set<String> = [
        "conversation_already_has_active_response", "response_cancel_not_active", "item_truncate_invalid_item_id",
        "item_delete_invalid_item_id", "item_retrieve_invalid_item_id", "unsupported_content_type",
        "input_audio_buffer_commit_empty",
    ]

    private static func severity(type: String, code: String) -> Severity {
        if fatalCodes.contains(code) { return .fatal }
        if retryableCodes.contains(code) || type == "server_error" { return .retryable }
        return .benign
    }

    /// Whether the error is one that a correct client meets in races with the server, not worth a word to anybody.
    public var isExpected: Bool {
        severity == .benign
            && (RealtimeError.raceCodes.contains(code) || message.contains("is already shorter than"))
    }

    /// Whether the session has reached its longest duration: a new one is to be had at once.
    var isExpiry: Bool { code == "session_expired" || message.contains("maximum duration") }

    /// One sentence that says what happened and what to do.
    public var sentence: String {
        switch code {
        case "invalid_api_key":
            "The model refused the API key. Set OPENAI_API_KEY to a valid key of the project that should pay."
        case "insufficient_quota", "billing_hard_limit_reached", "credit_balance_exhausted":
            "The model's account has no credit left. Add credit or raise the limit, then try again."
        case "account_deactivated":
            "The model's account is deactivated. Use the key of an active account."
        case "missing_model", "invalid_model", "model_not_found":
            "The model name is missing or unknown (\(message)). Set a realtime model that the key may use."
        case "beta_api_shape_disabled":
            "The server no longer speaks the beta protocol. Remove the OpenAI-Beta header from the configuration."
        case "content_filter":
            "The model's provider ended the session because of what was said."
        case "session_closed":
            "The model's session is over: \(message)."
        case "session_expired":
            "The model's session reached its longest duration and was closed."
        case "rate_limit_exceeded", "inference_rate_limit_exceeded":
            "The model's rate limit is reached. Make fewer calls at a time or raise the limit."
        case "server_error":
            "The model's server failed (\(message)). This usually passes; try again."
        case "connection_failed":
            "The model could not be reached: \(message). Check the base URL and the network."
        case let code where code.hasPrefix("closed_"):
            "The model closed the connection (\(message))."
        default:
            parameter.map { "The model refused \($0): \(message)" } ?? "The model reported an error: \(message)"
        }
    }
}
