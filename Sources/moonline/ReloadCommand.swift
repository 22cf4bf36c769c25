import AgentHost
import ArgumentParser
import LiveKit
import SansIO

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have a host read its flows now, changed or not.",
        discussion: """
            A host sees edits by itself; this is for a version that was rolled back, for a canary that is to serve all \
            calls, and for scripts that want to know: exit status 1 means that a flow is refused.
            """)

    @OptionGroup var admin: AdminOptions

    @Option(help: "Only the file of this agent.")
    var agent: String?

    @Flag(help: "Give new versions, and canaries, all new calls.")
    var promote = false

    func run() async throws {
        try await reportingFailures {
            var request: JSON = ["promote": .bool(promote)]
            if let agent { request["agent"] = .string(agent) }
            // A flow's own tests take their time.
            let client = try admin.client(timeout: .seconds(600))
            let response = try await client.call("\(FlowService.name)/Reload", request)
            let changes = (response["flows"]?.array ?? []).compactMap { FlowChange($0) }
            if admin.json { Console.print((response["flows"] ?? []).text) }
            for change in changes where !admin.json {
                if change.kind == .refused {
                    for diagnostic in change.diagnostics { Console.error("\(diagnostic)") }
                    Console.error("Refused: \(FlowText.line(change)).")
                } else {
                    Console.print(FlowText.line(change))
                }
            }
            if changes.contains(where: { $0.kind == .refused }) { throw ExitCode(1) }
        }
    }
}
