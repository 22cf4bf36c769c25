public import SansIO

/// What a script can read from `call`, as it is when the script is resumed.
public struct CallFacts: Hashable, Sendable {
    /// Where the call is; the names are those that scripts see.
    public enum Status: String, Hashable, Sendable {
        case dialing, ringing, early, active, hangup
    }

    public enum Direction: String, Hashable, Sendable {
        case outbound, inbound
    }

    public var id: String
    public var to: String
    public var from: String
    public var direction: Direction
    /// A JSON object as given; a bare telephone number is `{ "phone_number": … }`.
    public var metadata: JSON
    public var status: Status
    /// Headers of the far end's last message that scripts may see, names in lower case.
    public var headers: [String: String]
    /// Unix time. [s]
    public var startedAt: Double
    /// Unix time; `nil` until answered. [s]
    public var answeredAt: Double?
    /// Time since the answer. [s]
    public var duration: Double
    /// Unix time at the moment that the script goes on. [s]
    public var now: Double
    public var room: String
    public var mode: String
    /// Version of the script: a hash of its files.
    public var version: String
    /// `call.stats`: what the media session measured last, and the latency of the turns so far.
    public var statistics: JSON = [:]

    public init(
        id: String, to: String, from: String, direction: Direction, metadata: JSON, status: Status = .dialing,
        headers: [String: String] = [:], startedAt: Double, answeredAt: Double? = nil, duration: Double = 0,
        now: Double? = nil, room: String, mode: String = "realtime", version: String
    ) {
        self.id = id
        self.to = to
        self.from = from
        self.direction = direction
        self.metadata = metadata
        self.status = status
        self.headers = headers
        self.startedAt = startedAt
        self.answeredAt = answeredAt
        self.duration = duration
        self.now = now ?? startedAt
        self.room = room
        self.mode = mode
        self.version = version
    }
}
