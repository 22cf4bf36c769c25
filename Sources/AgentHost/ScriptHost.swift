import Conversation
import LuaRuntime
import SansIO
import ScriptAPI

/// Runs one call's script on a thread of the script pool, so that a handler that computes delays no other part of the
/// call.
actor ScriptHost {
    private nonisolated let executor: LuaExecutor
    private let makeScript: MakeScript
    private var script: CallScript

    /// Compiles a flow for the call, in a version or with facts as they are then.
    typealias MakeScript = @Sendable (Flow, CallFacts) throws(ScriptFault) -> CallScript

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter makeScript: Runs on the script's thread; compiling a flow is script work too.
    init(executor: LuaExecutor, flow: Flow, facts: CallFacts, makeScript: @escaping MakeScript)
        async throws(ScriptFault)
    {
        self.executor = executor
        self.makeScript = makeScript
        script = try makeScript(flow, facts)
    }

    /// Performs commands in the order in which they come, until there are no more.
    ///
    /// - Parameter flow: The flow of a version that the call was offered.
    func run(
        _ commands: AsyncStream<ScriptCommand>, flow: @Sendable (_ version: String) -> Flow?,
        report: @Sendable (ScriptTaskID, ScriptOutcome) -> Void
    ) async {
        for await command in commands {
            if case .handOver(let task, let version, let facts) = command {
                report(task, handOver(to: flow(version), version: version, facts))
            } else if let (task, outcome) = script.run(command) {
                report(task, outcome)
            }
        }
        script.close()
    }

    private func handOver(to flow: Flow?, version: String, _ facts: CallFacts) -> ScriptOutcome {
        guard let flow else {
            return .failed(ScriptFault(kind: .error, message: "version \(version) of the flow is gone"))
        }
        var facts = facts
        facts.version = version
        do throws(ScriptFault) {
            let state = try script.state()
            let next = try makeScript(flow, facts)
            try next.takeOver(state: state)
            script.close()
            script = next
            return .returned([])
        } catch {
            var fault = error
            fault.message = "version \(version) could not take over the call: \(error.message)"
            return .failed(fault)
        }
    }
}
