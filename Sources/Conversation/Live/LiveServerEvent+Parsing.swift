public import SansIO

extension LiveServerEvent {
    /// Reads one text frame.
    ///
    /// Unknown types become ``unknown(type:)``; unknown fields are skipped; positions that are missing count as 0.
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
        func need<Value>(_ value: Value?, _ field: String) throws(RealtimeEventError) -> Value {
            guard let value else { throw .badField(type: type, field: field) }
            return value
        }
        switch type {
        case "session.started":
            let session = try need(json["session"], "session")
            self = .started(
                id: session["id"]?.string ?? "", model: session["model"]?.string ?? "",
                expiresAt: session["expires_at"]?.integer)
        case "session.instructions.appended", "session.thinking.appended", "session.commentary.appended":
            self = .appended(eventID: json["client_event_id"]?.string)
        case "session.output_audio.delta":
            let text = try need(json["delta"]?.string, "delta")
            self = .outputAudio(try need(Base64.decode(text.utf8), "delta"))
        case "session.input_transcript.delta": self = .inputTranscript(LiveTranscript(json: json))
        case "session.output_transcript.delta": self = .outputTranscript(LiveTranscript(json: json))
        case "session.delegation.created":
            let delegation = try need(json["delegation"], "delegation")
            self = .delegationCreated(
                id: try need(delegation["id"]?.string, "delegation.id"), target: delegation["target"]?.string ?? "")
        case "response.event":
            self = .backEnd(
                LiveBackEndEvent(json: try need(json["event"], "event")), delegation: json["delegation_id"]?.string)
        case "session.usage.updated":
            self = .usage(seconds: try need(json["usage"]?["seconds"]?.number, "usage.seconds"))
        case "session.closed": self = .closed(reason: json["reason"]?.string ?? "")
        case "error":
            let body = try need(json["error"], "error")
            var error = RealtimeError(json: body)
            error.eventID = body["client_event_id"]?.string ?? json["client_event_id"]?.string
            self = .error(error)
        default: self = .unknown(type: type)
        }
    }
}

extension LiveTranscript {
    fileprivate init(json: JSON) {
        func position(_ field: String) -> Int { Int(clamping: max(0, json[field]?.integer ?? 0)) }
        self.init(
            text: json["delta"]?.string ?? "", startMilliseconds: position("start_ms"),
            endMilliseconds: position("end_ms"))
    }
}

extension LiveBackEndEvent {
    fileprivate init(json: JSON) {
        let type = json["type"]?.string ?? ""
        switch type {
        case "response.created": self = .created
        case "response.output_item.done":
            // Only the finished item holds name, identifier and arguments together.
            guard let item = json["item"], item["type"]?.string == "function_call",
                item["status"]?.string ?? "completed" == "completed", let callID = item["call_id"]?.string,
                let name = item["name"]?.string
            else {
                self = .other(type: type)
                return
            }
            self = .called(
                RealtimeFunctionCall(callID: callID, name: name, arguments: item["arguments"]?.string ?? "{}"))
        case "response.completed":
            let usage = json["response"]?["usage"]
            self = .completed(usage: usage?.isNull == true ? JSON?.none : usage)
        case "response.failed", "response.incomplete":
            let response = json["response"]
            let message =
                response?["error"]?["message"]?.string ?? response?["incomplete_details"]?["reason"]?.string
            self = .failed(message: message ?? type)
        case "response.cancelled": self = .cancelled
        default: self = .other(type: type)
        }
    }
}
