import Logging
import ScriptAPI

// What happens to flows as the log tells it.

extension FlowLibrary.Configuration {
    /// - Parameter swapped: Told of each version that takes over all new calls from another one.
    init(_ host: HostConfiguration, logger: Logger, swapped: @escaping @Sendable (Flow) -> Void) {
        self.init(folder: host.flowsFolder)
        flows = host.flows
        limits = host.scriptLimits
        environment = host.scriptEnvironment
        policy.canaryShare = host.canaryShare
        policy.canarySeed = host.canarySeed
        let pipeline = host.pipeline.completed(by: host.model)
        refusals = { pipeline.refusals(of: $0) }
        verify = host.verifyFlow
        tell = host.onFlowNews ?? { logger.log($0) }
        self.swapped = swapped
    }
}

extension Logger {
    func log(_ news: FlowNews) {
        switch news {
        case .change(let change): log(change)
        case .watchLimited(let why): warning("changes of flows are looked for every second: \(why)")
        case .folderUnreadable(let sentence): error("\(sentence)")
        }
    }

    private func log(_ change: FlowChange) {
        var metadata: Logger.Metadata = ["file": .string(change.path)]
        if let agent = change.agent { metadata["agent"] = .string(agent) }
        if let version = change.version { metadata["version"] = .string(version) }
        if let previous = change.previous { metadata["previous"] = .string(previous) }
        switch change.kind {
        case .loaded: notice("flow loaded", metadata: metadata)
        case .canary:
            metadata["share"] = "\(change.share ?? 0)"
            notice("flow loaded for a share of the new calls", metadata: metadata)
        case .promoted: notice("flow promoted", metadata: metadata)
        case .rolledBack: notice("flow rolled back", metadata: metadata)
        case .heldBack:
            notice("the flow's file holds the version that was rolled back; a reload serves it", metadata: metadata)
        case .removed: notice("flow removed", metadata: metadata)
        case .mended: notice("flow mended", metadata: metadata)
        case .unchanged: break
        case .refused:
            let consequence = change.previous.map { "version \($0) goes on" } ?? "it is left out"
            error("\(FlowError(change.diagnostics))\nThe flow \(change.path) cannot be used; \(consequence).")
        }
    }
}
