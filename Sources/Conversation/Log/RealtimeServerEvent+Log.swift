import SansIO

// Events of the model's server in the event log: the wire's own form, as far as a call uses it. Of audio only the number
// of bytes is kept.

extension RealtimeServerEvent {
    /// Reads the form back; audio as so many bytes of silence. How bad an error is follows from its type and code.
    init(logged json: JSON) throws(CallLogFormError) {
        if json["type"]?.string == "response.output_audio.delta", json["delta"] == nil {
            let fields = LogFields(json)
            let path = RealtimePartPath(
                responseID: try fields.text("response_id"), itemID: try fields.text("item_id"),
                outputIndex: try fields.count("output_index"), contentIndex: try fields.count("content_index"))
            self = .audioDelta(path, try fields.silence("bytes"))
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
        case .error(let error): RealtimeServerEvent.message("error", ["error": error.logged])
        case .sessionCreated(let id, let model, let expiresAt):
            RealtimeServerEvent.message("session.created", session: id, model, expiresAt)
        case .sessionUpdated(let id, let model, let expiresAt):
            RealtimeServerEvent.message("session.updated", session: id, model, expiresAt)
        case .itemAdded, .itemDone, .itemTruncated, .itemDeleted: loggedItem
        case .inputTranscriptDelta, .inputTranscriptCompleted, .inputTranscriptFailed, .speechStarted, .speechStopped,
            .inputCommitted, .inputCleared, .inputTimedOut:
            loggedInput
        case .responseCreated, .responseDone, .outputItemAdded, .outputItemDone, .functionArgumentsDelta,
            .functionArgumentsDone:
            loggedResponse
        case .contentPartAdded, .contentPartDone, .textDelta, .textDone, .audioDelta, .audioDone, .audioTranscriptDelta,
            .audioTranscriptDone:
            loggedPart
        case .rateLimitsUpdated(let limits): RealtimeServerEvent.message("rate_limits.updated", ["rate_limits": limits])
        case .unknown(let type): RealtimeServerEvent.message(type, [:])
        }
    }

    private static func message(_ type: String, session id: String, _ model: String, _ expiresAt: Int64?) -> JSON {
        var session: JSONObject = ["id": .string(id), "model": .string(model)]
        if let expiresAt { session["expires_at"] = .integer(expiresAt) }
        return message(type, ["session": .object(session)])
    }

    private var loggedItem: JSON {
        switch self {
        case .itemAdded(let item, let previous):
            RealtimeServerEvent.message(
                "conversation.item.added", ["previous_item_id": .optional(previous), "item": item.logged])
        case .itemDone(let item, let previous):
            RealtimeServerEvent.message(
                "conversation.item.done", ["previous_item_id": .optional(previous), "item": item.logged])
        case .itemTruncated(let id, let contentIndex, let milliseconds):
            RealtimeServerEvent.message(
                "conversation.item.truncated",
                [
                    "item_id": .string(id), "content_index": .integer(Int64(contentIndex)),
                    "audio_end_ms": .integer(Int64(milliseconds)),
                ])
        case .itemDeleted(let id):
            RealtimeServerEvent.message("conversation.item.deleted", ["item_id": .string(id)])
        default: .null
        }
    }

    private var loggedInput: JSON {
        let transcription = "conversation.item.input_audio_transcription."
        let buffer = "input_audio_buffer."
        return switch self {
        case .inputTranscriptDelta(let id, let delta):
            RealtimeServerEvent.message(transcription + "delta", ["item_id": .string(id), "delta": .string(delta)])
        case .inputTranscriptCompleted(let id, let transcript):
            RealtimeServerEvent.message(
                transcription + "completed", ["item_id": .string(id), "transcript": .string(transcript)])
        case .inputTranscriptFailed(let id, let error):
            RealtimeServerEvent.message(transcription + "failed", ["item_id": .string(id), "error": error.logged])
        case .speechStarted(let id, let milliseconds):
            RealtimeServerEvent.message(
                buffer + "speech_started", ["item_id": .string(id), "audio_start_ms": .integer(Int64(milliseconds))])
        case .speechStopped(let id, let milliseconds):
            RealtimeServerEvent.message(
                buffer + "speech_stopped", ["item_id": .string(id), "audio_end_ms": .integer(Int64(milliseconds))])
        case .inputCommitted(let id, let previous):
            RealtimeServerEvent.message(
                buffer + "committed", ["item_id": .string(id), "previous_item_id": .optional(previous)])
        case .inputCleared: RealtimeServerEvent.message(buffer + "cleared", [:])
        case .inputTimedOut(let id):
            RealtimeServerEvent.message(buffer + "timeout_triggered", ["item_id": .string(id)])
        default: .null
        }
    }

    private var loggedResponse: JSON {
        switch self {
        case .responseCreated(let response):
            RealtimeServerEvent.message("response.created", ["response": response.logged])
        case .responseDone(let response):
            RealtimeServerEvent.message("response.done", ["response": response.logged])
        case .outputItemAdded(let item, let id, let index):
            RealtimeServerEvent.message(
                "response.output_item.added",
                ["response_id": .string(id), "output_index": .integer(Int64(index)), "item": item.logged])
        case .outputItemDone(let item, let id, let index):
            RealtimeServerEvent.message(
                "response.output_item.done",
                ["response_id": .string(id), "output_index": .integer(Int64(index)), "item": item.logged])
        case .functionArgumentsDelta(let responseID, let itemID, let delta):
            RealtimeServerEvent.message(
                "response.function_call_arguments.delta",
                ["response_id": .string(responseID), "item_id": .string(itemID), "delta": .string(delta)])
        case .functionArgumentsDone(let responseID, let itemID, let call):
            RealtimeServerEvent.message(
                "response.function_call_arguments.done",
                [
                    "response_id": .string(responseID), "item_id": .string(itemID), "call_id": .string(call.callID),
                    "name": .string(call.name), "arguments": .string(call.arguments),
                ])
        default: .null
        }
    }

    private var loggedPart: JSON {
        switch self {
        case .contentPartAdded(let path, let type):
            RealtimeServerEvent.message("response.content_part.added", at: path, ["part": ["type": .string(type)]])
        case .contentPartDone(let path, let type):
            RealtimeServerEvent.message("response.content_part.done", at: path, ["part": ["type": .string(type)]])
        case .textDelta(let path, let delta):
            RealtimeServerEvent.message("response.output_text.delta", at: path, ["delta": .string(delta)])
        case .textDone(let path, let text):
            RealtimeServerEvent.message("response.output_text.done", at: path, ["text": .string(text)])
        case .audioDelta(let path, let audio):
            RealtimeServerEvent.message(
                "response.output_audio.delta", at: path, ["bytes": .integer(Int64(audio.count))])
        case .audioDone(let path): RealtimeServerEvent.message("response.output_audio.done", at: path, [:])
        case .audioTranscriptDelta(let path, let delta):
            RealtimeServerEvent.message("response.output_audio_transcript.delta", at: path, ["delta": .string(delta)])
        case .audioTranscriptDone(let path, let text):
            RealtimeServerEvent.message(
                "response.output_audio_transcript.done", at: path, ["transcript": .string(text)])
        default: .null
        }
    }

    private static func message(_ type: String, _ members: JSONObject) -> JSON {
        .object(JSONObject(members: [("type", .string(type))] + members.members.map { ($0.key, $0.value) }))
    }

    private static func message(_ type: String, at path: RealtimePartPath, _ members: JSONObject) -> JSON {
        let place: JSONObject = [
            "response_id": .string(path.responseID), "item_id": .string(path.itemID),
            "output_index": .integer(Int64(path.outputIndex)), "content_index": .integer(Int64(path.contentIndex)),
        ]
        return message(type, JSONObject(members: (place.members + members.members).map { ($0.key, $0.value) }))
    }
}

extension RealtimeError {
    fileprivate var logged: JSON {
        [
            "type": .string(type), "code": .string(code), "message": .string(message), "param": .optional(parameter),
            "event_id": .optional(eventID),
        ]
    }
}

extension RealtimeItem {
    fileprivate var logged: JSON {
        var item: JSONObject = ["id": .string(id)]
        switch kind {
        case .message(let role):
            item["type"] = "message"
            item["role"] = .string(role)
        case .functionCall(let call):
            item["type"] = "function_call"
            item["call_id"] = .string(call.callID)
            item["name"] = .string(call.name)
            item["arguments"] = .string(call.arguments)
        case .functionCallOutput(let callID):
            item["type"] = "function_call_output"
            item["call_id"] = .string(callID)
        case .other(let type): item["type"] = .string(type)
        }
        item["status"] = .string(status)
        return .object(item)
    }
}

extension RealtimeResponse {
    fileprivate var logged: JSON {
        var response: JSONObject = ["id": .string(id)]
        switch status {
        case .inProgress: response["status"] = "in_progress"
        case .completed: response["status"] = "completed"
        case .cancelled(let reason):
            response["status"] = "cancelled"
            response["status_details"] = ["reason": .string(reason)]
        case .incomplete(let reason):
            response["status"] = "incomplete"
            response["status_details"] = ["reason": .string(reason)]
        case .failed(let error):
            response["status"] = "failed"
            response["status_details"] = ["error": error.logged]
        case .other(let status): response["status"] = .string(status)
        }
        response["output"] = .array(output.map(\.logged))
        response["metadata"] = .strings(metadata)
        response["usage"] = usage ?? .null
        return .object(response)
    }
}
