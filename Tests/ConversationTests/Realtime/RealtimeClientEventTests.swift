import SansIO
import Testing

@testable import Conversation

@Suite("Events to the model's server")
struct RealtimeClientEventTests {
    private func text(_ body: RealtimeClientEvent.Body) -> String {
        RealtimeClientEvent(eventID: "c1", body: body).json.text
    }

    @Test("session.update carries G.711 both ways, flat tools and an explicit silence of 500 ms")
    func sessionUpdate() {
        let settings = RealtimeSettings(
            instructions: "Be brief.", voice: "cedar",
            tools: [.init(name: "hang_up", description: "End call", parameters: ["type": "object"])], law: .a)
        let session = RealtimeClientEvent(eventID: "c1", body: .updateSession(settings)).json["session"]
        #expect(session?["type"] == "realtime")
        #expect(session?["audio"]?["input"]?["format"] == ["type": "audio/pcma"])
        #expect(session?["audio"]?["output"]?["format"] == ["type": "audio/pcma"])
        #expect(session?["audio"]?["output"]?["voice"] == "cedar")
        #expect(session?["audio"]?["input"]?["transcription"]?["model"] == "gpt-4o-mini-transcribe")
        #expect(session?["audio"]?["input"]?["turn_detection"]?["silence_duration_ms"] == 500)
        #expect(session?["audio"]?["input"]?["turn_detection"]?["interrupt_response"] == true)
        #expect(session?["tools"]?[0]?["name"] == "hang_up")
        #expect(session?["tools"]?[0]?["function"] == nil)
        #expect(session?["output_modalities"] == ["audio"])
        #expect(session?["temperature"] == nil)
    }

    @Test("Each other event has its documented shape")
    func shapes() {
        #expect(
            text(.createFunctionOutput(callID: "call_1", output: "{\"a\":1}"))
                == #"{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_1","output":"{\"a\":1}"},"event_id":"c1"}"#
        )
        #expect(
            text(.truncateItem(id: "item_1", contentIndex: 0, audioEndMilliseconds: 430))
                == #"{"type":"conversation.item.truncate","item_id":"item_1","content_index":0,"audio_end_ms":430,"event_id":"c1"}"#
        )
        #expect(
            text(.deleteItem(id: "item_1"))
                == #"{"type":"conversation.item.delete","item_id":"item_1","event_id":"c1"}"#)
        #expect(text(.cancelResponse(id: nil)) == #"{"type":"response.cancel","event_id":"c1"}"#)
        #expect(
            text(.cancelResponse(id: "resp_1")) == #"{"type":"response.cancel","response_id":"resp_1","event_id":"c1"}"#
        )
        #expect(text(.createResponse(.init())) == #"{"type":"response.create","event_id":"c1"}"#)
        #expect(
            text(.createResponse(.init(instructions: "x", toolChoice: "none", metadata: ["moonline": "say"])))
                == #"{"type":"response.create","response":{"instructions":"x","tool_choice":"none","metadata":{"moonline":"say"}},"event_id":"c1"}"#
        )
        #expect(
            text(.createMessage(role: "assistant", text: "Hi"))
                == #"{"type":"conversation.item.create","item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]},"event_id":"c1"}"#
        )
    }

    @Test("A changed turn detection leaves the rest of the session alone")
    func turnDetection() {
        let json = RealtimeClientEvent(eventID: "c1", body: .updateTurnDetection(TurnDetection().eventsOnly)).json
        #expect(json["session"]?.object?.keys == ["type", "audio"])
        #expect(json["session"]?["audio"]?["input"]?["turn_detection"]?["create_response"] == false)
        #expect(json["session"]?["audio"]?["input"]?["turn_detection"]?["interrupt_response"] == false)
    }

    @Test("Semantic turn detection has an eagerness and no threshold")
    func semantic() {
        let json = TurnDetection(method: .semanticVAD(eagerness: "low")).json
        #expect(json["type"] == "semantic_vad")
        #expect(json["eagerness"] == "low")
        #expect(json["threshold"] == nil)
    }
}

@Suite("Errors of the model")
struct RealtimeErrorTests {
    @Test(
        "Codes are fatal, retryable or benign",
        arguments: [
            ("invalid_api_key", RealtimeError.Severity.fatal), ("insufficient_quota", .fatal),
            ("session_expired", .retryable), ("model_not_found", .fatal), ("rate_limit_exceeded", .retryable),
            ("server_error", .retryable), ("conversation_already_has_active_response", .benign),
            ("response_cancel_not_active", .benign), ("invalid_value", .benign),
        ])
    func severity(code: String, expected: RealtimeError.Severity) {
        #expect(RealtimeError(code: code, message: "m").severity == expected)
    }

    @Test(
        "A close is fatal or retryable by its code, and the reason carries the vendor's code",
        arguments: [
            (3_000, "invalid_request_error.invalid_api_key", RealtimeError.Severity.fatal, "invalid_api_key"),
            (4_000, "invalid_request_error.invalid_model", .fatal, "invalid_model"),
            (1_001, "Your session hit the maximum duration of 60 minutes.", .retryable, "closed_1001"),
            (1_006, "", .retryable, "closed_1006"), (1_000, "bye", .fatal, "closed_1000"),
        ])
    func close(code: Int, reason: String, severity: RealtimeError.Severity, expected: String) {
        let error = RealtimeError(closeCode: code, reason: reason)
        #expect(error.severity == severity)
        #expect(error.code == expected)
        #expect(!error.sentence.isEmpty)
    }

    @Test("A refused key says which variable to set")
    func keySentence() {
        let error = RealtimeError(closeCode: 3_000, reason: "invalid_request_error.invalid_api_key")
        #expect(error.sentence.contains("OPENAI_API_KEY"))
    }

    @Test("Races with the server are expected, refused settings are not")
    func expected() {
        #expect(RealtimeError(code: "response_cancel_not_active", message: "").isExpected)
        #expect(RealtimeError(code: "", message: "Audio content of 420ms is already shorter than 500ms").isExpected)
        #expect(!RealtimeError(code: "invalid_value", message: "", parameter: "session.voice").isExpected)
    }
}
