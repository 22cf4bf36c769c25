public import SansIO

extension RealtimeServerEvent {
    /// Reads one text frame.
    ///
    /// Unknown types become ``unknown(type:)``; unknown fields are skipped; indices that are missing count as 0.
    /// - Throws: ``RealtimeEventError`` when the frame is not JSON, has no type, or lacks a field that it cannot do
    ///   without.
    public init(parsing bytes: some Sequence<UInt8>) throws(RealtimeEventError) {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw .notJSON(error)
        }
        try self.init(json: json)
    }

    /// Reads one event.
    public init(json: JSON) throws(RealtimeEventError) {
        guard let type = json["type"]?.string else { throw .noType }
        let fields = Fields(type: type, json: json)
        if let event = try RealtimeServerEvent.readSession(type, fields) {
            self = event
        } else if let event = try RealtimeServerEvent.readInput(type, fields) {
            self = event
        } else if let event = try RealtimeServerEvent.readResponse(type, fields) {
            self = event
        } else if let event = try RealtimeServerEvent.readPart(type, fields) {
            self = event
        } else {
            self = .unknown(type: type)
        }
    }

    private struct Fields {
        let type: String
        let json: JSON

        func string(_ name: String) throws(RealtimeEventError) -> String {
            guard let value = json[name]?.string else { throw .badField(type: type, field: name) }
            return value
        }

        func optional(_ name: String) -> String? { json[name]?.string }

        /// A count or index; 0 when absent, negative or beyond `Int32`.
        func count(_ name: String) -> Int {
            guard let value = json[name]?.integer, (0...Int64(Int32.max)).contains(value) else { return 0 }
            return Int(value)
        }

        func item() throws(RealtimeEventError) -> RealtimeItem {
            guard let item = RealtimeItem(json: json["item"]) else { throw .badField(type: type, field: "item") }
            return item
        }

        func response() throws(RealtimeEventError) -> RealtimeResponse {
            guard let response = RealtimeResponse(json: json["response"]) else {
                throw .badField(type: type, field: "response")
            }
            return response
        }

        func path() throws(RealtimeEventError) -> RealtimePartPath {
            RealtimePartPath(
                responseID: optional("response_id") ?? "", itemID: try string("item_id"),
                outputIndex: count("output_index"), contentIndex: count("content_index"))
        }
    }

    private static func readSession(
        _ type: String, _ fields: Fields
    ) throws(RealtimeEventError) -> RealtimeServerEvent? {
        let session = fields.json["session"]
        switch type {
        case "error":
            guard let error = fields.json["error"] else { throw .badField(type: type, field: "error") }
            return .error(RealtimeError(json: error))
        case "session.created":
            return .sessionCreated(
                id: session?["id"]?.string ?? "", model: session?["model"]?.string ?? "",
                expiresAt: session?["expires_at"]?.integer)
        case "session.updated":
            return .sessionUpdated(
                id: session?["id"]?.string ?? "", model: session?["model"]?.string ?? "",
                expiresAt: session?["expires_at"]?.integer)
        case "conversation.item.added", "conversation.item.created":
            return .itemAdded(try fields.item(), previousItemID: fields.optional("previous_item_id"))
        case "conversation.item.done":
            return .itemDone(try fields.item(), previousItemID: fields.optional("previous_item_id"))
        case "conversation.item.truncated":
            return .itemTruncated(
                itemID: try fields.string("item_id"), contentIndex: fields.count("content_index"),
                audioEndMilliseconds: fields.count("audio_end_ms"))
        case "conversation.item.deleted":
            return .itemDeleted(itemID: try fields.string("item_id"))
        case "rate_limits.updated":
            return .rateLimitsUpdated(fields.json["rate_limits"] ?? .array([]))
        default:
            return nil
        }
    }

    private static func readInput(
        _ type: String, _ fields: Fields
    ) throws(RealtimeEventError) -> RealtimeServerEvent? {
        switch type {
        case "conversation.item.input_audio_transcription.delta":
            return .inputTranscriptDelta(
                itemID: try fields.string("item_id"), delta: fields.optional("delta") ?? "")
        case "conversation.item.input_audio_transcription.completed":
            return .inputTranscriptCompleted(
                itemID: try fields.string("item_id"), transcript: fields.optional("transcript") ?? "")
        case "conversation.item.input_audio_transcription.failed":
            return .inputTranscriptFailed(
                itemID: try fields.string("item_id"), RealtimeError(json: fields.json["error"] ?? .null))
        case "input_audio_buffer.speech_started":
            return .speechStarted(
                itemID: fields.optional("item_id") ?? "", audioStartMilliseconds: fields.count("audio_start_ms"))
        case "input_audio_buffer.speech_stopped":
            return .speechStopped(
                itemID: fields.optional("item_id") ?? "", audioEndMilliseconds: fields.count("audio_end_ms"))
        case "input_audio_buffer.committed":
            return .inputCommitted(
                itemID: try fields.string("item_id"), previousItemID: fields.optional("previous_item_id"))
        case "input_audio_buffer.cleared":
            return .inputCleared
        case "input_audio_buffer.timeout_triggered":
            return .inputTimedOut(itemID: fields.optional("item_id") ?? "")
        default:
            return nil
        }
    }

    private static func readResponse(
        _ type: String, _ fields: Fields
    ) throws(RealtimeEventError) -> RealtimeServerEvent? {
        let responseID = fields.optional("response_id") ?? ""
        switch type {
        case "response.created":
            return .responseCreated(try fields.response())
        case "response.done":
            return .responseDone(try fields.response())
        case "response.output_item.added":
            return .outputItemAdded(
                try fields.item(), responseID: responseID, outputIndex: fields.count("output_index"))
        case "response.output_item.done":
            return .outputItemDone(
                try fields.item(), responseID: responseID, outputIndex: fields.count("output_index"))
        case "response.function_call_arguments.delta":
            return .functionArgumentsDelta(
                responseID: responseID, itemID: fields.optional("item_id") ?? "", fields.optional("delta") ?? "")
        case "response.function_call_arguments.done":
            let call = RealtimeFunctionCall(
                callID: try fields.string("call_id"), name: fields.optional("name") ?? "",
                arguments: fields.optional("arguments") ?? "")
            return .functionArgumentsDone(
                responseID: responseID, itemID: fields.optional("item_id") ?? "", call)
        default:
            return nil
        }
    }

    private static func readPart(
        _ type: String, _ fields: Fields
    ) throws(RealtimeEventError) -> RealtimeServerEvent? {
        switch type {
        case "response.content_part.added":
            return .contentPartAdded(try fields.path(), type: fields.json["part"]?["type"]?.string ?? "")
        case "response.content_part.done":
            return .contentPartDone(try fields.path(), type: fields.json["part"]?["type"]?.string ?? "")
        case "response.output_text.delta", "response.text.delta":
            return .textDelta(try fields.path(), fields.optional("delta") ?? "")
        case "response.output_text.done", "response.text.done":
            return .textDone(try fields.path(), fields.optional("text") ?? "")
        case "response.output_audio.delta", "response.audio.delta":
            let path = try fields.path()
            guard let audio = Base64.decode(try fields.string("delta").utf8) else {
                throw .badField(type: type, field: "delta")
            }
            return .audioDelta(path, audio)
        case "response.output_audio.done", "response.audio.done":
            return .audioDone(try fields.path())
        case "response.output_audio_transcript.delta", "response.audio_transcript.delta":
            return .audioTranscriptDelta(try fields.path(), fields.optional("delta") ?? "")
        case "response.output_audio_transcript.done", "response.audio_transcript.done":
            return .audioTranscriptDone(try fields.path(), fields.optional("transcript") ?? "")
        default:
            return nil
        }
    }
}
