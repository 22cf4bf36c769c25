import Conversation
import LuaRuntime
import SansIO
import ScriptAPI

/// Runs one call's script on a thread of the script pool, so that a handler that computes delays no other part of the
/// call.
actor ScriptHost {
    private nonisolated let executor: LuaExecutor
    private let script: CallScript

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter makeScript: Runs on the script's thread; compiling a flow is script work too.
    init(
        executor: LuaExecutor, makeScript: @Sendable () throws -> sending CallScript
    ) async throws {
        self.executor = executor
        script = try makeScript()
    }

    /// Performs commands in the order in which they come, until there are no more.
    func run(_ commands: AsyncStream<ScriptCommand>, report: @Sendable (ScriptTaskID, ScriptOutcome) -> Void) async {
        for await command in commands {
            if let (task, outcome) = script.run(command) { report(task, outcome) }
        }
    }
}
