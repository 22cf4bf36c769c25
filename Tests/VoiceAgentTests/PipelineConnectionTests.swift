import Audio
import Conversation
import Net
import SansIO
import Speech
import Synchronization
import Testing
import VoiceAgent

@Suite("The connection of a pipeline's call", .timeLimit(.minutes(1)))
struct PipelineConnectionTests {
    /// A connection and what it reported.
    private final class Bench: Sendable {
        let client: HTTPClient
        let connection: PipelineConnection
        let events = Recorder<PipelineEvent>()

        init(_ configuration: PipelineConfiguration) throws {
            client = try HTTPClient()
            let events = events
            connection = try PipelineConnection(configuration: configuration, client: client) { events.record($0) }
        }

        func hear(_ bytes: [UInt8]) {
            for start in stride(from: 0, to: bytes.count, by: 160) {
                Array(bytes[start..<min(bytes.count, start + 160)]).withUnsafeBytes { connection.append($0) }
            }
        }

        /// All events so far, as soon as the last one of that work is among them.
        func generation(_ id: UInt64) async -> [GenerationEvent] {
            let events = await events.wait { $0.contains { Self.isEnd($0, of: id) } }
            return events.compactMap { if case .generation(id, let event) = $0 { event } else { nil } }
        }

        func synthesis(_ id: UInt64) async -> [SynthesisEvent] {
            let events = await events.wait { $0.contains { Self.isEnd($0, of: id) } }
            return events.compactMap { if case .synthesis(id, let event) = $0 { event } else { nil } }
        }

        func transcript(_ id: UInt64) async -> PipelineEvent? {
            await events.wait { $0.contains { Self.isEnd($0, of: id) } }.first { Self.isEnd($0, of: id) }
        }

        private static func isEnd(_ event: PipelineEvent, of id: UInt64) -> Bool {
            switch event {
            case .generation(id, .ended), .generation(id, .failed), .synthesis(id, .ended), .synthesis(id, .failed),
                .transcribed(id, _), .transcriptionFailed(id, _):
                true
            default: false
            }
        }

        /// Closes, and waits until nothing is left.
        func close() async {
            connection.perform(.close)
            #expect(connection.openCount == 0)
            while client.counts.openTransfers > 0 { await Task.yield() }
        }
    }

    private func configuration(_ stub: StageStub, stt: SpeechToTextProvider.Kind = .transcriptions)
        -> PipelineConfiguration
    {
        PipelineConfiguration(
            stt: [SpeechToTextProvider(kind: stt, endpoint: stub.endpoint, model: "scribe")],
            llm: [LanguageModelProvider(kind: .chat, endpoint: stub.endpoint, model: "chat")],
            tts: [.speech(SpeechEndpoint(endpoint: stub.endpoint, model: "voice"))])
    }

    private func failure(_ event: GenerationEvent?) -> StageFailure? {
        if case .failed(let failure) = event { failure } else { nil }
    }

    private func failure(_ event: SynthesisEvent?) -> StageFailure? {
        if case .failed(let failure) = event { failure } else { nil }
    }

    private func failure(_ event: PipelineEvent?) -> StageFailure? {
        if case .transcriptionFailed(_, let failure) = event { failure } else { nil }
    }

    private static let chat = Array(
        text: #"data: {"choices":[{"index":0,"delta":{"content":"Good morning. "}}]}"# + "\n\n"
            + #"data: {"choices":[{"index":0,"delta":{"content":"Grüß Gott."}}]}"# + "\n\n"
            + #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\ndata: [DONE]\n\n")

    private func ask(_ id: UInt64, provider: Int = 0) -> PipelineCommand {
        .generate(
            GenerationRequest(
                id: id, provider: provider, instructions: "", messages: [ChatMessage(role: .user, text: "Hello?")]))
    }

    private func say(_ id: UInt64, _ text: String = "Hello.", provider: Int = 0) -> PipelineCommand {
        .synthesize(SynthesisRequest(id: id, provider: provider, text: text))
    }

    // MARK: Language model

    @Test("Text and end arrive, over one connection, of both protocols and in odd pieces")
    func generation() async throws {
        let stub = try await StageStub { request, body in
            if request.path == "/responses" {
                let text =
                    #"data: {"type":"response.output_text.delta","delta":"Hi."}"# + "\n\n"
                    + #"data: {"type":"response.completed","response":{"status":"completed","output":[]}}"# + "\n\n"
                return body.pieces(Array(text: text).pieces(longest: 9, seed: 1))
            }
            return body.pieces(Self.chat.pieces(longest: 5, seed: 2))
        }
        var configuration = configuration(stub)
        configuration.llm.append(LanguageModelProvider(kind: .responses, endpoint: stub.endpoint, model: "r"))
        let bench = try Bench(configuration)
        for id in 1...3 as ClosedRange<UInt64> {
            bench.connection.perform(ask(id))
            #expect(
                await bench.generation(id) == [
                    .text("Good morning. "), .text("Grüß Gott."), .ended(reason: "stop", usage: nil),
                ])
            // The end of the body comes behind the end of the answer.
            while bench.connection.openCount > 0 { await Task.yield() }
        }
        bench.connection.perform(ask(4, provider: 1))
        #expect(await bench.generation(4) == [.text("Hi."), .ended(reason: "stop", usage: nil)])
        while bench.connection.openCount > 0 { await Task.yield() }
        #expect(stub.requests.elements.first?.headers["Authorization"] == "Bearer sk-test")
        await bench.close()
        #expect(bench.client.counts.connectionsOpened == 1)
        await stub.shutdown()
    }

    @Test("What is cancelled is aborted at once and says nothing more; so is everything at the close")
    func cancel() async throws {
        let stub = try await StageStub { request, body in
            body.stalling(
                request.path == "/audio/speech"
                    ? [Samples.tone(rate: 24_000, milliseconds: 20)] : [Array(Self.chat.prefix(100))])
        }
        let bench = try Bench(configuration(stub))
        bench.connection.perform(ask(1))
        _ = await bench.events.first(1)
        bench.connection.perform(.cancelGeneration(id: 1))
        #expect(await stub.abandoned.first(1) == ["/chat/completions"])
        bench.connection.perform(say(2))
        _ = await bench.events.first(2)
        bench.connection.perform(.cancelSynthesis(id: 2))
        #expect(await stub.abandoned.first(2).last == "/audio/speech")
        #expect(bench.connection.openCount == 0)
        bench.connection.perform(ask(3))
        bench.connection.perform(say(4))
        bench.connection.perform(.endSegment(id: 5, provider: 0, range: 0..<100))
        bench.connection.perform(.cancelGeneration(id: 99))
        _ = await bench.events.first(4)
        #expect(bench.connection.openCount == 3)
        await bench.close()
        _ = await stub.abandoned.first(4)
        bench.connection.perform(ask(6))
        bench.hear(Samples.silence(milliseconds: 100))
        #expect(bench.events.elements.count == 4)
        #expect(bench.connection.openCount == 0)
        await stub.shutdown()
    }

    @Test("A stalled stream, a dropped connection, truncated JSON, 429 and 500: one failure each, and nothing is left")
    func generationFailures() async throws {
        let stub = try await StageStub { request, body in
            let half = Array(Self.chat.prefix(Self.chat.count / 2))
            switch StageStub.json(request.body)?["messages"]?[0]?["content"]?.string {
            case "stall": return body.stalling([half])
            case "silence": return body.stalling([])
            case "drop": return body.aborting([half])
            case "truncate": return body.pieces([half])
            case "busy":
                var response = HTTPResponse.json(
                    Array(text: #"{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}"#), status: 429)
                response.headers["Retry-After"] = "3"
                return response
            case "quota":
                return .json(Array(text: #"{"error":{"message":"Pay","code":"insufficient_quota"}}"#), status: 429)
            default: return .text("oops", status: 500)
            }
        }
        var configuration = configuration(stub)
        configuration.llm += [configuration.llm[0], configuration.llm[0]]
        configuration.llm[1].timeouts.firstByte = .milliseconds(80)
        configuration.llm[2].timeouts.betweenBytes = .milliseconds(80)
        let bench = try Bench(configuration)
        let kinds = ["stall", "silence", "drop", "truncate", "busy", "quota", "break"]
        var failures: [String: StageFailure] = [:]
        for (id, kind) in kinds.enumerated() {
            bench.connection.perform(
                .generate(
                    GenerationRequest(
                        id: UInt64(id), provider: kind == "silence" ? 1 : kind == "stall" ? 2 : 0, instructions: "",
                        messages: [ChatMessage(role: .user, text: kind)])))
            let events = await bench.generation(UInt64(id))
            failures[kind] = failure(events.last)
            #expect(events.count == (["stall", "drop", "truncate"].contains(kind) ? 2 : 1), "\(kind)")
        }
        for kind in kinds where kind != "quota" { #expect(failures[kind]?.severity == .retryable, "\(kind)") }
        #expect(failures["quota"]?.severity == .fatal)
        #expect(failures["busy"]?.retryAfter == .seconds(3))
        #expect(
            failures["busy"]?.message.hasPrefix("127.0.0.1:\(stub.server.port) refused the language model (429") == true
        )
        for failure in failures.values { #expect(!failure.message.contains("sk-test")) }
        await bench.close()
        await stub.shutdown()
    }

    @Test("A provider that is not in the settings, and a server that is not there, are failures")
    func nobody() async throws {
        let stub = try await StageStub()
        let bench = try Bench(configuration(stub))
        await stub.shutdown()
        bench.connection.perform(ask(1, provider: 3))
        bench.connection.perform(say(2, provider: -1))
        bench.connection.perform(.endSegment(id: 3, provider: 9, range: 0..<10))
        bench.connection.perform(ask(4))
        #expect(failure(await bench.generation(1).last)?.severity == .fatal)
        #expect(failure(await bench.synthesis(2).last)?.severity == .fatal)
        #expect(failure(await bench.transcript(3))?.severity == .fatal)
        #expect(failure(await bench.generation(4).last)?.severity == .retryable)
        await bench.close()
    }

    // MARK: Text-to-speech

    @Test("Speech arrives as µ-law while it is made, in odd pieces and in events")
    func speech() async throws {
        let samples = Samples.tone(rate: 24_000, milliseconds: 400)
        let stub = try await StageStub { request, body in
            guard StageStub.json(request.body)?["stream_format"] == "sse" else {
                return body.pieces(samples.pieces(longest: 1_999, seed: 4), headers: ["Content-Type": "audio/pcm"])
            }
            let text =
                "data: {\"type\":\"speech.audio.delta\",\"audio\":\""
                + String(decoding: Base64.encode(samples), as: UTF8.self) + "\"}\n\n"
            return body.pieces(
                Array(text: text).pieces(longest: 999, seed: 5), headers: ["Content-Type": "text/event-stream"])
        }
        var configuration = configuration(stub)
        configuration.tts.append(
            .speech(SpeechEndpoint(endpoint: stub.endpoint, model: "voice", streamsEvents: true)))
        let bench = try Bench(configuration)
        for (id, provider) in [(UInt64(1), 0), (2, 1)] {
            bench.connection.perform(say(id, provider: provider))
            let events = await bench.synthesis(id)
            #expect(events.last == .ended)
            let audio = events.flatMap { event -> [UInt8] in if case .audio(let bytes) = event { bytes } else { [] } }
            #expect(audio.count == 3_200)
            #expect(ToneDetector(frequency: 440).share(in: G711.decode(audio[400..<2_800], .mu)) > 0.95)
        }
        await bench.close()
        await stub.shutdown()
    }

    @Test("Speech that is no samples is refused, and what is left of the answer is not awaited")
    func notSamples() async throws {
        let stub = try await StageStub { _, body in
            body.stalling([Array(text: "ID3 and so on")], headers: ["Content-Type": "audio/mpeg"])
        }
        let bench = try Bench(configuration(stub))
        bench.connection.perform(say(1))
        #expect(failure(await bench.synthesis(1).last)?.severity == .refused)
        #expect(await stub.abandoned.first(1) == ["/audio/speech"])
        #expect(bench.connection.openCount == 0)
        await bench.close()
        await stub.shutdown()
    }

    @Test("The local synthesiser needs nobody; what is cancelled before its turn is not spoken")
    func local() async throws {
        let stub = try await StageStub()
        var configuration = configuration(stub)
        configuration.tts = [.local(voice: .kal16)]
        let bench = try Bench(configuration)
        bench.connection.perform(say(1, "Good morning, and welcome to the practice of Doctor Smith."))
        bench.connection.perform(say(2, "Never said."))
        bench.connection.perform(.cancelSynthesis(id: 2))
        bench.connection.perform(say(3, "…"))
        let events = await bench.synthesis(1)
        guard events.count == 2, case .audio(let audio) = events[0], events[1] == .ended else {
            Issue.record("\(events.count) events")
            return
        }
        #expect(audio.count > 16_000)
        #expect(LevelMeter.level(of: G711.decode(audio, .mu)) > -30)
        #expect(await bench.synthesis(3) == [.ended])
        #expect(!bench.events.elements.contains { if case .synthesis(2, .ended) = $0 { true } else { false } })
        await bench.close()
        await stub.shutdown()
    }

    // MARK: Speech-to-text

    @Test("A segment is sent as a WAV file of exactly its time; failures are named; a dropped one is aborted")
    func transcriptions() async throws {
        let turn = Mutex(0)
        let stub = try await StageStub { _, body in
            switch turn.withLock({ turn -> Int in
                defer { turn += 1 }; return turn
            }) {
            case 0: .json(Array(text: "{\"text\":\" Hello. \"}"))
            case 1: .text("no", status: 503)
            case 2: body.aborting([Array(text: "{\"te")])
            case 3: body.pieces([Array(text: "{\"te")])
            default: body.stalling([])
            }
        }
        let bench = try Bench(configuration(stub))
        let heard = (0..<8_000).map { UInt8(truncatingIfNeeded: $0) | 0x80 }
        bench.hear(heard)
        bench.connection.perform(.beginSegment(id: 1, provider: 0, from: 200))
        bench.connection.perform(.endSegment(id: 1, provider: 0, range: 200..<700))
        #expect(await bench.transcript(1) == .transcribed(segment: 1, "Hello."))
        let body = try #require(stub.requests.elements.first?.body)
        let start = try #require(body.indices.first { body[$0...].starts(with: Array(text: "RIFF")) })
        #expect(try WAVFile(parsing: Array(body[start...])).samples == G711.decode(heard[1_600..<5_600], .mu))
        for id in 2...4 as ClosedRange<UInt64> {
            bench.connection.perform(.endSegment(id: id, provider: 0, range: 200..<700))
            #expect(failure(await bench.transcript(id))?.severity == .retryable)
        }
        bench.connection.perform(.endSegment(id: 5, provider: 0, range: 200..<700))
        _ = await stub.requests.first(5)
        bench.connection.perform(.dropSegment(id: 5))
        #expect(bench.connection.openCount == 0)
        while bench.client.counts.openTransfers > 0 { await Task.yield() }
        await bench.close()
        #expect(bench.events.elements.filter { !$0.isVoice }.count == 4)
        await stub.shutdown()
    }

    @Test("Voice activity is reported where audio comes in, and a segment goes up while it is spoken")
    func listening() async throws {
        let stub = try await StageStub()
        let bench = try Bench(configuration(stub, stt: .realtime))
        bench.connection.perform(.open)
        let socket = await stub.sockets.first(1)[0]
        _ = await socket.verbs(1)
        let speech = try Samples.speech("Tomorrow.")
        let words = Samples.silence(milliseconds: 400) + speech.prefix(speech.count / 160 * 160)
        bench.hear(words)
        let start = await bench.events.wait { $0.contains { $0.isVoice } }.first { $0.isVoice }
        guard case .voiceStarted(let from) = start else {
            Issue.record("a voice must be heard")
            return
        }
        bench.connection.perform(.beginSegment(id: 1, provider: 0, from: from))
        await socket.messages.wait { $0.contains { $0["type"] == "input_audio_buffer.append" } }
        #expect(socket.audio == Array(words[(from * 8)...]))
        bench.hear(Samples.silence(milliseconds: 400))
        let end = await bench.events.wait { $0.filter(\.isVoice).count >= 2 }.last { $0.isVoice }
        guard case .voiceStopped(let to) = end else {
            Issue.record("a voice must end")
            return
        }
        bench.connection.perform(.endSegment(id: 1, provider: 0, range: from..<to))
        #expect(await socket.verbs(2) == ["session.update", "input_audio_buffer.commit"])
        socket.send(#"{"type":"input_audio_buffer.committed","item_id":"i"}"#)
        socket.send(#"{"type":"conversation.item.input_audio_transcription.delta","item_id":"i","delta":"Tomorrow"}"#)
        socket.send(
            #"{"type":"conversation.item.input_audio_transcription.completed","item_id":"i","transcript":"Tomorrow."}"#)
        #expect(await bench.transcript(1) == .transcribed(segment: 1, "Tomorrow."))
        #expect(bench.events.elements.contains(.transcriptDelta(segment: 1, "Tomorrow")))
        await bench.close()
        _ = await socket.closed.first(1)
        await stub.shutdown()
    }

    @Test("A socket that drops fails its segments and is opened again; the audio can be given once more")
    func reconnect() async throws {
        let stub = try await StageStub { _, _ in .json(Array(text: "{\"text\":\"From the backup.\"}")) }
        var configuration = configuration(stub, stt: .realtime)
        configuration.stt.append(SpeechToTextProvider(kind: .transcriptions, endpoint: stub.endpoint, model: "b"))
        let bench = try Bench(configuration)
        bench.connection.perform(.open)
        let first = await stub.sockets.first(1)[0]
        _ = await first.verbs(1)
        bench.hear((0..<8_000).map { UInt8($0 % 251) })
        bench.connection.perform(.beginSegment(id: 1, provider: 0, from: 100))
        await first.messages.wait { $0.count >= 2 }
        first.connection.abort()
        #expect(failure(await bench.transcript(1))?.severity == .retryable)
        bench.connection.perform(.endSegment(id: 2, provider: 1, range: 100..<900))
        #expect(await bench.transcript(2) == .transcribed(segment: 2, "From the backup."))
        let second = await stub.sockets.first(2)[1]
        bench.connection.perform(.endSegment(id: 3, provider: 0, range: 100..<900))
        #expect(await second.verbs(2) == ["session.update", "input_audio_buffer.commit"])
        #expect(second.audio == (800..<7_200).map { UInt8($0 % 251) })
        await bench.close()
        await stub.shutdown()
    }

    // MARK: Opening

    @Test("Ready when every stage has a server: sockets are open, connections warm")
    func ready() async throws {
        let stub = try await StageStub { _, body in body.pieces([Self.chat]) }
        let bench = try Bench(configuration(stub, stt: .realtime))
        bench.connection.perform(.open)
        bench.connection.perform(.open)
        #expect(await bench.events.first(1) == [.ready(models: "scribe, chat, voice")])
        #expect(stub.requests.elements.map(\.path) == ["/models"])
        #expect(stub.sockets.elements.count == 1)
        while bench.client.counts.openTransfers > 0 { await Task.yield() }
        bench.connection.perform(ask(1))
        _ = await bench.generation(1)
        #expect(bench.client.counts.connectionsOpened == 1)
        #expect(bench.events.elements.count == 4)
        await bench.close()
        await stub.shutdown()
    }

    @Test("A bad key is known at the opening, by HTTP and on the socket; a key that may not list models is none")
    func badKeys() async throws {
        let refusing = try await StageStub { _, _ in
            .json(
                Array(text: #"{"error":{"message":"Incorrect API key: sk-test","code":"invalid_api_key"}}"#),
                status: 401)
        }
        let restricted = try await StageStub { _, _ in
            .json(Array(text: #"{"error":{"message":"Missing scopes: api.model.read"}}"#), status: 401)
        }
        let closing = try await StageStub(greeting: { socket in
            socket.send(
                #"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_api_key","message":"No"}}"#)
            socket.connection.close(code: 3000, reason: "invalid_request_error.invalid_api_key")
        })
        let local = TextToSpeechProvider.local(voice: .kal16)
        func opened(_ configuration: PipelineConfiguration) async throws -> PipelineEvent? {
            let bench = try Bench(configuration)
            bench.connection.perform(.open)
            let event = await bench.events.first(1).first
            await bench.close()
            return event
        }
        var configuration = configuration(restricted)
        configuration.tts = [local]
        #expect(try await opened(configuration) == .ready(models: "scribe, chat, flite (kal16)"))
        configuration.llm = self.configuration(refusing).llm
        guard case .failed(let model) = try await opened(configuration) else {
            Issue.record("a bad key must be told")
            return
        }
        #expect(model.stage == .llm)
        #expect(model.severity == .fatal)
        #expect(!model.message.contains("sk-test"))
        configuration = self.configuration(restricted)
        configuration.stt = self.configuration(closing, stt: .realtime).stt
        guard case .failed(let ears) = try await opened(configuration) else {
            Issue.record("a bad key must be told")
            return
        }
        #expect(ears.stage == .stt)
        #expect(ears.severity == .fatal)
        // A backup is enough.
        configuration.stt += self.configuration(restricted).stt
        guard case .ready = try await opened(configuration) else {
            Issue.record("a backup must be enough")
            return
        }
        for stub in [refusing, restricted, closing] { await stub.shutdown() }
    }

    @Test(
        "A stage without provider, and one whose server is not there, fail the opening; an upgrade that is refused too")
    func cannotOpen() async throws {
        let stub = try await StageStub(refusal: .json(Array(text: "{}"), status: 403)) { _, _ in .json([]) }
        let gone = try await StageStub()
        await gone.shutdown()
        for change in [
            { $0.llm = [] }, { $0.llm[0].endpoint = gone.endpoint }, { $0.stt[0].kind = .realtime },
            { configuration in
                configuration.stt[0].kind = .realtime
                configuration.stt[0].endpoint = gone.endpoint
            },
        ] as [(inout PipelineConfiguration) -> Void] {
            var configuration = configuration(stub)
            change(&configuration)
            let bench = try Bench(configuration)
            bench.connection.perform(.open)
            guard case .failed = await bench.events.first(1).first else {
                Issue.record("\(bench.events.elements)")
                continue
            }
            await bench.close()
        }
        await stub.shutdown()
    }

    @Test("What is open is reported again; what could not be opened is tried anew")
    func openAgain() async throws {
        let isBroken = Mutex(true)
        let stub = try await StageStub { _, _ in
            isBroken.withLock { $0 } ? .json(Array(text: "{}"), status: 401) : .json(Array(text: "{}"))
        }
        let bench = try Bench(configuration(stub, stt: .realtime))
        bench.connection.perform(.open)
        guard case .failed = await bench.events.first(1)[0] else {
            Issue.record("\(bench.events.elements)")
            return
        }
        isBroken.withLock { $0 = false }
        bench.connection.perform(.open)
        let ready = PipelineEvent.ready(models: "scribe, chat, voice")
        #expect(await bench.events.first(2)[1] == ready)
        bench.connection.perform(.open)
        #expect(await bench.events.first(3)[2] == ready)
        #expect(bench.connection.openCount <= 2)
        await bench.close()
        for socket in stub.sockets.elements { _ = await socket.closed.first(1) }
        await stub.shutdown()
    }

    @Test("A server that drops every socket is left alone for longer and longer, and segments do not wait for it")
    func flapping() async throws {
        let stub = try await StageStub(greeting: { $0.connection.abort() })
        let bench = try Bench(configuration(stub, stt: .realtime))
        bench.connection.perform(.open)
        guard case .failed(let opening) = await bench.events.first(1)[0] else {
            Issue.record("\(bench.events.elements)")
            return
        }
        #expect(opening.severity == .retryable)
        bench.connection.perform(.beginSegment(id: 1, provider: 0, from: 0))
        bench.connection.perform(.endSegment(id: 1, provider: 0, range: 0..<100))
        #expect(failure(await bench.transcript(1))?.severity == .retryable)
        #expect(stub.sockets.elements.count <= 4)
        await bench.close()
        await stub.shutdown()
    }

    @Test("The connections of a host's calls stay open from one turn to the next, however many calls there are")
    func connectionsStayWarm() async throws {
        let requests = 120
        let arrived = Recorder<Void>()
        let stub = try await StageStub { _, body in
            arrived.record(())
            // All are under way at once.
            let round = (arrived.elements.count - 1) / requests + 1
            _ = await arrived.first(round * requests)
            return body.pieces([Samples.tone(rate: 24_000, milliseconds: 20)], headers: ["Content-Type": "audio/pcm"])
        }
        let client = try HTTPClient(options: .pipelines(calls: requests / 4))
        let events = Recorder<PipelineEvent>()
        let connection = try PipelineConnection(
            configuration: PipelineConfiguration(
                stt: [], llm: [], tts: [.speech(SpeechEndpoint(endpoint: stub.endpoint, model: "voice"))]),
            client: client
        ) { events.record($0) }
        for round in 1...3 {
            for number in 0..<requests {
                connection.perform(
                    .synthesize(SynthesisRequest(id: UInt64(round * requests + number), provider: 0, text: "Hello.")))
            }
            await events.wait { events in
                events.count { if case .synthesis(_, .ended) = $0 { true } else { false } } == round * requests
            }
            while client.counts.openTransfers > 0 { await Task.yield() }
            #expect(client.counts.connectionsOpened == requests)
        }
        connection.perform(.close)
        await stub.shutdown()
    }

    @Test("Fifty calls share a client, and leave nothing behind", arguments: 0..<3 as Range<UInt64>)
    func manyCalls(seed: UInt64) async throws {
        let stub = try await StageStub { request, body in
            switch request.path {
            case "/audio/speech": body.pieces([Samples.tone(rate: 24_000, milliseconds: 60)])
            case "/chat/completions": body.pieces(Self.chat.pieces(longest: 50, seed: seed))
            case "/audio/transcriptions": .json(Array(text: "{\"text\":\"Hi\"}"))
            default: nil
            }
        }
        let client = try HTTPClient()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for call in 0..<50 as Range<UInt64> {
                group.addTask {
                    let events = Recorder<PipelineEvent>()
                    let connection = try PipelineConnection(
                        configuration: configuration(stub, stt: .realtime), client: client
                    ) { events.record($0) }
                    connection.perform(.open)
                    connection.perform(ask(1))
                    connection.perform(say(2))
                    connection.perform(ask(3))
                    // Each call is given up at another moment.
                    if call % 5 == 0 { connection.perform(.cancelGeneration(id: 3)) }
                    _ = await events.first(Int((call * 7 + seed) % 8))
                    connection.perform(.close)
                    #expect(connection.openCount == 0)
                }
            }
            try await group.waitForAll()
        }
        while client.counts.openTransfers > 0 { await Task.yield() }
        for socket in stub.sockets.elements { _ = await socket.closed.first(1) }
        await stub.shutdown()
    }
}

extension PipelineEvent {
    fileprivate var isVoice: Bool {
        switch self {
        case .voiceStarted, .voiceStopped: true
        default: false
        }
    }
}
