import SansIO

// The event log's form of what a pipeline's stages are asked and what they report.

extension PipelineCommand {
    var logged: JSON {
        switch self {
        case .open: ["action": "pipeline_open"]
        case .beginSegment(let id, let provider, let from):
            [
                "action": "begin_segment", "id": .number(id), "provider": .integer(Int64(provider)),
                "from_ms": .integer(Int64(from)),
            ]
        case .endSegment(let id, let provider, let range):
            [
                "action": "end_segment", "id": .number(id), "provider": .integer(Int64(provider)),
                "from_ms": .integer(Int64(range.lowerBound)), "to_ms": .integer(Int64(range.upperBound)),
            ]
        case .dropSegment(let id): ["action": "drop_segment", "id": .number(id)]
        case .generate(let request):
            [
                "action": "generate", "id": .number(request.id), "provider": .integer(Int64(request.provider)),
                "instructions": .string(request.instructions), "messages": .array(request.messages.map(\.json)),
                "tools": .array(request.tools.map { .string($0.name) }), "tool_choice": .string(request.toolChoice),
            ]
        case .cancelGeneration(let id): ["action": "cancel_generation", "id": .number(id)]
        case .synthesize(let request):
            [
                "action": "synthesize", "id": .number(request.id), "provider": .integer(Int64(request.provider)),
                "text": .string(request.text), "voice": .optional(request.voice),
            ]
        case .cancelSynthesis(let id): ["action": "cancel_synthesis", "id": .number(id)]
        case .close: ["action": "pipeline_close"]
        }
    }
}

extension PipelineEvent {
    var logged: JSON {
        switch self {
        case .ready(let models): ["event": "pipeline_ready", "models": .string(models)]
        case .failed(let failure): ["event": "pipeline_failed", "failure": failure.logged]
        case .voiceStarted(let position): ["event": "voice_started", "at_ms": .integer(Int64(position))]
        case .voiceStopped(let position): ["event": "voice_stopped", "at_ms": .integer(Int64(position))]
        case .transcriptDelta(let id, let text):
            ["event": "transcript_delta", "id": .number(id), "text": .string(text)]
        case .transcribed(let id, let text): ["event": "transcribed", "id": .number(id), "text": .string(text)]
        case .transcriptionFailed(let id, let failure):
            ["event": "transcription_failed", "id": .number(id), "failure": failure.logged]
        case .generation(let id, let event): ["event": "generation", "id": .number(id), "message": event.logged]
        case .synthesis(let id, let event): ["event": "synthesis", "id": .number(id), "message": event.logged]
        }
    }

    init?(_ name: String, _ fields: LogFields) throws(CallLogFormError) {
        switch name {
        case "pipeline_ready": self = .ready(models: try fields.text("models"))
        case "pipeline_failed": self = .failed(try StageFailure(logged: try fields.value("failure")))
        case "voice_started": self = .voiceStarted(at: try fields.count("at_ms"))
        case "voice_stopped": self = .voiceStopped(at: try fields.count("at_ms"))
        case "transcript_delta": self = .transcriptDelta(segment: try fields.number(), try fields.text("text"))
        case "transcribed": self = .transcribed(segment: try fields.number(), try fields.text("text"))
        case "transcription_failed":
            self = .transcriptionFailed(
                segment: try fields.number(), try StageFailure(logged: try fields.value("failure")))
        case "generation":
            self = .generation(try fields.number(), try GenerationEvent(logged: try fields.value("message")))
        case "synthesis":
            self = .synthesis(try fields.number(), try SynthesisEvent(logged: try fields.value("message")))
        default: return nil
        }
    }
}

extension StageFailure {
    fileprivate var logged: JSON {
        [
            "stage": .string(stage.rawValue), "severity": .string(severity.rawValue), "message": .string(message),
            "retry_after_ns": .optional(retryAfter),
        ]
    }

    fileprivate init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        self.init(
            stage: try fields.choice("stage"), severity: try fields.choice("severity"),
            message: try fields.text("message"), retryAfter: try fields.optionalDuration("retry_after_ns"))
    }
}

extension GenerationEvent {
    fileprivate var logged: JSON {
        switch self {
        case .text(let text): ["type": "text", "text": .string(text)]
        case .call(let call):
            [
                "type": "call", "call_id": .string(call.callID), "name": .string(call.name),
                "arguments": .string(call.arguments),
            ]
        case .progress: ["type": "progress"]
        case .written(let reason): ["type": "written", "reason": .string(reason)]
        case .ended(let reason, let usage): ["type": "ended", "reason": .string(reason), "usage": usage ?? .null]
        case .failed(let failure): ["type": "failed", "failure": failure.logged]
        }
    }

    fileprivate init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        switch try fields.text("type") {
        case "text": self = .text(try fields.text("text"))
        case "call":
            self = .call(
                RealtimeFunctionCall(
                    callID: try fields.text("call_id"), name: try fields.text("name"),
                    arguments: try fields.text("arguments")))
        case "progress": self = .progress
        case "written": self = .written(reason: try fields.text("reason"))
        case "ended":
            let usage = try fields.value("usage")
            self = .ended(reason: try fields.text("reason"), usage: usage.isNull ? JSON?.none : usage)
        case "failed": self = .failed(try StageFailure(logged: try fields.value("failure")))
        default: throw CallLogFormError(field: "type")
        }
    }
}

extension SynthesisEvent {
    /// Audio as its length.
    fileprivate var logged: JSON {
        switch self {
        case .audio(let audio): ["type": "audio", "bytes": .integer(Int64(audio.count))]
        case .ended: ["type": "ended"]
        case .failed(let failure): ["type": "failed", "failure": failure.logged]
        }
    }

    fileprivate init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        switch try fields.text("type") {
        case "audio": self = .audio(try fields.silence("bytes"))
        case "ended": self = .ended
        case "failed": self = .failed(try StageFailure(logged: try fields.value("failure")))
        default: throw CallLogFormError(field: "type")
        }
    }
}

extension PipelineOptions {
    private static var durations: [(name: String, path: WritableKeyPath<Self, Duration>)] {
        [
            ("script_patience", \.scriptPatience), ("rest", \.rest),
        ]
    }

    var logged: JSON {
        var form: JSONObject = [
            "simultaneous_sentences": .integer(Int64(simultaneousSentences)),
            "context_characters": .integer(Int64(contextCharacters)),
        ]
        for stage in PipelineStage.allCases {
            let count = providers[stage] ?? 1
            form[stage.rawValue + "_providers"] = .integer(Int64(count))
            form[stage.rawValue + "_patience_ns"] = .array(
                (0..<count).map { .integer(patience(stage, provider: $0).nanoseconds) })
        }
        for (name, path) in Self.durations { form[name + "_ns"] = .integer(self[keyPath: path].nanoseconds) }
        return .object(form)
    }

    init(logged json: JSON) throws(CallLogFormError) {
        self.init()
        let fields = LogFields(json)
        simultaneousSentences = max(1, try fields.count("simultaneous_sentences"))
        contextCharacters = try fields.count("context_characters")
        for stage in PipelineStage.allCases {
            providers[stage] = min(64, max(1, try fields.count(stage.rawValue + "_providers")))
            let name = stage.rawValue + "_patience_ns"
            ownPatience[stage] = [:]
            // Logs of hosts that had one patience for all have none here.
            guard json[name] != nil else { continue }
            for (provider, value) in try fields.array(name).prefix(64).enumerated() {
                guard let nanoseconds = value.integer, nanoseconds > 0 else { throw CallLogFormError(field: name) }
                ownPatience[stage]?[provider] = .nanoseconds(nanoseconds)
            }
        }
        for (name, path) in Self.durations { self[keyPath: path] = try fields.span(name + "_ns") }
    }
}

extension LogFields {
    /// The number of a stage's work.
    fileprivate func number() throws(CallLogFormError) -> UInt64 {
        guard let number = UInt64(exactly: try integer("id")) else { throw CallLogFormError(field: "id") }
        return number
    }
}

extension JSON {
    fileprivate static func number(_ id: UInt64) -> JSON { .integer(Int64(clamping: id)) }
}
