import Logging
import Net
import Synchronization
import TestSupport

/// A Realtime API server that hears nothing and says a tone: it takes sessions, answers each `response.create` with the
/// same short audio, and misbehaves as a test wants it to.
final class ModelStub: Sendable {
    /// What the server does with connections from now on.
    enum Behaviour: Sendable {
        case serve
        /// Answers the upgrade with an HTTP status.
        case refuseUpgrade(status: Int)
        /// Accepts the upgrade, says what is wrong with the key, and closes: that is how OpenAI does it.
        case refuseKey
        /// Closes as soon as it is connected.
        case close(code: UInt16, reason: String)
        /// Ends the connection without close frame.
        case abort
        /// Never answers `session.update`.
        case ignoreSettings
        /// Answers `session.update` with a close frame.
        case closeAtSettings(code: UInt16, reason: String)
        /// Answers `session.update` with an error.
        case refuseSettings(message: String)
        /// Begins with this text, in place of `session.created`.
        case say(String)
    }

    /// What the server's closures share with the test.
    private final class Desk: Sendable {
        let behaviour = Mutex(Behaviour.serve)
        let sessions = Watched<[ModelSession]>([])
    }

    /// The API key that a host sends.
    static let key = "sk-test-2f1c0a7d9b"

    let port: UInt16
    private let desk: Desk
    private let server: HTTPServer

    static func start() async throws -> ModelStub {
        let desk = Desk()
        let server = try await HTTPServer.start(
            host: Loopback.host, port: 0, logger: Logger(label: "model") { _ in SwiftLogNoOpLogHandler() },
            handler: { _ in .text("a WebSocket is spoken here\n", status: 426) }
        ) { request in
            let behaviour = desk.behaviour.withLock { $0 }
            if case .refuseUpgrade(let status) = behaviour { return .reject(.text("no\n", status: status)) }
            return .accept { connection in
                let session = ModelSession(connection, request: request, behaviour: behaviour)
                desk.sessions.update { $0.append(session) }
                return { session.receive($0) }
            }
        }
        return ModelStub(desk: desk, server: server)
    }

    private init(desk: Desk, server: HTTPServer) {
        self.desk = desk
        self.server = server
        port = server.port
    }

    /// As OpenAI's SDKs take it.
    var baseURL: String { "http://\(Loopback.host):\(port)/v1" }

    /// For connections to come; those that stand go on as they began.
    func behave(_ behaviour: Behaviour) {
        desk.behaviour.withLock { $0 = behaviour }
    }

    /// The connections so far, in order.
    var sessions: [ModelSession] { desk.sessions.value }

    /// The connection of that number, from 0, now or later.
    func session(_ number: Int) async throws -> ModelSession {
        try await desk.sessions.wait(for: "connection \(number) to the model") { sessions in
            sessions.indices.contains(number) ? sessions[number] : nil
        }
    }

    func stop() async {
        await server.shutdown(grace: .milliseconds(100))
    }
}
