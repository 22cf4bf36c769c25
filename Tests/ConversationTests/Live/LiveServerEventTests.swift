import SansIO
import Testing

@testable import Conversation

@Suite("Events of a Live session")
struct LiveServerEventTests {
    private func event(_ text: String) throws -> LiveServerEvent { try LiveServerEvent(parsing: text.utf8) }

    @Test("the session, its transcripts and its audio are read")
    func session() throws {
        #expect(
            try event(
                #"{"type":"session.started","event_id":"e","session":{"id":"live_1","model":"m","status":"active"}}"#)
                == .started(id: "live_1", model: "m"))
        #expect(
            try event(#"{"type":"session.started","session":{"id":"live_1","model":"m","expires_at":1800000000}}"#)
                == .started(id: "live_1", model: "m", expiresAt: 1_800_000_000))
        #expect(try event(#"{"type":"session.output_audio.delta","delta":"kP8="}"#) == .outputAudio([0x90, 0xFF]))
        #expect(
            try event(#"{"type":"session.input_transcript.delta","delta":" a","start_ms":200,"end_ms":400}"#)
                == .inputTranscript(LiveTranscript(text: " a", startMilliseconds: 200, endMilliseconds: 400)))
        #expect(
            try event(#"{"type":"session.thinking.appended","client_event_id":"c","start_ms":1,"end_ms":1}"#)
                == .appended(eventID: "c"))
        #expect(
            try event(#"{"type":"session.usage.updated","usage":{"seconds":12.5},"context_window":{}}"#)
                == .usage(seconds: 12.5))
        #expect(try event(#"{"type":"session.closed","reason":"expired","session":{}}"#) == .closed(reason: "expired"))
        #expect(try event(#"{"type":"info","code":"x","message":"y"}"#) == .unknown(type: "info"))
    }

    @Test("of the back end's events only whole calls and ends are read")
    func backEnd() throws {
        func wrapped(_ inner: String) throws -> LiveServerEvent {
            try event(#"{"type":"response.event","delegation_id":"d","event":\#(inner)}"#)
        }
        #expect(try wrapped(#"{"type":"response.created","response":{}}"#) == .backEnd(.created, delegation: "d"))
        let item =
            #"{"type":"function_call","id":"fc_1","status":"completed","call_id":"c","name":"n","arguments":"{}"}"#
        #expect(
            try wrapped(#"{"type":"response.output_item.done","item":\#(item)}"#)
                == .backEnd(
                    .called(RealtimeFunctionCall(callID: "c", name: "n", arguments: "{}")), delegation: "d"))
        let cut = item.replacing("completed", with: "incomplete")
        #expect(
            try wrapped(#"{"type":"response.output_item.done","item":\#(cut)}"#)
                == .backEnd(.other(type: "response.output_item.done"), delegation: "d"))
        #expect(
            try wrapped(#"{"type":"response.completed","response":{"usage":{"total_tokens":3}}}"#)
                == .backEnd(.completed(usage: ["total_tokens": 3]), delegation: "d"))
        #expect(try wrapped(#"{"type":"response.cancelled"}"#) == .backEnd(.cancelled, delegation: "d"))
        #expect(
            try wrapped(#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max"}}}"#)
                == .backEnd(.failed(message: "max"), delegation: "d"))
        #expect(
            try event(#"{"type":"response.event","delegation_id":null,"event":{"type":"response.created"}}"#)
                == .backEnd(.created, delegation: nil))
    }

    @Test("an error names the event that it is about, wherever the server puts that")
    func error() throws {
        let inner =
            #"{"type":"error","error":{"type":"invalid_request_error","code":"c","message":"m","client_event_id":"e"}}"#
        let outer =
            #"{"type":"error","client_event_id":"e","error":{"type":"invalid_request_error","code":"c","message":"m"}}"#
        for text in [inner, outer] {
            #expect(
                try event(text)
                    == .error(RealtimeError(type: "invalid_request_error", code: "c", message: "m", eventID: "e")))
        }
    }

    @Test(
        "what cannot be used is refused with the place",
        arguments: [
            ("[", "JSON"), ("{}", "type"), (#"{"type":"session.output_audio.delta","delta":"*"}"#, "delta"),
            (#"{"type":"session.usage.updated"}"#, "usage.seconds"), (#"{"type":"response.event"}"#, "event"),
            (#"{"type":"session.delegation.created","delegation":{}}"#, "delegation.id"),
            (#"{"type":"error"}"#, "error"),
        ])
    func malformed(text: String, place: String) throws {
        let error = #expect(throws: RealtimeEventError.self) { try event(text) }
        #expect(error?.description.contains(place) == true)
    }

    @Test("what is appended has its place for a delegation, as the server asks for")
    func appended() {
        #expect(
            LiveClientEvent(eventID: "e", body: .appendCommentary("x")).json == [
                "type": "session.commentary.append", "content": "x", "delegation_id": nil, "event_id": "e",
            ])
        #expect(
            LiveClientEvent(eventID: "e", body: .updateBackEnd(instructions: nil, tools: [])).json == [
                "type": "session.update",
                "session": ["delegation": ["type": "responses", "responses": ["tools": []]]], "event_id": "e",
            ])
    }
}
