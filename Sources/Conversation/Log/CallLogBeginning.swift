public import SansIO

/// What an event log begins with: all that the call was told before anything happened.
public struct CallLogBeginning: Sendable {
    /// Where the script's random numbers begin.
    public var seed: UInt64
    /// When the call began, on the clock of the instants in the log.
    public var clock: Instant
    /// Of the flow's main file, as the host was given it. The version is among the call's facts.
    public var flowPath: String
    /// What the session was made with. Read back, ``CallSession/Configuration/fallbackAudio`` is silence of its length.
    public var configuration: CallSession.Configuration
    /// The script's limits and surroundings, in forms of whoever runs it.
    public var script: JSON

    public init(
        seed: UInt64, clock: Instant, flowPath: String, configuration: CallSession.Configuration, script: JSON
    ) {
        self.seed = seed
        self.clock = clock
        self.flowPath = flowPath
        self.configuration = configuration
        self.script = script
    }

    /// The event log's form.
    public var logged: JSON {
        [
            "log": "moonline", "format": .integer(CallLog.format), "flow": .string(flowPath),
            // More than JSON's readers take for a number.
            "seed": .string(String(seed)), "clock_ns": .integer(clock.nanoseconds),
            "call": configuration.facts.logged, "agent": configuration.definition.logged,
            "caller_id": .optional(configuration.callerID), "law": .string(configuration.law.rawValue),
            "model": configuration.model.logged, "limits": configuration.limits.logged,
            "pipeline": configuration.pipeline.logged, "live": configuration.live.logged,
            "fallback_audio_bytes": .integer(Int64(configuration.fallbackAudio.count)),
            "session_seed": .string(String(configuration.seed)), "script": script,
        ]
    }

    public init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        guard let seed = UInt64(try fields.text("seed")) else { throw CallLogFormError(field: "seed") }
        self.seed = seed
        clock = try fields.instant("clock_ns")
        flowPath = try fields.text("flow")
        configuration = CallSession.Configuration(
            facts: try CallFacts(logged: try fields.value("call")),
            definition: try AgentDefinition(logged: try fields.value("agent")), law: try fields.choice("law"),
            model: try CallSession.ModelOptions(logged: try fields.value("model")),
            limits: try CallSession.Limits(logged: try fields.value("limits")),
            callerID: try fields.optionalText("caller_id"))
        if let form = json["pipeline"] { configuration.pipeline = try PipelineOptions(logged: form) }
        if let form = json["live"] { configuration.live = try LiveOptions(logged: form) }
        configuration.fallbackAudio = try fields.silence("fallback_audio_bytes")
        configuration.seed = try fields.optionalText("session_seed").flatMap { UInt64($0) } ?? 0
        script = try fields.value("script")
    }
}

extension CallFacts {
    var logged: JSON {
        [
            "id": .string(id), "to": .string(to), "from": .string(from), "direction": .string(direction.rawValue),
            "metadata": metadata, "status": .string(status.rawValue), "headers": .strings(headers),
            "started_at": .number(startedAt), "answered_at": .optional(answeredAt), "duration": .number(duration),
            "now": .number(now), "room": .string(room), "mode": .string(mode), "version": .string(version),
            "statistics": statistics,
        ]
    }

    init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        self.init(
            id: try fields.text("id"), to: try fields.text("to"), from: try fields.text("from"),
            direction: try fields.choice("direction"), metadata: try fields.value("metadata"),
            status: try fields.choice("status"), headers: try fields.strings("headers"),
            startedAt: try fields.number("started_at"), answeredAt: try fields.optionalNumber("answered_at"),
            duration: try fields.number("duration"), now: try fields.number("now"), room: try fields.text("room"),
            mode: try fields.text("mode"), version: try fields.text("version"))
        statistics = try fields.value("statistics")
    }
}

extension AgentDefinition {
    var logged: JSON {
        [
            "name": .string(name), "mode": .string(mode.rawValue), "voice": .optional(voice),
            "language": .optional(language), "instructions": .string(instructions),
            "tools": .array(tools.map(\.logged)),
            "handlers": .array(handlers.map(\.rawValue).sorted().map { .string($0) }),
            "idle_timeout_ns": .integer(idleTimeout.nanoseconds),
            "fallback": fallback.map { ["text": .string($0.text), "transfer_to": .optional($0.transferTo)] } ?? .null,
            "filler": filler.map {
                ["after_ns": .integer($0.after.nanoseconds), "lines": .array($0.lines.map { .string($0) })]
            } ?? .null,
            "action_timeout_ns": .optional(actionTimeout), "turns": turns.json,
            "stages": .object(
                JSONObject(
                    members: PipelineStage.allCases.compactMap { stage in
                        stages[stage].map { (stage.rawValue, .array($0.map(\.logged))) }
                    })),
        ]
    }

    init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        var handlers: Set<ScriptHandler> = []
        for name in try fields.array("handlers") {
            guard let handler = name.string.flatMap(ScriptHandler.init) else {
                throw CallLogFormError(field: "handlers")
            }
            handlers.insert(handler)
        }
        var fallback: Fallback?
        if let form = try fields.optionalFields("fallback") {
            fallback = Fallback(text: try form.text("text"), transferTo: try form.optionalText("transfer_to"))
        }
        self.init(
            name: try fields.text("name"), mode: try fields.choice("mode"), voice: try fields.optionalText("voice"),
            instructions: try fields.text("instructions"), tools: try Tool.list(try fields.array("tools")),
            handlers: handlers, idleTimeout: try fields.span("idle_timeout_ns"), fallback: fallback)
        language = try fields.optionalText("language")
        if let form = try fields.optionalFields("filler") {
            let lines = try form.array("lines").compactMap(\.string)
            guard !lines.isEmpty else { throw CallLogFormError(field: "lines") }
            filler = Filler(after: try form.span("after_ns"), lines: lines)
        }
        if try fields.optionalDuration("action_timeout_ns") != nil {
            actionTimeout = try fields.span("action_timeout_ns")
        }
        do throws(TurnOptionsError) {
            if let form = json["turns"] { turns = try TurnOptions(json: form) }
        } catch {
            throw CallLogFormError(field: "turns", problem: error.description)
        }
        guard let form = try fields.optionalFields("stages") else { return }
        for stage in PipelineStage.allCases where form.json[stage.rawValue] != nil {
            var choices: [StageChoice] = []
            for choice in try form.array(stage.rawValue) { choices.append(try StageChoice(logged: choice)) }
            stages[stage] = choices
        }
    }
}

extension StageChoice {
    fileprivate var logged: JSON {
        [
            "endpoint": .string(endpoint), "model": .optional(model), "api": .optional(api), "voice": .optional(voice),
            "patience_ns": .optional(patience), "temperature": temperature.map { .number($0) } ?? .null,
            "extra": .object(extra),
        ]
    }

    fileprivate init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        self.init(
            endpoint: try fields.text("endpoint"), model: try fields.optionalText("model"),
            api: try fields.optionalText("api"), voice: try fields.optionalText("voice"),
            patience: try fields.optionalDuration("patience_ns"))
        temperature = try fields.optionalNumber("temperature")
        if let extra = json["extra"]?.object { self.extra = extra }
    }
}

extension AgentDefinition.Tool {
    var logged: JSON {
        ["name": .string(name), "description": .string(description), "parameters": parameters]
    }

    static func list(_ forms: [JSON]) throws(CallLogFormError) -> [AgentDefinition.Tool] {
        var tools: [AgentDefinition.Tool] = []
        for form in forms {
            let fields = LogFields(form)
            tools.append(
                AgentDefinition.Tool(
                    name: try fields.text("name"), description: try fields.text("description"),
                    parameters: try fields.value("parameters")))
        }
        return tools
    }
}

extension CallSession.ModelOptions {
    var logged: JSON {
        [
            "transcription_model": .optional(transcriptionModel), "voice": .optional(voice),
            "turn_detection": turnDetection.logged,
            "noise_reduction": .optional(noiseReduction), "session_lifetime_ns": .integer(sessionLifetime.nanoseconds),
        ]
    }

    init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        self.init(
            transcriptionModel: try fields.optionalText("transcription_model"),
            voice: try fields.optionalText("voice"),
            turnDetection: try TurnDetection(logged: try fields.value("turn_detection")),
            noiseReduction: try fields.optionalText("noise_reduction"))
        if json["session_lifetime_ns"] != nil { sessionLifetime = try fields.span("session_lifetime_ns") }
    }
}

extension TurnDetection {
    fileprivate var logged: JSON {
        var form: JSONObject
        switch method {
        case .serverVAD(let threshold, let prefixPadding, let silence, let idleTimeout):
            form = [
                "type": "server_vad", "threshold": .number(threshold),
                "prefix_padding_ns": .integer(prefixPadding.nanoseconds), "silence_ns": .integer(silence.nanoseconds),
                "idle_timeout_ns": .optional(idleTimeout),
            ]
        case .semanticVAD(let eagerness): form = ["type": "semantic_vad", "eagerness": .string(eagerness)]
        }
        form["create_response"] = .bool(createsResponse)
        form["interrupt_response"] = .bool(interruptsResponse)
        return .object(form)
    }

    fileprivate init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        let method: Method
        switch try fields.text("type") {
        case "server_vad":
            method = .serverVAD(
                threshold: try fields.number("threshold"), prefixPadding: try fields.duration("prefix_padding_ns"),
                silence: try fields.duration("silence_ns"), idleTimeout: try fields.optionalDuration("idle_timeout_ns"))
        case "semantic_vad": method = .semanticVAD(eagerness: try fields.text("eagerness"))
        default: throw CallLogFormError(field: "type")
        }
        self.init(
            method: method, createsResponse: try fields.bool("create_response"),
            interruptsResponse: try fields.bool("interrupt_response"))
    }
}

extension CallSession.Limits {
    private static var durations: [(name: String, path: WritableKeyPath<Self, Duration>)] {
        [
            ("model_connect", \.modelConnect), ("model_configure", \.modelConfigure), ("ring", \.ring),
            ("model_outage", \.modelOutage), ("model_reconnect", \.modelReconnect), ("media_start", \.mediaStart),
            ("call_duration", \.callDuration), ("action", \.action),
            ("on_dial", \.onDial), ("transfer", \.transfer), ("hang_up_playout", \.hangUpPlayout),
            ("flush_report", \.flushReport), ("late_transcript", \.lateTranscript), ("last_handlers", \.lastHandlers),
            ("on_hangup", \.onHangUp), ("on_error", \.onError), ("measurement", \.measurement),
        ]
    }

    private static var counts: [(name: String, path: WritableKeyPath<Self, Int>)] {
        [
            ("script_tasks", \.scriptTasks), ("script_timers", \.scriptTimers),
            ("script_request_rate", \.scriptRequestRate), ("script_requests", \.scriptRequests),
            ("malformed_messages", \.malformedMessages), ("model_reconnects", \.modelReconnects),
        ]
    }

    var logged: JSON {
        var form: JSONObject = [:]
        for (name, path) in Self.durations { form[name + "_ns"] = .integer(self[keyPath: path].nanoseconds) }
        for (name, path) in Self.counts { form[name] = .integer(Int64(self[keyPath: path])) }
        return .object(form)
    }

    init(logged json: JSON) throws(CallLogFormError) {
        self.init()
        let fields = LogFields(json)
        // A limit that is younger than the log is what it is by default.
        for (name, path) in Self.durations where json[name + "_ns"] != nil {
            self[keyPath: path] = try fields.span(name + "_ns")
        }
        for (name, path) in Self.counts where json[name] != nil { self[keyPath: path] = try fields.count(name) }
    }
}
