import Conversation
import Net
import SansIO
import Synchronization
import VoiceAgent

/// A server of all stages whose answers a test writes.
final class StageStub: Sendable {
    /// A request that came in.
    struct Received: Sendable {
        let method: String
        let path: String
        let headers: HTTPFields
        let body: [UInt8]
    }

    /// The server's end of a transcription socket.
    final class Socket: Sendable {
        let connection: WebSocketConnection
        let messages = Recorder<JSON>()
        let closed = Recorder<Void>()

        init(_ connection: WebSocketConnection) {
            self.connection = connection
        }

        func send(_ text: String) {
            connection.send(text: Array(text.utf8))
        }

        func receive(_ event: WebSocketEvent) {
            switch event {
            case .text(let bytes):
                guard let message = StageStub.json(bytes) else { return }
                if message["type"] == "session.update" { send(#"{"type":"session.updated","session":{"id":"s"}}"#) }
                messages.record(message)
            case .binary: break
            case .closed: closed.record(())
            }
        }

        /// Messages but for the audio, as soon as there are `count`.
        func verbs(_ count: Int) async -> [String] {
            let messages = await messages.wait { Self.verbs($0).count >= count }
            return Self.verbs(messages)
        }

        private static func verbs(_ messages: [JSON]) -> [String] {
            messages.compactMap { $0["type"]?.string }.filter { $0 != "input_audio_buffer.append" }
        }

        /// Bytes of audio so far.
        var audio: [UInt8] {
            messages.elements.flatMap { message in
                message["type"] == "input_audio_buffer.append"
                    ? Base64.decode((message["audio"]?.string ?? "").utf8) ?? [] : []
            }
        }
    }

    let server: HTTPServer
    let requests = Recorder<Received>()
    let sockets = Recorder<Socket>()
    /// Producers of bodies that ended because their client had gone.
    let abandoned = Recorder<String>()

    var baseURL: String { "http://127.0.0.1:\(server.port)/v1" }
    var endpoint: StageEndpoint { StageEndpoint(baseURL: baseURL, apiKey: Secret("sk-test")) }

    /// - Parameters:
    ///   - port: 0 for any.
    ///   - refusal: Answers upgrades.
    ///   - answer: What a request to a path below `/v1` is answered; `nil` for 404.
    ///   - greeting: What is done with a socket at once.
    init(
        port: UInt16 = 0, refusal: HTTPResponse? = nil,
        answer: @escaping @Sendable (Received, StageStub.Body) async -> HTTPResponse? = { _, _ in nil },
        greeting: @escaping @Sendable (Socket) -> Void = { _ in }
    ) async throws {
        let (requests, sockets, abandoned) = (requests, sockets, abandoned)
        server = try await HTTPServer.start(
            host: "127.0.0.1", port: port, logger: quiet,
            handler: { request in
                let received = Received(
                    method: request.method, path: String(request.path.dropFirst("/v1".count)), headers: request.headers,
                    body: request.body)
                requests.record(received)
                let body = Body(path: received.path, abandoned: abandoned)
                return await answer(received, body) ?? .text("{}", status: 404)
            },
            webSocket: { _ in
                if let refusal { return .reject(refusal) }
                return .accept { connection in
                    let socket = Socket(connection)
                    sockets.record(socket)
                    greeting(socket)
                    return { socket.receive($0) }
                }
            })
    }

    /// Helps to write bodies.
    struct Body: Sendable {
        fileprivate let path: String
        fileprivate let abandoned: Recorder<String>

        /// Writes pieces, and ends.
        func pieces(_ pieces: [[UInt8]], headers: HTTPFields = [:]) -> HTTPResponse {
            .streaming(headers: headers) { writer in
                for piece in pieces { try await writer.write(piece) }
            }
        }

        /// Writes pieces, and then nothing until the client goes.
        func stalling(_ pieces: [[UInt8]], headers: HTTPFields = [:]) -> HTTPResponse {
            let (path, abandoned) = (path, abandoned)
            return .streaming(headers: headers) { writer in
                for piece in pieces { try await writer.write(piece) }
                let gone = Recorder<Void>()
                await withTaskCancellationHandler {
                    _ = await gone.first(1)
                } onCancel: {
                    gone.record(())
                    abandoned.record(path)
                }
            }
        }

        /// Writes pieces, and drops the connection.
        func aborting(_ pieces: [[UInt8]], headers: HTTPFields = [:]) -> HTTPResponse {
            .streaming(headers: headers) { writer in
                for piece in pieces { try await writer.write(piece) }
                writer.abort()
            }
        }
    }

    func shutdown() async {
        await server.shutdown(grace: .zero)
    }

    static func json(_ bytes: [UInt8]) -> JSON? {
        do {
            return try JSON(parsing: bytes)
        } catch {
            return nil
        }
    }
}
