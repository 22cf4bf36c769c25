public import Net
public import SansIO

/// The client side of LiveKit's API, for trunks and dispatches: speaks to `moonline dev` and to LiveKit's own server.
public struct TwirpClient: Sendable {
    /// Why a call of the API failed. The description is a sentence for the operator.
    public enum Failure: Error, Sendable, CustomStringConvertible {
        /// No answer came.
        case unreachable(NetError)
        /// The server refused.
        case refused(TwirpError, server: String)
        /// Something answered that does not speak this API.
        case notTheAPI(server: String, status: Int)

        public var description: String {
            switch self {
            case .unreachable(let error):
                error.code == .connectionRefused
                    ? "\(error.message) Start it with `moonline dev`, or set LIVEKIT_URL."
                    : "\(error.message) Check LIVEKIT_URL."
            case .refused(let error, let server): Failure.sentence(error, server)
            case .notTheAPI(let server, let status):
                "What answers at \(server) (status \(status)) is no Moonline or LiveKit server. Check LIVEKIT_URL."
            }
        }

        private static func sentence(_ error: TwirpError, _ server: String) -> String {
            switch error.code {
            case .unauthenticated, .permissionDenied:
                "\(server) does not accept the API key (\(error)). Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET."
            case .unimplemented, .badRoute: "\(server) does not know this call (\(error))."
            case .unavailable, .resourceExhausted: "\(server) takes no calls now: \(error). Try again later."
            default: "\(error)".hasSuffix(".") ? "\(error)" : "\(error)."
            }
        }
    }

    private let server: String
    private let key: String
    private let secret: Secret
    private let client: HTTPClient
    private let now: @Sendable () -> Int64

    /// How long a token lives that is used once. [s]
    private static let tokenLife: Int64 = 600

    /// - Parameters:
    ///   - url: `http(s)://` or `ws(s)://`, as in `LIVEKIT_URL`.
    ///   - now: Unix time. [s]
    public init(
        url: String, apiKey: String, apiSecret: Secret, client: HTTPClient, now: @escaping @Sendable () -> Int64
    ) {
        var server = url
        while server.hasSuffix("/") { server.removeLast() }
        if server.hasPrefix("ws://") || server.hasPrefix("wss://") { server = "http" + server.dropFirst(2) }
        self.server = server
        key = apiKey
        secret = apiSecret
        self.client = client
        self.now = now
    }

    // MARK: Trunks

    public func createTrunk(_ trunk: OutboundTrunk) async throws(Failure) -> OutboundTrunk {
        let request: JSON = ["trunk": trunk.jsonWithPassword]
        return try await call("SIP/CreateSIPOutboundTrunk", request, trunkToken) { reader throws(TwirpError) in
            try OutboundTrunk(reading: reader)
        }
    }

    public func listTrunks() async throws(Failure) -> [OutboundTrunk] {
        try await call("SIP/ListSIPOutboundTrunk", [:], trunkToken) { reader throws(TwirpError) in
            var trunks: [OutboundTrunk] = []
            for item in try reader.messages("items") { trunks.append(try OutboundTrunk(reading: item)) }
            return trunks
        }
    }

    public func deleteTrunk(id: String) async throws(Failure) -> OutboundTrunk {
        try await call("SIP/DeleteSIPTrunk", ["sipTrunkId": .string(id)], trunkToken) { reader throws(TwirpError) in
            try OutboundTrunk(reading: reader)
        }
    }

    // MARK: Dispatches

    public func createDispatch(_ request: DispatchRequest) async throws(Failure) -> Dispatch {
        let token = roomToken(request.room)
        return try await call("AgentDispatchService/CreateDispatch", request.json, token) { reader throws(TwirpError) in
            try Dispatch(reading: reader)
        }
    }

    /// - Parameters:
    ///   - room: `nil` for all rooms, which `moonline dev` and `start` understand; LiveKit's own server wants a room.
    ///   - id: `nil` for all of the room.
    public func listDispatches(room: String?, id: String? = nil) async throws(Failure) -> [Dispatch] {
        var request: JSON = ["room": .string(room ?? "")]
        if let id { request["dispatchId"] = .string(id) }
        var token = roomToken(room ?? "")
        token.video?.roomList = room == nil
        return try await call("AgentDispatchService/ListDispatch", request, token) {
            reader throws(TwirpError) in
            var dispatches: [Dispatch] = []
            for item in try reader.messages("agent_dispatches") { dispatches.append(try Dispatch(reading: item)) }
            return dispatches
        }
    }

    public func deleteDispatch(room: String, id: String) async throws(Failure) -> Dispatch {
        let request: JSON = ["dispatchId": .string(id), "room": .string(room)]
        return try await call("AgentDispatchService/DeleteDispatch", request, roomToken(room)) {
            reader throws(TwirpError) in
            try Dispatch(reading: reader)
        }
    }

    // MARK: Other services

    /// Calls a method of a service that is not LiveKit's, as a ``TwirpService`` serves it.
    ///
    /// - Parameter route: For example `moonline.Flows/Reload`.
    public func call(_ route: String, _ message: JSON) async throws(Failure) -> JSON {
        try await post(route, message, roomToken("")) { reader throws(TwirpError) in reader.json }
    }

    // MARK: The call

    private var trunkToken: AccessToken {
        var token = AccessToken(issuer: key, now: now(), life: TwirpClient.tokenLife)
        token.sip = SIPGrant(admin: true)
        return token
    }

    private func roomToken(_ room: String) -> AccessToken {
        var token = AccessToken(issuer: key, now: now(), life: TwirpClient.tokenLife)
        token.video = .admin(of: room)
        return token
    }

    private func call<Result>(
        _ method: String, _ message: JSON, _ token: AccessToken,
        _ read: (ProtoJSONReader) throws(TwirpError) -> Result
    ) async throws(Failure) -> Result {
        try await post("livekit.\(method)", message, token, read)
    }

    private func post<Result>(
        _ route: String, _ message: JSON, _ token: AccessToken,
        _ read: (ProtoJSONReader) throws(TwirpError) -> Result
    ) async throws(Failure) -> Result {
        let request = HTTPRequest(
            method: "POST", target: "\(server)/twirp/\(route)",
            headers: [
                "Authorization": "Bearer \(token.signed(secret: secret))", "Content-Type": "application/json",
            ],
            body: message.bytes)
        let response: HTTPResponse
        do throws(NetError) {
            response = try await client.send(request)
        } catch {
            throw .unreachable(error)
        }
        let body: JSON
        do throws(JSONError) {
            body = try JSON(parsing: response.body)
        } catch {
            throw .notTheAPI(server: server, status: response.status)
        }
        guard response.status == 200 else {
            guard let error = TwirpError(json: body) else {
                throw .notTheAPI(server: server, status: response.status)
            }
            throw .refused(error, server: server)
        }
        do throws(TwirpError) {
            return try read(ProtoJSONReader(body))
        } catch {
            throw .notTheAPI(server: server, status: response.status)
        }
    }
}
