import Conversation
import Net

/// What an answer to `GET /models` tells of a server.
///
/// Only a key that is not valid is a reason not to try: compatible servers may know no models, and a key may be allowed
/// to use them but not to list them.
struct ProbeAnswer {
    enum Outcome {
        /// Nothing new.
        case unknown
        case usable
        case refused(status: Int, HTTPFields, body: [UInt8])
        case unreachable(NetError)

        /// Why the server cannot be used; `nil` when it can.
        func failure(_ server: StageServer) -> StageFailure? {
            switch self {
            case .unknown, .usable: nil
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

    private var state = State.waiting

    mutating func receive(_ event: HTTPStreamEvent) -> Outcome {
        switch (state, event) {
        case (.waiting, .head(ProbeAnswer.unauthorized, let headers)):
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
