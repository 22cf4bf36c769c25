public import SansIO

// The event log's form of what a call's session is told: JSON objects whose `event` names the case, with one member for
// each of its values. The names stay, so that a log can be read back. Audio is in the recording; here stands how much of
// it there was.

extension CallSession.Event {
    /// The event log's form.
    public var logged: JSON {
        switch self {
        case .start: ["event": "start"]
        case .hangUpRequested(let reason): ["event": "hang_up_requested", "reason": .string(reason)]
        case .deadline: ["event": "deadline"]
        case .model(let event, let connection):
            connection == 1 ? event.logged : event.logged.with("connection", .integer(Int64(connection)))
        case .pipeline(let event): event.logged
        case .telephony(let event): event.logged
        case .media(let report): report.logged
        case .script(let task, let outcome): ["event": "script", "task": .task(task), "outcome": outcome.logged]
        case .service(let task, let result): ["event": "service", "task": .task(task), "result": result.logged]
        case .flowOffered(let version, let definition, let fallbackAudio):
            [
                "event": "flow_offered", "version": .string(version), "agent": definition.logged,
                "fallback_audio_bytes": .integer(Int64(fallbackAudio.count)),
            ]
        }
    }

    /// Reads the form back: all but audio, which becomes silence of its length, and values of HTTP headers that a script
    /// gave, which are not written down and become empty.
    public init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        let name = try fields.text("event")
        switch name {
        case "start": self = .start
        case "hang_up_requested": self = .hangUpRequested(reason: try fields.text("reason"))
        case "deadline": self = .deadline
        case "script": self = .script(try fields.task(), try ScriptOutcome(logged: try fields.value("outcome")))
        case "service": self = .service(try fields.task(), try ServiceResult(logged: try fields.value("result")))
        case "flow_offered":
            self = .flowOffered(
                version: try fields.text("version"), try AgentDefinition(logged: try fields.value("agent")),
                fallbackAudio: try fields.silence("fallback_audio_bytes"))
        default:
            if let event = try ModelEvent(name, fields) {
                self = .model(event, connection: try fields.optionalInt("connection") ?? 1)
            } else if let event = try PipelineEvent(name, fields) {
                self = .pipeline(event)
            } else if let event = try TelephonyEvent(name, fields) {
                self = .telephony(event)
            } else if let report = try MediaReport(name, fields) {
                self = .media(report)
            } else {
                throw CallLogFormError(field: "event", problem: "names nothing that happens to a call: \(name)")
            }
        }
    }
}

extension ModelEvent {
    fileprivate var logged: JSON {
        switch self {
        case .connected: ["event": "model_connected"]
        case .event(let event): ["event": "model", "message": event.logged]
        case .live(let event): ["event": "live", "message": event.logged]
        case .malformed(let sentence): ["event": "model_malformed", "message": .string(sentence)]
        case .closed(let code, let reason):
            ["event": "model_closed", "code": .integer(Int64(code)), "reason": .string(reason)]
        case .failed(let message): ["event": "model_failed", "message": .string(message)]
        }
    }

    fileprivate init?(_ name: String, _ fields: LogFields) throws(CallLogFormError) {
        switch name {
        case "model_connected": self = .connected
        case "model": self = .event(try RealtimeServerEvent(logged: try fields.value("message")))
        case "live": self = .live(try LiveServerEvent(logged: try fields.value("message")))
        case "model_malformed": self = .malformed(try fields.text("message"))
        case "model_closed": self = .closed(code: try fields.int("code"), reason: try fields.text("reason"))
        case "model_failed": self = .failed(message: try fields.text("message"))
        default: return nil
        }
    }
}

extension TelephonyEvent {
    fileprivate var logged: JSON {
        switch self {
        case .ringing(let earlyMedia): ["event": "ringing", "early_media": .bool(earlyMedia)]
        case .answered(let headers):
            ["event": "answered", "headers": .strings(headers)]
        case .failed(let failure):
            [
                "event": "failed", "status": .optional(failure.status), "reason": .string(failure.reason),
                "sentence": .string(failure.sentence),
            ]
        case .ended(let byRemote, let reason):
            ["event": "ended", "by_remote": .bool(byRemote), "reason": .string(reason)]
        case .transferAccepted: ["event": "transfer_accepted"]
        case .transferProgress(let status, let reason):
            ["event": "transfer_progress", "status": .integer(Int64(status)), "reason": .string(reason)]
        case .transferEnded(let status, let reason):
            ["event": "transfer_ended", "status": .integer(Int64(status)), "reason": .string(reason)]
        }
    }

    fileprivate init?(_ name: String, _ fields: LogFields) throws(CallLogFormError) {
        switch name {
        case "ringing": self = .ringing(earlyMedia: try fields.bool("early_media"))
        case "answered": self = .answered(headers: try fields.strings("headers"))
        case "failed":
            self = .failed(
                TelephonyFailure(
                    status: try fields.optionalInt("status"), reason: try fields.text("reason"),
                    sentence: try fields.text("sentence")))
        case "ended": self = .ended(byRemote: try fields.bool("by_remote"), reason: try fields.text("reason"))
        case "transfer_accepted": self = .transferAccepted
        case "transfer_progress":
            self = .transferProgress(status: try fields.int("status"), reason: try fields.text("reason"))
        case "transfer_ended":
            self = .transferEnded(status: try fields.int("status"), reason: try fields.text("reason"))
        default: return nil
        }
    }
}

extension MediaReport {
    fileprivate var logged: JSON {
        switch self {
        case .started: ["event": "media_started"]
        case .playoutStarted(let tag, let at):
            ["event": "playout_started", "tag": .integer(Int64(tag)), "at_ns": .integer(at.nanoseconds)]
        case .playoutEnded(let tag, let bytes):
            ["event": "playout_ended", "tag": .integer(Int64(tag)), "bytes": .integer(Int64(bytes))]
        case .flushed(let tag, let played, let dropped):
            [
                "event": "flushed", "tag": tag.map { .integer(Int64($0)) } ?? .null, "played": .integer(Int64(played)),
                "dropped": .integer(Int64(dropped)),
            ]
        case .drained: ["event": "drained"]
        case .digit(let digit, let duration):
            ["event": "digit", "digit": .string(String(digit)), "ms": .integer(Int64(duration))]
        case .measured(let quality):
            [
                "event": "measured", "packets_sent": .integer(Int64(quality.packetsSent)),
                "packets_received": .integer(Int64(quality.packetsReceived)),
                "packets_lost": .integer(Int64(quality.packetsLost)), "jitter_ms": .number(quality.jitterMilliseconds),
                "round_trip_ms": .optional(quality.roundTripMilliseconds),
            ]
        case .timedOut: ["event": "media_timed_out"]
        }
    }

    fileprivate init?(_ name: String, _ fields: LogFields) throws(CallLogFormError) {
        switch name {
        case "media_started": self = .started
        case "playout_started": self = .playoutStarted(tag: try fields.tag(), at: try fields.instant("at_ns"))
        case "playout_ended": self = .playoutEnded(tag: try fields.tag(), bytes: try fields.int("bytes"))
        case "flushed":
            self = .flushed(
                tag: try fields.optionalTag("tag"), played: try fields.int("played"),
                dropped: try fields.int("dropped"))
        case "drained": self = .drained
        case "digit": self = .digit(try fields.character("digit"), milliseconds: try fields.int("ms"))
        case "measured":
            self = .measured(
                MediaQuality(
                    packetsSent: try fields.int("packets_sent"), packetsReceived: try fields.int("packets_received"),
                    packetsLost: try fields.int("packets_lost"), jitterMilliseconds: try fields.number("jitter_ms"),
                    roundTripMilliseconds: try fields.optionalNumber("round_trip_ms")))
        case "media_timed_out": self = .timedOut
        default: return nil
        }
    }
}
