import Conversation
import SansIO

// The event log's form of what a call's session is told and what it answers: JSON objects whose `event`, `action` or
// `observation` names the case, with one member for each of its values. The names stay, so that a log can be read back.
// Audio is in the recording; here stands how much of it there was.

extension CallSession.Event {
    /// `nil` for events that are not worth a line.
    var logged: JSON? {
        switch self {
        case .start: ["event": "start"]
        case .hangUpRequested(let reason): ["event": "hang_up_requested", "reason": .string(reason)]
        case .deadline: ["event": "deadline"]
        case .model(let event): event.logged
        case .telephony(let event): event.logged
        case .media(let report): report.logged
        case .script(let task, let outcome):
            ["event": "script", "task": .integer(Int64(clamping: task.number)), "outcome": outcome.logged]
        case .service(let task, let result):
            ["event": "service", "task": .integer(Int64(clamping: task.number)), "result": result.logged]
        case .flowOffered(let version, _, _): ["event": "flow_offered", "version": .string(version)]
        }
    }
}

extension CallSession.Action {
    var logged: JSON? {
        switch self {
        case .connectModel: ["action": "connect_model"]
        case .sendModel(let event): ["action": "send_model", "message": event.json]
        case .closeModel: ["action": "close_model"]
        case .dial(let options):
            [
                "action": "dial", "caller_id": .optional(options.callerID),
                "ring_timeout": .number(options.ringTimeout.seconds),
                "headers": .strings(options.headers),
            ]
        case .ring: ["action": "ring"]
        case .answer: ["action": "answer"]
        case .reject(let status): ["action": "reject", "status": .integer(Int64(status))]
        case .listen: ["action": "listen"]
        case .mute(let isMuted): ["action": "mute", "muted": .bool(isMuted)]
        case .measure: ["action": "measure"]
        case .hangUp(let reason): ["action": "hang_up", "reason": .string(reason)]
        case .transfer(let target): ["action": "transfer", "target": .string(target)]
        case .play(let tag, let audio):
            ["action": "play", "tag": .integer(Int64(tag)), "bytes": .integer(Int64(audio.count))]
        case .finishPlayout(let tag): ["action": "finish_playout", "tag": .integer(Int64(tag))]
        case .flush: ["action": "flush"]
        case .script(let command): command.logged
        case .service(let task, let request):
            ["action": "service", "task": .integer(Int64(clamping: task.number)), "request": request.logged]
        case .cancelService(let task):
            ["action": "cancel_service", "task": .integer(Int64(clamping: task.number))]
        case .observe(let observation): observation.logged
        case .finish(let outcome):
            [
                "action": "finish", "outcome": .string(outcome.kind.rawValue), "reason": .string(outcome.reason),
                "message": .string(outcome.message), "by": .string(outcome.endedBy.rawValue),
                "sip_status": .optional(outcome.sipStatus),
            ]
        }
    }
}

extension JSON {
    static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    static func optional(_ number: Int?) -> JSON { number.map { .integer(Int64($0)) } ?? .null }

    /// An object with the members sorted, so that equal dictionaries give equal lines.
    static func strings(_ dictionary: [String: String]) -> JSON {
        .object(JSONObject(members: dictionary.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}

extension ModelEvent {
    fileprivate var logged: JSON {
        switch self {
        case .connected: ["event": "model_connected"]
        case .event(let event): ["event": "model", "message": event.logged]
        case .malformed(let sentence): ["event": "model_malformed", "message": .string(sentence)]
        case .closed(let code, let reason):
            ["event": "model_closed", "code": .integer(Int64(code)), "reason": .string(reason)]
        case .failed(let message): ["event": "model_failed", "message": .string(message)]
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
                "round_trip_ms": quality.roundTripMilliseconds.map { .number($0) } ?? .null,
            ]
        case .timedOut: ["event": "media_timed_out"]
        }
    }
}
