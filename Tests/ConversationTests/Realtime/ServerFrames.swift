import SansIO
import Testing

@testable import Conversation

/// Frames as a server sends them, with what they mean.
enum ServerFrames {
    struct Frame: Sendable, CustomTestStringConvertible {
        let text: String
        let event: RealtimeServerEvent
        var testDescription: String { String(text.prefix(60)) }
    }

    private static let path = RealtimePartPath(responseID: "resp_R1", itemID: "item_M1")
    private static let message = RealtimeItem(id: "item_M1", kind: .message(role: "assistant"), status: "in_progress")

    static let worked: [Frame] = [
        Frame(
            text: #"""
                {"type":"session.created","event_id":"event_A1","session":{"type":"realtime","object":"realtime.session",\#
                "id":"sess_A","model":"gpt-realtime-2.1","expires_at":1795380000,"audio":{"input":{"format":\#
                {"type":"audio/pcm","rate":24000},"transcription":null},"output":{"voice":"marin","speed":1.0}}}}
                """#,
            event: .sessionCreated(id: "sess_A", model: "gpt-realtime-2.1", expiresAt: 1_795_380_000)),
        Frame(
            text:
                #"{"type":"input_audio_buffer.speech_started","event_id":"event_A3","audio_start_ms":740,"item_id":"item_U1"}"#,
            event: .speechStarted(itemID: "item_U1", audioStartMilliseconds: 740)),
        Frame(
            text:
                #"{"type":"input_audio_buffer.speech_stopped","event_id":"event_A4","audio_end_ms":2260,"item_id":"item_U1"}"#,
            event: .speechStopped(itemID: "item_U1", audioEndMilliseconds: 2_260)),
        Frame(
            text:
                #"{"type":"input_audio_buffer.committed","event_id":"event_A5","previous_item_id":null,"item_id":"item_U1"}"#,
            event: .inputCommitted(itemID: "item_U1", previousItemID: nil)),
        Frame(
            text: #"""
                {"type":"conversation.item.added","event_id":"event_A6","previous_item_id":null,"item":{"id":"item_U1",\#
                "type":"message","status":"completed","role":"user","content":[{"type":"input_audio","transcript":null}]}}
                """#,
            event: .itemAdded(
                RealtimeItem(id: "item_U1", kind: .message(role: "user"), status: "completed"), previousItemID: nil)),
        Frame(
            text: #"""
                {"type":"response.created","event_id":"event_A8","response":{"object":"realtime.response","id":"resp_R1",\#
                "status":"in_progress","status_details":null,"output":[],"conversation_id":"conv_C1","usage":null,\#
                "metadata":null}}
                """#,
            event: .responseCreated(RealtimeResponse(id: "resp_R1", status: .inProgress))),
        Frame(
            text: #"""
                {"type":"response.output_item.added","event_id":"event_A9","response_id":"resp_R1","output_index":0,\#
                "item":{"id":"item_M1","type":"message","status":"in_progress","role":"assistant","content":[]}}
                """#,
            event: .outputItemAdded(message, responseID: "resp_R1", outputIndex: 0)),
        Frame(
            text: #"""
                {"type":"response.content_part.added","event_id":"event_Ab","response_id":"resp_R1","item_id":"item_M1",\#
                "output_index":0,"content_index":0,"part":{"type":"audio","transcript":""}}
                """#,
            event: .contentPartAdded(path, type: "audio")),
        Frame(
            text: #"""
                {"type":"response.output_audio_transcript.delta","event_id":"event_Ac","response_id":"resp_R1",\#
                "item_id":"item_M1","output_index":0,"content_index":0,"delta":"Hi","obfuscation":"x9Qe"}
                """#,
            event: .audioTranscriptDelta(path, "Hi")),
        Frame(
            text: #"""
                {"type":"response.output_audio.delta","event_id":"event_Ad","response_id":"resp_R1","item_id":"item_M1",\#
                "output_index":0,"content_index":0,"delta":"fn9+"}
                """#,
            event: .audioDelta(path, [0x7E, 0x7F, 0x7E])),
        Frame(
            text: #"""
                {"type":"conversation.item.input_audio_transcription.completed","event_id":"event_Ae","item_id":"item_U1",\#
                "content_index":0,"transcript":"Hello?","usage":{"type":"tokens","total_tokens":22}}
                """#,
            event: .inputTranscriptCompleted(itemID: "item_U1", transcript: "Hello?")),
        Frame(
            text:
                #"{"type":"conversation.item.truncated","event_id":"e","item_id":"item_M1","content_index":0,"audio_end_ms":430}"#,
            event: .itemTruncated(itemID: "item_M1", contentIndex: 0, audioEndMilliseconds: 430)),
        Frame(
            text: #"""
                {"type":"response.done","event_id":"event_Ag","response":{"id":"resp_R1","status":"cancelled",\#
                "status_details":{"type":"cancelled","reason":"turn_detected"},"output":[],"usage":{"total_tokens":9},\#
                "metadata":{"moonline_request":"3"}}}
                """#,
            event: .responseDone(
                RealtimeResponse(
                    id: "resp_R1", status: .cancelled(reason: "turn_detected"), metadata: ["moonline_request": "3"],
                    usage: ["total_tokens": 9]))),
        Frame(
            text: #"""
                {"type":"response.function_call_arguments.done","event_id":"event_Ah","response_id":"resp_R2",\#
                "item_id":"item_F1","output_index":0,"call_id":"call_K1","name":"hang_up","arguments":"{}"}
                """#,
            event: .functionArgumentsDone(
                responseID: "resp_R2", itemID: "item_F1",
                RealtimeFunctionCall(callID: "call_K1", name: "hang_up", arguments: "{}"))),
        Frame(
            text: #"""
                {"type":"error","event_id":"event_Ai","error":{"type":"invalid_request_error",\#
                "code":"conversation_already_has_active_response","message":"resp_R2","param":null,"event_id":"c9"}}
                """#,
            event: .error(
                RealtimeError(
                    type: "invalid_request_error", code: "conversation_already_has_active_response", message: "resp_R2",
                    eventID: "c9"))),
        Frame(
            text:
                #"{"type":"rate_limits.updated","event_id":"event_Aj","rate_limits":[{"name":"tokens","limit":40000}]}"#,
            event: .rateLimitsUpdated([["name": "tokens", "limit": 40_000]])),
    ]
}
