import GRDB
public import SansIO

/// A dispatch as it is stored.
public struct DispatchRecord: Sendable, Equatable {
    public var id: String
    public var agentName: String
    public var room: String
    public var metadata: String
    public var attributes: [String: String] = [:]
    /// The jobs, in the form that the server API shows.
    public var jobs: JSON = []
    /// Unix time. [ns]
    public var createdAt: Int64
    /// Unix time; `nil` while the dispatch stands. [ns]
    public var deletedAt: Int64?

    public init(id: String, agentName: String, room: String, metadata: String = "", createdAt: Int64) {
        self.id = id
        self.agentName = agentName
        self.room = room
        self.metadata = metadata
        self.createdAt = createdAt
    }

    init(_ row: Row) throws {
        self.init(
            id: row["id"], agentName: row["agent_name"], room: row["room"], metadata: row["metadata"],
            createdAt: row["created_at"])
        attributes = try StoredJSON.map(row["attributes"])
        jobs = try StoredJSON.value(row["jobs"])
        deletedAt = row["deleted_at"]
    }

    var columns: [(String, (any DatabaseValueConvertible)?)] {
        [
            ("id", id), ("agent_name", agentName), ("room", room), ("metadata", metadata),
            ("attributes", StoredJSON.text(attributes)), ("jobs", jobs.text), ("created_at", createdAt),
            ("deleted_at", deletedAt),
        ]
    }
}
