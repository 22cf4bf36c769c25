import Foundation
import TestSupport
import Testing

extension EndToEnd {
    @Suite("What is said to those who err")
    struct MessageTests {
        /// A command that cannot work, and words that the message must hold.
        struct Mistake: Sendable, CustomTestStringConvertible {
            let arguments: [String]
            var variables: [String: String] = [:]
            let clues: [String]

            var testDescription: String {
                (variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + ["moonline"] + arguments)
                    .joined(separator: " ")
            }
        }

        private static let dispatch = ["dispatch", "create", "--new-room", "--agent-name"]

        /// With a host at which they are aimed.
        static let mistakesWithHost = [
            Mistake(arguments: ["call", "+15105550100"], clues: ["no trunk", "moonline trunk create"]),
            Mistake(
                arguments: dispatch + ["outbound-caller", "--metadata", "hello"], clues: ["hello", "+15105550100"]),
            Mistake(arguments: dispatch + ["outbound-caller"], clues: ["--metadata", "+15105550100"]),
            Mistake(arguments: dispatch + ["outbound-caller", "--metadata", "{\"a\":1}"], clues: ["phone_number"]),
            Mistake(arguments: dispatch + ["outbound-caller", "--metadata", "{\"a\":"], clues: ["JSON"]),
            Mistake(arguments: ["call", "+15105550100", "--metadata", "hello"], clues: ["--metadata", "JSON object"]),
            Mistake(arguments: ["call", "hello"], clues: ["hello", "+15105550100"]),
            Mistake(
                arguments: dispatch + ["nobody", "--metadata", "+15105550100"], clues: ["nobody", "outbound-caller"]),
            Mistake(
                arguments: ["trunk", "list"], variables: ["LIVEKIT_API_SECRET": "wrong"],
                clues: ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]),
            Mistake(
                arguments: ["trunk", "list"], variables: ["LIVEKIT_API_KEY": "wrong"],
                clues: ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]),
            Mistake(arguments: ["trunk", "delete", "ST_none"], clues: ["ST_none", "moonline trunk list"]),
            Mistake(arguments: ["dispatch", "delete", "room-none", "AD_none"], clues: ["AD_none", "room-none"]),
            Mistake(arguments: ["trunk", "create"], clues: ["--address", "TWILIO_SIP_TERMINATION_ENDPOINT"]),
            Mistake(
                arguments: ["trunk", "create"],
                variables: DevelopmentHost.trunk(port: 5060).merging(["TWILIO_SIP_AUTH_PASSWORD": ""]) { $1 },
                clues: ["--auth-pass", "TWILIO_SIP_AUTH_PASSWORD"]),
            Mistake(
                arguments: ["trunk", "create"],
                variables: DevelopmentHost.trunk(port: 5060).merging(["TWILIO_SIP_TERMINATION_ENDPOINT": "a:b"]) { $1 },
                clues: ["a:b", "host"]),
        ]

        @Test("each mistake gets one sentence that says what to do, and the host goes on", .timeLimit(.minutes(2)))
        func withHost() async throws {
            let model = try await LocalModel.start(try Shell())
            let host = try await DevelopmentHost.start(try Shell(), model: model, skipsTests: true)
            for mistake in Self.mistakesWithHost { try await check(mistake, host.shell) }
            // For another host its port is taken, and its folder.
            try await check(
                Mistake(arguments: ["dev", "--admin-port", "0"], clues: ["Another host", "--data"]), host.shell)
            try await check(
                Mistake(arguments: ["dev", "--admin-port", "\(host.port)"], clues: ["\(host.port)", "--admin-port"]),
                host.shell.setting(["MOONLINE_DATA": host.shell.folder.file("other")]))
            let trunks = try await host.shell.run("trunk", "list")
            #expect(trunks.status == 0 && trunks.output.contains("moonline trunk create"), "\(trunks)")
            try await host.stop()
        }

        /// On a machine where nothing runs and nothing is set.
        static let mistakesAlone = [
            Mistake(
                arguments: ["trunk", "list"], variables: ["LIVEKIT_URL": "http://127.0.0.1:9"],
                clues: ["127.0.0.1:9", "Start it with `moonline dev`, or set LIVEKIT_URL."]),
            Mistake(
                arguments: ["dev"], variables: ["OPENAI_API_KEY": "sk-test", "MOONLINE_LOG_LEVEL": "loud"],
                clues: ["MOONLINE_LOG_LEVEL=loud", "notice"]),
            Mistake(arguments: ["dev"], clues: ["OPENAI_API_KEY", "OPENAI_BASE_URL", "moonline offline-model"]),
            Mistake(
                arguments: ["start"], variables: ["OPENAI_API_KEY": "sk-test"],
                clues: ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]),
            Mistake(
                arguments: ["dev"], variables: ["OPENAI_API_KEY": "sk-test", "MOONLINE_SIP_PORT": "many"],
                clues: ["MOONLINE_SIP_PORT=many"]),
            Mistake(
                arguments: ["dev"], variables: ["OPENAI_API_KEY": "sk-test", "MOONLINE_RTP_PORTS": "many"],
                clues: ["MOONLINE_RTP_PORTS=many", "16384-32766"]),
            Mistake(
                arguments: ["dev", "--scripts", "elsewhere"], variables: ["OPENAI_API_KEY": "sk-test"],
                clues: ["elsewhere/flows", ".lua"]),
            Mistake(arguments: ["offline-model", "--scripts", "elsewhere"], clues: ["elsewhere/personas"]),
            Mistake(
                arguments: ["demo", "--json", "--scripts", "elsewhere"], clues: ["elsewhere/personas"]),
        ]

        @Test(
            "without host, key or files each command fails with one sentence", .timeLimit(.minutes(1)),
            arguments: mistakesAlone)
        func alone(_ mistake: Mistake) async throws {
            try await check(mistake, try Shell())
        }

        private func check(_ mistake: Mistake, _ shell: Shell) async throws {
            let outcome = try await shell.setting(mistake.variables).run(mistake.arguments)
            #expect(outcome.status == 1, "\(mistake.testDescription): \(outcome)")
            #expect(outcome.output.isEmpty, "\(mistake.testDescription): \(outcome)")
            let errors = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
            let sentence = try #require(errors.first, "\(mistake.testDescription): \(outcome)")
            #expect(errors.count == 1, "\(mistake.testDescription): \(outcome)")
            #expect(
                sentence.hasSuffix(".") && !sentence.hasSuffix("..") || sentence.hasSuffix("?"),
                "\(mistake.testDescription): \(outcome)")
            for clue in mistake.clues {
                #expect(sentence.contains(clue), "\(mistake.testDescription): no “\(clue)” in \(sentence)")
            }
        }

        @Test(
            "--help names the options of each command", .timeLimit(.minutes(1)),
            arguments: [
                (
                    "",
                    [
                        "init", "dev", "start", "call", "dispatch", "trunk", "versions", "reload", "rollback", "demo",
                        "offline-model",
                    ]
                ),
                ("init", ["<folder>", "--force"]), ("versions", ["--agent", "--json"]),
                ("reload", ["--agent", "--promote", "--json"]), ("rollback", ["<agent>", "--to", "--json"]),
                ("dev", ["--scripts", "--data", "--log-level", "--admin-host", "--admin-port", "--canary", "SIGTERM"]),
                ("start", ["--scripts", "--data", "--log-level", "--admin-host", "--admin-port", "LIVEKIT_API_KEY"]),
                ("call", ["<number>", "--url", "--api-key", "--api-secret", "--json", "--agent-name", "--no-wait"]),
                ("dispatch", ["create", "list", "delete"]),
                ("dispatch create", ["--new-room", "--room", "--agent-name", "--metadata", "--json"]),
                ("dispatch list", ["<room>", "--json"]),
                ("dispatch delete", ["<room>", "<id>", "--json"]),
                ("trunk", ["create", "list", "delete"]),
                ("trunk create", ["--address", "--numbers", "--auth-user", "--auth-pass", "TWILIO_SIP_AUTH_PASSWORD"]),
                ("trunk list", ["--json"]),
                ("trunk delete", ["<id>", "--json"]),
                ("demo", ["--scripts", "--json", "--output", "--timeout"]),
                ("offline-model", ["--port", "--persona", "--scripts", "OPENAI_BASE_URL"]),
            ])
        func help(_ command: String, _ words: [String]) async throws {
            let help = try await Shell().run(command.split(separator: " ").map(String.init) + ["--help"])
            #expect(help.status == 0 && help.errors.isEmpty, "\(help)")
            for word in words { #expect(help.output.contains(word), "\(help)") }
        }

        @Test(
            "an unknown command or a missing option ends with status 64 and a hint", .timeLimit(.minutes(1)),
            arguments: [
                ("frobnicate", "moonline --help"), ("trunk frobnicate", "moonline trunk --help"), ("call", "<number>"),
                ("dispatch create --new-room", "--agent-name"),
                ("dispatch create --agent-name outbound-caller", "--new-room"), ("demo --timeout soon", "--timeout"),
                ("demo --timeout 0", "--timeout"), ("dev --log-level loud", "--log-level"),
                ("dev --canary 0%", "--canary"), ("rollback", "<agent>"),
            ])
        func wrongUse(_ line: String, _ hint: String) async throws {
            let outcome = try await Shell().run(line.split(separator: " ").map(String.init))
            #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
            #expect(outcome.errors.hasPrefix("Error: ") && outcome.errors.contains(hint), "\(outcome)")
        }
    }
}
