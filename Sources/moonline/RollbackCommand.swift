import AgentHost
import ArgumentParser
import LiveKit
import SansIO

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Have an earlier version of a flow serve new calls.",
        discussion: """
            It serves until the flow's file changes, or until `moonline reload`. A canary that is rolled back gets no \
            more calls. Calls that run keep their version.
            """)

    @OptionGroup var admin: AdminOptions

    @Argument(help: "The agent, as its flow names it.")
    var agent: String

    @Option(help: "The version, or its beginning; default: the one that served before. See moonline versions.")
    var to: String?

    func run() async throws {
        try await reportingFailures {
            var request: JSON = ["agent": .string(agent)]
            if let to { request["version"] = .string(to) }
            let response = try await admin.client().call("\(FlowService.name)/Rollback", request)
            if admin.json {
                Console.print(response.text)
            } else if let change = FlowChange(response) {
                Console.print(FlowText.line(change))
            }
        }
    }
}
