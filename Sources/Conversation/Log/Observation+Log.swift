public import SansIO

// What a call's session lets others see, in the event log.

extension Observation {
    /// The event log's form.
    public var logged: JSON {
        switch self {
        case .status(let status): ["observation": "status", "status": .string(status.rawValue)]
        case .modelReady(let sessionID, let model):
            ["observation": "model_ready", "session_id": .string(sessionID), "model": .string(model)]
        case .modelLost(let reason, let isPlanned):
            ["observation": "model_lost", "reason": .string(reason), "planned": .bool(isPlanned)]
        case .modelReconnected(let sessionID, let time, let attempts, let isPlanned):
            [
                "observation": "model_reconnected", "session_id": .string(sessionID),
                "after_ns": .integer(time.nanoseconds), "attempts": .integer(Int64(attempts)),
                "planned": .bool(isPlanned),
            ]
        case .transcript(let entry):
            [
                "observation": "transcript", "role": .string(entry.role.rawValue), "text": .string(entry.text),
                "final": .bool(entry.isFinal), "item_id": .string(entry.itemID),
                "started_at_ns": .integer(entry.startedAt.nanoseconds),
                "ended_at_ns": .integer(entry.endedAt.nanoseconds),
            ]
        case .callerSpeech(let hasStarted): ["observation": "caller_speech", "started": .bool(hasStarted)]
        case .actionCalled(let callID, let name, let arguments):
            [
                "observation": "action_called", "call_id": .string(callID), "name": .string(name),
                "arguments": .string(arguments),
            ]
        case .actionReturned(let callID, let name, let output, let duration):
            [
                "observation": "action_returned", "call_id": .string(callID), "name": .string(name),
                "output": .string(output), "duration_ns": .integer(duration.nanoseconds),
            ]
        case .actionRefused(let callID, let name, let reason):
            [
                "observation": "action_refused", "call_id": .string(callID), "name": .string(name),
                "reason": .string(reason),
            ]
        case .actionFailed(let callID, let name, let message):
            [
                "observation": "action_failed", "call_id": .string(callID), "name": .string(name),
                "message": .string(message),
            ]
        case .interruption(let interruption):
            [
                "observation": "interruption", "heard": .string(interruption.heard),
                "unheard": .string(interruption.unheard), "played_ms": .integer(Int64(interruption.playedMilliseconds)),
            ]
        case .latency(let latency):
            [
                "observation": "latency", "turn": .integer(Int64(latency.turn)),
                "first_packet_ns": .integer(latency.toFirstPacket.nanoseconds),
                "first_audio_ns": .integer(latency.toFirstAudio.nanoseconds),
                "transcript_ns": .optional(latency.toTranscript),
                "first_token_ns": .optional(latency.toFirstToken),
                "first_sentence_ns": .optional(latency.toFirstSentence),
            ]
        case .transfer(let status, let code):
            ["observation": "transfer", "status": .string(status.rawValue), "code": .optional(code)]
        case .digit(let digit, let milliseconds):
            ["observation": "digit", "digit": .string(String(digit)), "ms": .integer(Int64(milliseconds))]
        case .usage(let usage): ["observation": "usage", "usage": usage]
        case .fault(let fault):
            [
                "observation": "fault", "fault": .string(fault.kind.rawValue), "message": .string(fault.message),
                "retryable": .bool(fault.isRetryable), "traceback": .string(fault.traceback),
                "function": .string(fault.function), "turn": .integer(Int64(fault.turn)),
            ]
        case .flowChanged(let version, let old):
            ["observation": "flow_changed", "version": .string(version), "from": .string(old)]
        }
    }

    /// Reads the form back.
    public init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        let name = try fields.text("observation")
        if let observation = try Observation(action: name, fields) {
            self = observation
            return
        }
        switch name {
        case "status": self = .status(try fields.choice("status"))
        case "model_ready":
            self = .modelReady(sessionID: try fields.text("session_id"), model: try fields.text("model"))
        case "model_lost":
            self = .modelLost(reason: try fields.text("reason"), planned: try fields.bool("planned"))
        case "model_reconnected":
            self = .modelReconnected(
                sessionID: try fields.text("session_id"), after: try fields.duration("after_ns"),
                attempts: try fields.int("attempts"), planned: try fields.bool("planned"))
        case "transcript":
            self = .transcript(
                TranscriptEntry(
                    role: try fields.choice("role"), text: try fields.text("text"), isFinal: try fields.bool("final"),
                    itemID: try fields.text("item_id"), startedAt: try fields.instant("started_at_ns"),
                    endedAt: try fields.instant("ended_at_ns")))
        case "caller_speech": self = .callerSpeech(started: try fields.bool("started"))
        case "interruption":
            self = .interruption(
                Interruption(
                    heard: try fields.text("heard"), unheard: try fields.text("unheard"),
                    playedMilliseconds: try fields.int("played_ms")))
        case "latency":
            var latency = TurnLatency(
                turn: try fields.int("turn"), toFirstPacket: try fields.duration("first_packet_ns"),
                toFirstAudio: try fields.duration("first_audio_ns"))
            latency.toTranscript = try fields.optionalDuration("transcript_ns")
            latency.toFirstToken = try fields.optionalDuration("first_token_ns")
            latency.toFirstSentence = try fields.optionalDuration("first_sentence_ns")
            self = .latency(latency)
        case "transfer": self = .transfer(try fields.choice("status"), code: try fields.optionalInt("code"))
        case "digit": self = .digit(try fields.character("digit"), milliseconds: try fields.int("ms"))
        case "usage": self = .usage(try fields.value("usage"))
        case "fault":
            self = .fault(
                CallFault(
                    kind: try fields.choice("fault"), message: try fields.text("message"),
                    isRetryable: try fields.bool("retryable"), traceback: try fields.text("traceback"),
                    function: try fields.text("function"), turn: try fields.int("turn")))
        case "flow_changed":
            self = .flowChanged(version: try fields.text("version"), from: try fields.text("from"))
        default:
            throw CallLogFormError(field: "observation", problem: "names nothing that can be seen of a call: \(name)")
        }
    }

    private init?(action name: String, _ fields: LogFields) throws(CallLogFormError) {
        switch name {
        case "action_called":
            self = .actionCalled(
                callID: try fields.text("call_id"), name: try fields.text("name"),
                arguments: try fields.text("arguments"))
        case "action_returned":
            self = .actionReturned(
                callID: try fields.text("call_id"), name: try fields.text("name"), output: try fields.text("output"),
                duration: try fields.duration("duration_ns"))
        case "action_refused":
            self = .actionRefused(
                callID: try fields.text("call_id"), name: try fields.text("name"), reason: try fields.text("reason"))
        case "action_failed":
            self = .actionFailed(
                callID: try fields.text("call_id"), name: try fields.text("name"), message: try fields.text("message"))
        default: return nil
        }
    }
}
