import FoundationEssentials
public import Logging
import LuaRuntime
import Net
import SansIO
import Synchronization

/// A server that speaks OpenAI's Realtime protocol, hears with a recogniser and speaks with a synthesiser.
///
/// Serves `GET /v1/models` and WebSockets on `/v1/realtime?model=…`. What it answers is up to a Lua persona.
public final class OfflineModelServer: Sendable {
    private let server: HTTPServer
    private let host: String
    private let sessions: OpenSessions

    /// The port, also where 0 was asked for.
    public var port: UInt16 { server.port }
    /// What clients take as base URL: `http://127.0.0.1:1234/v1`.
    public var baseURL: String { "http://\(authority)/v1" }
    /// Where the WebSocket is, without `model`: `ws://127.0.0.1:1234/v1/realtime`.
    public var url: String { "ws://\(authority)/v1/realtime" }

    private var authority: String { TransportAddress(host: host, port: port).description }

    /// Loads persona and speech models, and listens.
    ///
    /// - Throws: ``OfflineModelError``.
    public static func start(
        _ configuration: Configuration, logger: Logger
    ) async throws(OfflineModelError) -> OfflineModelServer {
        let recognition = configuration.hears ? RecognitionWorkers(count: configuration.recognizerCount) : nil
        let services = ModelConnection.Services(
            library: try await PersonaLibrary(
                path: configuration.personaPath, recognition: recognition, logger: logger),
            recognition: recognition, synthesis: SynthesisWorker(), scripts: LuaExecutorPool(threads: 2))
        let sessions = OpenSessions()
        var options = HTTPServer.Options()
        options.webSocket.maximumMessageBytes = 24 << 20
        options.webSocket.maximumBufferedBytes = 64 << 20
        do throws(NetError) {
            let server = try await HTTPServer.start(
                host: configuration.host, port: configuration.port, options: options, logger: logger,
                handler: { request in answer(request, configuration) },
                webSocket: { request in
                    upgrade(request, configuration, services, sessions, logger: logger)
                })
            logger.info(
                "offline model listens",
                metadata: ["port": "\(server.port)", "persona": "\(configuration.personaPath ?? "none")"])
            return OfflineModelServer(server: server, host: configuration.host, sessions: sessions)
        } catch {
            throw OfflineModelError(
                .listenFailed, "The offline model cannot start: \(error.message)", underlying: error)
        }
    }

    private init(server: HTTPServer, host: String, sessions: OpenSessions) {
        self.server = server
        self.host = host
        self.sessions = sessions
    }

    /// Stops listening and closes all sessions with 1001.
    public func shutdown() async {
        await server.shutdown(grace: .seconds(2))
    }

    /// Drops the sockets of a key's sessions, without a close frame: what a network does that fails.
    public func dropSessions(key: String) {
        for socket in sessions.sockets(key: key) { socket.abort() }
    }

    // MARK: - HTTP

    private static func answer(_ request: HTTPRequest, _ configuration: Configuration) -> HTTPResponse {
        guard request.path.hasPrefix("/v1/") else { return .text("Moonline's offline model. See /v1/models.\n") }
        let key = bearer(request) ?? ""
        guard !key.isEmpty, !configuration.refusedKeys.contains(key) else {
            return failure(401, code: "invalid_api_key", "Incorrect API key provided, or none at all.")
        }
        guard request.method == "GET" else { return failure(405, code: nil, "Only GET is allowed here.") }
        let models = RealtimeServerSession.Configuration.knownModels
        if request.path == "/v1/models" {
            let list: JSON = ["object": "list", "data": .array(models.map(model))]
            return .json(list.bytes)
        }
        guard request.path.hasPrefix("/v1/models/") else {
            return failure(404, code: nil, "Invalid URL (\(request.method) \(request.path))")
        }
        let name = String(request.path.dropFirst("/v1/models/".count))
        guard models.contains(name) else {
            return failure(404, code: "model_not_found", "The model '\(name)' does not exist.")
        }
        return .json(model(name).bytes)
    }

    private static func model(_ name: String) -> JSON {
        ["id": .string(name), "object": "model", "created": 1_750_000_000, "owned_by": "moonline"]
    }

    private static func failure(_ status: Int, code: String?, _ message: String) -> HTTPResponse {
        let error = RealtimeError(code: code, message: message)
        let body: JSON = [
            "error": [
                "message": .string(message), "type": .string(error.type), "param": .null, "code": JSON(orNull: code),
            ]
        ]
        return .json(body.bytes, status: status)
    }

    private static func bearer(_ request: HTTPRequest) -> String? {
        guard let value = request.headers["Authorization"], value.lowercased().hasPrefix("bearer ") else {
            return request.headers["api-key"]
        }
        return String(value.dropFirst("bearer ".count))
    }

    // MARK: - WebSocket

    /// Accepts every upgrade on the right path, as the live service does; the session then says what is wrong.
    private static func upgrade(
        _ request: HTTPRequest, _ configuration: Configuration, _ services: ModelConnection.Services,
        _ sessions: OpenSessions, logger: Logger
    ) -> WebSocketUpgrade {
        guard request.path == "/v1/realtime" else {
            return .reject(failure(404, code: nil, "Invalid URL (\(request.method) \(request.path))"))
        }
        let offered = (request.headers["Sec-WebSocket-Protocol"] ?? "").split(separator: ",").map {
            String($0.filter { !$0.isWhitespace })
        }
        let keyProtocol = "openai-insecure-api-key."
        let offeredKey = offered.first { $0.hasPrefix(keyProtocol) }.map { String($0.dropFirst(keyProtocol.count)) }
        let handshake = RealtimeServerSession.Handshake(
            model: request.query("model"), key: bearer(request) ?? offeredKey,
            asksForBeta: request.headers["OpenAI-Beta"] != nil)
        let key = handshake.key ?? ""
        let number = sessions.nextNumber()
        let now = Date.now.timeIntervalSince1970
        let session = RealtimeServerSession.Configuration(
            seed: configuration.seed &+ number &* 0x9E37_79B9_7F4A_7C15, unixTime: Int64(now),
            refusedKeys: configuration.refusedKeys, hears: configuration.hears, pace: configuration.pace)
        let plan = configuration.session(key)
        let today = plan.today ?? configuration.today ?? LocalDay.text(unixTime: Int64(now))
        return .accept(subprotocol: offered.contains("realtime") ? "realtime" : nil) { socket in
            var logger = logger
            logger[metadataKey: "session"] = "\(number)"
            let (events, queue) = AsyncStream.makeStream(of: ModelConnection.Event.self)
            let connection = ModelConnection(
                services: services, socket: socket, queue: queue, events: events, configuration: session,
                handshake: handshake, today: today, persona: plan.persona, script: plan.script,
                logsTranscripts: configuration.logsTranscripts, logger: logger)
            sessions.add(socket, number: number, key: key)
            Task {
                await connection.run()
                sessions.remove(number: number)
            }
            return { connection.receive($0) }
        }
    }
}

/// The sessions that are open, numbered from 0.
private final class OpenSessions: Sendable {
    private struct State {
        var count: UInt64 = 0
        var sockets: [UInt64: (key: String, socket: WebSocketConnection)] = [:]
    }

    private let state = Mutex(State())

    func nextNumber() -> UInt64 {
        state.withLock { state in
            defer { state.count += 1 }
            return state.count
        }
    }

    func add(_ socket: WebSocketConnection, number: UInt64, key: String) {
        state.withLock { $0.sockets[number] = (key, socket) }
    }

    func remove(number: UInt64) {
        _ = state.withLock { $0.sockets.removeValue(forKey: number) }
    }

    func sockets(key: String) -> [WebSocketConnection] {
        state.withLock { state in state.sockets.values.filter { $0.key == key }.map(\.socket) }
    }
}
