import CallStore
import Conversation
import Glibc
public import LiveKit
public import Logging
import LuaRuntime
import MediaEngine
import Net
import SansIO
import ScriptAPI
import Telephony
import VoiceAgent

/// The host: agents by name, dispatches, the calls that run for them, and their records.
public actor AgentHost {
    private struct RunningCall {
        let runner: CallRunner
        let room: String
        /// Its flow's file.
        let flowPath: String
        let task: Task<CallReport, Never>
    }

    let configuration: HostConfiguration
    let logger: Logger
    private let observer: @Sendable (CallObservation) -> Void
    private let store: CallStore
    private let lock: FolderLock
    private let media: MediaEngine
    private let userAgent: UserAgent
    private let desk: IncomingDesk
    private let scripts: LuaExecutorPool
    private let services: ScriptServices
    private let fallbackVoice: FallbackVoice
    private let pipeline: PipelineEndpoints
    /// Of all pipelines.
    private let modelHTTP: HTTPClient
    let flows: FlowLibrary
    private let swaps: AsyncStream<Flow>.Continuation
    private var calls: [String: RunningCall] = [:]
    /// Dispatches that are being taken, and have no call yet.
    private var starting = 0
    /// Reports of the last calls, for those who ask a moment too late.
    private var reports: [(dispatchID: String, report: CallReport)] = []
    private(set) var isDraining = false
    /// Set when all calls are to end, those that are just starting too.
    private var endReason: String?
    /// Resumed when the last call has ended.
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []

    /// Loads the flows, opens the database and the telephone side.
    ///
    /// - Parameter observer: Told of everything that happens in every call, from any thread.
    /// - Throws: ``HostError``.
    public static func start(
        _ configuration: HostConfiguration, logger: Logger,
        observer: @escaping @Sendable (CallObservation) -> Void = { _ in }
    ) async throws(HostError) -> AgentHost {
        let (stream, swaps) = AsyncStream<Flow>.makeStream()
        let flows: FlowLibrary
        do {
            flows = try await FlowLibrary.open(
                FlowLibrary.Configuration(configuration, logger: logger) { swaps.yield($0) })
        } catch {
            throw HostError("\(error)")
        }
        do {
            let store = try await CallStore.open(folder: configuration.dataFolder)
            let services = try ScriptServices(
                store: store, http: configuration.scriptHTTP, logger: logger, now: { Int64(AgentHost.now * 1e9) })
            let modelHTTP = try HTTPClient(options: configuration.modelHTTPOptions)
            let lock = try FolderLock(folder: configuration.dataFolder)
            let media = try MediaEngine(configuration.media)
            let userAgent: UserAgent
            let desk = IncomingDesk()
            do {
                userAgent = try await UserAgent.start(
                    configuration.telephony, media: media, logger: logger, onIncoming: { desk.receive($0) })
            } catch {
                media.shutdown()
                throw error
            }
            try await endUnfinished(in: store, logger: logger)
            let host = AgentHost(
                configuration, logger: logger, observer: observer, store: store, services: services,
                modelHTTP: modelHTTP, lock: lock,
                media: media, userAgent: userAgent, desk: desk, flows: flows, swaps: swaps)
            desk.open(host)
            Task { [weak host] in
                for await flow in stream { await host?.offer(flow) }
            }
            return host
        } catch {
            await flows.shutDown()
            throw HostError("\(error)")
        }
    }

    /// Ends the calls and the jobs that ran when the process ended last.
    private static func endUnfinished(in store: CallStore, logger: Logger) async throws(CallStoreError) {
        let message = "The host ended while the call ran."
        let now = Int64(AgentHost.now * 1e9)
        let unfinished = try await store.endUnfinishedCalls(now: now, outcome: "host_died", message: message)
        if unfinished > 0 { logger.notice("\(unfinished) calls had not ended when the process ended last") }
        for record in try await store.dispatches() {
            var dispatch = Dispatch(record)
            guard dispatch.jobs.contains(where: { $0.endedAt == 0 }) else { continue }
            for index in dispatch.jobs.indices where dispatch.jobs[index].endedAt == 0 {
                dispatch.jobs[index].status = .failed
                dispatch.jobs[index].error = message
                dispatch.jobs[index].endedAt = now
            }
            try await store.save(DispatchRecord(dispatch))
        }
    }

    private init(
        _ configuration: HostConfiguration, logger: Logger, observer: @escaping @Sendable (CallObservation) -> Void,
        store: CallStore, services: ScriptServices, modelHTTP: HTTPClient, lock: FolderLock,
        media: MediaEngine, userAgent: UserAgent, desk: IncomingDesk, flows: FlowLibrary,
        swaps: AsyncStream<Flow>.Continuation
    ) {
        self.configuration = configuration
        pipeline = configuration.pipeline.completed(by: configuration.model)
        self.logger = logger
        self.observer = observer
        self.store = store
        self.lock = lock
        self.media = media
        self.userAgent = userAgent
        self.desk = desk
        self.flows = flows
        self.services = services
        self.modelHTTP = modelHTTP
        fallbackVoice = FallbackVoice(logger: logger)
        self.swaps = swaps
        scripts = LuaExecutorPool(threads: configuration.scriptThreads)
    }

    /// Unix time. [s]
    static var now: Double {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    /// Names of the agents that can be dispatched.
    public var agentNames: [String] { flows.agentNames }

    /// Host and port of SIP.
    public nonisolated var sipAddress: String { userAgent.address.description }

    public var callCount: Int { calls.count }

    /// Whether one call more is allowed.
    var hasRoom: Bool { calls.count + starting < configuration.maximumCalls }

    /// Agents whose newest flows take incoming calls.
    var incomingAgents: [String] { flows.incomingAgents }

    /// The flow of a new call; the call counts as running until its end.
    func beginCall(_ id: String, agent: String) throws(FlowRefusal) -> Flow {
        try flows.beginCall(id, agent: agent)
    }

    // MARK: Dispatches

    /// Starts a call for a dispatch.
    ///
    /// - Throws: `TwirpError`, with a sentence for whoever asked.
    public func createDispatch(_ request: DispatchRequest) async throws(TwirpError) -> Dispatch {
        guard !isDraining else { throw TwirpError(.unavailable, "the host is shutting down") }
        let callID = ObjectID.make(.call)
        let flow: Flow
        do throws(FlowRefusal) {
            flow = try flows.beginCall(callID, agent: request.agentName)
        } catch {
            throw TwirpError(.notFound, error.description, meta: ["argument": "agent_name"])
        }
        var hasBegun = false
        defer { if !hasBegun { flows.endCall(callID) } }
        let target: CallTarget
        do {
            target = try CallTarget(metadata: request.metadata)
        } catch {
            throw TwirpError(.invalidArgument, error.description, meta: ["argument": "metadata"])
        }
        // Counted before anything is awaited: dispatches at the same time must not overrun the limit.
        guard hasRoom else {
            throw TwirpError(.resourceExhausted, "this host carries \(calls.count) calls, as many as it may")
        }
        starting += 1
        defer {
            starting -= 1
            resumeIfIdle()
        }
        let trunk = try await trunk(for: target)
        let startedAt = configuration.startTime ?? AgentHost.now
        var dispatch = Dispatch(
            id: ObjectID.make(.dispatch), agentName: request.agentName, room: request.room,
            metadata: request.metadata, createdAt: Int64(startedAt * 1e9))
        dispatch.attributes = request.attributes
        var job = Dispatch.Job(id: ObjectID.make(.job))
        job.status = .running
        job.startedAt = dispatch.createdAt
        dispatch.jobs = [job]
        let plan = CallPlan(
            id: callID, dispatchID: dispatch.id, room: request.room, target: target, flow: flow,
            trunkID: trunk?.id, trunk: try trunk.map { (trunk) throws(TwirpError) in try route(trunk) },
            trunkHeaders: trunk?.headers ?? [:], callerID: trunk?.numbers.first, startedAt: startedAt)
        try await save(dispatch)
        hasBegun = true
        start(plan)
        return dispatch
    }

    public func listDispatches(room: String, id: String?) async throws(TwirpError) -> [Dispatch] {
        do {
            let records = try await store.dispatches(room: room.isEmpty ? nil : room)
            return records.filter { id == nil || $0.id == id }.map { Dispatch($0) }
        } catch {
            throw TwirpError(.internalError, error.description)
        }
    }

    /// Ends a dispatch, and its call with it.
    public func deleteDispatch(room: String, id: String) async throws(TwirpError) -> Dispatch {
        guard let record = try await storedDispatch(id), record.room == room, record.deletedAt == nil else {
            throw TwirpError(.notFound, "there is no dispatch \(id) in room \(room)")
        }
        calls[id]?.runner.hangUp(reason: "the dispatch was deleted")
        let now = Int64(AgentHost.now * 1e9)
        do {
            let updated = try await store.updateDispatch(id: id) { $0.deletedAt = now }
            return Dispatch(updated ?? record)
        } catch {
            throw TwirpError(.internalError, error.description)
        }
    }

    private func storedDispatch(_ id: String) async throws(TwirpError) -> DispatchRecord? {
        do {
            return try await store.dispatch(id: id)
        } catch {
            throw TwirpError(.internalError, error.description)
        }
    }

    private func save(_ dispatch: Dispatch) async throws(TwirpError) {
        do {
            try await store.save(DispatchRecord(dispatch))
        } catch {
            throw TwirpError(.internalError, error.description)
        }
    }

    // MARK: Trunks

    private func trunk(for target: CallTarget) async throws(TwirpError) -> TrunkRecord? {
        // A SIP URI goes to its own host, unless the operator has named a trunk for all calls.
        if configuration.defaultTrunkID == nil, target.number.lowercased().hasPrefix("sip:") { return nil }
        let trunks: [TrunkRecord]
        do {
            trunks = try await store.trunks()
        } catch {
            throw TwirpError(.internalError, error.description)
        }
        if let id = configuration.defaultTrunkID {
            guard let trunk = trunks.first(where: { $0.id == id }) else {
                throw TwirpError(
                    .failedPrecondition,
                    "there is no trunk \(id), which SIP_OUTBOUND_TRUNK_ID names; see `moonline trunk list`")
            }
            return trunk
        }
        if trunks.count > 1 {
            throw TwirpError(
                .failedPrecondition,
                "there are \(trunks.count) trunks; choose one by SIP_OUTBOUND_TRUNK_ID (see `moonline trunk list`)")
        }
        if trunks.isEmpty {
            throw TwirpError(
                .failedPrecondition, "there is no trunk to call by; create one with `moonline trunk create`")
        }
        return trunks.first
    }

    private func route(_ trunk: TrunkRecord) throws(TwirpError) -> TrunkRoute {
        guard trunk.transport == "auto" || trunk.transport == "udp" else {
            throw TwirpError(
                .failedPrecondition, "trunk \(trunk.id) asks for \(trunk.transport); only UDP is spoken so far")
        }
        guard
            let route = TrunkRoute(
                address: trunk.address, username: trunk.authUsername.isEmpty ? nil : trunk.authUsername,
                password: trunk.authPassword?.revealed, fromHost: trunk.fromHost)
        else {
            throw TwirpError(
                .failedPrecondition, "the address “\(trunk.address)” of trunk \(trunk.id) is no host or host:port")
        }
        return route
    }

    // MARK: Calls

    nonisolated func makeLine() -> CallLine { CallLine() }

    /// - Parameter line: That of an incoming call.
    func start(_ plan: CallPlan, line: CallLine? = nil) {
        if let fallback = plan.flow.definition.fallback { fallbackVoice.prepare(fallback.text) }
        let flows = flows
        let runner = CallRunner(
            plan,
            environment: CallRunner.Environment(
                userAgent: userAgent, scripts: scripts, scriptLimits: configuration.scriptLimits,
                scriptEnvironment: configuration.scriptEnvironment, scriptSeed: configuration.scriptSeed,
                services: services, fallbackVoice: fallbackVoice,
                model: configuration.model, pipeline: pipeline,
                liveOptions: configuration.liveOptions, modelHTTP: modelHTTP,
                modelOptions: configuration.modelOptions, limits: configuration.limits,
                callsFolder: configuration.dataFolder + "/calls", observer: observer,
                versionChanged: { flows.moveCall($0, to: $1) }, logger: logger),
            line: line)
        logger.notice(
            "call begins",
            metadata: [
                "call": .string(plan.id), "agent": .string(plan.flow.definition.name),
                "script": .string(plan.flow.version),
            ])
        let task = Task {
            var record = CallRecord(plan)
            await self.save(record)
            let report = await runner.run()
            record.complete(report)
            await self.save(record)
            self.flows.endCall(plan.id)
            await self.ended(plan, report)
            return report
        }
        calls[plan.key] = RunningCall(
            runner: runner, room: plan.room, flowPath: plan.flow.path, task: task)
        if let endReason { runner.hangUp(reason: endReason) }
    }

    private func save(_ record: CallRecord) async {
        do {
            try await store.save(record)
        } catch {
            logger.error(
                "the call's record is lost: \(error)",
                metadata: ["call": .string(record.id), "script": .string(record.scriptVersion ?? "")])
        }
    }

    private func ended(_ plan: CallPlan, _ report: CallReport) async {
        if !plan.dispatchID.isEmpty { await finish(dispatch: plan.dispatchID, report) }
        configuration.onCallEnded(report)
        reports.append((plan.key, report))
        if reports.count > AgentHost.keptReports { reports.removeFirst() }
        calls[plan.key] = nil
        resumeIfIdle()
    }

    private func finish(dispatch id: String, _ report: CallReport) async {
        do {
            _ = try await store.updateDispatch(id: id) { record in
                var current = Dispatch(record)
                guard !current.jobs.isEmpty else { return }
                let isSuccess = report.outcome.kind == .completed || report.outcome.kind == .transferred
                current.jobs[0].status = isSuccess ? .success : .failed
                current.jobs[0].error = isSuccess ? "" : report.outcome.message
                current.jobs[0].endedAt = Int64(report.endedAt * 1e9)
                record = DispatchRecord(current)
            }
        } catch {
            logger.error("the dispatch's state is lost: \(error)")
        }
    }

    private static let keptReports = 64

    private func resumeIfIdle() {
        guard calls.isEmpty, starting == 0 else { return }
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters.removeAll()
    }

    /// What became of a dispatch's call; waits for its end. `nil` for one that is unknown, or long over.
    public func report(dispatchID: String) async -> CallReport? {
        if let call = calls[dispatchID] { return await call.task.value }
        return reports.last { $0.dispatchID == dispatchID }?.report
    }

    // MARK: Flows

    /// Tells the running calls of a flow's file of the version that new calls get from now on.
    private func offer(_ flow: Flow) {
        if let fallback = flow.definition.fallback { fallbackVoice.prepare(fallback.text) }
        for call in calls.values where call.flowPath == flow.path { call.runner.offer(flow) }
    }

    // MARK: The end

    /// Takes no more dispatches, and returns when the last call has ended by itself.
    public func drain() async {
        isDraining = true
        if calls.isEmpty, starting == 0 { return }
        logger.notice("draining: \(calls.count) calls go on; no new ones are taken")
        await withCheckedContinuation { idleWaiters.append($0) }
    }

    /// Requests of pipelines that are under way: none when no call runs.
    public nonisolated var openModelRequests: Int { modelHTTP.counts.openTransfers }

    /// Ends all calls at once.
    public func hangUpAll(reason: String) {
        isDraining = true
        endReason = reason
        for call in calls.values { call.runner.hangUp(reason: reason) }
    }

    /// Closes ports and files. To be called when no call runs any more.
    public func shutDown() async {
        isDraining = true
        desk.close()
        await flows.shutDown()
        swaps.finish()
        await userAgent.shutDown()
        media.shutdown()
        do {
            try store.close()
        } catch {
            logger.error("\(error)")
        }
        lock.release()
    }

    // MARK: The admin API

    /// What the Twirp routes do.
    public nonisolated var adminBackend: AdminBackend {
        AdminBackend(
            createTrunk: { trunk throws(TwirpError) in try await self.createTrunk(trunk) },
            listTrunks: { () throws(TwirpError) in try await self.listTrunks() },
            deleteTrunk: { id throws(TwirpError) in try await self.deleteTrunk(id: id) },
            createDispatch: { request throws(TwirpError) in try await self.createDispatch(request) },
            listDispatches: { room, id throws(TwirpError) in try await self.listDispatches(room: room, id: id) },
            deleteDispatch: { room, id throws(TwirpError) in try await self.deleteDispatch(room: room, id: id) })
    }

    private func createTrunk(_ trunk: OutboundTrunk) async throws(TwirpError) -> OutboundTrunk {
        var trunk = trunk
        trunk.id = ObjectID.make(.trunk)
        let record = TrunkRecord(trunk, createdAt: Int64(AgentHost.now * 1e9))
        _ = try route(record)
        do {
            try await store.insert(record)
        } catch {
            throw TwirpError(.internalError, error.description)
        }
        return trunk
    }

    private func listTrunks() async throws(TwirpError) -> [OutboundTrunk] {
        do {
            return try await store.trunks().map { OutboundTrunk($0) }
        } catch {
            throw TwirpError(.internalError, error.description)
        }
    }

    private func deleteTrunk(id: String) async throws(TwirpError) -> OutboundTrunk {
        do {
            if let record = try await store.deleteTrunk(id: id) { return OutboundTrunk(record) }
        } catch {
            throw TwirpError(.internalError, error.description)
        }
        throw TwirpError(.notFound, "there is no trunk \(id); see `moonline trunk list`")
    }
}
