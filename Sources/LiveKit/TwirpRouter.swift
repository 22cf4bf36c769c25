public import Net
public import SansIO

/// The server side of LiveKit's API: `POST /twirp/livekit.<Service>/<Method>`, in JSON.
///
/// Checks route, content type, token and grants, in this order, then calls the ``AdminBackend``. Further services are
/// served by the same rules, see ``TwirpService``.
public struct TwirpRouter: Sendable {
    private let backend: AdminBackend
    private let services: [TwirpService]
    private let secretOf: @Sendable (String) -> Secret?
    private let now: @Sendable () -> Int64

    private static let prefix = "/twirp/"

    /// - Parameters:
    ///   - services: Beside LiveKit's own.
    ///   - secretOf: The secret of an API key; `nil` for a key that is not known.
    ///   - now: Unix time. [s]
    public init(
        backend: AdminBackend, services: [TwirpService] = [], secretOf: @escaping @Sendable (String) -> Secret?,
        now: @escaping @Sendable () -> Int64
    ) {
        self.backend = backend
        self.services = services
        self.secretOf = secretOf
        self.now = now
    }

    /// Whether a request is for this router.
    public static func handles(path: String) -> Bool { path.hasPrefix(prefix) }

    /// Answers one request; every failure becomes an error body.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        do throws(TwirpError) {
            return .json(try await result(of: request).bytes)
        } catch {
            return error.response
        }
    }

    private func result(of request: HTTPRequest) async throws(TwirpError) -> JSON {
        let route = String(request.path.dropFirst(TwirpRouter.prefix.count))
        guard request.method == "POST" else {
            throw TwirpError(.badRoute, "unsupported method \"\(request.method)\" (only POST is allowed)")
        }
        switch route {
        case "livekit.SIP/CreateSIPOutboundTrunk":
            let reader = try reader(for: request, allowing: trunks)
            return try await createTrunk(reader).json
        case "livekit.SIP/ListSIPOutboundTrunk":
            let reader = try reader(for: request, allowing: trunks)
            return list(try await listTrunks(reader).map(\.json), named: "items")
        // The second name is not LiveKit's own.
        case "livekit.SIP/DeleteSIPTrunk", "livekit.SIP/DeleteSIPOutboundTrunk":
            let reader = try reader(for: request, allowing: trunks)
            return try await backend.deleteTrunk(required("sip_trunk_id", in: reader)).json
        case "livekit.AgentDispatchService/CreateDispatch":
            let order = try DispatchRequest(reading: reader(for: request, allowing: dispatches))
            guard !order.agentName.isEmpty else {
                throw TwirpError(.invalidArgument, "agent_name is missing", meta: ["argument": "agent_name"])
            }
            return try await backend.createDispatch(order).json
        case "livekit.AgentDispatchService/ListDispatch":
            let reader = try reader(for: request, allowing: dispatchList)
            let id = try reader.string("dispatch_id")
            let found = try await backend.listDispatches(reader.string("room"), id.isEmpty ? nil : id)
            return list(found.map(\.json), named: "agentDispatches")
        case "livekit.AgentDispatchService/DeleteDispatch":
            let reader = try reader(for: request, allowing: dispatches)
            return try await backend.deleteDispatch(reader.string("room"), required("dispatch_id", in: reader)).json
        default:
            for service in services {
                guard let method = service.method(of: route) else { continue }
                return try await method(reader(for: request, allowing: anyRoom).json)
            }
            let isKnownService = ["livekit.SIP/", "livekit.AgentDispatchService/", "livekit.RoomService/"].contains {
                route.hasPrefix($0)
            }
            throw TwirpError(
                isKnownService ? .unimplemented : .badRoute,
                isKnownService ? "\(route) is not served here yet" : "no handler for path \"\(request.path)\"")
        }
    }

    // MARK: Reading

    private func reader(
        for request: HTTPRequest, allowing check: (AccessToken, ProtoJSONReader) throws(TwirpError) -> Bool
    ) throws(TwirpError) -> ProtoJSONReader {
        let type = request.headers["Content-Type"]?.split(separator: ";").first.map {
            $0.lowercased().filter { !$0.isWhitespace }
        }
        guard type == "application/json" else {
            throw TwirpError(
                .malformed, "Content-Type must be application/json: protobuf bodies are not read yet")
        }
        let token = try token(of: request)
        let body: JSON
        do throws(JSONError) {
            body = request.body.isEmpty ? [:] : try JSON(parsing: request.body)
        } catch {
            throw TwirpError(.malformed, "the request is no JSON: \(error)")
        }
        let reader = try ProtoJSONReader(body)
        // LiveKit answers a missing grant with this code too.
        guard try check(token, reader) else { throw TwirpError(.unauthenticated, "permissions denied") }
        return reader
    }

    private func token(of request: HTTPRequest) throws(TwirpError) -> AccessToken {
        let parts = (request.headers["Authorization"] ?? "").split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw TwirpError(.unauthenticated, "the Authorization header with a bearer token is missing")
        }
        do throws(AccessTokenError) {
            return try AccessToken(verifying: String(parts[1]), now: now(), secretOf: secretOf)
        } catch {
            throw TwirpError(.unauthenticated, "invalid token: \(error)")
        }
    }

    private func trunks(_ token: AccessToken, _ request: ProtoJSONReader) -> Bool { token.sip?.admin == true }

    private func dispatches(_ token: AccessToken, _ request: ProtoJSONReader) throws(TwirpError) -> Bool {
        let room = try request.string("room")
        guard !room.isEmpty else { throw TwirpError(.invalidArgument, "room is missing", meta: ["argument": "room"]) }
        return token.video?.roomAdmin == true && token.video?.room == room
    }

    /// LiveKit lists the dispatches of one room. Here a token that may list rooms gets those of all rooms when it names
    /// none.
    private func dispatchList(_ token: AccessToken, _ request: ProtoJSONReader) throws(TwirpError) -> Bool {
        if try request.string("room").isEmpty, token.video?.roomList == true { return true }
        return try dispatches(token, request)
    }

    /// What concerns all rooms takes the right to administer rooms that is not bound to one.
    private func anyRoom(_ token: AccessToken, _ request: ProtoJSONReader) -> Bool {
        token.video?.roomAdmin == true && token.video?.room.isEmpty == true
    }

    private func required(_ name: String, in reader: ProtoJSONReader) throws(TwirpError) -> String {
        let text = try reader.string(name)
        guard !text.isEmpty else { throw TwirpError(.invalidArgument, "\(name) is missing", meta: ["argument": name]) }
        return text
    }

    // MARK: Trunks

    private func createTrunk(_ reader: ProtoJSONReader) async throws(TwirpError) -> OutboundTrunk {
        guard let message = try reader.message("trunk") else {
            throw TwirpError(.invalidArgument, "trunk is missing", meta: ["argument": "trunk"])
        }
        var trunk = try OutboundTrunk(reading: message)
        try trunk.validate()
        trunk.id = ""
        return try await backend.createTrunk(trunk)
    }

    private func listTrunks(_ reader: ProtoJSONReader) async throws(TwirpError) -> [OutboundTrunk] {
        let ids = try reader.strings("trunk_ids")
        let numbers = try reader.strings("numbers")
        let page = try reader.message("page")
        let after = try page?.string("after_id") ?? ""
        let limit = Int(clamping: try page?.integer("limit") ?? 0)
        var trunks = try await backend.listTrunks()
        if !ids.isEmpty { trunks.removeAll { !ids.contains($0.id) } }
        if !numbers.isEmpty { trunks.removeAll { $0.numbers.allSatisfy { !numbers.contains($0) } } }
        if !after.isEmpty, let index = trunks.firstIndex(where: { $0.id == after }) { trunks.removeFirst(index + 1) }
        return limit > 0 ? Array(trunks.prefix(limit)) : trunks
    }

    private func list(_ messages: [JSON], named name: String) -> JSON {
        var writer = ProtoJSONWriter()
        writer.add(name, messages: messages)
        return writer.json
    }
}
