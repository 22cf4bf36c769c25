import SansIO

/// What an HTTP endpoint does with one request, as a value: a server plays it in real time, a test call in virtual
/// time.
public struct EndpointReply: Hashable, Sendable {
    /// A header field.
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Bytes of the body that go out together.
    public struct Piece: Hashable, Sendable {
        /// When, from the arrival of the request; never less than that of the piece before.
        public var delay: Duration
        public var bytes: [UInt8]

        public init(delay: Duration, bytes: [UInt8]) {
            self.delay = delay
            self.bytes = bytes
        }
    }

    public enum Ending: Hashable, Sendable {
        /// The body is whole after the last piece.
        case complete
        /// The connection is dropped after the last piece, without an end of the body.
        case dropped
        /// Nothing more comes, and the connection stays open.
        case stalled
    }

    public var status: Int
    public var headers: [Header]
    /// When status and headers go out, from the arrival of the request; `nil` is never: not even they come before
    /// ``ending``.
    public var headDelay: Duration?
    public var pieces: [Piece]
    public var ending: Ending
    /// When ``ending`` happens, from the arrival of the request; not before the last piece.
    public var endDelay: Duration

    public init(
        status: Int, headers: [Header] = [], headDelay: Duration? = .zero, pieces: [Piece] = [],
        ending: Ending = .complete, endDelay: Duration? = nil
    ) {
        self.status = status
        self.headers = headers
        self.headDelay = headDelay
        self.pieces = pieces
        self.ending = ending
        self.endDelay = endDelay ?? pieces.last?.delay ?? headDelay ?? .zero
    }

    /// The value of a header; names compare without case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// All bytes of the body.
    public var body: [UInt8] { pieces.flatMap(\.bytes) }

    /// Whether the body is a stream of server-sent events.
    var isEventStream: Bool { header("Content-Type")?.hasPrefix("text/event-stream") == true }

    /// A whole body, at once.
    static func whole(_ bytes: [UInt8], type: String, status: Int = 200) -> EndpointReply {
        EndpointReply(
            status: status, headers: [Header("Content-Type", type)], pieces: [Piece(delay: .zero, bytes: bytes)])
    }

    static func json(_ json: JSON, status: Int = 200) -> EndpointReply {
        whole(json.bytes, type: "application/json", status: status)
    }

    /// A refusal with OpenAI's `error` object.
    static func failure(_ error: RealtimeError, status: Int) -> EndpointReply {
        json(["error": error.body], status: status)
    }

    /// Server-sent events, one a piece.
    static func eventStream(_ pieces: [Piece], ending: Ending = .complete, endDelay: Duration? = nil) -> EndpointReply {
        EndpointReply(
            status: 200,
            headers: [Header("Content-Type", "text/event-stream; charset=utf-8"), Header("Cache-Control", "no-cache")],
            pieces: pieces, ending: ending, endDelay: endDelay)
    }

    /// The reply, later by a time that the work behind it takes.
    public func delayed(by duration: Duration) -> EndpointReply {
        guard duration > .zero else { return self }
        var reply = self
        reply.headDelay? += duration
        for index in reply.pieces.indices { reply.pieces[index].delay += duration }
        reply.endDelay += duration
        return reply
    }
}

extension EndpointReply.Piece {
    /// One server-sent event (HTML Living Standard §9.2).
    ///
    /// - Parameter name: The `event` field; `nil` for none.
    static func event(_ data: String, name: String? = nil, at delay: Duration) -> EndpointReply.Piece {
        let head = name.map { "event: \($0)\n" } ?? ""
        return EndpointReply.Piece(delay: delay, bytes: Array("\(head)data: \(data)\n\n".utf8))
    }
}

extension RealtimeError {
    /// The `error` member of a refused request.
    var body: JSON {
        ["message": .string(message), "type": .string(type), "param": JSON(orNull: param), "code": JSON(orNull: code)]
    }

    /// The HTTP status that goes with the code.
    var status: Int {
        switch code {
        case "invalid_api_key": 401
        case "model_not_found": 404
        case "rate_limit_exceeded", "insufficient_quota": 429
        default: type == "server_error" ? 500 : 400
        }
    }

    /// A persona's `fail(code, message)` as an endpoint tells it.
    init(failure code: String, message: String) {
        switch code {
        case "rate_limit_exceeded": self.init(type: "requests", code: code, message: message)
        case "insufficient_quota": self.init(type: code, code: code, message: message)
        case let code where code.hasPrefix("invalid_"): self.init(code: code, message: message)
        default: self.init(type: "server_error", code: code, message: message)
        }
    }

    static func unknownModel(_ name: String) -> RealtimeError {
        RealtimeError(
            code: "model_not_found", message: "The model `\(name)` does not exist or you do not have access to it.")
    }
}
