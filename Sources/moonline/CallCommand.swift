import ArgumentParser
import LiveKit
import SansIO

struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Have an agent call a number, and wait for the call's end.",
        discussion: "moonline call +15105550100   (the conversation is shown by `moonline dev`)")

    @OptionGroup var admin: AdminOptions

    @Argument(help: "E.164 number or sip: URI.")
    var number: String

    @Option(help: "The agent, as its flow names it.")
    var agentName = "outbound-caller"

    @Option(help: "Further metadata for the script, a JSON object.")
    var metadata: String?

    @Flag(help: "Return as soon as the call is on its way.")
    var noWait = false

    func run() async throws {
        try await reportingFailures {
            let client = try admin.client()
            let room = RoomName.random()
            let dispatch = try await client.createDispatch(
                DispatchRequest(agentName: agentName, room: room, metadata: try callMetadata()))
            if !admin.json { Console.print("Calling \(number) (dispatch \(dispatch.id)).") }
            if noWait {
                if admin.json { Console.print(dispatch.json.text) }
                return
            }
            let ended = try await waitForEnd(of: dispatch, client)
            let job = ended.jobs.last
            if admin.json {
                Console.print(ended.json.text)
            } else if job?.status == .success {
                Console.print("The call has ended well.")
            }
            guard job?.status == .success else {
                let error = job?.error ?? ""
                if !admin.json {
                    Console.failure(error.isEmpty ? "The dispatch was deleted, and its call hung up." : error)
                }
                throw ExitCode(1)
            }
        }
    }

    private func callMetadata() throws -> String {
        guard let metadata else { return number }
        let given: JSON
        do {
            given = try JSON(parsing: metadata)
        } catch {
            throw ValidationError("--metadata must be a JSON object: \(error).")
        }
        guard case .object(var object) = given else { throw ValidationError("--metadata must be a JSON object.") }
        object["phone_number"] = .string(number)
        return JSON.object(object).text
    }

    private func waitForEnd(of dispatch: Dispatch, _ client: TwirpClient) async throws -> Dispatch {
        while true {
            try await Task.sleep(for: .milliseconds(500))
            guard let current = try await client.listDispatches(room: dispatch.room, id: dispatch.id).first else {
                return dispatch
            }
            if let job = current.jobs.last, job.endedAt != 0 { return current }
        }
    }
}
