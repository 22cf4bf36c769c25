import Logging
import SansIO
import ScriptAPI
import Synchronization

/// The flows of a folder: reads them, reads them again when their files change, and gives each new call its version.
///
/// A change is a transaction: the flow is loaded, checked and verified beside the running ones, and then swapped in
/// whole, or refused. One change is worked on at a time; calls never wait for it.
final class FlowLibrary: Sendable {
    /// A folder without any flow that works.
    struct Unusable: Error, Sendable, CustomStringConvertible {
        let description: String
    }

    struct Configuration: Sendable {
        /// One `.lua` file an agent; below it are files that they require.
        var folder: String
        /// Serves these, and reads no folder.
        var flows: [Flow]?
        var limits = ScriptLimits()
        var environment = ScriptEnvironment()
        var policy = FlowCatalog.Policy()
        /// Why a flow that loads could not make a call here.
        var refusals: @Sendable (Flow) -> [FlowDiagnostic] = { _ in [] }
        /// Looks for what loading cannot find; what it returns keeps the version from serving.
        var verify: @Sendable (Flow) async -> [FlowDiagnostic] = { _ in [] }
        /// Told of everything that happens, in order.
        var tell: @Sendable (FlowNews) -> Void = { _ in }
        /// Told of each version that takes over all new calls from another one.
        var swapped: @Sendable (Flow) -> Void = { _ in }
    }

    private struct Request: Sendable {
        /// `nil` for all.
        var path: String?
        var isPromoted: Bool
        var done: CheckedContinuation<[FlowChange], Never>
    }

    private enum Work: Sendable {
        case changed(Set<String>)
        case request(Request)
        case watchLimited(String)
        case folderUnreadable(String)
    }

    private struct Progress {
        var worker: Task<Void, Never>?
        /// The change that is being worked on, or was last.
        var transaction: Task<Void, Never>?
        var isEnding = false
    }

    private let configuration: Configuration
    private let loader: FlowLoader
    private let catalog: Mutex<FlowCatalog>
    private let work: AsyncStream<Work>.Continuation
    private let progress = Mutex(Progress())
    /// `nil` where no folder is read.
    private let watcher: FlowWatcher?

    /// Reads all flows of the folder, and begins to watch it.
    ///
    /// - Throws: ``Unusable`` when there is none that works; ``HostError`` when the system refuses a descriptor.
    static func open(_ configuration: Configuration) async throws -> FlowLibrary {
        if let flows = configuration.flows { return FlowLibrary(serving: flows, configuration) }
        var configuration = configuration
        while configuration.folder.count > 1, configuration.folder.hasSuffix("/") { configuration.folder.removeLast() }
        let tree: FlowTree
        do throws(FlowTree.Unreadable) {
            tree = try FlowTree(folder: configuration.folder)
        } catch {
            throw Unusable(description: error.description)
        }
        let (stream, continuation) = AsyncStream<Work>.makeStream()
        let library = FlowLibrary(
            configuration, work: continuation,
            watcher: try FlowWatcher(folder: configuration.folder, baseline: tree))
        for change in await library.read(tree.flows(in: configuration.folder), written: [], occasion: .change) {
            library.tell(change)
        }
        if library.agentNames.isEmpty {
            library.watcher?.stop()
            throw Unusable(
                description: tree.flows(in: configuration.folder).isEmpty
                    ? "There is no flow in \(configuration.folder): put a .lua file there that returns "
                        + "moonline.agent { … }."
                    : "No flow in \(configuration.folder) can be used; the errors stand above.")
        }
        library.run(stream)
        return library
    }

    /// Serves flows that are loaded.
    private convenience init(serving flows: [Flow], _ configuration: Configuration) {
        let (stream, continuation) = AsyncStream<Work>.makeStream()
        self.init(configuration, work: continuation, watcher: nil)
        let readings = flows.map { FlowReading(path: $0.path, result: .usable($0)) }
        _ = catalog.withLock { $0.offer(readings, occasion: .change, at: FlowLoader.now) }
        run(stream)
    }

    private init(_ configuration: Configuration, work: AsyncStream<Work>.Continuation, watcher: FlowWatcher?) {
        self.configuration = configuration
        self.work = work
        self.watcher = watcher
        loader = FlowLoader(
            folder: configuration.folder, limits: configuration.limits, environment: configuration.environment)
        catalog = Mutex(FlowCatalog(configuration.policy))
    }

    private func run(_ stream: AsyncStream<Work>) {
        let events = watcher?.events
        let work = work
        let watching = Task {
            guard let events else { return }
            for await event in events {
                switch event {
                case .changed(let written): work.yield(.changed(written))
                case .limited(let why): work.yield(.watchLimited(why))
                case .unreadable(let error): work.yield(.folderUnreadable(error.description))
                }
            }
        }
        let worker = Task {
            for await work in stream {
                let transaction = Task { await self.perform(work) }
                let isEnding = progress.withLock { progress in
                    progress.transaction = transaction
                    return progress.isEnding
                }
                if isEnding { transaction.cancel() }
                await transaction.value
            }
            await watching.value
        }
        progress.withLock { $0.worker = worker }
    }

    /// Ends watching; a change that is being worked on is given up. Calls that run keep their flows.
    func shutDown() async {
        watcher?.stop()
        work.finish()
        let worker = progress.withLock { progress in
            progress.isEnding = true
            progress.transaction?.cancel()
            return progress.worker
        }
        await worker?.value
    }

    // MARK: Calls

    /// Names of the agents that can be called, sorted.
    var agentNames: [String] { catalog.withLock { $0.agentNames } }

    /// Agents whose newest flows take incoming calls, sorted.
    var incomingAgents: [String] { catalog.withLock { $0.incomingAgents } }

    /// The flow of a new call; the call counts as running until ``endCall(_:)``.
    func beginCall(_ id: String, agent: String) throws(FlowRefusal) -> Flow {
        try catalog.withLock { (catalog) throws(FlowRefusal) in try catalog.beginCall(id, agent: agent) }
    }

    /// Notes that a running call goes on with another version.
    func moveCall(_ id: String, to version: String) {
        catalog.withLock { $0.moveCall(id, to: version) }
    }

    func endCall(_ id: String) {
        catalog.withLock { $0.endCall(id) }
    }

    // MARK: Operators

    var versions: [FlowVersionStatus] { catalog.withLock { $0.versions } }

    /// Reads files now, changed or not: what was rolled back serves again.
    ///
    /// - Parameters:
    ///   - agent: `nil` for all files of the folder.
    ///   - isPromoted: Whether new versions get all new calls at once.
    /// - Returns: What became of each file; nothing where no folder is read.
    func reload(agent: String?, isPromoted: Bool) async throws(FlowRefusal) -> [FlowChange] {
        guard configuration.flows == nil else { return [] }
        var path: String?
        if let agent {
            path = try catalog.withLock { (catalog) throws(FlowRefusal) -> String in
                guard let path = catalog.file(ofAgent: agent) else { throw catalog.unknown(agent) }
                return path
            }
        }
        let wanted = path
        return await withCheckedContinuation { continuation in
            let request = Request(path: wanted, isPromoted: isPromoted, done: continuation)
            if case .terminated = work.yield(.request(request)) { continuation.resume(returning: []) }
        }
    }

    /// Has an earlier version of an agent serve new calls, until its file changes or is reloaded.
    func rollBack(agent: String, to version: String?) throws(FlowRefusal) -> FlowChange {
        let changes = try catalog.withLock { (catalog) throws(FlowRefusal) in
            try catalog.rollBack(agent: agent, to: version, at: FlowLoader.now)
        }
        for change in changes { tell(change) }
        return changes[0]
    }

    // MARK: The transaction

    private func perform(_ work: Work) async {
        switch work {
        case .changed(let written):
            let paths = catalog.withLock { $0.affected(by: written, folder: configuration.folder) }
            finish(await read(paths, written: written, occasion: .change))
        case .request(let request):
            let changes = await read(
                request.path.map { [$0] } ?? allPaths(), written: [],
                occasion: .request(promote: request.isPromoted))
            finish(changes)
            request.done.resume(returning: changes)
        case .watchLimited(let why): configuration.tell(.watchLimited(why))
        case .folderUnreadable(let sentence): configuration.tell(.folderUnreadable(sentence))
        }
    }

    private func allPaths() -> [String] {
        let known = catalog.withLock { $0.paths }
        do throws(FlowTree.Unreadable) {
            return Set(try FlowTree(folder: configuration.folder).flows(in: configuration.folder)).union(known).sorted()
        } catch {
            return known  // Reading them says why.
        }
    }

    /// Loads, checks and verifies; then takes what is good, all at once.
    private func read(
        _ paths: [String], written: Set<String>, occasion: FlowFile.Occasion
    ) async -> [FlowChange] {
        if Task.isCancelled { return [] }
        let began = ContinuousClock.now
        var readings: [FlowReading]
        do throws(FlowTree.Unreadable) {
            readings = try await loader.read(paths)
        } catch {
            configuration.tell(.folderUnreadable(error.description))
            return []
        }
        for index in readings.indices {
            guard case .usable(let flow) = readings[index].result else { continue }
            let problems = await problems(of: flow, occasion: occasion)
            if problems.isEmpty { continue }
            readings[index].result = .unusable(problems, version: flow.version)
            readings[index].fingerprint = UInt64(flow.version, radix: 16) ?? 0
        }
        if Task.isCancelled { return [] }
        let verified = readings
        var changes = catalog.withLock { catalog in
            catalog.offer(verified, written: written, occasion: occasion, at: FlowLoader.now)
        }
        for index in changes.indices { changes[index].duration = ContinuousClock.now - began }
        return changes
    }

    /// A version is verified once; an operator's request looks again at one that failed.
    private func problems(of flow: Flow, occasion: FlowFile.Occasion) async -> [FlowDiagnostic] {
        let (isKnown, failure) = catalog.withLock { ($0.isKnown(flow), $0.failure(of: flow)) }
        if isKnown { return [] }
        if let failure, occasion == .change { return failure.diagnostics }
        let refusals = configuration.refusals(flow)
        return refusals.isEmpty ? await configuration.verify(flow) : refusals
    }

    private func finish(_ changes: [FlowChange]) {
        for change in changes {
            tell(change)
            guard change.kind == .loaded || change.kind == .promoted, change.previous != nil,
                let flow = catalog.withLock({ $0.serving(change.path) })
            else { continue }
            configuration.swapped(flow)
        }
    }

    private func tell(_ change: FlowChange) {
        if change.isNews { configuration.tell(.change(change)) }
    }
}
