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
            return body.pieces(PipelineBench.chat.pieces(longest: 5, seed: 2))
        }
        var configuration = PipelineBench.configuration(stub)
        configuration.llm.append(LanguageModelProvider(kind: .responses, endpoint: stub.endpoint, model: "r"))
        let bench = try PipelineBench(configuration)
        for id in 1...3 as ClosedRange<UInt64> {
            bench.connection.perform(PipelineBench.ask(id))
            #expect(
                await bench.generation(id) == [
                    .text("Good morning. "), .text("Grüß Gott."), .ended(reason: "stop", usage: nil),
                ])
            // The end of the body comes behind the end of the answer.
            while bench.connection.openCount > 0 { await Task.yield() }
        }
        bench.connection.perform(PipelineBench.ask(4, provider: 1))
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
                    ? [Samples.tone(rate: 24_000, milliseconds: 20)] : [Array(PipelineBench.chat.prefix(100))])
        }
        let bench = try PipelineBench(PipelineBench.configuration(stub))
        bench.connection.perform(PipelineBench.ask(1))
        _ = await bench.events.first(1)
        bench.connection.perform(.cancelGeneration(id: 1))
        #expect(await stub.abandoned.first(1) == ["/chat/completions"])
        bench.connection.perform(PipelineBench.say(2))
        _ = await bench.events.first(2)
        bench.connection.perform(.cancelSynthesis(id: 2))
        #expect(await stub.abandoned.first(2).last == "/audio/speech")
        #expect(bench.connection.openCount == 0)
        bench.connection.perform(PipelineBench.ask(3))
        bench.connection.perform(PipelineBench.say(4))
        bench.connection.perform(.endSegment(id: 5, provider: 0, range: 0..<100))
        bench.connection.perform(.cancelGeneration(id: 99))
        _ = await bench.events.first(4)
        #expect(bench.connection.openCount == 3)
        await bench.close()
        _ = await stub.abandoned.first(4)
        bench.connection.perform(PipelineBench.ask(6))
        bench.hear(Samples.silence(milliseconds: 100))
        #expect(bench.events.elements.count == 4)
        #expect(bench.connection.openCount == 0)
        await stub.shutdown()
    }

    @Test("A stalled stream, a dropped connection, truncated JSON, 429 and 500: one failure each, and nothing is left")
    func generationFailures() async throws {
        let stub = try await StageStub { request, body in
            let half = Array(PipelineBench.chat.prefix(PipelineBench.chat.count / 2))
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
        var configuration = PipelineBench.configuration(stub)
        configuration.llm += [configuration.llm[0], configuration.llm[0]]
        configuration.llm[1].timeouts.firstByte = .milliseconds(80)
        configuration.llm[2].timeouts.betweenBytes = .milliseconds(80)
        let bench = try PipelineBench(configuration)
        let kinds = ["stall", "silence", "drop", "truncate", "busy", "quota", "break"]
        var failures: [String: StageFailure] = [:]
        for (id, kind) in kinds.enumerated() {
            bench.connection.perform(
                .generate(
                    GenerationRequest(
                        id: UInt64(id), provider: kind == "silence" ? 1 : kind == "stall" ? 2 : 0, instructions: "",
                        messages: [ChatMessage(role: .user, text: kind)])))
            let events = await bench.generation(UInt64(id))
            failures[kind] = PipelineBench.failure(events.last)
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

    @Test("A model that works on what is no text is heard of, but not with each of its pieces")
    func progress() async throws {
        let fragment = Array(
            text: #"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1"}}]}}]}"# + "\n\n")
        let stub = try await StageStub { _, _ in
            .streaming { writer in
                while true { try await writer.write(fragment) }
            }
        }
        let bench = try PipelineBench(PipelineBench.configuration(stub))
        let start = ContinuousClock.now
        bench.connection.perform(PipelineBench.ask(1))
        let events = await bench.events.wait { $0.count >= 2 }
        let elapsed = start.duration(to: .now)
        #expect(events.allSatisfy { $0 == .generation(1, .progress) })
        #expect(elapsed >= .milliseconds(250))
        await bench.close()
        await stub.shutdown()
    }

    @Test("A provider that is not in the settings, and a server that is not there, are failures")
    func nobody() async throws {
        let stub = try await StageStub()
        let bench = try PipelineBench(PipelineBench.configuration(stub))
        await stub.shutdown()
        bench.connection.perform(PipelineBench.ask(1, provider: 3))
        bench.connection.perform(PipelineBench.say(2, provider: -1))
        bench.connection.perform(.endSegment(id: 3, provider: 9, range: 0..<10))
        bench.connection.perform(PipelineBench.ask(4))
        #expect(PipelineBench.failure(await bench.generation(1).last)?.severity == .fatal)
        #expect(PipelineBench.failure(await bench.synthesis(2).last)?.severity == .fatal)
        #expect(PipelineBench.failure(await bench.transcript(3))?.severity == .fatal)
        #expect(PipelineBench.failure(await bench.generation(4).last)?.severity == .retryable)
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
        var configuration = PipelineBench.configuration(stub)
        configuration.tts.append(
            .speech(SpeechEndpoint(endpoint: stub.endpoint, model: "voice", extra: ["stream_format": "sse"])))
        let bench = try PipelineBench(configuration)
        for (id, provider) in [(UInt64(1), 0), (2, 1)] {
            bench.connection.perform(PipelineBench.say(id, provider: provider))
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
        let bench = try PipelineBench(PipelineBench.configuration(stub))
        bench.connection.perform(PipelineBench.say(1))
        #expect(PipelineBench.failure(await bench.synthesis(1).last)?.severity == .refused)
        #expect(await stub.abandoned.first(1) == ["/audio/speech"])
        #expect(bench.connection.openCount == 0)
        await bench.close()
        await stub.shutdown()
    }

    @Test("The local synthesiser needs nobody; what is cancelled before its turn is not spoken")
    func local() async throws {
        let stub = try await StageStub()
        var configuration = PipelineBench.configuration(stub)
        configuration.tts = [.local(voice: .kal16)]
        let bench = try PipelineBench(configuration)
        bench.connection.perform(PipelineBench.say(1, "Good morning, and welcome to the practice of Doctor Smith."))
        bench.connection.perform(PipelineBench.say(2, "Never said."))
        bench.connection.perform(.cancelSynthesis(id: 2))
        bench.connection.perform(PipelineBench.say(3, "…"))
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
        let bench = try PipelineBench(PipelineBench.configuration(stub))
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
            #expect(PipelineBench.failure(await bench.transcript(id))?.severity == .retryable)
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
        let bench = try PipelineBench(PipelineBench.configuration(stub, stt: .realtime))
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
        var configuration = PipelineBench.configuration(stub, stt: .realtime)
        configuration.stt.append(SpeechToTextProvider(kind: .transcriptions, endpoint: stub.endpoint, model: "b"))
        let bench = try PipelineBench(configuration)
        bench.connection.perform(.open)
        let first = await stub.sockets.first(1)[0]
        _ = await first.verbs(1)
        bench.hear((0..<8_000).map { UInt8($0 % 251) })
        bench.connection.perform(.beginSegment(id: 1, provider: 0, from: 100))
        await first.messages.wait { $0.count >= 2 }
        first.connection.abort()
        #expect(PipelineBench.failure(await bench.transcript(1))?.severity == .retryable)
        bench.connection.perform(.endSegment(id: 2, provider: 1, range: 100..<900))
        #expect(await bench.transcript(2) == .transcribed(segment: 2, "From the backup."))
        let second = await stub.sockets.first(2)[1]
        bench.connection.perform(.endSegment(id: 3, provider: 0, range: 100..<900))
        #expect(await second.verbs(2) == ["session.update", "input_audio_buffer.commit"])
        #expect(second.audio == (800..<7_200).map { UInt8($0 % 251) })
        await bench.close()
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
