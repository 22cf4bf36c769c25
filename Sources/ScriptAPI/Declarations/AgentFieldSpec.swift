/// The declaration of one field of the table that `moonline.agent` takes, apart from the handlers.
public struct AgentFieldSpec: Hashable, Sendable {
    public let name: String
    /// As an annotation writes it.
    public let type: String
    public let isRequired: Bool
    public let prose: String
    public let since: String

    init(_ name: String, _ type: String, isRequired: Bool = false, _ prose: String, since: String = "0.1") {
        self.name = name
        self.type = type
        self.isRequired = isRequired
        self.prose = prose
        self.since = since
    }

    public static let all: [AgentFieldSpec] = [
        AgentFieldSpec("name", "string", isRequired: true, "What dispatches ask for."),
        AgentFieldSpec("mode", "\"realtime\"", "How the agent listens and speaks."),
        AgentFieldSpec("voice", "string", "A voice of the model."),
        AgentFieldSpec("instructions", "string", isRequired: true, "What the model is told of its task."),
        AgentFieldSpec("actions", "moonline.Actions", "Functions that the model may call."),
        AgentFieldSpec("idle_timeout", "number", "Seconds of silence before `on_idle`; 15.", since: "0.2"),
        AgentFieldSpec(
            "fallback", "string|moonline.Fallback",
            "What is said when the script or the model fails, before the call is hung up or transferred.", since: "0.2"),
    ]
}

/// The declaration of a class of plain data that handlers, functions or fields speak of.
public struct RecordSpec: Sendable {
    public struct Field: Hashable, Sendable {
        public let name: String
        /// As an annotation writes it.
        public let type: String
        public let prose: String
    }

    /// `moonline.Error`.
    public let name: String
    public let prose: String
    public let fields: [Field]

    init(_ name: String, _ prose: String, _ fields: [(String, String, String)]) {
        self.name = name
        self.prose = prose
        self.fields = fields.map { Field(name: $0.0, type: $0.1, prose: $0.2) }
    }

    public static let all: [RecordSpec] = [
        RecordSpec(
            "moonline.DialOptions", "How to dial, from `on_dial`.",
            [
                ("headers", "table<string, string>?", "Further headers of the INVITE."),
                ("caller_id", "string?", "The number that the callee sees."),
                ("ring_timeout", "number?", "Seconds."),
            ]),
        RecordSpec(
            "moonline.Spoken", "A sentence that is spoken otherwise than it is remembered.",
            [
                ("spoken", "string", "What the far end hears."),
                ("shown", "string?", "What stays in the model's context; the sentence as it was."),
            ]),
        RecordSpec(
            "moonline.Error", "A fault.",
            [
                ("kind", "\"model\"|\"trunk\"|\"media\"|\"script\"", "Whose."), ("message", "string", "What happened."),
                ("retryable", "boolean", "It may pass by itself."),
            ]),
        RecordSpec(
            "moonline.Fallback", "The way out of a call that cannot go on.",
            [
                ("say", "string", "Said to the far end."),
                ("transfer_to", "string?", "Where the far end is transferred to then."),
            ]),
        RecordSpec(
            "moonline.Stats", "What was measured of a call.",
            [
                ("packets_sent", "integer?", ""), ("packets_received", "integer?", ""),
                ("loss", "number?", "Share of the far end's packets that did not arrive, 0…1."),
                ("jitter_ms", "number?", "Interarrival jitter (RFC 3550)."),
                ("round_trip_ms", "number?", "By RTCP; `nil` until a report was answered."),
                ("turns", "moonline.TurnLatency[]", "Latency of each turn that was answered."),
            ]),
        RecordSpec(
            "moonline.TurnLatency", "How long the far end waited for an answer.",
            [
                ("turn", "integer", "From 1."), ("first_packet_ms", "integer", "From the end of speech."),
                ("first_audio_ms", "integer", "To the model's first audio."),
            ]),
        HTTPFunctions.response, JSONFunctions.null, TimeFunctions.date,
    ]
}
