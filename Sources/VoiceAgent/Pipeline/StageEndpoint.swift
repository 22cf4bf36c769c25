public import Conversation
import Net
public import SansIO

/// Where a stage's server is and who pays for it.
public struct StageEndpoint: Hashable, Sendable {
    /// As OpenAI's SDKs take it: `https://api.openai.com/v1`; `http`, `ws` and `wss` are understood too.
    public var baseURL: String
    /// Sent as a bearer token, unless it is empty.
    public var apiKey: Secret

    public init(baseURL: String = RealtimeConfiguration.openAI, apiKey: Secret = Secret("")) {
        self.baseURL = baseURL
        self.apiKey = apiKey
    }

    /// The name by which failures call the server: its host, and its port if it is named.
    public func server(_ stage: PipelineStage) -> StageServer {
        var rest = baseURL[...]
        if let colon = rest.firstIndex(of: ":"), rest[colon...].hasPrefix("://") {
            rest = rest[rest.index(colon, offsetBy: 3)...]
        }
        let authority = rest.prefix { !"/?#".contains($0) }
        // A user name may hold a password.
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
        return StageServer(stage: stage, name: host.isEmpty ? "The server" : String(host), apiKey: apiKey)
    }

    /// A request to a path such as `/chat/completions`.
    func request(
        method: String = "POST", path: String, contentType: String? = nil, accept: String? = nil, body: [UInt8] = []
    ) -> HTTPRequest {
        var fields = authorization
        if let contentType { fields["Content-Type"] = contentType }
        if let accept { fields["Accept"] = accept }
        return HTTPRequest(method: method, target: url(path, webSocket: false), headers: fields, body: body)
    }

    /// What every request and every socket carries.
    var authorization: HTTPFields {
        var fields: HTTPFields = [:]
        if !apiKey.revealed.isEmpty { fields["Authorization"] = "Bearer \(apiKey.revealed)" }
        return fields
    }

    /// The URL of a path below the base.
    func url(_ path: String, webSocket: Bool) -> String {
        var base = baseURL
        while base.hasSuffix("/") { base.removeLast() }
        for (http, socket) in [("https://", "wss://"), ("http://", "ws://")] {
            let (from, to) = webSocket ? (http, socket) : (socket, http)
            if base.hasPrefix(from) { base = to + base.dropFirst(from.count) }
        }
        return base + path
    }
}
