import Conversation
import Logging
import Net
import SansIO
import Synchronization
import Testing
import VoiceAgent

@Suite("The model's socket", .timeLimit(.minutes(1)))
struct RealtimeConnectionTests {
    @Test(
        "The base URL is taken as OpenAI's SDKs take it",
        arguments: [
            ("https://api.openai.com/v1", "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1"),
            ("http://127.0.0.1:8089/v1/", "ws://127.0.0.1:8089/v1/realtime?model=gpt-realtime-2.1"),
            ("wss://example.org/openai/v1", "wss://example.org/openai/v1/realtime?model=gpt-realtime-2.1"),
        ])
    func url(base: String, expected: String) {
        #expect(RealtimeConfiguration(baseURL: base, apiKey: "k", model: "gpt-realtime-2.1").url == expected)
    }

    @Test("What a model's name holds cannot leave the query")
    func escaping() {
        let configuration = RealtimeConfiguration(baseURL: "https://h/v1", apiKey: "k", model: "a b&c=ü")
        #expect(configuration.url == "wss://h/v1/realtime?model=a%20b%26c%3D%C3%BC")
    }

    /// A server that greets with `greeting`, and keeps what comes.
    private struct Server {
        let server: HTTPServer
        let received: AsyncStream<String>

        init(greeting: [String], authorization: @escaping @Sendable (String?) -> Void) async throws {
            let (received, sink) = AsyncStream<String>.makeStream()
            self.received = received
            server = try await HTTPServer.start(
                host: "127.0.0.1", port: 0, logger: Logger(label: "test"), handler: { _ in .text("", status: 404) },
                webSocket: { request in
                    authorization(request.headers["Authorization"])
                    return .accept { connection in
                        for text in greeting { connection.send(text: Array(text.utf8)) }
                        return { event in
                            if case .text(let bytes) = event { sink.yield(String(decoding: bytes, as: UTF8.self)) }
                        }
                    }
                })
        }
    }

    @Test("Connected comes first, then the server's events in order; audio goes up framed and encoded")
    func conversation() async throws {
        let key = Mutex<String?>(nil)
        let server = try await Server(greeting: [
            #"{"type":"session.created","session":{"id":"sess_1","model":"m"}}"#, "{broken",
        ]) { value in key.withLock { $0 = value } }
        let (events, sink) = AsyncStream<RealtimeConnection.Event>.makeStream()
        let connection = RealtimeConnection(
            configuration: RealtimeConfiguration(
                baseURL: "http://127.0.0.1:\(server.server.port)/v1", apiKey: "sk-test", model: "m")
        ) { sink.yield($0) }
        await connection.connect()
        var iterator = events.makeAsyncIterator()
        guard case .connected = await iterator.next() else {
            Issue.record("connected must come first")
            return
        }
        guard case .event(.sessionCreated(id: "sess_1", model: "m", expiresAt: _)) = await iterator.next() else {
            Issue.record("the session's event must come second")
            return
        }
        guard case .malformed = await iterator.next() else {
            Issue.record("what is no JSON must be told")
            return
        }
        #expect(key.withLock { $0 } == "Bearer sk-test")
        [UInt8](repeating: 0xFF, count: 160).withUnsafeBytes { connection.append($0) }
        var received = server.received.makeAsyncIterator()
        let frame = try JSON(parsing: try #require(await received.next()))
        #expect(frame["type"] == "input_audio_buffer.append")
        #expect(Base64.decode(try #require(frame["audio"]?.string).utf8) == [UInt8](repeating: 0xFF, count: 160))
        connection.close()
        await server.server.shutdown()
    }

    @Test("A server that is not there is a failure with a sentence")
    func refused() async throws {
        let server = try await Server(greeting: []) { _ in }
        let port = server.server.port
        await server.server.shutdown()
        let (events, sink) = AsyncStream<RealtimeConnection.Event>.makeStream()
        let connection = RealtimeConnection(
            configuration: RealtimeConfiguration(baseURL: "http://127.0.0.1:\(port)/v1", apiKey: "k", model: "m")
        ) { sink.yield($0) }
        await connection.connect()
        var iterator = events.makeAsyncIterator()
        guard case .failed(let message) = await iterator.next() else {
            Issue.record("a refused connection must be told")
            return
        }
        #expect(message.contains("\(port)"))
    }
}
