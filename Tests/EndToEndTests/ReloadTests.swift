import Foundation
import SansIO
import TestSupport
import Testing

extension EndToEnd {
    @Suite("A new project, edited while it runs")
    struct ReloadTests {
        /// A shell in a folder that `moonline init` has filled.
        private static func project() async throws -> Shell {
            let shell = try Shell().setting(["MOONLINE_SCRIPTS": ""])
            let made = try await shell.run("init")
            try #require(made.status == 0 && made.errors.isEmpty, "\(made)")
            for word in ["flows/outbound_caller.lua", ".luarc.json", "moonline check", "moonline dev"] {
                #expect(made.output.contains(word), "\(made)")
            }
            return shell
        }

        /// Saves as editors do: nobody sees half a file.
        private static func save(_ text: String, in shell: Shell) throws {
            try Data(text.utf8).write(
                to: URL(fileURLWithPath: shell.folder.file("flows/outbound_caller.lua")), options: .atomic)
        }

        @Test("init refuses to overwrite, names the files, and does with --force", .timeLimit(.minutes(1)))
        func initialize() async throws {
            let shell = try await Self.project()
            let again = try await shell.run("init")
            #expect(again.status == 1 && again.output.isEmpty, "\(again)")
            #expect(again.errors.hasPrefix("error: These files are there already; --force replaces them"), "\(again)")
            #expect(again.errors.contains("\n  flows/outbound_caller.lua\n"), "\(again)")
            let forced = try await shell.run("init", "--force")
            #expect(forced.status == 0, "\(forced)")
            let elsewhere = try await shell.run("init", "a/new one")
            #expect(elsewhere.status == 0 && elsewhere.output.contains("cd a/new one"), "\(elsewhere)")
            #expect(shell.folder.text(of: "a/new one/.env.example")?.contains("OPENAI_API_KEY=") == true)
        }

        @Test(
            "edits are shown and serve, a mistake is shown and does not; versions, reload and rollback tell and do it",
            .timeLimit(.minutes(2)))
        func edits() async throws {
            let shell = try await Self.project()
            let model = try await LocalModel.start(shell)
            let host = try await DevelopmentHost.start(shell, model: model)
            let file = "flows/outbound_caller.lua"
            let text = try #require(shell.folder.text(of: file))
            func versions() async throws -> [JSON] {
                let listed = try await host.shell.run("versions", "--agent", "outbound-caller", "--json")
                try #require(listed.status == 0, "\(listed)")
                return try #require(try JSON(parsing: Array(listed.output.utf8)).array)
            }
            let first = try #require(try await versions().first?["version"]?.string)
            try await host.program.waitForOutput(containing: "flow      outbound-caller \(first) (\(file))")

            try Self.save(text + "-- changed\n", in: shell)
            try await host.program.waitForOutput(containing: "flow      outbound-caller \(first) → ")
            let second = try #require(try await versions().last?["version"]?.string)
            #expect(second != first)

            try Self.save(text.replacingOccurrences(of: "on_answered =", with: "on_anwered ="), in: shell)
            try await host.program.waitForOutput(
                containing: "refused   \(file): the change is not used, version \(second) goes on")
            try await host.program.waitForOutput(containing: "did you mean 'on_answered'?")
            let refused = try await host.shell.run("reload")
            #expect(refused.status == 1 && refused.output.isEmpty, "\(refused)")
            #expect(refused.errors.contains("\(file):102:3: unknown handler 'on_anwered'"), "\(refused)")
            let failed = try await host.shell.run("versions")
            #expect(failed.status == 0 && failed.errors.contains("unknown handler"), "\(failed)")
            let states = failed.output.split(separator: "\n").dropFirst().map { $0.split(separator: " ")[2] }
            #expect(states == ["superseded", "serving", "failed"], "\(failed)")

            try Self.save(text + "-- changed\n", in: shell)
            try await host.program.waitForOutput(containing: "outbound-caller \(second) goes on: \(file) is as it was")
            let back = try await host.shell.run("rollback", "outbound-caller")
            #expect(back.status == 0 && back.output.hasPrefix("outbound-caller \(second) → \(first), rolled back"))
            let reloaded = try await host.shell.run("reload", "--agent", "outbound-caller")
            #expect(reloaded.status == 0 && reloaded.output.hasPrefix("outbound-caller \(first) → \(second) (\(file)"))
            let named = try await host.shell.run(
                "rollback", "outbound-caller", "--to", String(first.prefix(5)), "--json")
            #expect(try JSON(parsing: Array(named.output.utf8))["version"]?.string == first, "\(named)")

            for arguments in [
                ["rollback", "nobody"], ["reload", "--agent", "nobody"], ["versions", "--agent", "nobody"],
            ] {
                let outcome = try await host.shell.run(arguments)
                #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome)")
                #expect(outcome.errors.contains("no agent “nobody”; this host has: outbound-caller"), "\(outcome)")
            }
            // Each was told once.
            let shown = host.program.output
            #expect(shown.components(separatedBy: "refused   ").count == 2, "\(shown)")
            #expect(!shown.contains("flow loaded"), "\(shown)")
            try await host.stop()
        }

        @Test("a canary gets a share until it is promoted", .timeLimit(.minutes(1)))
        func canary() async throws {
            let shell = try await Self.project()
            let model = try await LocalModel.start(shell)
            let local = shell.setting(["OPENAI_BASE_URL": model.baseURL])
            let program = try local.start(["dev", "--admin-port", "0", "--canary", "25%"])
            try await program.waitForOutput(containing: "Moonline is ready", limit: .seconds(30))
            let ready = try #require(program.output.firstMatch(of: #/admin API (http://127\.0\.0\.1:\d+);/#))
            let host = local.setting(["LIVEKIT_URL": String(ready.1)])
            let text = try #require(shell.folder.text(of: "flows/outbound_caller.lua"))
            try Self.save(text + "-- changed\n", in: shell)
            try await program.waitForOutput(containing: "for 25% of the new calls")
            let listed = try await host.run("versions")
            #expect(listed.output.contains("canary 25%"), "\(listed)")
            let promoted = try await host.run("reload", "--promote")
            #expect(promoted.status == 0 && promoted.output.contains("for all new calls"), "\(promoted)")
            #expect(!(try await host.run("versions").output.contains("canary")))
            program.signal(SIGTERM)
            #expect(try await program.waitUntilExit(limit: .seconds(20)).status == 0)
        }
    }
}
