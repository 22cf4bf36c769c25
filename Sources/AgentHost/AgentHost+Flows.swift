// The flows of a host as operators see them.

extension AgentHost {
    /// The versions of all flows, by agent.
    public nonisolated var flowVersions: [FlowVersionStatus] { flows.versions }

    /// Reads flows now, changed or not.
    ///
    /// - Parameters:
    ///   - agent: `nil` for all.
    ///   - isPromoted: Whether new versions get all new calls at once.
    /// - Returns: What became of each file.
    public nonisolated func reloadFlows(
        agent: String?, isPromoted: Bool
    ) async throws(FlowRefusal) -> [FlowChange] {
        try await flows.reload(agent: agent, isPromoted: isPromoted)
    }

    /// Has an earlier version of an agent serve new calls, until its file changes or is reloaded.
    ///
    /// - Parameter version: What it begins with; `nil` for the one that served before.
    public nonisolated func rollBackFlow(
        agent: String, to version: String?
    ) throws(FlowRefusal) -> FlowChange {
        try flows.rollBack(agent: agent, to: version)
    }
}
