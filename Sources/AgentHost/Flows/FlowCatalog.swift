import Conversation
import SansIO
import ScriptAPI

/// All flows of a host: which versions there are, and which one a new call gets.
///
/// A version reaches the catalogue when it has been loaded, checked and verified, and is taken whole or not at all.
/// Knows no file and no clock.
struct FlowCatalog: Sendable {
    struct Policy: Sendable {
        /// Share of the new calls that a new version gets beside the one that serves, 0…1; 1 replaces that.
        var canaryShare = 1.0
        /// With the call's id it decides which calls go to the canary.
        var canarySeed: UInt64 = 0
        /// Versions of a file that are kept beside those on which calls run.
        var keptVersions = 10
        /// Files that are gone, and of which is remembered what they were.
        var keptRemovedFiles = 20
    }

    private let policy: Policy
    /// By path.
    private var files: [String: FlowFile] = [:]
    /// Where running calls are counted, by their ids.
    private var calls: [String: (path: String, version: String)] = [:]

    init(_ policy: Policy = Policy()) {
        self.policy = policy
    }

    // MARK: What was read

    /// Takes what was read of some files.
    ///
    /// - Parameters:
    ///   - written: Files that have changed.
    ///   - now: Unix time. [ns]
    /// - Returns: What became of each, in the order of paths.
    mutating func offer(
        _ readings: [FlowReading], written: Set<String> = [], occasion: FlowFile.Occasion, at now: Int64
    ) -> [FlowChange] {
        var changes: [FlowChange] = []
        // Files that are gone free the names of their agents for others.
        for reading in readings.sorted(by: { ($0.isMissing ? 0 : 1, $0.path) < ($1.isMissing ? 0 : 1, $1.path) }) {
            switch reading.result {
            case .missing:
                if let change = files[reading.path]?.remove(at: now) { changes.append(change) }
            case .unusable(let diagnostics, let version):
                var file = files[reading.path] ?? FlowFile(path: reading.path)
                let isFree = file.agent.map { owner(of: $0, besides: reading.path) == nil } ?? true
                changes.append(
                    file.refuse(
                        diagnostics, version: version, fingerprint: reading.fingerprint, revives: isFree, at: now))
                files[reading.path] = file
            case .usable(let flow):
                files[reading.path, default: FlowFile(path: reading.path)].block(flow)
            }
        }
        changes += takeUnblocked(occasion, at: now)
        for path in readings.map(\.path).sorted() {
            if let flow = files[path]?.blocked { changes.append(refuseName(flow, at: now)) }
        }
        excuseRequired(&changes)
        for index in changes.indices {
            let known = Set((files[changes[index].path]?.requiredFiles ?? []) + [changes[index].path])
            changes[index].files = written.filter { known.contains($0) }.sorted()
        }
        prune()
        return changes.sorted { $0.path < $1.path }
    }

    /// Takes all that waits and whose agent's name is free, until there is no more.
    private mutating func takeUnblocked(_ occasion: FlowFile.Occasion, at now: Int64) -> [FlowChange] {
        var changes: [FlowChange] = []
        var isAnyTaken = true
        while isAnyTaken {
            isAnyTaken = false
            for path in files.keys.sorted() {
                guard var file = files[path], let flow = file.blocked,
                    owner(of: flow.definition.name, besides: path) == nil
                else { continue }
                if let agent = file.agent, file.removedAt != nil, owner(of: agent, besides: path) != nil {
                    file.retire()
                }
                changes.append(file.take(flow, occasion: occasion, share: policy.canaryShare, at: now))
                files[path] = file
                isAnyTaken = true
            }
        }
        return changes
    }

    private func owner(of name: String, besides path: String) -> String? {
        files.values.filter { $0.path != path && $0.names.contains(name) }.map(\.path).min()
    }

    private mutating func refuseName(_ flow: Flow, at now: Int64) -> FlowChange {
        let name = flow.definition.name
        let owner = owner(of: name, besides: flow.path) ?? ""
        let diagnostic = FlowDiagnostic(
            file: flow.path, message: "the agent's name '\(name)' is that of \(owner), which goes on serving it",
            hint: "give this agent another name, or remove one of the files")
        var file = files[flow.path] ?? FlowFile(path: flow.path)
        // The version is the fingerprint: the same conflict of the same text is told once.
        let change = file.refuse(
            [diagnostic], version: flow.version, fingerprint: UInt64(flow.version, radix: 16) ?? 0, revives: false,
            at: now)
        file.block(flow)
        files[flow.path] = file
        return change
    }

    /// A file beside the flows that others require need not return an agent.
    private mutating func excuseRequired(_ changes: inout [FlowChange]) {
        let required = Set(files.values.flatMap { $0.requiredFiles.dropFirst() })
        for (path, file) in files where file.versions.isEmpty && required.contains(path) { files[path]?.excuse() }
        changes.removeAll { $0.kind == .refused && files[$0.path]?.failure == nil }
    }

    // MARK: What an operator wants

    /// Has an earlier version serve new calls.
    ///
    /// - Parameters:
    ///   - version: What the version begins with; `nil` for the one that served before.
    ///   - now: Unix time. [ns]
    /// - Returns: That change first, then those that follow when it frees an agent's name.
    mutating func rollBack(
        agent: String, to version: String?, at now: Int64
    ) throws(FlowRefusal) -> [FlowChange] {
        guard let path = path(of: agent), let file = files[path] else { throw unknown(agent) }
        let target = try file.rollbackTarget(version)
        if let owner = owner(of: target.definition.name, besides: path) {
            throw FlowRefusal(
                .impossible, "in version \(target.version) the agent's name is that of \(owner)")
        }
        var changed = file
        let change = changed.rollBack(to: target)
        files[path] = changed
        return [change] + takeUnblocked(.change, at: now)
    }

    /// The file of an agent that can be called.
    func path(of agent: String) -> String? {
        files.values.filter { $0.names.contains(agent) }.map(\.path).min()
    }

    // MARK: Calls

    /// Names of the agents that can be called, sorted.
    var agentNames: [String] { Set(files.values.flatMap(\.names)).sorted() }

    /// Agents whose newest flows take incoming calls, sorted.
    var incomingAgents: [String] {
        Set(
            files.values.compactMap { $0.canary ?? $0.serving }.map(\.definition)
                .filter { $0.handlers.contains(.onIncoming) }.map(\.name)
        ).sorted()
    }

    /// The flow for a new call, which is counted until ``endCall(_:)``.
    mutating func beginCall(_ id: String, agent: String) throws(FlowRefusal) -> Flow {
        guard let path = path(of: agent), let file = files[path] else { throw unknown(agent) }
        let candidates = [file.serving, file.canary].compactMap { $0 }.filter { $0.definition.name == agent }
        guard let first = candidates.first else { throw unknown(agent) }
        let flow = candidates.count > 1 && isCanary(id) ? candidates[1] : first
        calls[id] = (path, flow.version)
        files[path]?.count(1, version: flow.version)
        return flow
    }

    /// Counts a running call on the version to which it was handed over.
    mutating func moveCall(_ id: String, to version: String) {
        guard let place = calls[id] else { return }
        files[place.path]?.count(-1, version: place.version)
        files[place.path]?.count(1, version: version)
        calls[id] = (place.path, version)
        prune()
    }

    mutating func endCall(_ id: String) {
        guard let place = calls.removeValue(forKey: id) else { return }
        files[place.path]?.count(-1, version: place.version)
        prune()
    }

    /// The same call always gets the same answer.
    private func isCanary(_ id: String) -> Bool {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var random = SeededRandom(seed: policy.canarySeed ^ hash)
        return random.chance(policy.canaryShare)
    }

    /// The file that an agent's name leads to, also when it cannot be called now.
    func file(ofAgent agent: String) -> String? {
        path(of: agent)
            ?? files.values.filter { file in
                file.blocked?.definition.name == agent
                    || file.versions.contains { $0.flow.definition.name == agent }
            }.map(\.path).min()
    }

    /// The version that new calls get, but for those of a canary.
    func serving(_ path: String) -> Flow? { files[path]?.serving }

    /// Why an agent cannot be called.
    func unknown(_ agent: String) -> FlowRefusal {
        let known = agentNames
        let others = known.isEmpty ? "this host has none" : "this host has: \(known.joined(separator: ", "))"
        let former = files.values.filter { file in file.versions.contains { $0.flow.definition.name == agent } }
            .min { $0.path < $1.path }
        if let former, former.removedAt != nil {
            return FlowRefusal(.unknownAgent, "the file of agent “\(agent)”, \(former.path), is gone; \(others)")
        }
        if let former, let name = former.agent, name != agent {
            return FlowRefusal(.unknownAgent, "agent “\(agent)” is now called “\(name)” (\(former.path)); \(others)")
        }
        return FlowRefusal(.unknownAgent, "there is no agent “\(agent)”; \(others)")
    }

    // MARK: What is known

    /// Files to read again when others have changed: those that are flows, and those whose flow may require them.
    ///
    /// - Parameters:
    ///   - written: Files that have changed, come or gone.
    ///   - folder: Where each file is a flow.
    func affected(by written: Set<String>, folder: String) -> [String] {
        let required = Set(files.values.flatMap(\.requiredFiles))
        // What nobody required may be what somebody would have required, had it been there.
        let isAnyForeign = written.contains { !required.contains($0) && !FlowTree.isFlow($0, in: folder) }
        let dependent = files.values.filter { file in
            isAnyForeign || file.failure != nil || !written.isDisjoint(with: file.requiredFiles)
        }
        let flows = written.filter { FlowTree.isFlow($0, in: folder) }
        return Set(dependent.filter { $0.removedAt == nil }.map(\.path)).union(flows).sorted()
    }

    /// All files that are, or were, a flow's.
    var paths: [String] { files.keys.sorted() }

    /// Whether a version has passed all checks already.
    func isKnown(_ flow: Flow) -> Bool {
        files[flow.path]?.versions.contains { $0.flow.version == flow.version } ?? false
    }

    /// What was found wrong with a version that loads.
    func failure(of flow: Flow) -> FlowFile.Failure? {
        guard let file = files[flow.path], let failure = file.failure, file.blocked == nil,
            failure.version == flow.version
        else { return nil }
        return failure
    }

    /// All versions, by agent and file, in the order in which they were taken; the failed text last.
    var versions: [FlowVersionStatus] {
        files.values.sorted { ($0.agent ?? "", $0.path) < ($1.agent ?? "", $1.path) }.flatMap { file in
            var rows = file.versions.map { version in
                FlowVersionStatus(
                    agent: version.flow.definition.name, version: version.flow.version,
                    state: state(of: version, in: file), loadedAt: version.loadedAt, path: file.path,
                    files: version.flow.files, calls: version.calls)
            }
            if let failure = file.failure {
                rows.append(
                    FlowVersionStatus(
                        agent: file.agent ?? file.blocked?.definition.name ?? "", version: failure.version,
                        state: .failed, loadedAt: failure.at, path: file.path, files: [file.path], calls: 0,
                        diagnostics: failure.diagnostics))
            }
            return rows
        }
    }

    private func state(of version: FlowFile.Version, in file: FlowFile) -> FlowVersionStatus.State {
        if file.removedAt != nil { return .removed }
        switch version.state {
        case .serving: return .serving
        case .canary: return .canary(policy.canaryShare)
        case .superseded: return .superseded
        case .rolledBack: return .rolledBack
        }
    }

    private mutating func prune() {
        for path in files.keys { files[path]?.prune(keeping: policy.keptVersions) }
        let gone = files.values.filter { file in file.removedAt != nil && file.versions.allSatisfy { $0.calls == 0 } }
            .sorted { ($0.removedAt ?? 0, $0.path) < ($1.removedAt ?? 0, $1.path) }
        let useless =
            gone.filter(\.versions.isEmpty) + gone.filter { !$0.versions.isEmpty }.dropLast(policy.keptRemovedFiles)
        for file in useless { files[file.path] = nil }
    }
}
