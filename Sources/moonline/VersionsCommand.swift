import AgentHost
import ArgumentParser
import LiveKit
import SansIO

struct VersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "List the versions of the flows that a host has in memory.",
        discussion: """
            A version is the hash of the flow's files. New calls get the one that is serving, a share of them the \
            canary; calls go on with the version that they have.
            """)

    @OptionGroup var admin: AdminOptions

    @Option(help: "Only those of this agent.")
    var agent: String?

    func run() async throws {
        try await reportingFailures {
            var request: JSON = [:]
            if let agent { request["agent"] = .string(agent) }
            let response = try await admin.client().call("\(FlowService.name)/ListVersions", request)
            if admin.json { return Console.print((response["versions"] ?? []).text) }
            let versions = (response["versions"]?.array ?? []).compactMap { FlowVersionStatus($0) }
            for line in VersionsCommand.table(versions).lines { Console.print(line) }
            for diagnostic in versions.flatMap(\.diagnostics) { Console.error("\(diagnostic)") }
        }
    }

    static func table(_ versions: [FlowVersionStatus]) -> Table {
        var table = Table(header: ["AGENT", "VERSION", "STATE", "LOADED", "CALLS", "FILE"])
        table.rows = versions.map { version in
            [
                version.agent.isEmpty ? "-" : version.agent, version.version ?? "-", state(version.state),
                WallClock.text(nanoseconds: version.loadedAt), "\(version.calls)", version.path,
            ]
        }
        return table
    }

    private static func state(_ state: FlowVersionStatus.State) -> String {
        switch state {
        case .canary(let share): "canary \(Share(fraction: share).description)"
        case .rolledBack: "rolled back"
        default: state.name
        }
    }
}
