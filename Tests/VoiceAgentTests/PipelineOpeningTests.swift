import Audio
import Conversation
import Net
import SansIO
import Speech
import Synchronization
import Testing

@testable import VoiceAgent

@Suite("How a pipeline's stages are opened, and opened again", .timeLimit(.minutes(1)))
struct PipelineOpeningTests {
    @Test("Ready when every stage has a server: sockets are open, connections warm")
    func ready() async throws {
        let stub = try await StageStub { _, body in body.pieces([PipelineBench.chat]) }
        let bench = try PipelineBench(PipelineBench.configuration(stub, stt: .realtime))
        bench.connection.perform(.open)
        bench.connection.perform(.open)
        #expect(await bench.events.first(1) == [.ready(models: "scribe, chat, voice")])
        #expect(stub.requests.elements.map(\.path) == ["/models"])
        #expect(stub.requests.elements.map(\.method) == ["HEAD"])
        #expect(stub.sockets.elements.count == 1)
        while bench.client.counts.openTransfers > 0 { await Task.yield() }
        bench.connection.perform(PipelineBench.ask(1))
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
            let bench = try PipelineBench(configuration)
            bench.connection.perform(.open)
            let event = await bench.events.first(1).first
            await bench.close()
            return event
        }
        var configuration = PipelineBench.configuration(restricted)
        configuration.tts = [local]
        #expect(try await opened(configuration) == .ready(models: "scribe, chat, flite (kal16)"))
        configuration.llm = PipelineBench.configuration(refusing).llm
        guard case .failed(let model) = try await opened(configuration) else {
            Issue.record("a bad key must be told")
            return
        }
        #expect(model.stage == .llm)
        #expect(model.severity == .fatal)
        #expect(!model.message.contains("sk-test"))
        configuration = PipelineBench.configuration(restricted)
        configuration.stt = PipelineBench.configuration(closing, stt: .realtime).stt
        guard case .failed(let ears) = try await opened(configuration) else {
            Issue.record("a bad key must be told")
            return
        }
        #expect(ears.stage == .stt)
        #expect(ears.severity == .fatal)
        #expect(restricted.requests.elements.prefix(2).map(\.method) == ["HEAD", "GET"])
        // A backup is enough.
        configuration.stt += PipelineBench.configuration(restricted).stt
        guard case .ready = try await opened(configuration) else {
            Issue.record("a backup must be enough")
            return
        }
        for stub in [refusing, restricted, closing] { await stub.shutdown() }
    }

    @Test("A bad key is known of a server that cannot be asked for a head too")
    func noHead() async throws {
        let stub = try await StageStub { request, _ in
            request.method == "HEAD"
                ? .text("", status: 405)
                : .json(Array(text: #"{"error":{"message":"No","code":"invalid_api_key"}}"#), status: 401)
        }
        let bench = try PipelineBench(PipelineBench.configuration(stub))
        bench.connection.perform(.open)
        guard case .failed(let failure) = await bench.events.first(1).first else {
            Issue.record("a bad key must be told")
            return
        }
        #expect(failure.severity == .fatal)
        await bench.close()
        await stub.shutdown()
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
            var configuration = PipelineBench.configuration(stub)
            configuration.openingTime = .milliseconds(600)
            change(&configuration)
            let bench = try PipelineBench(configuration)
            bench.connection.perform(.open)
            guard case .failed = await bench.events.first(1).first else {
                Issue.record("\(bench.events.elements)")
                continue
            }
            await bench.close()
        }
        await stub.shutdown()
    }

    @Test("A server that is out of reach for a moment is tried anew, by socket and by HTTP")
    func tryAnew() async throws {
        let early = try await StageStub()
        let address = early.endpoint
        let port = early.server.port
        await early.shutdown()
        let opened = Mutex(0)
        let ears = try await StageStub(greeting: { socket in
            let count = opened.withLock { count in
                count += 1
                return count
            }
            if count < 3 { socket.connection.abort() }
        })
        var configuration = PipelineBench.configuration(ears, stt: .realtime)
        configuration.llm[0].endpoint = address
        configuration.openingTime = .seconds(40)
        let bench = try PipelineBench(configuration)
        bench.connection.perform(.open)
        _ = await ears.sockets.first(3)
        let late = try await StageStub(port: port)
        #expect(await bench.events.first(1) == [.ready(models: "scribe, chat, voice")])
        await bench.close()
        for stub in [ears, late] { await stub.shutdown() }
    }

    @Test("A server that drops every socket fails the opening when its time is over, and segments do not wait for it")
    func flapping() async throws {
        let stub = try await StageStub(greeting: { $0.connection.abort() })
        var configuration = PipelineBench.configuration(stub, stt: .realtime)
        configuration.openingTime = .milliseconds(600)
        let bench = try PipelineBench(configuration)
        bench.connection.perform(.open)
        guard case .failed(let opening) = await bench.events.first(1)[0] else {
            Issue.record("\(bench.events.elements)")
            return
        }
        #expect(opening.severity == .retryable)
        bench.connection.perform(.beginSegment(id: 1, provider: 0, from: 0))
        bench.connection.perform(.endSegment(id: 1, provider: 0, range: 0..<100))
        #expect(PipelineBench.failure(await bench.transcript(1))?.severity == .retryable)
        #expect(stub.sockets.elements.count <= 4)
        await bench.close()
        await stub.shutdown()
    }

    @Test("A server that lets go of its sockets is left alone for longer and longer, unless one of them was of use")
    func pauses() throws {
        let provider = SpeechToTextProvider(kind: .realtime, endpoint: StageEndpoint(), model: "m")
        var listener = TranscriptionListener(session: TranscriptionSession(provider: provider))
        let failure = StageFailure(stage: .stt, severity: .retryable, message: "Gone.")
        let now = ContinuousClock.now
        var waits: [Duration] = []
        for _ in 0..<8 {
            listener.openedAt = now
            waits.append(listener.noteLoss(failure, at: now + .seconds(1)))
        }
        let expected: [Double] = [0, 0.5, 1, 2, 4, 8, 8, 8]
        #expect(waits == expected.map { .seconds($0) })
        #expect(listener.failure == failure)
        listener.openedAt = now
        #expect(listener.noteLoss(failure, at: now + .seconds(10)) == .zero)
        #expect(listener.failure == nil)
        let busy = StageFailure(stage: .stt, severity: .retryable, message: "Busy.", retryAfter: .seconds(20))
        #expect(listener.noteLoss(busy, at: now) == .seconds(20))
        #expect(listener.losses == 2)
    }

    @Test("An error on a socket that is reset behind it fails the opening, and nothing else", arguments: 0..<20)
    func errorAndReset(_: Int) async throws {
        let stub = try await StageStub(greeting: { socket in
            socket.send(
                #"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_api_key","message":"No"}}"#)
            socket.connection.abort()
        })
        var configuration = PipelineBench.configuration(stub, stt: .realtime)
        configuration.openingTime = .zero
        let bench = try PipelineBench(configuration)
        bench.connection.perform(.open)
        guard case .failed(let failure) = await bench.events.first(1)[0] else {
            Issue.record("\(bench.events.elements)")
            return
        }
        #expect(failure.stage == .stt)
        await bench.close()
        await stub.shutdown()
    }

    @Test("Settings that are refused for a passing reason are sent anew over another socket")
    func refusedForAMoment() async throws {
        let stub = try await StageStub(greeting: { socket in
            socket.connection.send(
                text: Array(
                    text: #"{"type":"error","error":{"type":"server_error","message":"Sorry","event_id":"settings"}}"#))
        })
        var configuration = PipelineBench.configuration(stub, stt: .realtime)
        configuration.openingTime = .milliseconds(600)
        let bench = try PipelineBench(configuration)
        bench.connection.perform(.open)
        _ = await stub.sockets.first(2)
        _ = await stub.sockets.elements[0].closed.first(1)
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
            case "/chat/completions": body.pieces(PipelineBench.chat.pieces(longest: 50, seed: seed))
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
                        configuration: PipelineBench.configuration(stub, stt: .realtime), client: client
                    ) { events.record($0) }
                    connection.perform(.open)
                    connection.perform(PipelineBench.ask(1))
                    connection.perform(PipelineBench.say(2))
                    connection.perform(PipelineBench.ask(3))
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
