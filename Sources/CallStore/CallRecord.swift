import GRDB
public import SansIO

/// What is known of one call, during it and after it.
public struct CallRecord: Sendable, Equatable {
    public enum Direction: String, Sendable {
        case outbound, inbound
    }

    public var id: String
    public var dispatchID: String?
    public var trunkID: String?
    public var agent: String
    public var room: String
    public var direction: Direction
    public var to: String
    public var from: String
    /// Unix time of the first INVITE. [ns]
    public var startedAt: Int64
    /// Unix time of the 200 to it. [ns]
    public var answeredAt: Int64?
    /// Unix time; `nil` while the call runs. [ns]
    public var endedAt: Int64?
    /// How it ended, in one word of the conversation's set: `completed`, `busy`, …
    public var outcome: String?
    /// The final SIP status of the INVITE.
    public var sipStatus: Int?
    /// One sentence for the operator, where the outcome needs one.
    public var message: String?
    /// `agent`, `caller`, `callee`, `host`, …
    public var hungUpBy: String?
    /// Which text of the script ran: its digest or revision.
    public var scriptVersion: String?
    /// How often the model's connection was lost in mid-call and came back.
    public var reconnects = 0
    public var media: Media?
    /// Figures of each turn, as the ledger gave them.
    public var turns: JSON = []
    /// Who said what, as it was heard.
    public var transcript: JSON = []
    public var recordingPath: String?
    public var eventLogPath: String?

    /// What RTCP and the media session counted.
    public struct Media: Sendable, Equatable {
        public var packetsSent: Int64
        public var packetsReceived: Int64
        /// Of the packets that we should have received.
        public var packetsLost: Int64
        /// Interarrival jitter (RFC 3550 §6.4.1). [ms]
        public var jitterMilliseconds: Double
        /// [ms]
        public var roundTripMilliseconds: Double?

        public init(
            packetsSent: Int64, packetsReceived: Int64, packetsLost: Int64, jitterMilliseconds: Double,
            roundTripMilliseconds: Double? = nil
        ) {
            self.packetsSent = packetsSent
            self.packetsReceived = packetsReceived
            self.packetsLost = packetsLost
            self.jitterMilliseconds = jitterMilliseconds
            self.roundTripMilliseconds = roundTripMilliseconds
        }
    }

    public init(
        id: String, agent: String, room: String, direction: Direction, to: String, from: String, startedAt: Int64
    ) {
        self.id = id
        self.agent = agent
        self.room = room
        self.direction = direction
        self.to = to
        self.from = from
        self.startedAt = startedAt
    }

    init(_ row: Row) throws {
        guard let direction = Direction(rawValue: row["direction"]) else {
            throw CallStoreError(.corrupt, "A call record has an unknown direction.")
        }
        self.init(
            id: row["id"], agent: row["agent"], room: row["room"], direction: direction, to: row["to_address"],
            from: row["from_address"], startedAt: row["started_at"])
        dispatchID = row["dispatch_id"]
        trunkID = row["trunk_id"]
        answeredAt = row["answered_at"]
        endedAt = row["ended_at"]
        outcome = row["outcome"]
        sipStatus = row["sip_status"]
        message = row["message"]
        hungUpBy = row["hung_up_by"]
        scriptVersion = row["script_version"]
        reconnects = row["reconnects"]
        if let sent = row["packets_sent"] as Int64? {
            media = Media(
                packetsSent: sent, packetsReceived: row["packets_received"], packetsLost: row["packets_lost"],
                jitterMilliseconds: row["jitter_ms"], roundTripMilliseconds: row["round_trip_ms"])
        }
        turns = try StoredJSON.value(row["turns"])
        transcript = try StoredJSON.value(row["transcript"])
        recordingPath = row["recording_path"]
        eventLogPath = row["event_log_path"]
    }

    var columns: [(String, (any DatabaseValueConvertible)?)] {
        [
            ("id", id), ("dispatch_id", dispatchID), ("trunk_id", trunkID), ("agent", agent), ("room", room),
            ("direction", direction.rawValue), ("to_address", to), ("from_address", from), ("started_at", startedAt),
            ("answered_at", answeredAt), ("ended_at", endedAt), ("outcome", outcome), ("sip_status", sipStatus),
            ("message", message), ("hung_up_by", hungUpBy), ("script_version", scriptVersion),
            ("reconnects", reconnects),
            ("packets_sent", media?.packetsSent), ("packets_received", media?.packetsReceived),
            ("packets_lost", media?.packetsLost), ("jitter_ms", media?.jitterMilliseconds),
            ("round_trip_ms", media?.roundTripMilliseconds), ("turns", turns.text), ("transcript", transcript.text),
            ("recording_path", recordingPath), ("event_log_path", eventLogPath),
        ]
    }
}
