public import SansIO

// The event log's form of what a call's session does: JSON objects whose `action` or `observation` names the case.

extension CallSession.Action {
    /// The event log's form.
    public var logged: JSON {
        switch self {
        case .connectModel: ["action": "connect_model"]
        case .sendModel(let event): ["action": "send_model", "message": event.json]
        case .sendLive(let event): ["action": "send_live", "message": event.json]
        case .closeModel: ["action": "close_model"]
        case .pipeline(let command): command.logged
        case .dial(let options):
            [
                "action": "dial", "caller_id": .optional(options.callerID),
                "ring_timeout": .number(options.ringTimeout.seconds),
                "headers": .strings(options.headers),
            ]
        case .ring: ["action": "ring"]
        case .answer: ["action": "answer"]
        case .reject(let status): ["action": "reject", "status": .integer(Int64(status))]
        case .keepAudio(let duration): ["action": "keep_audio", "last_ns": .integer(duration.nanoseconds)]
        case .listen: ["action": "listen"]
        case .mute(let isMuted): ["action": "mute", "muted": .bool(isMuted)]
        case .measure: ["action": "measure"]
        case .hangUp(let reason): ["action": "hang_up", "reason": .string(reason)]
        case .transfer(let target): ["action": "transfer", "target": .string(target)]
        case .play(let tag, let audio):
            ["action": "play", "tag": .integer(Int64(tag)), "bytes": .integer(Int64(audio.count))]
        case .finishPlayout(let tag): ["action": "finish_playout", "tag": .integer(Int64(tag))]
        case .flush: ["action": "flush"]
        case .pausePlayout: ["action": "pause_playout"]
        case .resumePlayout: ["action": "resume_playout"]
        case .script(let command): command.logged
        case .service(let task, let request):
            ["action": "service", "task": .task(task), "request": request.logged]
        case .cancelService(let task): ["action": "cancel_service", "task": .task(task)]
        case .observe(let observation): observation.logged
        case .finish(let outcome): outcome.logged
        }
    }
}

extension CallOutcome {
    fileprivate var logged: JSON {
        [
            "action": "finish", "outcome": .string(kind.rawValue), "reason": .string(reason),
            "message": .string(message), "by": .string(endedBy.rawValue), "sip_status": .optional(sipStatus),
            "duration_ns": .integer(duration.nanoseconds), "answered": .bool(wasAnswered),
        ]
    }

    /// Reads the form of ``CallSession/Action/finish(_:)`` back.
    public init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        guard try fields.text("action") == "finish" else { throw CallLogFormError(field: "action") }
        self.init(
            kind: try fields.choice("outcome"), reason: try fields.text("reason"), message: try fields.text("message"),
            sipStatus: try fields.optionalInt("sip_status"), endedBy: try fields.choice("by"))
        duration = try fields.duration("duration_ns")
        wasAnswered = try fields.bool("answered")
    }
}
