import Audio
import FoundationEssentials
import Glibc
import Logging
import Net
import SansIO
import Speech
import Synchronization
import Testing

@testable import OfflineModel

/// A client of the server, over a real socket.
private final class TestClient: Sendable {
    let socket: WebSocketConnection
    private let stream: AsyncStream<WebSocketEvent>

    init(_ server: OfflineModelServer, query: String = "?model=gpt-realtime", key: String = "sk-test") async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: WebSocketEvent.self)
        self.stream = stream
        socket = try await WebSocketClient.connect(
            url: server.url + query, headers: ["Authorization": "Bearer \(key)"],
            onEvent: { event in
                continuation.yield(event)
                if case .closed = event { continuation.finish() }
            })
    }

    func send(_ event: JSON) { socket.send(text: event.bytes) }

    func append(_ audio: [UInt8]) {
        let text = String(decoding: Base64.encode(audio), as: UTF8.self)
        send(["type": "input_audio_buffer.append", "audio": .string(text)])
    }

    /// All events up to the first of the given type, that one included, or up to the close.
    func events(until type: String) async throws -> [JSON] {
        var events: [JSON] = []
        for await event in stream {
            guard case .text(let bytes) = event else { break }
            events.append(try JSON(parsing: bytes))
            if events.last?["type"]?.string == type { break }
        }
        return events
    }

    /// Code and reason with which the server closes.
    func closing() async -> (UInt16?, String) {
        for await event in stream {
            if case .closed(let code, let reason) = event { return (code, reason) }
        }
        return (nil, "")
    }
}

extension [JSON] {
    fileprivate func first(_ type: String) -> JSON? { first { $0["type"]?.string == type } }

    fileprivate var audio: [UInt8] {
        filter { $0["type"] == "response.output_audio.delta" }.flatMap { event in
            Base64.decode((event["delta"]?.string ?? "").utf8) ?? []
        }
    }
}

@Suite("The server on loopback", .timeLimit(.minutes(2)))
struct OfflineModelServerTests {
    static let persona = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "scripts/personas/dental_practice.lua").path

    static func start(
        _ change: (inout OfflineModelServer.Configuration) -> Void = { _ in }
    ) async throws -> OfflineModelServer {
        var configuration = OfflineModelServer.Configuration(personaPath: persona)
        configuration.today = "2026-11-30"
        configuration.recognizerCount = 1
        change(&configuration)
        return try await OfflineModelServer.start(configuration, logger: Logger(label: "test"))
    }

    static let update: JSON = [
        "type": "session.update",
        "session": [
            "type": "realtime",
            "audio": [
                "input": [
                    "format": ["type": "audio/pcmu"], "transcription": ["model": "whisper-1"],
                    "turn_detection": ["type": "server_vad", "silence_duration_ms": 500],
                ], "output": ["format": ["type": "audio/pcmu"]],
            ],
            "tools": [
                ["type": "function", "name": "look_up_availability", "parameters": ["type": "object"]],
                ["type": "function", "name": "confirm_appointment", "parameters": ["type": "object"]],
                ["type": "function", "name": "end_call", "parameters": ["type": "object"]],
            ],
        ],
    ]

    static func speech(_ text: String) throws -> [UInt8] {
        let spoken = try SpeechSynthesizer().synthesize(text, voice: .awb, sampleRate: 8000)
        let silence = [UInt8](repeating: G711.silence(.mu), count: 8 * 700)
        return silence + G711.encode(spoken.samples, .mu) + silence
    }

    @Test("Sessions of a key have what is planned for it, and can be dropped without those of another")
    func sessionPlans() async throws {
        let server = try await Self.start { configuration in
            configuration.hears = false
            configuration.session = { key in
                guard key == "scripted" else { return OfflineModelServer.SessionPlan() }
                return OfflineModelServer.SessionPlan(script: ScriptedModel { _ in [.say("As written.")] })
            }
        }
        let scripted = try await TestClient(server, key: "scripted")
        let other = try await TestClient(server, key: "other")
        for client in [scripted, other] {
            _ = try await client.events(until: "session.created")
            client.send(["type": "response.create", "response": ["output_modalities": ["text"]]])
        }
        let said = try await scripted.events(until: "response.done").first("response.output_text.done")
        #expect(said?["text"] == "As written.")
        let others = try await other.events(until: "response.done").first("response.output_text.done")
        #expect(others?["text"] != "As written.")
        server.dropSessions(key: "scripted")
        _ = await scripted.closing()
        other.send(["type": "response.create", "response": ["output_modalities": ["text"]]])
        #expect(try await other.events(until: "response.done").first("response.done") != nil)
        await server.shutdown()
    }

    @Test("A spoken question is heard, a function called, and the spoken answer is understood again")
    func conversation() async throws {
        let server = try await Self.start()
        let client = try await TestClient(server)
        _ = try await client.events(until: "session.created")
        client.send(Self.update)
        _ = try await client.events(until: "session.updated")

        client.append(try Self.speech("Can I come tomorrow instead?"))
        var events = try await client.events(until: "response.done")
        let call = try #require(events.first("response.function_call_arguments.done"))
        #expect(call["name"] == "look_up_availability")
        #expect(call["arguments"] == #"{"date":"2026-12-01"}"#)
        if events.first("conversation.item.input_audio_transcription.completed") == nil {
            events += try await client.events(until: "conversation.item.input_audio_transcription.completed")
        }
        #expect(
            events.first("conversation.item.input_audio_transcription.completed")?["transcript"]
                == "can i come tomorrow instead")

        client.send([
            "type": "conversation.item.create",
            "item": [
                "type": "function_call_output", "call_id": call["call_id"] ?? .null,
                "output": #"{"available_times":["1pm","2pm","3pm"]}"#,
            ],
        ])
        client.send(["type": "response.create"])
        events = try await client.events(until: "response.done")
        let transcript = try #require(events.first("response.output_audio_transcript.done")?["transcript"]?.string)
        #expect(transcript.contains("3 pm"))
        let recognizer = try SpeechRecognizer(.init(usesOpenVocabulary: false))
        try recognizer.setGrammar(SpeechGrammar(sentences: [transcript, "the weather is fine", "three men came"]))
        let heard = try recognizer.recognize(G711.decode(events.audio, .mu))
        #expect(SpokenText.words(heard.text) == SpokenText.words(transcript))

        client.append(try Self.speech("Three is fine."))
        events = try await client.events(until: "response.done")
        #expect(
            events.first("response.function_call_arguments.done")?["arguments"]
                == #"{"date":"2026-12-01","time":"3pm"}"#)
        client.socket.close()
        await server.shutdown()
    }

    @Test("Several sessions speak at once, each what it was told to")
    func manySessions() async throws {
        let server = try await Self.start { $0.hears = false }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 {
                group.addTask {
                    let client = try await TestClient(server)
                    client.send(Self.update)
                    for _ in 0..<50 { client.append([UInt8](repeating: 0xFF, count: 160)) }
                    client.send([
                        "type": "response.create",
                        "response": ["instructions": .string("Say exactly: \"Number \(number % 4).\"")],
                    ])
                    let events = try await client.events(until: "response.done")
                    #expect(
                        events.first("response.output_audio_transcript.done")?["transcript"]
                            == .string("Number \(number % 4)."))
                    client.socket.close()
                    return events.audio.count
                }
            }
            for try await count in group { #expect(count > 2000) }
        }
        await server.shutdown()
    }

    @Test("A bad key gets the upgrade, an error event and close code 3000")
    func badKey() async throws {
        let server = try await Self.start {
            $0.hears = false
            $0.refusedKeys = ["sk-bad"]
        }
        let client = try await TestClient(server, key: "sk-bad")
        let events = try await client.events(until: "error")
        #expect(events.first?["error"]?["code"] == "invalid_api_key")
        let (code, reason) = await client.closing()
        #expect(code == 3000)
        #expect(reason == "invalid_request_error.invalid_api_key")
        await server.shutdown()
    }

    @Test("The list of models, for whoever has a key")
    func models() async throws {
        let server = try await Self.start { $0.hears = false }
        let http = try HTTPClient()
        var request = HTTPRequest(target: server.baseURL + "/models", headers: ["Authorization": "Bearer sk"])
        let response = try await http.send(request)
        #expect(response.status == 200)
        #expect(try JSON(parsing: response.body)["data"]?[0]?["id"] == "gpt-realtime")
        request.headers = [:]
        #expect(try await http.send(request).status == 401)
        await server.shutdown()
    }

    @Test("Replies are played in real time: whole, late, refused and then well, and dropped before and in the middle")
    func endpoints() async throws {
        let rules = """
            latency=80ms key=sk-slow; status=503 times=1 key=sk-ill; drop key=sk-gone; drop=middle key=sk-half
            """
        let misbehaviour = try Misbehaviour(parsing: rules)
        let server = try await Self.start {
            $0.hears = false
            $0.misbehaviour = misbehaviour
        }
        let http = try HTTPClient()
        func ask(_ key: String) async throws -> HTTPResponse {
            let body: JSON = [
                "model": "gpt-4o-mini", "stream": true,
                "messages": [["role": "system", "content": "Say exactly: \"Good day.\""]],
            ]
            return try await http.send(
                HTTPRequest(
                    method: "POST", target: server.baseURL + "/chat/completions",
                    headers: ["Authorization": "Bearer \(key)", "Content-Type": "application/json"], body: body.bytes))
        }
        let whole = try await ask("sk")
        #expect(whole.headers["Content-Type"]?.hasPrefix("text/event-stream") == true)
        #expect(EndpointReply.events(in: whole.body).last?.data == "[DONE]")
        let begin = ContinuousClock.now
        #expect(try await ask("sk-slow").status == 200)
        #expect(ContinuousClock.now - begin >= .milliseconds(80))
        #expect(try await ask("sk-ill").status == 503)
        #expect(try await ask("sk-ill").status == 200)
        for key in ["sk-gone", "sk-half"] {
            await #expect(throws: NetError.self) { try await ask(key) }
        }
        let request = HTTPRequest(target: server.baseURL + "/audio/speech", headers: ["Authorization": "Bearer sk"])
        #expect(try await http.send(request).status == 405)
        await server.shutdown()
    }

    @Test("An edited persona serves the next session; a broken edit leaves the last good one")
    func reload() async throws {
        let path = FileManager.default.temporaryDirectory.appending(
            path: "persona-\(UInt64.random(in: 0...UInt64.max)).lua")
        defer { unlink(path.path) }
        func write(_ text: String) throws {
            let source =
                "return persona { phrases = { 'x' }, on_text = function() end, on_start = function() \(text) end }"
            try Data(source.utf8).write(to: path)
        }
        try write("return 'First.'")
        let server = try await Self.start {
            $0.hears = false
            $0.personaPath = path.path
        }
        func answer() async throws -> JSON? {
            let client = try await TestClient(server)
            client.send(["type": "response.create", "response": ["output_modalities": ["text"]]])
            let events = try await client.events(until: "response.done")
            client.socket.close()
            return events.last?["response"]
        }
        #expect(try await answer()?["output"]?[0]?["content"]?[0]?["text"] == "First.")
        try write("return 'Second.'")
        #expect(try await answer()?["output"]?[0]?["content"]?[0]?["text"] == "Second.")
        try write("return 'Third'' end")
        #expect(try await answer()?["output"]?[0]?["content"]?[0]?["text"] == "Second.")
        try write("while true do end")
        let failed = try await answer()
        #expect(failed?["status"] == "failed")
        #expect(failed?["status_details"]?["error"]?["message"]?.string?.contains(".lua:1:") == true)
        await server.shutdown()
    }

    @Test("A missing persona and a taken port are said plainly")
    func failures() async throws {
        await #expect { try await Self.start { $0.personaPath = "/nowhere.lua" } } throws: { error in
            (error as? OfflineModelError)?.code == .personaUnusable && "\(error)".contains("/nowhere.lua")
        }
        let server = try await Self.start { $0.hears = false }
        let port = server.port
        await #expect {
            try await Self.start {
                $0.hears = false
                $0.port = port
            }
        } throws: { error in
            (error as? OfflineModelError)?.code == .listenFailed
        }
        await server.shutdown()
    }
}
