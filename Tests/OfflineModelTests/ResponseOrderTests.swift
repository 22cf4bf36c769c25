import SansIO
import Testing

@testable import OfflineModel

/// Events that close a spoken item, and the response around it.
private let closing = [
    "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
    "conversation.item.done", "response.output_item.done", "response.done",
]

/// Events that open a spoken item; interleaved deltas follow.
private let opening = [
    "response.created", "response.output_item.added", "conversation.item.added", "response.content_part.added",
    "response.output_audio_transcript.delta*", "response.output_audio.delta*",
]

/// A spoken answer from begin to end.
private let answer: [String] = opening + closing + ["rate_limits.updated"]

private let committed = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]

@Suite("The order of events is the live service's")
struct ResponseOrderTests {
    @Test("An audio turn: speech, commit, item, response, rate limits")
    func audioTurn() {
        var bench = SessionBench()
        bench.update()
        bench.fakes.heard = ["hello"]
        bench.say()
        bench.run(for: .seconds(5))
        var expected = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]
        expected += committed + answer
        #expect(bench.types == expected)
        #expect(bench.requests.map(\.trigger) == [.heard("hello")])
    }

    @Test("Positions are milliseconds of appended audio: start with padding, end with the silence")
    func clock() throws {
        var bench = SessionBench()
        bench.update(turnDetection: ["type": "server_vad", "prefix_padding_ms": 100, "silence_duration_ms": 300])
        bench.say(milliseconds: 1000, silenceBefore: 400, silenceAfter: 400)
        let started = try #require(bench.first("input_audio_buffer.speech_started"))
        let stopped = try #require(bench.first("input_audio_buffer.speech_stopped"))
        #expect(started["audio_start_ms"] == 300)
        #expect(stopped["audio_end_ms"] == 1700)
        #expect(bench.transcribed.map(\.byteCount) == [1400 * 8])
        #expect(started["item_id"] == stopped["item_id"])
        #expect(started["item_id"] == bench.first("input_audio_buffer.committed")?["item_id"])
    }

    @Test("PCM at 24 kHz keeps the same clock")
    func pcmClock() throws {
        var bench = SessionBench()
        for index in 0..<100 {
            let isVoiced = (20..<70).contains(index)
            let audio = Base64.encode([UInt8](repeating: isVoiced ? 0x10 : 0xFF, count: 960))
            bench.client([
                "type": "input_audio_buffer.append", "audio": .string(String(decoding: audio, as: UTF8.self)),
            ])
        }
        #expect(bench.first("input_audio_buffer.speech_started")?["audio_start_ms"] == 100)
        #expect(bench.first("input_audio_buffer.speech_stopped")?["audio_end_ms"] == 1600)
        #expect(bench.transcribed.map(\.byteCount) == [1500 * 48])
    }

    @Test("The transcript runs ahead of the audio, and the audio ahead of real time")
    func pacing() throws {
        var bench = SessionBench { $0.pace = 10 }
        bench.update()
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(10))
        let text = "Hello there, how are you today?"
        let length = text.utf8.count * 60
        let first = try #require(bench.time(of: "response.output_audio.delta"))
        let done = try #require(bench.time(of: "response.done"))
        #expect(done - first < .milliseconds(length / 10))
        #expect(bench.audioByteCount == length * 8)
        var audio = 0
        var words = 0
        for event in bench.events {
            switch event["type"]?.string {
            case "response.output_audio_transcript.delta": words += event["delta"]?.string?.utf8.count ?? 0
            case "response.output_audio.delta":
                audio += Base64.decode((event["delta"]?.string ?? "").utf8)?.count ?? 0
                #expect(words * length * 8 >= audio * text.utf8.count)
            default: break
            }
        }
        #expect(bench.first("response.output_audio_transcript.done")?["transcript"] == .string(text))
        let sizes = Set(bench.all("response.output_audio.delta").map { $0["delta"]?.string?.utf8.count })
        #expect(sizes.count > 1)
    }

    @Test("A text response")
    func text() {
        var bench = SessionBench()
        bench.update(["output_modalities": ["text"]])
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(1))
        #expect(
            bench.types == [
                "response.created", "response.output_item.added", "conversation.item.added",
                "response.content_part.added", "response.output_text.delta*", "response.output_text.done",
                "response.content_part.done", "conversation.item.done", "response.output_item.done", "response.done",
                "rate_limits.updated",
            ])
        let item = bench.first("response.done")?["response"]?["output"]?[0]
        #expect(item?["content"]?[0] == ["type": "output_text", "text": "Hello there, how are you today?"])
    }

    @Test("Without turn detection a commit makes an item, and the client asks for the response")
    func manual() {
        var bench = SessionBench()
        bench.update(turnDetection: .null)
        bench.append(milliseconds: 500, isVoiced: true)
        bench.client(["type": "input_audio_buffer.commit"])
        #expect(bench.types == committed)
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(5))
        #expect(bench.types == committed + answer)
    }

    @Test("A written turn, then a response")
    func clientText() throws {
        var bench = SessionBench()
        bench.update()
        bench.client([
            "type": "conversation.item.create",
            "item": ["type": "message", "role": "user", "content": [["type": "input_text", "text": "hi"]]],
        ])
        #expect(bench.types == ["conversation.item.added", "conversation.item.done"])
        bench.client(["type": "response.create", "response": ["instructions": "Greet.", "metadata": ["k": "v"]]])
        bench.run(for: .seconds(5))
        #expect(Array(bench.types.dropFirst(2)) == answer)
        #expect(bench.requests.first?.instructions == "Greet.")
        #expect(bench.requests.first?.trigger == .heard("hi"))
        for event in ["response.created", "response.done"] {
            #expect(bench.first(event)?["response"]?["metadata"] == ["k": "v"])
        }
        let items = bench.all("conversation.item.added")
        #expect(items[0]["previous_item_id"] == .null)
        #expect(items[1]["previous_item_id"] == items[0]["item"]?["id"])
    }

    @Test("A response out of band leaves the conversation alone and runs beside the default one")
    func outOfBand() throws {
        var bench = SessionBench()
        bench.update()
        bench.client(["type": "response.create"])
        bench.client([
            "type": "response.create",
            "response": [
                "conversation": "none", "input": [], "output_modalities": ["text"], "metadata": ["topic": "x"],
            ],
        ])
        bench.run(for: .seconds(5))
        let done = bench.all("response.done")
        #expect(done.count == 2)
        let aside = try #require(done.first { $0["response"]?["metadata"]?["topic"] == "x" })
        let identifier = try #require(aside["response"]?["id"])
        #expect(aside["response"]?["conversation_id"] == .null)
        #expect(bench.all("conversation.item.added").count == 1)
        let own = bench.events.filter { $0["response_id"] == identifier || $0["response"]?["id"] == identifier }
        #expect(
            own.compactMap { $0["type"]?.string }.filter { !$0.hasSuffix("delta") } == [
                "response.created", "response.output_item.added", "response.content_part.added",
                "response.output_text.done", "response.content_part.done", "response.output_item.done",
                "response.done",
            ])
    }

    @Test("Silence after a response: timeout, empty turn, response")
    func idle() throws {
        var bench = SessionBench()
        bench.update(turnDetection: ["type": "server_vad", "idle_timeout_ms": 5000])
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(4))
        let length = "Hello there, how are you today?".utf8.count * 60
        let done = try #require(bench.time(of: "response.done"))
        bench.forget()
        bench.run(for: .seconds(30))
        var expected = ["input_audio_buffer.timeout_triggered"]
        expected += committed + opening.prefix(3)
        #expect(Array(bench.types.prefix(7)) == expected)
        let triggered = try #require(bench.time(of: "input_audio_buffer.timeout_triggered"))
        #expect(triggered - done == .milliseconds(5000 + length))
    }

    @Test("The transcript of the user comes later, in deltas and whole, with its bill")
    func inputTranscript() throws {
        var bench = SessionBench()
        bench.update(transcription: ["model": "gpt-4o-mini-transcribe"])
        bench.fakes.heard = ["can i come tomorrow"]
        bench.say()
        bench.run(for: .seconds(5))
        let prefix = "conversation.item.input_audio_transcription."
        let completed = try #require(bench.first(prefix + "completed"))
        #expect(completed["transcript"] == "can i come tomorrow")
        #expect(bench.all(prefix + "delta").compactMap { $0["delta"]?.string }.joined() == "can i come tomorrow")
        #expect(completed["usage"]?["type"] == "tokens")
        let created = try #require(bench.events.firstIndex { $0["type"] == "response.created" })
        let position = try #require(bench.events.firstIndex { $0["type"]?.string == prefix + "completed" })
        #expect(position > created)
        #expect(completed["item_id"] == bench.first("input_audio_buffer.committed")?["item_id"])
    }

    @Test("A recogniser that fails is told as failed, and the persona hears nothing")
    func failedTranscript() {
        var bench = SessionBench()
        bench.update(transcription: ["model": "whisper-1"])
        bench.fakes.hearingFails = true
        bench.say()
        bench.run(for: .seconds(5))
        let failed = bench.first("conversation.item.input_audio_transcription.failed")
        #expect(failed?["error"]?["code"] == "audio_transcription_failed")
        #expect(bench.requests.map(\.trigger) == [.heard("")])
    }

    @Test("The same seed gives the same bytes")
    func determinism() {
        func run(_ seed: UInt64) -> [JSON] {
            var bench = SessionBench(seed: seed)
            bench.update(transcription: ["model": "whisper-1"])
            bench.fakes.heard = ["one two three"]
            bench.say()
            bench.run(for: .seconds(5))
            return bench.events
        }
        #expect(run(7) == run(7))
        #expect(run(7) != run(8))
    }
}
