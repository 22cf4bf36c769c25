import SansIO

/// How the model's server decides that the caller began and ended a turn.
public struct TurnDetection: Hashable, Sendable {
    public enum Method: Hashable, Sendable {
        /// Voice activity by energy.
        ///
        /// - threshold: 0…1
        /// - prefixPadding: Audio kept from before the speech.
        /// - silence: Pause that ends a turn. Always sent: the server's own default is not what is documented.
        /// - idleTimeout: 5…30 s; `nil` for none.
        case serverVAD(threshold: Double, prefixPadding: Duration, silence: Duration, idleTimeout: Duration?)
        /// By meaning; `low`, `medium`, `high` or `auto`.
        case semanticVAD(eagerness: String)
    }

    public var method: Method
    /// Whether the server answers each turn by itself.
    public var createsResponse: Bool
    /// Whether speech of the caller ends what the model is generating.
    public var interruptsResponse: Bool

    public init(
        method: Method = .serverVAD(
            threshold: 0.5, prefixPadding: .milliseconds(300), silence: .milliseconds(500), idleTimeout: nil),
        createsResponse: Bool = true, interruptsResponse: Bool = true
    ) {
        self.method = method
        self.createsResponse = createsResponse
        self.interruptsResponse = interruptsResponse
    }

    /// The same detection, with events only: the server neither answers nor interrupts.
    public var eventsOnly: TurnDetection {
        TurnDetection(method: method, createsResponse: false, interruptsResponse: false)
    }

    var json: JSON {
        var object: JSONObject = [:]
        switch method {
        case .serverVAD(let threshold, let prefixPadding, let silence, let idleTimeout):
            object["type"] = "server_vad"
            object["threshold"] = .number(threshold)
            object["prefix_padding_ms"] = .integer(prefixPadding.milliseconds)
            object["silence_duration_ms"] = .integer(silence.milliseconds)
            if let idleTimeout { object["idle_timeout_ms"] = .integer(idleTimeout.milliseconds) }
        case .semanticVAD(let eagerness):
            object["type"] = "semantic_vad"
            object["eagerness"] = .string(eagerness)
        }
        object["create_response"] = .bool(createsResponse)
        object["interrupt_response"] = .bool(interruptsResponse)
        return .object(object)
    }
}
