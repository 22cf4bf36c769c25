public import Conversation

/// The declaration of one handler that a flow may define.
public struct HandlerSpec: Hashable, Sendable {
    public struct Parameter: Hashable, Sendable {
        public let name: String
        /// As an annotation writes it.
        public let type: String
        public let prose: String
    }

    public let handler: ScriptHandler
    /// When it runs.
    public let prose: String
    /// What it is given. The first one is the call, but for `on_handover`.
    public let parameters: [Parameter]
    /// What it may return, as an annotation writes it; `nil` when its results are ignored.
    public let result: String?
    /// What the host does with the result.
    public let resultProse: String
    public let since: String

    public var name: String { handler.rawValue }

    init(
        _ handler: ScriptHandler, _ prose: String, _ parameters: Parameter..., result: String? = nil,
        resultProse: String = "", since: String
    ) {
        self.handler = handler
        self.prose = prose
        let call = Parameter(name: "call", type: "moonline.Call", prose: "The call.")
        self.parameters = handler == .onHandover ? parameters : [call] + parameters
        self.result = result
        self.resultProse = resultProse
        self.since = since
    }
}

extension HandlerSpec {
    /// All handlers, in the order of a call's life.
    public static let all: [HandlerSpec] = [
        HandlerSpec(
            .onDial, "Before the INVITE; `call.to` and `call.metadata` are set.",
            result: "moonline.DialOptions|false|nil, string?",
            resultProse: "A table changes how to dial; `false` and a reason: nobody is called.", since: "0.1"),
        HandlerSpec(
            .onRinging, "The far end rings (180, 183).",
            Parameter(name: "early_media", type: "boolean", prose: "Audio flows before the answer."), since: "0.1"),
        HandlerSpec(
            .onIncoming, "Somebody calls. An agent that has this handler takes incoming calls.",
            result: "\"answer\"|\"reject\"|\"ring\"|nil, number?",
            resultProse:
                "`\"answer\"`, as without a result; `\"reject\"` and a SIP status (603); `\"ring\"` and the seconds "
                + "that it rings before it is answered (5).", since: "0.2"),
        HandlerSpec(
            .onAnswered, "Answered, and media is ready in both directions. Without it the model speaks first.",
            since: "0.1"),
        HandlerSpec(.onSpeechStarted, "The far end begins to speak.", since: "0.2"),
        HandlerSpec(.onSpeechStopped, "The far end has stopped speaking.", since: "0.2"),
        HandlerSpec(
            .onTranscript, "Something was said; of the agent, what the far end heard.",
            Parameter(name: "role", type: "\"user\"|\"agent\"", prose: "Who said it."),
            Parameter(name: "text", type: "string", prose: "What was said."),
            Parameter(name: "final", type: "boolean", prose: "The text will not change any more."), since: "0.1"),
        HandlerSpec(
            .onInterrupted, "The far end spoke while the agent did, and the agent fell silent.",
            Parameter(name: "heard", type: "string", prose: "What was heard of the sentence."),
            Parameter(
                name: "unheard", type: "string",
                prose: "What was not. In live mode it is known of what `call:say` was given, and else empty."),
            since: "0.1"),
        HandlerSpec(
            .beforeLLM, "Pipeline mode: before the chat is sent to the language model.",
            Parameter(name: "messages", type: "table[]", prose: "The chat as it would be sent."),
            result: "table[]?", resultProse: "The chat to send instead.", since: "0.2"),
        HandlerSpec(
            .beforeTTS, "Pipeline mode: before a sentence is spoken.",
            Parameter(name: "text", type: "string", prose: "One sentence."),
            result: "string|moonline.Spoken|nil",
            resultProse: "What is spoken; `nil` drops the sentence; a table keeps what the model wrote.", since: "0.2"),
        HandlerSpec(
            .onFunctionCall, "Before an action runs.",
            Parameter(name: "name", type: "string", prose: "The action."),
            Parameter(name: "args", type: "table", prose: "What the model gave."),
            result: "false?, string?", resultProse: "`false` and a reason: the action does not run.", since: "0.1"),
        HandlerSpec(
            .onFunctionResult, "After an action, before the model gets its result.",
            Parameter(name: "name", type: "string", prose: "The action."),
            Parameter(name: "result", type: "any", prose: "What the action returned."),
            result: "any", resultProse: "What the model gets instead; `nil` leaves it.", since: "0.2"),
        HandlerSpec(
            .onDTMF, "The far end has pressed a key (RFC 4733, INFO). Keys that `call:gather_dtmf` takes are not told.",
            Parameter(name: "digit", type: "string", prose: "`0`…`9`, `*`, `#`, `A`…`D`."),
            Parameter(name: "duration_ms", type: "integer", prose: "How long it was held."), since: "0.2"),
        HandlerSpec(
            .onAnsweringMachine, "It was found out who answered.",
            Parameter(
                name: "kind", type: "\"human\"|\"machine_greeting\"|\"machine_beep\"|\"screening\"|\"uncertain\"",
                prose: "Who."), since: "0.2"),
        HandlerSpec(
            .onIdle, "Nobody has spoken for `idle_timeout` since the end of what the far end could hear.",
            Parameter(
                name: "count", type: "integer", prose: "The how-manieth time since the far end spoke or pressed a key."),
            since: "0.2"),
        HandlerSpec(
            .onTransfer, "A transfer has come further.",
            Parameter(
                name: "status", type: "\"requested\"|\"accepted\"|\"trying\"|\"ringing\"|\"succeeded\"|\"failed\"",
                prose: "How far."),
            Parameter(name: "code", type: "integer?", prose: "The SIP status."), since: "0.1"),
        HandlerSpec(
            .onError, "A fault of the model, the trunk or the script.",
            Parameter(name: "err", type: "moonline.Error", prose: "What happened."), since: "0.2"),
        HandlerSpec(
            .onHangup, "Once, and always last. Only plain work is possible, no audio.",
            Parameter(name: "reason", type: "string", prose: "Why the call ended."), since: "0.1"),
        HandlerSpec(
            .onHandover,
            "This version of the script takes over a call from an older one, at a point where nobody speaks and nothing "
                + "waits. It must not wait itself.",
            Parameter(name: "state", type: "table", prose: "`call.state` of the older version."),
            result: "table", resultProse: "`call.state` to go on with.", since: "0.2"),
    ]
}
