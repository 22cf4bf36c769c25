import CallStore
import Conversation
import LiveKit
import MediaEngine
import SansIO
import ScriptAPI

// The admin API's and the session's terms as they are stored, and back.

extension TrunkRecord {
    init(_ trunk: OutboundTrunk, createdAt: Int64) {
        self.init(id: trunk.id, address: trunk.address, createdAt: createdAt)
        name = trunk.name
        metadata = trunk.metadata
        transport = "\(trunk.transport)"
        numbers = trunk.numbers
        authUsername = trunk.authUsername
        authPassword = trunk.authPassword
        headers = trunk.headers
        headersToAttributes = trunk.headersToAttributes
        attributesToHeaders = trunk.attributesToHeaders
        destinationCountry = trunk.destinationCountry
        fromHost = trunk.fromHost
    }
}

extension OutboundTrunk {
    init(_ record: TrunkRecord) {
        self.init()
        id = record.id
        name = record.name
        metadata = record.metadata
        address = record.address
        transport = Transport.allCases.first { "\($0)" == record.transport } ?? .auto
        numbers = record.numbers
        authUsername = record.authUsername
        authPassword = record.authPassword
        headers = record.headers
        headersToAttributes = record.headersToAttributes
        attributesToHeaders = record.attributesToHeaders
        destinationCountry = record.destinationCountry
        fromHost = record.fromHost
    }
}

extension DispatchRecord {
    init(_ dispatch: Dispatch) {
        self.init(
            id: dispatch.id, agentName: dispatch.agentName, room: dispatch.room, metadata: dispatch.metadata,
            createdAt: dispatch.createdAt)
        attributes = dispatch.attributes
        deletedAt = dispatch.deletedAt == 0 ? nil : dispatch.deletedAt
        jobs = .array(
            dispatch.jobs.map { job in
                [
                    "id": .string(job.id), "status": .integer(Int64(job.status.rawValue)), "error": .string(job.error),
                    "started_at": .integer(job.startedAt), "ended_at": .integer(job.endedAt),
                ]
            })
    }
}

extension Dispatch {
    init(_ record: DispatchRecord) {
        self.init(
            id: record.id, agentName: record.agentName, room: record.room, metadata: record.metadata,
            createdAt: record.createdAt)
        attributes = record.attributes
        deletedAt = record.deletedAt ?? 0
        jobs = (record.jobs.array ?? []).map { stored in
            var job = Job(id: stored["id"]?.string ?? "")
            job.status = JobStatus(rawValue: Int(stored["status"]?.integer ?? 0)) ?? .pending
            job.error = stored["error"]?.string ?? ""
            job.startedAt = stored["started_at"]?.integer ?? 0
            job.endedAt = stored["ended_at"]?.integer ?? 0
            return job
        }
    }
}

extension CallRecord {
    /// A call that begins.
    init(_ plan: CallPlan) {
        self.init(
            id: plan.id, agent: plan.flow.definition.name, room: plan.room,
            direction: plan.incoming == nil ? .outbound : .inbound,
            to: plan.target.number, from: plan.callerID ?? "", startedAt: Int64(plan.startedAt * 1e9))
        dispatchID = plan.dispatchID.isEmpty ? nil : plan.dispatchID
        trunkID = plan.trunkID
        scriptVersion = plan.flow.version
    }

    /// A call that has ended.
    mutating func complete(_ report: CallReport) {
        scriptVersion = report.scriptVersion
        answeredAt = report.answeredAt.map { Int64($0 * 1e9) }
        endedAt = Int64(report.endedAt * 1e9)
        outcome = report.outcome.kind.rawValue
        sipStatus = report.outcome.sipStatus
        message = report.outcome.message
        hungUpBy = report.outcome.endedBy.rawValue
        recordingPath = report.recordingPath
        eventLogPath = report.eventLogPath
        reconnects = report.reconnects
        if let statistics = report.statistics {
            media = Media(
                packetsSent: Int64(clamping: statistics.packetsSent),
                packetsReceived: Int64(clamping: statistics.packetsReceived),
                packetsLost: Int64(clamping: statistics.packetsLost),
                jitterMilliseconds: Double(statistics.jitterMicroseconds) / 1_000,
                roundTripMilliseconds: statistics.roundTripMicroseconds.map { Double($0) / 1_000 })
        }
        turns = .array(
            report.latencies.map(\.json))
        transcript = .array(
            report.transcript.map { ["role": .string($0.role.rawValue), "text": .string($0.text)] })
    }
}
