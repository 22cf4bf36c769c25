import Conversation
import Logging
import Net
import SansIO
import Synchronization
import Testing

@testable import VoiceAgent

@Suite("The socket of a Live session", .timeLimit(.minutes(1)))
struct LiveConnectionTests {
    @Test(
        "The base URL is taken as OpenAI's SDKs take it, and the model stands in the session",
        arguments: [
            ("https://api.openai.com/v1", "wss://api.openai.com/v1/live/sessions"),
            ("http://127.0.0.1:8089/v1/", "ws://127.0.0.1:8089/v1/live/sessions"),
        ])
    func url(base: String, expected: String) {
        #expect(RealtimeConfiguration(baseURL: base, apiKey: "k", model: "gpt-realtime").liveURL == expected)
    }

    /// A server that greets with `greeting`, and keeps what comes.
    private struct Server {
        let server: HTTPServer
        let received: AsyncStream<String>

        static func start(greeting: [String], path: @escaping @Sendable (String) -> Void) async throws -> Server {
            let (received, sink) = AsyncStream<String>.makeStream()
            let server = try await HTTPServer.start(
                host: "127.0.0.1", port: 0, logger: Logger(label: "test"), handler: { _ in .text("", status: 404) },
                webSocket: { request in
                    path("\(request.target) \(request.headers["Authorization"] ?? "")")
                    return .accept { connection in
                        for text in greeting { connection.send(text: Array(text.utf8)) }
                        return { event in
                            switch event {
                            case .text(let bytes): sink.yield(String(decoding: bytes, as: UTF8.self))
                            case .closed: sink.finish()
                            case .binary: break
                            }
                        }
                    }
                })
            return Server(server: server, received: received)
        }
    }

    @Test("Connected comes first, then the server's events; audio goes up framed, and the end is said before the close")
    func conversation() async throws {
        let path = Mutex("")
        let server = try await Server.start(greeting: [
            #"{"type":"session.started","session":{"id":"live_1","model":"m"}}"#, "{broken",
        ]) { value in path.withLock { $0 = value } }
        let (events, sink) = AsyncStream<LiveConnection.Event>.makeStream()
        let connection = LiveConnection(
            configuration: RealtimeConfiguration(
                baseURL: "http://127.0.0.1:\(server.server.port)/v1", apiKey: "sk-test", model: "m")
        ) { sink.yield($0) }
        await connection.connect()
        var iterator = events.makeAsyncIterator()
        guard case .connected = await iterator.next() else {
            Issue.record("connected must come first")
            return
        }
        guard case .event(.started(id: "live_1", model: "m", expiresAt: nil)) = await iterator.next() else {
            Issue.record("the session's event must come second")
            return
        }
        guard case .malformed = await iterator.next() else {
            Issue.record("what is no JSON must be told")
            return
        }
        #expect(path.withLock { $0 } == "/v1/live/sessions Bearer sk-test")
        [UInt8](repeating: 0x90, count: 160).withUnsafeBytes { connection.append($0) }
        connection.send(LiveClientEvent(eventID: "e", body: .appendThinking("x")))
        connection.close()
        var frames: [JSON] = []
        for await text in server.received { frames.append(try JSON(parsing: text)) }
        #expect(
            frames.map { $0["type"] } == ["session.input_audio.append", "session.thinking.append", "session.close"])
        let audio = try #require(frames.first?["audio"]?.string)
        #expect(Base64.decode(audio.utf8) == [UInt8](repeating: 0x90, count: 160))
        await server.server.shutdown()
    }

    @Test("From listening on, a line that sends nothing is heard as silence")
    func silentLine() async throws {
        let server = try await Server.start(greeting: []) { _ in }
        let connection = LiveConnection(
            configuration: RealtimeConfiguration(
                baseURL: "http://127.0.0.1:\(server.server.port)/v1", apiKey: "k", model: "m")
        ) { _ in }
        await connection.connect()
        connection.listen()
        var received = server.received.makeAsyncIterator()
        let frame = try JSON(parsing: try #require(await received.next()))
        #expect(frame["type"] == "session.input_audio.append")
        let audio = try #require(frame["audio"]?.string.flatMap { Base64.decode($0.utf8) })
        #expect(audio.count >= 200 * 8)
        #expect(audio.allSatisfy { $0 == 0xFF })
        connection.close()
        await server.server.shutdown()
    }

    @Test("Silence fills the gaps of a line and nothing else, to the millisecond")
    func clock() {
        func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }
        var clock = InputClock(from: at(0))
        var filled: [Int] = []
        for tick in stride(from: Int64(100), through: 1_000, by: 100) {
            // The far end is heard in the first second's middle, every 20 ms.
            if (400..<700).contains(tick) { clock.appended(at: at(tick - 1)) }
            filled.append(clock.silence(at: at(tick)).count / 8)
        }
        #expect(filled == [0, 200, 100, 0, 0, 0, 0, 201, 100, 100])
    }
}
