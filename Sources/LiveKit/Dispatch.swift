public import SansIO

/// An agent's order to go to a room: LiveKit's `AgentDispatch`.
public struct Dispatch: Sendable, Equatable {
    public enum JobStatus: Int, Sendable, CaseIterable {
        case pending, running, success, failed, cancelled
    }

    /// One agent at work for the dispatch.
    public struct Job: Sendable, Equatable {
        /// `AJ_…`
        public var id: String
        public var status = JobStatus.pending
        public var error = ""
        /// Unix time; 0 for not yet. [ns]
        public var startedAt: Int64 = 0
        /// Unix time; 0 for not yet. [ns]
        public var endedAt: Int64 = 0

        public init(id: String) {
            self.id = id
        }
    }

    /// `AD_…`
    public var id: String
    public var agentName: String
    public var room: String
    public var metadata: String
    public var attributes: [String: String] = [:]
    public var jobs: [Job] = []
    /// Unix time. [ns]
    public var createdAt: Int64
    /// Unix time; 0 for not deleted. [ns]
    public var deletedAt: Int64 = 0

    public init(id: String, agentName: String, room: String, metadata: String = "", createdAt: Int64) {
        self.id = id
        self.agentName = agentName
        self.room = room
        self.metadata = metadata
        self.createdAt = createdAt
    }

    private static let statusNames = ["JS_PENDING", "JS_RUNNING", "JS_SUCCESS", "JS_FAILED", "JS_CANCELLED"]

    init(reading reader: ProtoJSONReader) throws(TwirpError) {
        let state = try reader.message("state")
        self.init(
            id: try reader.string("id"), agentName: try reader.string("agent_name"), room: try reader.string("room"),
            metadata: try reader.string("metadata"), createdAt: try state?.integer("created_at") ?? 0)
        attributes = try reader.map("attributes")
        deletedAt = try state?.integer("deleted_at") ?? 0
        for job in try state?.messages("jobs") ?? [] { jobs.append(try Job(reading: job)) }
    }

    /// The message for a response.
    public var json: JSON {
        var state = ProtoJSONWriter()
        state.add("jobs", messages: jobs.map { $0.json(of: self) })
        state.add("createdAt", createdAt)
        state.add("deletedAt", deletedAt)
        var writer = ProtoJSONWriter()
        writer.add("id", id)
        writer.add("agentName", agentName)
        writer.add("room", room)
        writer.add("metadata", metadata)
        writer.add("state", message: state.json)
        writer.add("attributes", attributes)
        return writer.json
    }

    fileprivate static func statusName(_ status: JobStatus) -> (Int, [String]) { (status.rawValue, statusNames) }

    fileprivate static func status(_ reader: ProtoJSONReader) throws(TwirpError) -> JobStatus {
        JobStatus(rawValue: try reader.enumeration("status", names: statusNames)) ?? .pending
    }
}

extension Dispatch.Job {
    fileprivate init(reading reader: ProtoJSONReader) throws(TwirpError) {
        self.init(id: try reader.string("id"))
        guard let state = try reader.message("state") else { return }
        status = try Dispatch.status(state)
        error = try state.string("error")
        startedAt = try state.integer("started_at")
        endedAt = try state.integer("ended_at")
    }

    fileprivate func json(of dispatch: Dispatch) -> JSON {
        let (number, names) = Dispatch.statusName(status)
        var state = ProtoJSONWriter()
        state.add("status", enumeration: number, names: names)
        state.add("error", error)
        state.add("startedAt", startedAt)
        state.add("endedAt", endedAt)
        var writer = ProtoJSONWriter()
        writer.add("id", id)
        writer.add("metadata", dispatch.metadata)
        writer.add("agentName", dispatch.agentName)
        writer.add("state", message: state.json)
        writer.add("dispatchId", dispatch.id)
        return writer.json
    }
}

/// LiveKit's `CreateAgentDispatchRequest`.
public struct DispatchRequest: Sendable, Equatable {
    public var agentName: String
    public var room: String
    /// What the agent is told: for an outbound call, the number to dial.
    public var metadata: String
    public var attributes: [String: String]

    public init(agentName: String, room: String, metadata: String = "", attributes: [String: String] = [:]) {
        self.agentName = agentName
        self.room = room
        self.metadata = metadata
        self.attributes = attributes
    }

    init(reading reader: ProtoJSONReader) throws(TwirpError) {
        self.init(
            agentName: try reader.string("agent_name"), room: try reader.string("room"),
            metadata: try reader.string("metadata"), attributes: try reader.map("attributes"))
    }

    var json: JSON {
        var writer = ProtoJSONWriter()
        writer.add("agentName", agentName)
        writer.add("room", room)
        writer.add("metadata", metadata)
        writer.add("attributes", attributes)
        return writer.json
    }
}
