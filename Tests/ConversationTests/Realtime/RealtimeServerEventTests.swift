import SansIO
import Testing

@testable import Conversation

@Suite("Events of the model's server")
struct RealtimeServerEventTests {
    private func read(_ text: String) throws -> RealtimeServerEvent {
        try RealtimeServerEvent(parsing: text.utf8)
    }

    private static let path = RealtimePartPath(responseID: "resp_R1", itemID: "item_M1")

    @Test("Each event of the worked conversation is read", arguments: ServerFrames.worked)
    func worked(frame: ServerFrames.Frame) throws {
        #expect(try read(frame.text) == frame.event)
    }

    @Test("The beta's names are understood")
    func beta() throws {
        let ids = #""response_id":"resp_R1","item_id":"item_M1","output_index":0,"content_index":0"#
        #expect(
            try read(#"{"type":"response.audio.delta",\#(ids),"delta":"AQID"}"#) == .audioDelta(Self.path, [1, 2, 3]))
        #expect(try read(#"{"type":"response.audio.done",\#(ids)}"#) == .audioDone(Self.path))
        #expect(
            try read(#"{"type":"response.audio_transcript.delta",\#(ids),"delta":"Hi"}"#)
                == .audioTranscriptDelta(Self.path, "Hi"))
        let item = #"{"id":"item_1","type":"function_call_output","call_id":"call_1","output":"x"}"#
        #expect(
            try read(#"{"type":"conversation.item.created","item":\#(item)}"#)
                == .itemAdded(
                    RealtimeItem(id: "item_1", kind: .functionCallOutput(callID: "call_1")), previousItemID: nil))
    }

    @Test("Unknown types and fields are no errors")
    func unknown() throws {
        #expect(try read(#"{"type":"ping","at":[1,2]}"#) == .unknown(type: "ping"))
        #expect(try read(#"{"type":"input_audio_buffer.cleared","novel":{}}"#) == .inputCleared)
    }

    @Test("A bare string as status details is a reason")
    func bareDetails() throws {
        let text =
            #"{"type":"response.done","response":{"id":"r","status":"cancelled","status_details":"turn_detected"}}"#
        #expect(
            try read(text) == .responseDone(RealtimeResponse(id: "r", status: .cancelled(reason: "turn_detected"))))
    }

    @Test("A failed response carries its error")
    func failedResponse() throws {
        let text = """
            {"type":"response.done","response":{"id":"r","status":"failed","status_details":{"type":"failed",\
            "error":{"type":"tokens","code":"rate_limit_exceeded","message":"slow down"}}}}
            """
        guard case .responseDone(let response) = try read(text), case .failed(let error) = response.status else {
            Issue.record("not a failed response")
            return
        }
        #expect(error.code == "rate_limit_exceeded")
        #expect(error.severity == .retryable)
    }

    @Test(
        "A message that cannot be used is an error that names the field",
        arguments: [
            (#"[1]"#, "a message without a type"),
            (#"{"type":7}"#, "a message without a type"),
            (#"{"type":"response.created"}"#, "response.created without a usable response"),
            (#"{"type":"error"}"#, "error without a usable error"),
            (
                #"{"type":"response.output_audio.delta","item_id":"i","delta":"*"}"#,
                "response.output_audio.delta without a usable delta"
            ),
            (
                #"{"type":"response.output_audio.delta","delta":"AA=="}"#,
                "response.output_audio.delta without a usable item_id"
            ),
            (
                #"{"type":"conversation.item.done","item":{"type":"message"}}"#,
                "conversation.item.done without a usable item"
            ),
        ])
    func unusable(text: String, expected: String) {
        let error = #expect(throws: RealtimeEventError.self) { try read(text) }
        #expect(error?.description == expected)
    }

    @Test("Absurd indices and positions count as zero")
    func absurdNumbers() throws {
        let text = #"{"type":"input_audio_buffer.speech_started","item_id":"i","audio_start_ms":1e300}"#
        #expect(try read(text) == .speechStarted(itemID: "i", audioStartMilliseconds: 0))
        let negative =
            #"{"type":"input_audio_buffer.speech_started","item_id":"i","audio_start_ms":-9223372036854775808}"#
        #expect(try read(negative) == .speechStarted(itemID: "i", audioStartMilliseconds: 0))
    }

    @Test("Damaged frames are read or refused, never a trap", arguments: 0..<40)
    func mutations(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var readable = 0
        var refused = 0
        for _ in 0..<100 {
            var bytes = Array(ServerFrames.worked.randomElement(using: &random)!.text.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(contentsOf: Array("null".utf8), at: index)
                default: bytes.removeSubrange(index...)
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            do {
                _ = try RealtimeServerEvent(parsing: bytes)
                readable += 1
            } catch {
                #expect(!error.description.isEmpty)
                refused += 1
            }
        }
        #expect(readable + refused == 100)
        #expect(refused > 0)
    }
}
