public import Conversation
public import Net
public import SansIO

/// The server of a stage, as its failures name it.
///
/// The key is known here so that no message holds it: servers repeat what they refuse.
public struct StageServer: Hashable, Sendable {
    public var stage: PipelineStage
    /// `host` or `host:port`, or what else the operator knows the provider by.
    public var name: String
    public var apiKey: Secret

    public init(stage: PipelineStage, name: String, apiKey: Secret = Secret("")) {
        self.stage = stage
        self.name = name
        self.apiKey = apiKey
    }

    /// What the operator calls the stage.
    private var noun: String {
        switch stage {
        case .stt: "transcription"
        case .llm: "the language model"
        case .tts: "speech"
        }
    }

    /// A failure in our own words.
    ///
    /// - Parameter message: What the server did: `ended its answer in the middle`; behind it what to do, if anything.
    public func failure(
        _ severity: StageFailure.Severity, _ message: String, retryAfter: Duration? = nil
    ) -> StageFailure {
        StageFailure(stage: stage, severity: severity, message: "\(name) \(message).", retryAfter: retryAfter)
    }

    /// A request that had no complete answer.
    public func failure(_ error: NetError) -> StageFailure {
        let severity: StageFailure.Severity =
            switch error.code {
            case .addressInUse, .addressUnavailable, .notPermitted, .notAllowed, .invalidArgument: .fatal
            // A certificate stays what it is; a handshake may be broken off by who restarts.
            case .tls: error.isRetryable ? .retryable : .fatal
            case .messageTooLarge: .refused
            case .hostNotFound, .connectionRefused, .unreachable, .timedOut, .upgradeRefused, .protocolViolation,
                .outboundBufferFull, .connectionLost, .cancelled, .system:
                .retryable
            }
        if let status = error.httpStatus {
            return failure(status: status, headers: [:], body: error.httpBody, now: 0)
        }
        return StageFailure(stage: stage, severity: severity, message: error.message)
    }

    /// An answer that is no success.
    ///
    /// - Parameters:
    ///   - body: JSON with an `error`, or whatever a proxy says.
    ///   - now: Unix time, against which a date in `Retry-After` is read. [s]
    public func failure(status: Int, headers: HTTPFields, body: [UInt8], now: Int64) -> StageFailure {
        let error = ReportedError(body: body)
        let severity = StageServer.severity(
            status: status, code: error.code, shouldRetry: headers["x-should-retry"]?.lowercased())
        let pause = severity == .retryable ? StageServer.pause(headers, now: now) : nil
        return failure(
            severity,
            "refused \(noun) (\(words([String(status), error.code], error.message)))"
                + advice(severity, status: status, code: error.code), retryAfter: pause)
    }

    /// An error in the middle of a stream, or in an event.
    ///
    /// - Parameter error: The `error` object, a string, or the event that holds both.
    public func failure(error json: JSON) -> StageFailure {
        let error = ReportedError(json: json)
        var severity = StageServer.severity(code: error.code) ?? .retryable
        if error.type == "invalid_request_error", severity == .retryable { severity = .refused }
        return failure(
            severity,
            "failed at \(noun) (\(words([error.code.isEmpty ? error.type : error.code], error.message)))"
                + advice(severity, status: 0, code: error.code))
    }

    // MARK: Severity (OpenAI's own libraries retry 408, 409, 429, 5xx and lost connections)

    private static func severity(status: Int, code: String, shouldRetry: String?) -> StageFailure.Severity {
        if let severity = severity(code: code), severity == .fatal { return .fatal }
        switch status {
        case 401, 402, 403, 404, 405: return .fatal
        case 300..<400: return .fatal
        case 408, 409, 429, 500...: return shouldRetry == "false" ? .refused : .retryable
        default: return shouldRetry == "true" ? .retryable : .refused
        }
    }

    private static func severity(code: String) -> StageFailure.Severity? {
        switch code {
        case "invalid_api_key", "insufficient_quota", "billing_hard_limit_reached", "account_deactivated",
            "model_not_found", "missing_model", "invalid_model", "beta_api_shape_disabled":
            .fatal
        case "rate_limit_exceeded", "server_error", "session_expired", "overloaded": .retryable
        case "": nil
        default: nil
        }
    }

    private func advice(_ severity: StageFailure.Severity, status: Int, code: String) -> String {
        let setting = "the \(stage.rawValue) stage"
        switch (code, status) {
        case ("insufficient_quota", _), ("billing_hard_limit_reached", _), (_, 402):
            return "; add credit or raise the account's limit"
        case ("account_deactivated", _): return "; use the key of an active account"
        case ("model_not_found", _), ("missing_model", _), ("invalid_model", _):
            return "; set a model that \(setting)'s key may use"
        case ("invalid_api_key", _), (_, 401): return "; set a valid key for \(setting)"
        case (_, 403): return "; let the key's project use this model, or set another for \(setting)"
        case (_, 404), (_, 405): return "; check the base URL and the model of \(setting)"
        case (_, 300..<400): return "; set the base URL to where it redirects"
        case ("rate_limit_exceeded", _), (_, 429): return "; make fewer calls at a time or raise the limit"
        default: break
        }
        return severity == .retryable ? "; this usually passes" : "; check the settings of \(setting)"
    }

    /// `429, insufficient_quota: You exceeded your current quota`.
    private func words(_ codes: [String], _ message: String) -> String {
        let head = codes.filter { !$0.isEmpty }.map(shown).joined(separator: ", ")
        let tail = shown(message)
        return [head, tail].filter { !$0.isEmpty }.joined(separator: ": ")
    }

    /// Longest text of a server that is repeated. [characters]
    private static let longestQuotation = 200

    /// A server's text on one line, without key, control characters and full stop at its end.
    private func shown(_ text: String) -> String {
        let words = text.split { $0.isWhitespace || $0.isNewline }.map { word -> String in
            let isKey =
                word.hasPrefix("sk-") || word.hasPrefix("ek_")
                || !apiKey.revealed.isEmpty && word.contains(apiKey.revealed)
            return isKey ? "•••" : String(word.filter { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
        }
        var line = words.joined(separator: " ")
        if line.count > StageServer.longestQuotation { line = line.prefix(StageServer.longestQuotation) + "…" }
        while line.hasSuffix(".") { line.removeLast() }
        return line
    }

    // MARK: Retry-After

    /// Longer pauses are not believed: OpenAI's libraries wait two minutes at most. [s]
    private static let longestPause = 120.0

    /// How long a server asks to be left alone (`retry-after-ms`, RFC 9110 §10.2.3); `nil` when it does not.
    static func pause(_ headers: HTTPFields, now: Int64) -> Duration? {
        let seconds: Double? =
            if let milliseconds = headers["retry-after-ms"].flatMap({ Double($0) }) {
                milliseconds / 1_000
            } else if let text = headers["Retry-After"] {
                Double(text) ?? HTTPDate.seconds(text).map { Double($0 - now) }
            } else {
                nil
            }
        guard let seconds, seconds.isFinite else { return nil }
        return .seconds(min(max(seconds, 0), longestPause))
    }
}

/// What a server says of an error: OpenAI's object, or as near to it as a compatible server comes.
struct ReportedError {
    var type = ""
    var code = ""
    var message = ""

    init(json: JSON) {
        let error = json["error"].flatMap { $0.isNull ? JSON?.none : $0 } ?? json
        type = error["type"]?.string ?? ""
        code = error["code"]?.string ?? error["code"]?.integer.map { String($0) } ?? ""
        message = error["message"]?.string ?? error["detail"]?.string ?? error.string ?? ""
    }

    init(body: [UInt8]) {
        self.init(json: ReportedError.json(body))
    }

    /// A body that is no JSON is taken for a text; a proxy's page is of no interest.
    private static func json(_ body: [UInt8]) -> JSON {
        do {
            return try JSON(parsing: body)
        } catch {
            let text = String(decoding: body.prefix(1_000), as: UTF8.self)
            return .string(text.contains("<") ? "" : text)
        }
    }
}
