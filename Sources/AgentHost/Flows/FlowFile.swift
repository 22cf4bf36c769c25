import Conversation
import ScriptAPI

/// One flow's file: the versions of it that were loaded, and which of them new calls get.
struct FlowFile: Sendable {
    /// What asks for a file to be read.
    enum Occasion: Hashable, Sendable {
        /// It has changed.
        case change
        /// An operator wants it; with `promote` for all new calls at once.
        case request(promote: Bool)
    }

    struct Version: Sendable {
        enum State: Hashable, Sendable {
            /// Gets all new calls, or those that the canary does not get. One version at most.
            case serving
            /// Gets a share of the new calls. One version at most, and only beside a serving one.
            case canary
            case superseded
            case rolledBack
        }

        let flow: Flow
        var state: State
        /// Unix time. [ns]
        var loadedAt: Int64
        /// Calls that run on it.
        var calls = 0

        /// Whether it can be forgotten.
        var isIdle: Bool { calls == 0 && (state == .superseded || state == .rolledBack) }
    }

    struct Failure: Sendable {
        var diagnostics: [FlowDiagnostic]
        var version: String?
        var fingerprint: UInt64
        /// Unix time. [ns]
        var at: Int64
    }

    let path: String
    /// In the order in which they were taken.
    private(set) var versions: [Version] = []
    /// When the file vanished, Unix time [ns]; `nil` while it is there.
    private(set) var removedAt: Int64?
    /// What is wrong with the text in the file now.
    private(set) var failure: Failure?
    /// Loaded, but its agent's name belongs to another file.
    private(set) var blocked: Flow?
    /// Files of the text that was last found usable.
    private(set) var requiredFiles: [String] = []
    /// The version in the file, when that is usable.
    private var current: String?
    /// The version that was rolled back while it stood in the file: only another text, or a request, replaces it.
    private var held: String?
    private var isHoldTold = false

    init(path: String) {
        self.path = path
    }

    var serving: Flow? { versions.last { $0.state == .serving }?.flow }
    var canary: Flow? { versions.last { $0.state == .canary }?.flow }

    /// The agent's name, or its last one.
    var agent: String? { (serving ?? versions.last?.flow)?.definition.name }

    /// Names under which new calls can be asked for.
    var names: Set<String> {
        removedAt == nil ? Set([serving, canary].compactMap { $0?.definition.name }) : []
    }

    // MARK: What was read

    /// Takes a text that may serve.
    ///
    /// - Parameter share: Of the new calls, for a new version beside one that serves; 1 replaces that.
    mutating func take(_ flow: Flow, occasion: Occasion, share: Double, at now: Int64) -> FlowChange {
        let wasRemoved = removedAt != nil
        let wasFailed = failure != nil
        removedAt = nil
        failure = nil
        blocked = nil
        current = flow.version
        requiredFiles = flow.files
        let previous = serving?.version
        if held == flow.version, occasion == .change {
            var change = change(.heldBack, flow, previous: previous)
            change.isNews = !isHoldTold
            isHoldTold = true
            return change
        }
        held = nil
        let replacesAll = share >= 1 || occasion == .request(promote: true)
        if flow.version == canary?.version {
            guard replacesAll else { return unchanged(flow, wasFailed: wasFailed) }
            setState(.superseded, where: { $0.state == .serving })
            setState(.serving, where: { $0.state == .canary })
            return change(.promoted, flow, previous: previous)
        }
        if flow.version == previous {
            guard let canary else {
                return wasRemoved
                    ? change(.loaded, flow, previous: nil) : unchanged(flow, wasFailed: wasFailed)
            }
            setState(.superseded, where: { $0.state == .canary })
            return change(.loaded, flow, previous: canary.version)
        }
        setState(.superseded, where: { $0.state == .canary })
        let calls = versions.first { $0.flow.version == flow.version }?.calls ?? 0
        versions.removeAll { $0.flow.version == flow.version }
        if !replacesAll, previous != nil {
            versions.append(Version(flow: flow, state: .canary, loadedAt: now, calls: calls))
            var change = change(.canary, flow, previous: previous)
            change.share = share
            return change
        }
        setState(.superseded, where: { $0.state == .serving })
        versions.append(Version(flow: flow, state: .serving, loadedAt: now, calls: calls))
        return change(.loaded, flow, previous: previous)
    }

    /// Notes a text that cannot serve; what served goes on.
    ///
    /// - Parameter revives: Whether what served before the file was gone serves again.
    mutating func refuse(
        _ diagnostics: [FlowDiagnostic], version: String?, fingerprint: UInt64, revives: Bool, at now: Int64
    ) -> FlowChange {
        if revives { removedAt = nil }
        blocked = nil
        current = nil
        let isTold = failure?.fingerprint == fingerprint && failure?.diagnostics == diagnostics
        failure = Failure(
            diagnostics: diagnostics, version: version, fingerprint: fingerprint,
            at: isTold ? failure?.at ?? now : now)
        var change = FlowChange(
            .refused, path: path, agent: agent, version: version,
            previous: removedAt == nil ? (canary ?? serving)?.version : nil)
        change.diagnostics = diagnostics
        change.isNews = !isTold
        return change
    }

    /// Keeps a text until its agent's name is free.
    mutating func block(_ flow: Flow) {
        blocked = flow
    }

    /// Notes that the file is gone; calls go on.
    ///
    /// - Returns: `nil` when that is known.
    mutating func remove(at now: Int64) -> FlowChange? {
        failure = nil
        blocked = nil
        current = nil
        isHoldTold = false
        guard removedAt == nil else { return nil }
        removedAt = now
        setState(.superseded, where: { $0.state == .canary })
        var change = FlowChange(.removed, path: path, agent: agent, version: nil, previous: serving?.version)
        change.isNews = serving != nil
        return change
    }

    /// Gives up what served before the file was gone: its agent's name belongs to another file now.
    mutating func retire() {
        setState(.superseded, where: { $0.state == .serving })
        held = nil
    }

    /// Forgets what is wrong: the file is there for others to require.
    mutating func excuse() {
        failure = nil
    }

    // MARK: What an operator wants

    /// The version that a rollback would go to: the one that `wanted` begins, or the one that served before.
    func rollbackTarget(_ wanted: String?) throws(FlowRefusal) -> Flow {
        let agent = agent ?? path
        guard let wanted else {
            if canary != nil, let serving { return serving }
            let index = versions.lastIndex { $0.state == .serving } ?? versions.endIndex
            guard let earlier = versions[..<index].last(where: { $0.state == .superseded }) else {
                throw FlowRefusal(.impossible, "there is no earlier version of agent “\(agent)” to go back to")
            }
            return earlier.flow
        }
        let matches = versions.filter { $0.flow.version.hasPrefix(wanted) }
        guard let match = matches.first, matches.count == 1, !wanted.isEmpty else {
            let known = versions.map(\.flow.version).joined(separator: ", ")
            throw FlowRefusal(
                .unknownVersion,
                matches.isEmpty
                    ? "there is no version “\(wanted)” of agent “\(agent)”; in memory are: \(known)"
                    : "more than one version of agent “\(agent)” begins with “\(wanted)”: \(known)")
        }
        if match.state == .canary {
            throw FlowRefusal(
                .impossible,
                "version \(match.flow.version) is the newest; `moonline reload --promote` gives it all new calls")
        }
        if match.state == .serving, canary == nil {
            throw FlowRefusal(.impossible, "version \(match.flow.version) serves all new calls already")
        }
        return match.flow
    }

    /// Has a version serve that ``rollbackTarget(_:)`` gave.
    mutating func rollBack(to target: Flow) -> FlowChange {
        let previous = (canary ?? serving)?.version
        let place = versions.firstIndex { $0.flow.version == target.version } ?? versions.endIndex
        for index in versions.indices {
            if index == place {
                versions[index].state = .serving
            } else if versions[index].state == .serving || versions[index].state == .canary {
                versions[index].state = index > place ? .rolledBack : .superseded
            }
        }
        held = current == target.version ? nil : current
        isHoldTold = false
        return change(.rolledBack, target, previous: previous)
    }

    // MARK: Calls

    /// Counts calls that begin or end on a version.
    mutating func count(_ difference: Int, version: String) {
        guard let index = versions.firstIndex(where: { $0.flow.version == version }) else { return }
        versions[index].calls = max(0, versions[index].calls + difference)
    }

    /// Forgets the oldest versions on which no call runs, but for `kept`.
    mutating func prune(keeping kept: Int) {
        var surplus = versions.count { $0.calls == 0 } - kept
        versions.removeAll { version in
            guard surplus > 0, version.isIdle else { return false }
            surplus -= 1
            return true
        }
    }

    // MARK: Small things

    private mutating func setState(_ state: Version.State, where matches: (Version) -> Bool) {
        for index in versions.indices where matches(versions[index]) { versions[index].state = state }
    }

    private func change(_ kind: FlowChange.Kind, _ flow: Flow, previous: String?) -> FlowChange {
        FlowChange(kind, path: path, agent: flow.definition.name, version: flow.version, previous: previous)
    }

    private func unchanged(_ flow: Flow, wasFailed: Bool) -> FlowChange {
        var change = change(wasFailed ? .mended : .unchanged, flow, previous: flow.version)
        change.isNews = wasFailed
        return change
    }
}
