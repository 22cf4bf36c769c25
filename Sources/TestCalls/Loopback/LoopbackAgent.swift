import AgentHost
import Conversation
import FoundationEssentials
import LiveKit
import Logging
import SansIO
import ScriptAPI
import Telephony

/// The agent's side of one call: a host of its own, as `moonline start` runs one.
struct LoopbackAgent: Sendable {
    private let host: AgentHost
    private let plan: LoopbackPlan
    private let dataFolder: String

    /// - Parameters:
    ///   - callee: Where the agent's trunk leads to; `nil` for a target that says it itself.
    ///   - observed: Told of what happens in the call, in order.
    ///   - ended: Told of the call's end, behind all else.
    /// - Throws: `HostError`, `TwirpError`.
    static func start(
        _ plan: LoopbackPlan, configuration: HostConfiguration, callee: String?, logger: Logger,
        observed: @escaping @Sendable (Observation) -> Void, ended: @escaping @Sendable (CallReport) -> Void
    ) async throws -> LoopbackAgent {
        var configuration = configuration
        configuration.onCallEnded = ended
        let host = try await AgentHost.start(configuration, logger: logger) { observed($0.observation) }
        let agent = LoopbackAgent(host: host, plan: plan, dataFolder: configuration.dataFolder)
        guard let callee else { return agent }
        do throws(TwirpError) {
            var trunk = OutboundTrunk()
            trunk.name = "test"
            trunk.address = callee
            trunk.numbers = [plan.test.options.from]
            _ = try await host.adminBackend.createTrunk(trunk)
            return agent
        } catch {
            await host.shutDown()
            throw error
        }
    }

    /// Where it can be called.
    var trunk: TrunkRoute? { TrunkRoute(address: host.sipAddress) }

    /// Has the agent call.
    ///
    /// - Throws: `TwirpError`.
    func dispatch() async throws(TwirpError) {
        _ = try await host.createDispatch(
            DispatchRequest(agentName: plan.item.flow.definition.name, room: "test", metadata: plan.metadata))
    }

    func hangUp(reason: String) async {
        await host.hangUpAll(reason: reason)
    }

    /// Waits for the end of what runs, and gives everything back.
    ///
    /// - Returns: Requests to the model's servers that were still under way when no call was.
    func shutDown() async -> Int {
        await host.hangUpAll(reason: "the test is over")
        await host.drain()
        let requests = host.openModelRequests
        await host.shutDown()
        return requests
    }

    /// Moves the call's files to the plan's folder, and removes all others.
    ///
    /// - Returns: The paths of recording and event log, where they were kept.
    func takeFiles(of report: CallReport?) throws -> (recording: String?, eventLog: String?) {
        defer { TestFolders.remove(dataFolder) }
        guard let folder = plan.folder else { return (nil, nil) }
        try TestFolders.make(folder)
        guard let report else { return (nil, nil) }
        let files = FileManager.default
        let source = "\(dataFolder)/calls/\(report.id)"
        for name in try files.contentsOfDirectory(atPath: source) {
            try files.moveItem(atPath: "\(source)/\(name)", toPath: "\(folder)/\(name)")
        }
        func kept(_ path: String?) -> String? {
            guard let name = path?.split(separator: "/").last else { return nil }
            let path = "\(folder)/\(name)"
            return files.fileExists(atPath: path) ? path : nil
        }
        return (kept(report.recordingPath), kept(report.eventLogPath))
    }
}
