import SansIO

// The event log's form of what a Live session's server says: the wire's own form, as far as a call uses it. Of audio is
// kept where there was voice, and where silence.

extension LiveServerEvent {
    /// Reads the form back; audio as a noise where there was voice. How bad an error is follows from its type and code.
    init(logged json: JSON) throws(CallLogFormError) {
        if json["type"]?.string == "session.output_audio.delta", json["delta"] == nil {
            self = .outputAudio(try LogFields(json).voice("runs"))
            return
        }
        do {
            try self.init(json: json)
        } catch {
            throw CallLogFormError(field: "message", problem: "\(error)")
        }
    }

    var logged: JSON {
        switch self {
        case .started(let id, let model, let expiresAt):
            [
                "type": "session.started",
                "session": [
                    "id": .string(id), "model": .string(model),
                    "expires_at": expiresAt.map { .integer($0) } ?? .null,
                ],
            ]
        case .appended(let eventID): ["type": "session.commentary.appended", "client_event_id": .optional(eventID)]
        case .outputAudio(let audio):
            [
                "type": "session.output_audio.delta",
                "runs": .array(VoicedRuns(audio).lengths.map { .integer(Int64($0)) }),
            ]
        case .inputTranscript(let words): words.logged("session.input_transcript.delta")
        case .outputTranscript(let words): words.logged("session.output_transcript.delta")
        case .delegationCreated(let id, let target):
            ["type": "session.delegation.created", "delegation": ["id": .string(id), "target": .string(target)]]
        case .backEnd(let event, let delegation):
            ["type": "response.event", "event": event.logged, "delegation_id": .optional(delegation)]
        case .usage(let seconds): ["type": "session.usage.updated", "usage": ["seconds": .number(seconds)]]
        case .closed(let reason): ["type": "session.closed", "reason": .string(reason)]
        case .error(let error):
            [
                "type": "error",
                "error": [
                    "type": .string(error.type), "code": .string(error.code), "message": .string(error.message),
                    "param": .optional(error.parameter), "client_event_id": .optional(error.eventID),
                ],
            ]
        case .unknown(let type): ["type": .string(type)]
        }
    }
}

extension LiveTranscript {
    fileprivate func logged(_ type: String) -> JSON {
        [
            "type": .string(type), "delta": .string(text), "start_ms": .integer(Int64(startMilliseconds)),
            "end_ms": .integer(Int64(endMilliseconds)),
        ]
    }
}

extension LiveBackEndEvent {
    fileprivate var logged: JSON {
        switch self {
        case .created: ["type": "response.created"]
        case .called(let call):
            [
                "type": "response.output_item.done",
                "item": [
                    "type": "function_call", "call_id": .string(call.callID), "name": .string(call.name),
                    "arguments": .string(call.arguments),
                ],
            ]
        case .completed(let usage): ["type": "response.completed", "response": ["usage": usage ?? .null]]
        case .failed(let message): ["type": "response.failed", "response": ["error": ["message": .string(message)]]]
        case .cancelled: ["type": "response.cancelled"]
        case .other(let type): ["type": .string(type)]
        }
    }
}

extension LiveOptions {
    private static var durations: [(name: String, path: WritableKeyPath<Self, Duration>)] {
        [
            ("pause", \.pause), ("voice_pause", \.voicePause), ("patience", \.patience),
            ("longest_patience", \.longestPatience), ("notice_patience", \.noticePatience), ("lead", \.lead),
        ]
    }

    var logged: JSON {
        var form: JSONObject = ["model": .string(model), "back_end_model": .string(backEndModel)]
        for (name, path) in Self.durations { form[name + "_ns"] = .integer(self[keyPath: path].nanoseconds) }
        form["silence_ns"] = .optional(silence)
        return .object(form)
    }

    init(logged json: JSON) throws(CallLogFormError) {
        self.init()
        let fields = LogFields(json)
        model = try fields.text("model")
        backEndModel = try fields.text("back_end_model")
        for (name, path) in Self.durations {
            // Logs of earlier versions lack the latest one.
            if path == \.voicePause, json[name + "_ns"] == nil { continue }
            self[keyPath: path] = try fields.span(name + "_ns")
        }
        // Of earlier versions no server was watched, and none answered a question that was not asked.
        silence = json["silence_ns"]?.isNull == false ? try fields.span("silence_ns") : nil
    }
}
