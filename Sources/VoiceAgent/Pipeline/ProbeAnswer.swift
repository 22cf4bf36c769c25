import Conversation
import Net

/// What an answer to `HEAD /models` tells of a server, or one to `GET /models` where that is refused.
///
/// Only a key that is not valid is a reason not to try: compatible servers may know no models, and a key may be allowed
/// to use them but not to list them.
struct ProbeAnswer {
    enum Outcome {
        /// Nothing new.
        case unknown
        case usable
        /// It refuses the key, or something else, or to be asked for a head: only a body tells which.
        case unexplained
        case refused(status: Int, HTTPFields, body: [UInt8])
        case unreachable(NetError)

        /// Why the server cannot be used; `nil` when it can.
        func failure(_ server: StageServer) -> StageFailure? {
            switch self {
            case .unknown, .usable, .unexplained: nil
            case .refused(let status, let headers, let body):
                server.failure(status: status, headers: headers, body: body, now: 0)
            case .unreachable(let error): server.failure(error)
            }
        }
    }

    private enum State {
        case waiting
        case refused(HTTPFields, body: [UInt8])
        case known
    }

    private static let unauthorized = 401
    /// [byte]
    private static let longestRefusal = 16_384
    /// A list of models that is longer is not one of those that refuse. [byte]
    static let longestBody = 1 << 20

    /// Whether the request asked for one.
    private let hasBody: Bool
    private var state = State.waiting

    init(hasBody: Bool) {
        self.hasBody = hasBody
    }

    mutating func receive(_ event: HTTPStreamEvent) -> Outcome {
        switch (state, event) {
        case (.waiting, .head(let status, let headers))
        where hasBody ? status == ProbeAnswer.unauthorized : !(200..<300).contains(status):
            state = .refused(headers, body: [])
            return .unknown
        case (.waiting, .head):
            state = .known
            return .usable
        case (.refused(let headers, let body), .body(let bytes)):
            state = .refused(headers, body: Array((body + bytes).prefix(ProbeAnswer.longestRefusal)))
            return .unknown
        case (.refused(let headers, let body), .ended):
            state = .known
            if !hasBody { return .unexplained }
            let words = String(decoding: body, as: UTF8.self).lowercased()
            let mayNotList = words.contains("scope") || words.contains("permission")
            return mayNotList ? .usable : .refused(status: ProbeAnswer.unauthorized, headers, body: body)
        case (.waiting, .failed(let error)), (.refused, .failed(let error)):
            state = .known
            switch error.code {
            case .cancelled: return .unknown
            // It may be slow at this alone.
            case .timedOut, .messageTooLarge: return .usable
            default: return .unreachable(error)
            }
        case (.known, _), (.waiting, .body), (.waiting, .ended), (.refused, .head): return .unknown
        }
    }
}
