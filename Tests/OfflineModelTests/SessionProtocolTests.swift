import SansIO
import Testing

@testable import OfflineModel

@Suite("Session, items and errors")
struct SessionProtocolTests {
    @Test("The first event is session.created with the whole session")
    func created() throws {
        let bench = SessionBench()
        #expect(bench.types == ["session.created"])
        let session = try #require(bench.events[0]["session"])
        #expect(session["object"] == "realtime.session")
        #expect(session["expires_at"] == .integer(1_795_000_000 + 3600))
        #expect(session["audio"]?["input"]?["turn_detection"]?["silence_duration_ms"] == 200)
        #expect(session["audio"]?["output"]?["format"] == ["type": "audio/pcm", "rate": 24_000])
    }

    static let refusals: [(RealtimeServerSession.Handshake, String, UInt16)] = [
        (.init(model: "gpt-realtime", key: nil), "invalid_api_key", 3000),
        (.init(model: "gpt-realtime", key: "sk-bad"), "invalid_api_key", 3000),
        (.init(model: nil, key: "sk"), "missing_model", 4000),
        (.init(model: "gpt-2", key: "sk"), "invalid_model", 4000),
        (.init(model: "gpt-realtime", key: "sk", asksForBeta: true), "beta_api_shape_disabled", 4000),
    ]

    @Test("A bad key, model or header gets an error event and a close code", arguments: refusals)
    func refused(handshake: RealtimeServerSession.Handshake, code: String, closeCode: UInt16) {
        var bench = SessionBench(handshake: handshake) { $0.refusedKeys = ["sk-bad"] }
        #expect(bench.types == ["error"])
        #expect(bench.error?["code"] == .string(code))
        #expect(bench.closing == .close(code: closeCode, reason: "invalid_request_error.\(code)"))
        bench.client(["type": "response.create"])
        #expect(bench.events.count == 1)
    }

    @Test("Audio is the same however its event is written")
    func appendedAudio() {
        var benches = [SessionBench(), SessionBench()]
        for index in benches.indices {
            benches[index].update()
            for number in 0..<60 {
                let audio = [UInt8](repeating: (10..<40).contains(number) ? 0x10 : 0xFF, count: 160)
                var event: JSON = [
                    "type": "input_audio_buffer.append",
                    "audio": .string(String(decoding: Base64.encode(audio), as: UTF8.self)),
                ]
                // The usual order is read by a shorter way.
                if index == 1 { event["event_id"] = "mine" }
                benches[index].client(event)
                benches[index].run(for: .milliseconds(20))
            }
        }
        #expect(benches[0].events == benches[1].events)
        #expect(benches[0].types.contains("input_audio_buffer.committed"))
        benches[0].client(["type": "input_audio_buffer.append", "audio": "?"])
        #expect(benches[0].error?["code"] == "invalid_value")
    }

    @Test("session.update merges, keeps the rest, and answers with the whole")
    func merge() throws {
        var bench = SessionBench()
        bench.client([
            "type": "session.update",
            "session": [
                "type": "realtime", "instructions": "Be brief.",
                "audio": [
                    "input": ["turn_detection": ["type": "server_vad", "silence_duration_ms": 500]],
                    "output": ["voice": "cedar"],
                ],
            ],
        ])
        let session = try #require(bench.last("session.updated")?["session"])
        #expect(session["instructions"] == "Be brief.")
        #expect(session["audio"]?["input"]?["turn_detection"]?["silence_duration_ms"] == 500)
        #expect(session["audio"]?["input"]?["turn_detection"]?["prefix_padding_ms"] == 300)
        #expect(session["audio"]?["input"]?["format"]?["type"] == "audio/pcm")
        #expect(session["audio"]?["output"]?["voice"] == "cedar")
    }

    static let badUpdates: [(JSON, String, String)] = [
        (["type": "realtime", "temperature": 0.8], "unknown_parameter", "session.temperature"),
        (["instructions": "x"], "missing_required_parameter", "session.type"),
        (["type": "transcription"], "invalid_value", "session.type"),
        (["type": "realtime", "output_modalities": ["audio", "text"]], "invalid_value", "session.output_modalities"),
        (
            ["type": "realtime", "audio": ["input": ["turn_detection": ["type": "server_vad", "treshold": 1]]]],
            "unknown_parameter", "session.audio.input.turn_detection.treshold"
        ),
        (
            ["type": "realtime", "audio": ["output": ["format": ["type": "audio/opus"]]]], "invalid_value",
            "session.audio.output.format.type"
        ),
        (["type": "realtime", "instructions": 5], "invalid_type", "session.instructions"),
        (
            ["type": "realtime", "tools": [["type": "function", "function": ["name": "x"]]]], "unknown_parameter",
            "session.tools[0].function"
        ),
        (["type": "realtime", "audio": ["output": ["voice": "bob"]]], "invalid_value", "session.audio.output.voice"),
        (
            ["type": "realtime", "audio": ["output": ["speed": 9]]], "integer_above_max_value",
            "session.audio.output.speed"
        ),
    ]

    @Test("A bad update names the field and changes nothing", arguments: badUpdates)
    func badUpdate(update: JSON, code: String, param: String) throws {
        var bench = SessionBench()
        var update = update
        update["max_output_tokens"] = 77
        bench.client(["type": "session.update", "event_id": "e1", "session": update])
        let error = try #require(bench.error)
        #expect(error["code"] == .string(code))
        #expect(error["param"] == .string(param))
        #expect(error["event_id"] == "e1")
        bench.client(["type": "session.update", "session": ["type": "realtime"]])
        #expect(bench.last("session.updated")?["session"]?["max_output_tokens"] == "inf")
    }

    @Test("The voice is frozen once the model has spoken")
    func voiceFreeze() {
        var bench = SessionBench()
        let update: JSON = [
            "type": "session.update", "session": ["type": "realtime", "audio": ["output": ["voice": "ash"]]],
        ]
        bench.client(update)
        #expect(bench.error == nil)
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(5))
        bench.client(update)
        #expect(bench.error == nil)
        bench.client([
            "type": "session.update", "session": ["type": "realtime", "audio": ["output": ["voice": "echo"]]],
        ])
        #expect(bench.error?["code"] == "cannot_update_voice")
    }

    @Test("What is no event is told so, and the session goes on")
    func malformed() {
        var bench = SessionBench()
        for (text, code, param) in [
            ("{", "invalid_json", nil), ("[1]", "invalid_event", nil), ("{}", "missing_required_parameter", "type"),
            (#"{"type":"session.delete"}"#, "invalid_value", "type"), (#"{"type":7}"#, "invalid_type", "type"),
            (#"{"type":"response.create","x":1}"#, "unknown_parameter", "x"),
            (#"{"type":"input_audio_buffer.append"}"#, "missing_required_parameter", "audio"),
            (#"{"type":"input_audio_buffer.append","audio":"%"}"#, "invalid_value", "audio"),
            (#"{"type":"input_audio_buffer.append","audio":"AA=="}"#, "invalid_value", "audio"),
        ] as [(String, String, String?)] {
            bench.receive(.text(Array(text.utf8)))
            #expect(bench.error?["code"] == .string(code), "\(text)")
            #expect(bench.error?["param"] == JSON(orNull: param), "\(text)")
        }
        bench.receive(.binary)
        #expect(bench.error?["code"] == "invalid_event")
        bench.client(["type": "input_audio_buffer.clear"])
        #expect(bench.types.last == "input_audio_buffer.cleared")
    }

    @Test("A commit needs 100 ms of audio")
    func shortCommit() {
        var bench = SessionBench()
        bench.update(turnDetection: .null)
        bench.append(milliseconds: 80, isVoiced: true)
        bench.client(["type": "input_audio_buffer.commit"])
        #expect(bench.error?["code"] == "input_audio_buffer_commit_empty")
        #expect(bench.error?["message"]?.string?.contains("80.00ms") == true)
        bench.append(milliseconds: 20, isVoiced: true)
        bench.client(["type": "input_audio_buffer.commit"])
        #expect(bench.types.last == "conversation.item.done")
    }

    @Test("A second response.create while one runs is refused and begins nothing")
    func activeResponse() throws {
        var bench = SessionBench()
        bench.client(["type": "response.create"])
        bench.client(["type": "response.create", "event_id": "again"])
        #expect(bench.error?["code"] == "conversation_already_has_active_response")
        #expect(bench.error?["event_id"] == "again")
        let identifier = try #require(bench.first("response.created")?["response"]?["id"]?.string)
        #expect(bench.error?["message"]?.string?.contains(identifier) == true)
        #expect(bench.all("response.created").count == 1)
    }

    @Test("Items are placed, retrieved and deleted; the chain of previous items follows")
    func items() {
        func message(_ id: String, after: JSON = .null) -> JSON {
            [
                "type": "conversation.item.create", "previous_item_id": after,
                "item": [
                    "id": .string(id), "type": "message", "role": "system",
                    "content": [["type": "input_text", "text": "x"]],
                ],
            ]
        }
        var bench = SessionBench()
        bench.client(message("a"))
        bench.client(message("b"))
        bench.client(message("c", after: "a"))
        bench.client(message("d", after: "root"))
        #expect(bench.all("conversation.item.added").map { $0["previous_item_id"] } == [.null, "a", "a", .null])
        bench.client(message("a"))
        #expect(bench.error?["param"] == "item.id")
        bench.client(message("e", after: "zzz"))
        #expect(bench.error?["param"] == "previous_item_id")
        bench.client(["type": "conversation.item.delete", "item_id": "b"])
        bench.client(message("f"))
        #expect(bench.last("conversation.item.added")?["previous_item_id"] == "c")
        bench.client(["type": "conversation.item.retrieve", "item_id": "b"])
        #expect(bench.error?["code"] == "item_retrieve_invalid_item_id")
        bench.client(["type": "conversation.item.delete", "item_id": "b"])
        #expect(bench.error?["code"] == "item_delete_invalid_item_id")
        bench.client(message(String(repeating: "x", count: 33)))
        #expect(bench.error?["code"] == "string_above_max_length")
    }

    @Test("Usage grows with the context, counts audio by its length, and cached tokens are told")
    func usage() throws {
        var bench = SessionBench()
        bench.update()
        bench.fakes.heard = ["hello", "hello again"]
        bench.say(milliseconds: 2000)
        bench.run(for: .seconds(5))
        bench.say(milliseconds: 2000)
        bench.run(for: .seconds(5))
        let bills = bench.all("response.done").compactMap { $0["response"]?["usage"] }
        #expect(bills.count == 2)
        let audio = bills.compactMap { $0["input_token_details"]?["audio_tokens"]?.integer }
        let length = try #require(bench.first("input_audio_buffer.speech_stopped")?["audio_end_ms"]?.integer)
        let start = try #require(bench.first("input_audio_buffer.speech_started")?["audio_start_ms"]?.integer)
        #expect(audio[0] == (length - start + 99) / 100)
        #expect(audio[1] > audio[0])
        let spoken = try #require(bills[0]["output_token_details"]?["audio_tokens"]?.integer)
        #expect(spoken == Int64("Hello there, how are you today?".utf8.count * 60 + 49) / 50)
        for bill in bills {
            let total = try #require(bill["total_tokens"]?.integer)
            #expect(total == (bill["input_tokens"]?.integer ?? 0) + (bill["output_tokens"]?.integer ?? 0))
        }
    }

    @Test("A session ends after its hour with 1001")
    func expiry() {
        var bench = SessionBench()
        bench.run(for: .seconds(3599))
        #expect(bench.closing == nil)
        bench.run(for: .seconds(1))
        #expect(
            bench.closing
                == .close(code: 1001, reason: "Your session hit the maximum duration of 60 minutes."))
    }

    @Test("A deaf session counts audio, keeps the protocol, and hears nothing")
    func deaf() {
        var bench = SessionBench { $0.hears = false }
        bench.update(turnDetection: .null)
        bench.append(milliseconds: 200, isVoiced: true)
        bench.client(["type": "input_audio_buffer.commit"])
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(5))
        #expect(bench.transcribed.isEmpty)
        #expect(bench.types.last == "rate_limits.updated")
        #expect(bench.requests.map(\.trigger) == [.heard("")])
    }

    @Test("No garbage from a client stops a session")
    func fuzz() {
        var random = SeededRandom(seed: 42)
        let samples: [JSON] = [
            ["type": "session.update", "session": ["type": "realtime", "audio": ["input": ["format": .null]]]],
            ["type": "input_audio_buffer.append", "audio": "AAAA"], ["type": "input_audio_buffer.commit"],
            [
                "type": "conversation.item.truncate", "item_id": "x", "content_index": .integer(.max),
                "audio_end_ms": .integer(.max),
            ],
            ["type": "response.create", "response": ["input": [["type": "item_reference", "id": "x"]]]],
            [
                "type": "conversation.item.create",
                "item": ["type": "message", "role": "user", "content": [["type": "input_audio", "audio": "AA"]]],
            ],
        ]
        for _ in 0..<2000 {
            var bytes = samples[Int.random(in: 0..<samples.count, using: &random)].bytes
            for _ in 0..<Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32..<127, using: &random)
            }
            var bench = SessionBench()
            bench.receive(.text(bytes))
            bench.run(for: .milliseconds(100))
            bench.client(["type": "input_audio_buffer.clear"])
            #expect(bench.types.contains("input_audio_buffer.cleared"))
        }
    }
}
