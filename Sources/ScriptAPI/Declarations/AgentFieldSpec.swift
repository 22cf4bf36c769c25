import Conversation

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
        AgentFieldSpec(
            "mode", AgentMode.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: "|"),
            "How the agent listens and speaks: by one speech-to-speech model, by speech-to-text, language model and "
                + "text-to-speech, or by one model that hears and speaks at the same time."),
        AgentFieldSpec(
            "stt", "string|moonline.Provider|(string|moonline.Provider)[]",
            "Pipeline mode: who writes down what the far end says; who is next takes over when the one before fails.",
            since: "0.3"),
        AgentFieldSpec(
            "llm", "string|moonline.Provider|(string|moonline.Provider)[]", "Pipeline mode: who answers.",
            since: "0.3"),
        AgentFieldSpec(
            "tts", "string|moonline.Provider|(string|moonline.Provider)[]",
            "Pipeline mode: who speaks; `\"local\"` needs no server.", since: "0.3"),
        AgentFieldSpec("turns", "moonline.Turns", "Pipeline mode: when the far end has the floor.", since: "0.3"),
        AgentFieldSpec("voice", "string", "A voice of the model."),
        AgentFieldSpec(
            "language", "string",
            "What is spoken in the call, ISO 639-1 (`\"de\"`): who writes it down mishears less, and in pipeline mode "
                + "sentences and turns end by that language's rules. Without it the language is found out.",
            since: "0.3"),
        AgentFieldSpec("instructions", "string", isRequired: true, "What the model is told of its task."),
        AgentFieldSpec("actions", "moonline.Actions", "Functions that the model may call."),
        AgentFieldSpec("idle_timeout", "number", "Seconds of silence before `on_idle`; 15.", since: "0.2"),
        AgentFieldSpec(
            "filler", "string|moonline.Filler",
            "What is said while an action takes its time and nobody speaks.", since: "0.3"),
        AgentFieldSpec(
            "action_timeout", "number",
            "Seconds that an action may take, without the time that it waits for speech or a transfer; 30.",
            since: "0.3"),
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
            "moonline.Filler", "Words for the time in which an action works.",
            [
                ("text", "string|string[]", "Said once an action; of several lines, the next one each time."),
                ("after", "number?", "Seconds without a word before that; 2."),
            ]),
        RecordSpec(
            "moonline.Provider", "Whom one stage of the pipeline asks.",
            [
                ("endpoint", "string?", "The operator's name for a server and its key; `openai`."),
                ("model", "string?", "The operator's choice where it is left out."),
                (
                    "api", "\"realtime\"|\"transcriptions\"|\"chat\"|\"responses\"|\"speech\"|nil",
                    "Which of the server's interfaces: `realtime` or `transcriptions`, `chat` or `responses`, `speech`."
                ),
                (
                    "voice", "string?",
                    "Of `tts`; the agent's voice where it is left out. `call:set_voice` changes the first provider's, "
                        + "and that of those who have none of their own."
                ),
                ("temperature", "number?", "Of `llm`, 0…2; the server's own where it is left out."),
                (
                    "extra", "table<string, any>?",
                    "Fields that are added to the server's requests, or replace others: "
                        + "`{ reasoning_effort = \"minimal\" }`. `json.null` leaves one out."
                ),
                (
                    "patience", "number?",
                    "Seconds without a sign of life before the next provider is asked; 2.5 of `stt`, 4 of `llm`, 2 of "
                        + "`tts`, unless the operator chose others."
                ),
            ]),
        TurnOptionsSpec.record,
        RecordSpec(
            "moonline.Capabilities", "What scripts can do in the call's mode.",
            AgentMode.Capability.allCases.map { ($0.rawValue, "boolean", $0.prose) }),
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
                ("turn", "integer", "From 1."),
                ("transcript_ms", "integer?", "Pipeline mode: from the end of speech to the whole transcript."),
                ("first_token_ms", "integer?", "Pipeline mode: to the language model's first word."),
                ("first_sentence_ms", "integer?", "Pipeline mode: to its first whole sentence."),
                ("first_audio_ms", "integer", "To the first audio."),
                ("first_packet_ms", "integer", "To the first packet."),
            ]),
        HTTPFunctions.response, JSONFunctions.null, TimeFunctions.date,
    ]
}
