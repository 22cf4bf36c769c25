import ArgumentParser
import LiveKit
import SansIO

struct TrunkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trunk", abstract: "Create, list and delete the SIP trunks that calls go out by.",
        subcommands: [Create.self, List.self, Delete.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a SIP trunk.",
            discussion: """
                What no option gives is taken from the environment or .env: TWILIO_SIP_TERMINATION_ENDPOINT, \
                TWILIO_OUTBOUND_CALLER_NUMBER, TWILIO_SIP_AUTH_USERNAME, TWILIO_SIP_AUTH_PASSWORD. What is still \
                missing is asked for.
                """)

        @OptionGroup var admin: AdminOptions

        @Option(help: "A name to recognise it by.")
        var name: String?

        @Option(help: "Host or host:port of the trunk, for example example.pstn.twilio.com.")
        var address: String?

        @Option(help: "Numbers to call from, E.164, separated by commas.")
        var numbers: String?

        @Option(help: "User name of the trunk's credential list; empty for none.")
        var authUser: String?

        @Option(help: "Its password. Better in TWILIO_SIP_AUTH_PASSWORD: options show in the list of processes.")
        var authPass: String?

        @Flag(name: .shortAndLong, help: "Ask nothing; take what is given.")
        var yes = false

        func run() async throws {
            try await reportingFailures {
                let settings = try Settings()
                var trunk = OutboundTrunk()
                trunk.name = try ask("Name", name, nil, "SIP trunk", hint: "--name")
                trunk.address = try ask(
                    "Address", address, settings["TWILIO_SIP_TERMINATION_ENDPOINT"], nil,
                    hint: "pass --address or set TWILIO_SIP_TERMINATION_ENDPOINT")
                let numbers = try ask(
                    "Numbers to call from", numbers, settings["TWILIO_OUTBOUND_CALLER_NUMBER"], nil,
                    hint: "pass --numbers or set TWILIO_OUTBOUND_CALLER_NUMBER")
                trunk.numbers = numbers.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
                    .filter { !$0.isEmpty }
                trunk.authUsername = try ask(
                    "User name (empty for none)", authUser, settings["TWILIO_SIP_AUTH_USERNAME"], "",
                    hint: "pass --auth-user or set TWILIO_SIP_AUTH_USERNAME")
                if !trunk.authUsername.isEmpty {
                    let given = authPass ?? settings["TWILIO_SIP_AUTH_PASSWORD"]
                    let hint = "pass --auth-pass or set TWILIO_SIP_AUTH_PASSWORD"
                    trunk.authPassword = Secret(try given ?? Prompt.secret("Password", hint: hint))
                }
                let created = try await admin.client().createTrunk(trunk)
                if admin.json {
                    Console.print(created.json.text)
                } else {
                    Console.print("Trunk \(created.id) created: calls go to \(created.address).")
                    Console.print("With several trunks, choose it by SIP_OUTBOUND_TRUNK_ID=\(created.id).")
                }
            }
        }

        private func ask(
            _ question: String, _ option: String?, _ setting: String?, _ fallback: String?, hint: String
        ) throws -> String {
            if let value = option ?? setting { return value }
            if yes, let fallback { return fallback }
            if let fallback, fallback.isEmpty, !Prompt.isInteractive { return fallback }
            return try Prompt.line(question, default: fallback, hint: hint)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the SIP trunks.")

        @OptionGroup var admin: AdminOptions

        func run() async throws {
            try await reportingFailures {
                let trunks = try await admin.client().listTrunks()
                if admin.json {
                    Console.print(JSON.array(trunks.map(\.json)).text)
                } else if trunks.isEmpty {
                    Console.print("No trunk yet. Create one with `moonline trunk create`.")
                } else {
                    var table = Table(header: ["ID", "NAME", "ADDRESS", "NUMBERS", "USER"])
                    table.rows = trunks.map {
                        [$0.id, $0.name, $0.address, $0.numbers.joined(separator: ","), $0.authUsername]
                    }
                    for line in table.lines { Console.print(line) }
                }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a SIP trunk. Calls that use it go on.")

        @OptionGroup var admin: AdminOptions

        @Argument(help: "The trunk's ID, ST_…")
        var id: String

        func run() async throws {
            try await reportingFailures {
                let trunk = try await admin.client().deleteTrunk(id: id)
                Console.print(admin.json ? trunk.json.text : "Trunk \(trunk.id) deleted.")
            }
        }
    }
}
