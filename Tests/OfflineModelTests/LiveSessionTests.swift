import SansIO
import Testing

@testable import OfflineModel

@Suite("Live sessions")
struct LiveSessionTests {
    @Test("The client begins; the server answers with the whole session")
    func started() throws {
        var bench = LiveBench()
        #expect(bench.events.isEmpty)
        bench.start(["instructions": "Be brief.", "input": [["role": "user", "content": [["text": "Hi."]]]]])
        let event = try #require(bench.last("session.started"))
        #expect(event["client_event_id"] == "c0")
        let session = try #require(event["session"])
        #expect(session["id"]?.string?.hasPrefix("live_") == true)
        #expect(session["status"] == "active")
        #expect(session["expires_at"] == .integer(1_795_000_000 + 7200))
        #expect(session["audio"]?["format"] == ["type": "audio/pcmu", "rate": 8000])
        #expect(session["audio"]?["output"]?["voice"] == "marin")
        #expect(session["delegation"] == ["type": "client"])
        bench.start()
        #expect(bench.error?["code"] == "session_already_started")
    }

    @Test("An answer follows the user's silence, in real time, its words beside its audio")
    func answer() throws {
        var bench = LiveBench.started()
        bench.heard = ["good morning"]
        bench.say()
        bench.run(for: .seconds(4))
        let input = bench.all("session.input_transcript.delta")
        #expect(input.compactMap { $0["delta"]?.string }.joined() == "good morning")
        #expect((0...700).contains(input[0]["start_ms"]?.integer ?? -1))
        #expect((1400...1900).contains(input[1]["end_ms"]?.integer ?? -1))
        #expect(bench.requests.map(\.trigger) == [.heard("good morning")])
        #expect(bench.spoken == "Hello there, how are you today?")
        #expect(bench.spokenMilliseconds == 31 * 60)
        // No chunk is earlier than it is heard, but for the one that is ahead.
        let chunks = zip(bench.events, bench.times).filter { $0.0["type"] == "session.output_audio.delta" }.map(\.1)
        #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $1 - $0 == .milliseconds(100) })
        #expect(bench.all("session.output_audio.delta").allSatisfy { $0["event_id"] == nil })
        let places = bench.all("session.output_transcript.delta")
        #expect(zip(places, places.dropFirst()).allSatisfy { $0["end_ms"] == $1["start_ms"] })
    }

    @Test("The model falls silent when the user has spoken for a while, and knows what was heard of it")
    func interruption() throws {
        var bench = LiveBench.started()
        bench.heard = ["tell me a story", "stop it"]
        bench.persona = { request in
            if case .heard("stop it") = request.trigger { return [.say("All right.")] }
            return [.say("Once upon a time there was a king who had three daughters."), .say("Never heard.")]
        }
        bench.say()
        bench.run(for: .milliseconds(800))
        let before = bench.spokenMilliseconds
        #expect(before > 500)
        bench.append(milliseconds: 1000, isVoiced: true)
        // 400 ms of voice, and what was ahead.
        #expect(bench.spokenMilliseconds - before <= 500)
        bench.append(milliseconds: 600, isVoiced: false)
        bench.run(for: .seconds(2))
        #expect(bench.speeches.map(\.text).last == "All right.")
        #expect(!bench.speeches.contains { $0.text == "Never heard." })
        let last = try #require(bench.requests.last)
        #expect(last.trigger == .heard("stop it"))
        guard case .message(role: "assistant", let text) = last.history[1] else {
            Issue.record("no answer in the history: \(last.history)")
            return
        }
        #expect("Once upon a time there was a king who had three daughters.".hasPrefix(text) && text.count < 30)
    }

    @Test("A word beside it does not stop the model, and wants no answer")
    func backChannel() {
        var bench = LiveBench.started()
        bench.heard = ["tell me a story", "yes"]
        bench.persona = { _ in [.say("Once upon a time there was a king who had three daughters.")] }
        bench.say()
        bench.run(for: .milliseconds(400))
        bench.append(milliseconds: 240, isVoiced: true)
        bench.append(milliseconds: 600, isVoiced: false)
        bench.run(for: .seconds(5))
        #expect(bench.spoken == "Once upon a time there was a king who had three daughters.")
        #expect(bench.requests.count == 1)
        #expect(bench.all("session.input_transcript.delta").last?["delta"] == "yes")
    }

    @Test("What was thought of half a sentence is thrown away; the whole is answered")
    func secondThought() {
        var bench = LiveBench.started()
        bench.heard = ["i would like", "to come tomorrow"]
        bench.thoughtDuration = .milliseconds(600)
        bench.persona = { request in
            guard case .heard(let words) = request.trigger else { return [] }
            return [.say("You said: \(words)")]
        }
        bench.append(milliseconds: 600, isVoiced: true)
        bench.append(milliseconds: 600, isVoiced: false)
        bench.append(milliseconds: 800, isVoiced: true)
        bench.append(milliseconds: 600, isVoiced: false)
        bench.run(for: .seconds(5))
        #expect(bench.speeches.map(\.text) == ["You said: i would like to come tomorrow"])
    }

    @Test("A client's delegation is told without its task; thinking comes back as its result, commentary is spoken")
    func clientDelegation() throws {
        var bench = LiveBench.started()
        bench.heard = ["book it", "thanks"]
        bench.persona = { request in
            switch request.trigger {
            case .heard("book it"): [.say("One moment."), .call(name: "book", arguments: ["day": "monday"])]
            case .results(let results): [.say("It is \(results[0].output).")]
            default: [.say("Bye.")]
            }
        }
        bench.say()
        bench.run(for: .seconds(1))
        let created = try #require(bench.last("session.delegation.created"))
        let id = try #require(created["delegation"]?["id"])
        #expect(created["delegation"]?["target"] == "client" && created["delegation"]?["type"] == "delegation")
        #expect(created["delegation"]?["response_id"] == nil)
        #expect((1500...4000).contains(created["offset_ms"]?.integer ?? -1))
        #expect(bench.requests[0].mayCallAny)
        bench.client([
            "type": "session.commentary.append", "content": "I am nearly there.", "delegation_id": .null,
            "event_id": "c1",
        ])
        #expect(bench.last("session.commentary.appended")?["client_event_id"] == "c1")
        bench.run(for: .seconds(2))
        bench.client(["type": "session.thinking.append", "content": "done", "delegation_id": id])
        bench.run(for: .seconds(2))
        #expect(bench.speeches.map(\.text) == ["One moment.", "I am nearly there.", "It is done."])
        guard case .results(let results)? = bench.requests.last?.trigger else {
            Issue.record("no result")
            return
        }
        #expect(results.map(\.name) == ["book"] && results[0].arguments == #"{"day":"monday"}"#)
        bench.client(["type": "session.commentary.append", "content": "Again.", "delegation_id": id])
        #expect(bench.error == nil)
        bench.client(["type": "session.commentary.append", "content": "x", "delegation_id": "delegation_none"])
        #expect(bench.error?["param"] == "delegation_id")
    }

    private static let delegation: JSON = [
        "type": "responses",
        "responses": [
            "model": "gpt-5-mini", "instructions": "Use the tools.",
            "tools": [["type": "function", "name": "book", "parameters": ["type": "object"]]],
        ],
    ]

    @Test("A back end of the Responses API calls functions, reads their outputs, and what it writes is spoken")
    func responsesDelegation() throws {
        var bench = LiveBench.started(["delegation": Self.delegation])
        bench.heard = ["book it"]
        bench.persona = { request in
            if case .results(let results) = request.trigger { return [.say("It is \(results[0].output).")] }
            return [.say("One moment."), .call(name: "book", arguments: ["day": "monday"])]
        }
        bench.say()
        bench.run(for: .seconds(2))
        #expect(bench.requests[0].tools == ["book"] && !bench.requests[0].mayCallAny)
        let created = try #require(bench.last("session.delegation.created")?["delegation"])
        #expect(created["target"] == "responses")
        #expect(created["response_id"]?.string?.hasPrefix("resp_") == true)
        #expect(
            bench.types.suffix(8) == [
                "session.delegation.created", "> response.created", "> response.in_progress",
                "> response.output_item.added", "> response.function_call_arguments.delta",
                "> response.function_call_arguments.done", "> response.output_item.done", "> response.completed",
            ])
        #expect(bench.all("response.event").allSatisfy { $0["delegation_id"] == created["id"] })
        let completed = try #require(bench.last("response.event")?["event"])
        #expect(completed["response"]?["output"] == [] && completed["response"]?["tools"] == [])
        let done = try #require(
            bench.all("response.event").first {
                $0["event"]?["type"] == "response.output_item.done"
            }?["event"]?["item"])
        #expect(done["arguments"] == #"{"day":"monday"}"#)

        bench.client(["type": "response.create"])
        #expect(bench.error?["code"] == "missing_tool_output")
        bench.forget()
        let callID = try #require(done["call_id"])
        bench.client([
            "type": "response.item.create",
            "item": ["type": "function_call_output", "call_id": callID, "output": "done"],
        ])
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(2))
        #expect(bench.types.contains("> response.output_text.delta"))
        #expect(bench.all("session.delegation.created").isEmpty)
        #expect(bench.spoken == "It is done.")
        bench.client([
            "type": "response.item.create", "item": ["type": "function_call_output", "call_id": callID, "output": "x"],
        ])
        #expect(bench.error?["code"] == "invalid_tool_call_id")
    }

    @Test("A response of the back end waits for all outputs")
    func missingOutput() {
        var bench = LiveBench.started(["delegation": Self.delegation])
        bench.heard = ["book it"]
        bench.persona = { _ in [.call(name: "book", arguments: [:]), .call(name: "book", arguments: ["a": 1])] }
        bench.say()
        bench.run(for: .seconds(1))
        let calls = bench.all("response.event").filter { $0["event"]?["type"] == "response.output_item.done" }
        #expect(calls.count == 2)
        bench.client([
            "type": "response.item.create",
            "item": [
                "type": "function_call_output", "call_id": calls[0]["event"]?["item"]?["call_id"] ?? .null,
                "output": "x",
            ],
        ])
        bench.client(["type": "response.create"])
        #expect(bench.error?["code"] == "missing_tool_output")
    }

    @Test("Instructions and thoughts: the first are followed, the second are only known")
    func context() {
        var bench = LiveBench.started(["instructions": "Be brief."])
        bench.persona = { request in [.say(request.hasOwnInstructions ? "Told." : "Not told.")] }
        bench.client(["type": "session.thinking.append", "content": "They are late.", "delegation_id": .null])
        bench.run(for: .seconds(1))
        #expect(bench.requests.isEmpty)
        bench.client(["type": "session.instructions.append", "content": "Greet them.", "delegation_id": .null])
        bench.run(for: .seconds(1))
        #expect(bench.speeches.map(\.text) == ["Told."])
        #expect(bench.requests[0].trigger == .start)
        #expect(bench.requests[0].instructions.hasSuffix("Greet them."))
    }

    @Test("Usage is told, a close is confirmed, and a session expires")
    func ends() {
        var bench = LiveBench.started()
        bench.run(for: .seconds(21))
        #expect(bench.all("session.usage.updated").map { $0["usage"]?["seconds"] } == [10.0, 20.0])
        bench.client(["type": "session.close", "event_id": "c9"])
        #expect(bench.last("session.closed")?["reason"] == "close_requested")
        #expect(bench.last("session.closed")?["client_event_id"] == "c9")
        #expect(bench.last("session.closed")?["usage"] == ["seconds": 21.0])
        #expect(bench.closing == .close(code: 1000, reason: "close_requested"))
        #expect(bench.session.nextDeadline == nil)

        var long = LiveBench { $0.maximumDuration = .seconds(30) }
        long.start()
        long.run(for: .seconds(31))
        #expect(long.last("session.closed")?["reason"] == "expired")
        #expect(long.closing == .close(code: 1001, reason: "expired"))
        var idle = LiveBench()
        idle.run(for: .seconds(61))
        #expect(idle.error?["code"] == "session_not_started")
        #expect(idle.closing != nil)
    }

    @Test("Muted audio is not heard")
    func mute() {
        var bench = LiveBench.started()
        bench.heard = ["hello"]
        bench.client(["type": "session.input_audio.mute"])
        bench.say()
        #expect(bench.requests.isEmpty)
        bench.client(["type": "session.input_audio.unmute"])
        bench.say()
        bench.run(for: .seconds(1))
        #expect(bench.types.prefix(2) == ["session.input_audio.muted", "session.input_audio.unmuted"])
        #expect(bench.requests.count == 1)
    }

    @Test("Whether it hears is told again to a client that says so again, and what it hears goes on")
    func repeatedUnmute() {
        var bench = LiveBench.started()
        bench.heard = ["hello"]
        bench.append(milliseconds: 600, isVoiced: true)
        bench.client(["type": "session.input_audio.unmute", "event_id": "probe"])
        #expect(bench.last("session.input_audio.unmuted")?["client_event_id"] == "probe")
        bench.append(milliseconds: 1_000, isVoiced: false)
        bench.run(for: .seconds(1))
        #expect(bench.requests.map(\.trigger) == [.heard("hello")])
    }

    static let refused: [(JSON, String, String?)] = [
        (["type": "session.frobnicate"], "invalid_value", "type"),
        (["type": "session.update", "session": ["instructions": "x"]], "unknown_parameter", "session.instructions"),
        (
            ["type": "session.update", "session": ["delegation": ["type": "responses", "responses": [:]]]],
            "invalid_value", "session.delegation.type"
        ),
        (["type": "session.commentary.append", "content": "x"], "missing_required_parameter", "delegation_id"),
        (
            [
                "type": "session.commentary.append", "content": .string(String(repeating: "x", count: 2001)),
                "delegation_id": .null,
            ], "invalid_value", "content"
        ),
        (["type": "session.input_audio.append", "audio": "?"], "invalid_value", "audio"),
        (["type": "response.create"], "invalid_delegation", "type"),
        (["type": "session.output_audio.fixture.play", "audio": ""], "invalid_value", "type"),
    ]

    @Test("A bad event is an error that names it, and nothing else", arguments: refused)
    func refusals(event: JSON, code: String, param: String?) {
        var bench = LiveBench.started()
        var event = event
        event["event_id"] = "c1"
        bench.client(event)
        #expect(bench.types == ["error"])
        #expect(bench.error?["code"] == .string(code))
        #expect(bench.error?["param"]?.string == param)
        #expect(bench.error?["client_event_id"] == "c1")
        #expect(bench.closing == nil)
    }

    static let badStarts: [(JSON, String)] = [
        (["model": "gpt-realtime"], "session.model"),
        (["audio": ["format": ["type": "audio/pcm", "rate": 16_000]]], "session.audio.format.rate"),
        (["audio": ["output": ["voice": "bob"]]], "session.audio.output.voice"),
        (["delegation": ["type": "decisions"]], "session.delegation.type"),
        (["delegation": ["type": "responses"]], "session.delegation.responses"),
        (
            ["delegation": ["type": "responses", "responses": ["model": "gpt-2"]]],
            "session.delegation.responses.model"
        ),
        (["input": [["role": "user", "content": []]]], "session.input[0].content"),
        (["tools": []], "session.tools"),
    ]

    @Test("A bad start names the field, and the next may be better", arguments: badStarts)
    func badStart(members: JSON, param: String) {
        var bench = LiveBench()
        bench.start(members)
        #expect(bench.error?["param"]?.string == param)
        bench.start()
        #expect(bench.last("session.started") != nil)
    }

    @Test("A bad key and an impatient client are refused")
    func refusedKey() {
        let bench = LiveBench(key: "sk-bad")
        #expect(bench.error?["code"] == "invalid_api_key")
        #expect(bench.closing == .close(code: 3000, reason: "invalid_request_error.invalid_api_key"))
        var early = LiveBench()
        early.client(["type": "session.close"])
        #expect(early.error?["code"] == "session_not_started")
    }

    @Test("An update changes the back end alone")
    func update() {
        var bench = LiveBench.started(["delegation": Self.delegation])
        bench.client([
            "type": "session.update",
            "session": ["delegation": ["type": "responses", "responses": ["tools": [], "tool_choice": "none"]]],
        ])
        let responses = bench.last("session.updated")?["session"]?["delegation"]?["responses"]
        #expect(responses?["model"] == "gpt-5-mini" && responses?["tools"] == [])
    }

    @Test("Commentary is said, or obeyed where it is an order: exact words, an instruction, a turn of the model's")
    func orders() {
        var bench = LiveBench.started()
        bench.persona = { request in
            request.hasOwnInstructions ? [.say("I do as I am told.")] : [.say("Good morning.")]
        }
        for content in [
            "Do not wait for the caller to speak first.", "Speak now. Say exactly the following: \"Hello there.\"",
            "Immediately follow the instruction below. Do not wait for the caller to speak first.\n\nAsk again.", "So.",
        ] {
            bench.client(["type": "session.commentary.append", "content": .string(content), "delegation_id": .null])
            bench.run(for: .seconds(4))
        }
        #expect(bench.speeches.map(\.text) == ["Good morning.", "Hello there.", "I do as I am told.", "So."])
        #expect(bench.requests.last?.instructions.hasSuffix("\n\nAsk again.") == true)
    }

    @Test("Whatever a client sends, the session stays whole")
    func hostile() {
        var random = SeededRandom(seed: 5)
        let events: [JSON] = [
            ["type": "session.start", "session": ["model": "gpt-live-1", "delegation": Self.delegation]],
            ["type": "session.commentary.append", "content": "Hello there.", "delegation_id": .null],
            ["type": "session.thinking.append", "content": "x", "delegation_id": "y"],
            ["type": "session.instructions.append", "content": "z", "delegation_id": .null],
            ["type": "response.item.create", "item": ["type": "function_call_output", "call_id": "c", "output": "o"]],
            ["type": "response.item.create", "item": ["role": "user", "content": "hi"]],
            ["type": "response.create"], ["type": "session.input_audio.mute"], ["type": "session.input_audio.unmute"],
            ["type": "session.update", "session": [:]],
        ]
        for seed in 0..<20 {
            var bench = LiveBench { $0.seed = UInt64(seed) }
            bench.persona = { _ in
                [.say("Well."), .call(name: "book", arguments: [:]), .pause(.milliseconds(30)), .say("So.")]
            }
            for _ in 0..<60 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    bench.append(
                        milliseconds: 20 * Int.random(in: 1...40, using: &random), isVoiced: random.chance(0.5))
                case 1: bench.run(for: .milliseconds(Int.random(in: 1...2000, using: &random)))
                default:
                    var text = events[Int.random(in: 0..<events.count, using: &random)].bytes
                    if random.chance(0.3), !text.isEmpty {
                        text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(
                            in: 32...126, using: &random)
                    }
                    bench.client(text)
                }
            }
        }
    }
}

extension LiveBench {
    fileprivate mutating func client(_ text: [UInt8]) {
        do { client(try JSON(parsing: text)) } catch { client(["type": .string("\(error)")]) }
    }
}
