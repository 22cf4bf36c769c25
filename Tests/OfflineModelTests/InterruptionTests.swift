import SansIO
import Testing

@testable import OfflineModel

/// How an open spoken item and its response end.
private let closing: [String] = [
    "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
    "conversation.item.done", "response.output_item.done", "response.done",
]

@Suite("Barge-in, cancel and truncate")
struct InterruptionTests {
    /// A session in the middle of a long spoken answer.
    static func speaking(turnDetection: JSON? = nil) -> SessionBench {
        var bench = SessionBench { $0.pace = 1 }
        bench.update(turnDetection: turnDetection)
        bench.fakes.speechMilliseconds = { _ in 20_000 }
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(2))
        return bench
    }

    @Test("Speech cancels the response: closing events, then response.done with reason turn_detected")
    func bargeIn() throws {
        var bench = Self.speaking()
        bench.forget()
        bench.append(milliseconds: 300, isVoiced: true)
        let start = try #require(bench.types.firstIndex(of: "input_audio_buffer.speech_started"))
        #expect(Array(bench.types[start...].prefix(7)) == ["input_audio_buffer.speech_started"] + closing)
        let response = try #require(bench.first("response.done")?["response"])
        #expect(response["status"] == "cancelled")
        #expect(response["status_details"] == ["type": "cancelled", "reason": "turn_detected"])
        #expect(response["output"]?[0]?["status"] == "incomplete")
        #expect(bench.first("conversation.item.done")?["item"]?["status"] == "incomplete")
        #expect(response["usage"]?["output_token_details"]?["audio_tokens"]?.integer ?? 0 > 0)
        bench.run(for: .seconds(20))
        #expect(bench.types.last == "rate_limits.updated")
        #expect(bench.types.suffix(2).first == "response.done")
    }

    @Test("With interrupt_response off the answer goes on, and the turn's own response is refused")
    func noInterrupt() {
        var bench = Self.speaking(turnDetection: ["type": "server_vad", "interrupt_response": false])
        bench.say()
        #expect(bench.first("response.done") == nil)
        #expect(bench.error?["code"] == "conversation_already_has_active_response")
        #expect(bench.error?["event_id"] == .null)
    }

    @Test("With create_response off a turn is committed and nothing answers")
    func noCreate() {
        var bench = SessionBench()
        bench.update(turnDetection: ["type": "server_vad", "create_response": false])
        bench.say()
        bench.run(for: .seconds(5))
        #expect(bench.types.last == "conversation.item.done")
        #expect(bench.first("response.created") == nil)
    }

    @Test("response.cancel closes what is open; before any output there is only response.done")
    func cancel() throws {
        var bench = Self.speaking()
        bench.forget()
        bench.client(["type": "response.cancel"])
        #expect(bench.types == closing)
        #expect(
            bench.first("response.done")?["response"]?["status_details"]
                == ["type": "cancelled", "reason": "client_cancelled"])

        bench.forget()
        bench.fakes.holdsThought = true
        bench.client(["type": "response.create"])
        let identifier = try #require(bench.first("response.created")?["response"]?["id"])
        bench.client(["type": "response.cancel", "response_id": identifier])
        #expect(bench.types == ["response.created", "response.done"])
        let job = try #require(bench.heldThoughts.last?.job)
        bench.receive(.thought(job: job, steps: [.say("Too late.")]))
        #expect(bench.types == ["response.created", "response.done"])

        bench.forget()
        bench.client(["type": "response.cancel", "event_id": "c9"])
        #expect(bench.error?["code"] == "response_cancel_not_active")
        #expect(bench.error?["event_id"] == "c9")
    }

    @Test("Truncation takes the transcript away and keeps what was heard for the persona")
    func truncate() throws {
        var bench = Self.speaking()
        bench.fakes.persona = { _ in [] }
        bench.client(["type": "response.cancel"])
        let itemID = try #require(bench.first("conversation.item.added")?["item"]?["id"])
        let generated = bench.audioByteCount / 8
        bench.forget()

        bench.client([
            "type": "conversation.item.truncate", "item_id": itemID, "content_index": 0,
            "audio_end_ms": .integer(Int64(generated) + 1),
        ])
        #expect(
            bench.error?["message"]?.string
                == "Audio content of \(generated)ms is already shorter than \(generated + 1)ms")
        bench.client([
            "type": "conversation.item.truncate", "item_id": itemID, "content_index": 0, "audio_end_ms": 0,
        ])
        #expect(bench.error?["code"] == "unsupported_content_type")

        bench.client([
            "type": "conversation.item.truncate", "item_id": itemID, "content_index": 0,
            "audio_end_ms": .integer(Int64(generated)),
        ])
        let truncated = try #require(bench.first("conversation.item.truncated"))
        #expect(truncated["audio_end_ms"] == .integer(Int64(generated)))
        #expect(truncated["item_id"] == itemID)

        bench.client(["type": "conversation.item.retrieve", "item_id": itemID])
        let part = bench.first("conversation.item.retrieved")?["item"]?["content"]?[0]
        #expect(part?["type"] == "output_audio")
        #expect(part?["transcript"] == nil)
        bench.client(["type": "response.create"])
        guard case .message("assistant", let heard)? = bench.requests.last?.history.last else {
            Issue.record("The answer is not in the history.")
            return
        }
        #expect("Hello there, how are you today?".hasPrefix(heard))
    }

    @Test("Only spoken items can be truncated, and only those that exist")
    func truncateOthers() throws {
        var bench = SessionBench()
        bench.client([
            "type": "conversation.item.create",
            "item": [
                "id": "mine", "type": "message", "role": "user", "content": [["type": "input_text", "text": "hi"]],
            ],
        ])
        bench.client([
            "type": "conversation.item.truncate", "item_id": "mine", "content_index": 0, "audio_end_ms": 10,
        ])
        #expect(bench.error?["code"] == "unsupported_content_type")
        bench.client([
            "type": "conversation.item.truncate", "item_id": "other", "content_index": 0, "audio_end_ms": 10,
        ])
        #expect(bench.error?["code"] == "item_truncate_invalid_item_id")
    }

    @Test("A cut turn is cancelled before its answer, and both halves are heard as one")
    func resumedTurn() {
        var bench = SessionBench()
        bench.update()
        bench.fakes.holdsThought = true
        bench.fakes.heard = ["can i come", "tomorrow"]
        bench.say()
        bench.say()
        #expect(bench.all("response.done").map { $0["response"]?["status"] } == ["cancelled"])
        #expect(bench.requests.map(\.trigger) == [.heard("can i come"), .heard("can i come tomorrow")])
    }

    @Test("max_output_tokens ends a response as incomplete")
    func tokenLimit() {
        var bench = SessionBench()
        bench.update()
        bench.client(["type": "response.create", "response": ["max_output_tokens": 20]])
        bench.run(for: .seconds(5))
        let response = bench.first("response.done")?["response"]
        #expect(response?["status"] == "incomplete")
        #expect(response?["status_details"]?["reason"] == "max_output_tokens")
    }
}
