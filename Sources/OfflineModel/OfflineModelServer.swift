import FoundationEssentials
public import Logging
import LuaRuntime
import Net
import SansIO
import Synchronization

/// A server with OpenAI's voice interfaces, which hears with a recogniser and speaks with a synthesiser.
///
/// Serves `GET /v1/models`, the endpoints of ``EndpointRequest/Endpoint``, and WebSockets on `/v1/realtime?model=…`,
/// `/v1/realtime?intent=transcription` and `/v1/live/sessions`. What it answers is up to a Lua persona.
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
        let faults = FaultSource(configuration.misbehaviour, seed: configuration.seed)
        let endpoints = EndpointService(
            endpoints: ModelEndpoints(
                seed: configuration.seed, pace: configuration.pace, refusedKeys: configuration.refusedKeys,
                names: configuration.names),
            services: services, configuration: configuration, faults: faults, logger: logger)
        var options = HTTPServer.Options()
        // A recording and the form about it.
        options.maximumBodyBytes = TranscriptionRequest.maximumFile + (1 << 20)
        options.webSocket.maximumMessageBytes = 24 << 20
        options.webSocket.maximumBufferedBytes = 64 << 20
        do throws(NetError) {
            let server = try await HTTPServer.start(
                host: configuration.host, port: configuration.port, options: options, logger: logger,
                handler: { request in await answer(request, endpoints) },
                webSocket: { request in
                    upgrade(request, configuration, services, sessions, faults, logger: logger)
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

    /// WebSocket sessions that are open.
    public var openSessions: Int { sessions.openCount }

    /// Drops the sockets of a key's sessions, without a close frame: what a network does that fails.
    public func dropSessions(key: String) {
        for socket in sessions.sockets(key: key) { socket.abort() }
    }

    // MARK: - HTTP

    private static func answer(_ request: HTTPRequest, _ service: EndpointService) async -> HTTPResponse {
        guard request.path.hasPrefix("/v1/") else { return .text("Moonline's offline model. See /v1/models.\n") }
        let key = bearer(request) ?? ""
        if let error = service.endpoints.refusal(ofKey: key) { return failure(error, status: error.status) }
        if let endpoint = EndpointRequest.Endpoint(rawValue: request.path) {
            guard request.method == "POST" else { return refuse(request, status: 405) }
            return await service.answer(
                EndpointRequest(
                    endpoint, key: key, contentType: request.headers["Content-Type"] ?? "", body: request.body))
        }
        guard request.path == "/v1/models" || request.path.hasPrefix("/v1/models/") else {
            return refuse(request, status: 404)
        }
        guard request.method == "GET" else { return refuse(request, status: 405) }
        if request.path == "/v1/models" {
            let list: JSON = ["object": "list", "data": .array(ModelCatalogue.all.map(ModelCatalogue.json))]
            return .json(list.bytes)
        }
        let name = String(request.path.dropFirst("/v1/models/".count))
        guard ModelCatalogue.all.contains(name) else { return failure(.unknownModel(name), status: 404) }
        return .json(ModelCatalogue.json(name).bytes)
    }

    private static func refuse(_ request: HTTPRequest, status: Int) -> HTTPResponse {
        let message =
            status == 405
            ? "Not allowed to \(request.method) on \(request.path)." : "Invalid URL (\(request.method) \(request.path))"
        return failure(RealtimeError(code: nil, message: message), status: status)
    }

    private static func failure(_ error: RealtimeError, status: Int) -> HTTPResponse {
        let body: JSON = ["error": error.body]
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
        _ sessions: OpenSessions, _ faults: FaultSource, logger: Logger
    ) -> WebSocketUpgrade {
        let path = request.path
        guard path == "/v1/realtime" || path == "/v1/live/sessions" else {
            return .reject(refuse(request, status: 404))
        }
        let offered = (request.headers["Sec-WebSocket-Protocol"] ?? "").split(separator: ",").map {
            String($0.filter { !$0.isWhitespace })
        }
        let keyProtocol = "openai-insecure-api-key."
        let offeredKey = offered.first { $0.hasPrefix(keyProtocol) }.map { String($0.dropFirst(keyProtocol.count)) }
        let key = bearer(request) ?? offeredKey ?? ""
        let number = sessions.nextNumber()
        let now = Int64(Date.now.timeIntervalSince1970)
        let seed = SeededRandom.seed(configuration.seed, number: number)
        let plan = configuration.session(key)
        let session: any ModelServerSession
        let misbehaving: MisbehavingSession
        if path == "/v1/realtime" {
            let handshake = RealtimeServerSession.Handshake(
                model: request.query("model"), key: key, asksForBeta: request.headers["OpenAI-Beta"] != nil,
                isTranscription: request.query("intent") == "transcription")
            session = RealtimeServerSession(
                configuration: RealtimeServerSession.Configuration(
                    seed: seed, unixTime: now, refusedKeys: configuration.refusedKeys, hears: configuration.hears,
                    pace: configuration.pace), handshake: handshake, at: .zero)
            misbehaving = faults.session(
                at: handshake.isTranscription ? .transcriptionSession : .realtime, key: key, own: plan.misbehaviour,
                from: .zero)
        } else {
            misbehaving = faults.session(at: .live, key: key, own: plan.misbehaviour, from: .zero)
            var live = LiveServerSession.Configuration(seed: seed, unixTime: now)
            live.refusedKeys = configuration.refusedKeys
            live.hears = configuration.hears
            session = LiveServerSession(configuration: live.expiring(misbehaving), key: key, at: .zero)
        }
        let today = plan.today ?? configuration.today ?? LocalDay.text(unixTime: now)
        return .accept(subprotocol: offered.contains("realtime") ? "realtime" : nil) { socket in
            var logger = logger
            logger[metadataKey: "session"] = "\(number)"
            let (events, queue) = AsyncStream.makeStream(of: ModelConnection.Event.self)
            let connection = ModelConnection(
                services: services, socket: socket, queue: queue, events: events, session: session,
                faults: misbehaving, seed: seed, today: today, persona: plan.persona, script: plan.script,
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

    var openCount: Int { state.withLock { $0.sockets.count } }

    func sockets(key: String) -> [WebSocketConnection] {
        state.withLock { state in state.sockets.values.filter { $0.key == key }.map(\.socket) }
    }
}
