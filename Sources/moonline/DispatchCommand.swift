import ArgumentParser
import LiveKit
import SansIO

struct DispatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispatch", abstract: "Send an agent to a call, and list or delete such orders.",
        subcommands: [Create.self, List.self, Delete.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have an agent call a number.",
            discussion: """
                moonline dispatch create --new-room --agent-name outbound-caller --metadata "+15105550100"
                """)

        @OptionGroup var admin: AdminOptions

        @Flag(help: "Make up a room; LiveKit's word for the place where one conversation happens.")
        var newRoom = false

        @Option(help: "The room by name.")
        var room: String?

        @Option(help: "The agent, as its flow names it.")
        var agentName: String

        @Option(
            help: "The number to call, or a JSON object with \"phone_number\"; the script reads it as call.metadata.")
        var metadata: String = ""

        func validate() throws {
            guard newRoom != (room != nil) else {
                throw ValidationError("Give either --new-room or --room NAME.")
            }
        }

        func run() async throws {
            try await reportingFailures {
                let dispatch = try await admin.client().createDispatch(
                    DispatchRequest(agentName: agentName, room: room ?? RoomName.random(), metadata: metadata))
                if admin.json {
                    Console.print(dispatch.json.text)
                } else {
                    Console.print("Dispatch \(dispatch.id): \(dispatch.agentName) is called to room \(dispatch.room).")
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List dispatches.")

        @OptionGroup var admin: AdminOptions

        @Argument(help: "Only those of this room.")
        var room: String?

        func run() async throws {
            try await reportingFailures {
                let dispatches = try await admin.client().listDispatches(room: room)
                if admin.json {
                    Console.print(JSON.array(dispatches.map(\.json)).text)
                } else if dispatches.isEmpty {
                    Console.print("No dispatch\(room.map { " in room \($0)" } ?? "").")
                } else {
                    var table = Table(header: ["ID", "ROOM", "AGENT", "CREATED", "STATE", "ERROR"])
                    table.rows = dispatches.map { dispatch in
                        let job = dispatch.jobs.last
                        return [
                            dispatch.id, dispatch.room, dispatch.agentName,
                            WallClock.text(nanoseconds: dispatch.createdAt), job.map { "\($0.status)" } ?? "-",
                            job?.error ?? "",
                        ]
                    }
                    for line in table.lines { Console.print(line) }
                }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a dispatch; a call of it is hung up.")

        @OptionGroup var admin: AdminOptions

        @Argument(help: "The room.")
        var room: String

        @Argument(help: "The dispatch's ID, AD_…")
        var id: String

        func run() async throws {
            try await reportingFailures {
                let dispatch = try await admin.client().deleteDispatch(room: room, id: id)
                Console.print(admin.json ? dispatch.json.text : "Dispatch \(dispatch.id) deleted.")
            }
        }
    }
}

/// Names of rooms that nobody chose.
enum RoomName {
    static func random() -> String {
        var random = SystemRandomNumberGenerator()
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        return "room-" + String((0..<10).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
    }
}
