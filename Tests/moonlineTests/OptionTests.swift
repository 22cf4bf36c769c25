import ArgumentParser
import Testing

@testable import moonline

@Suite("Options")
struct OptionTests {
    /// What the command says of arguments that it does not take.
    ///
    /// - Returns: `nil` when it takes them.
    func complaint(_ arguments: [String]) -> (message: String, status: Int32)? {
        do {
            _ = try Moonline.parseAsRoot(arguments)
            return nil
        } catch {
            return (Moonline.message(for: error), Moonline.exitCode(for: error).rawValue)
        }
    }

    @Test(
        "the commands of the documentation are understood",
        arguments: [
            ["dev"], ["start", "--admin-host", "0.0.0.0", "--admin-port", "80"], ["call", "+15105550100"],
            ["call", "+15105550100", "--metadata", "{}", "--no-wait", "--json"],
            [
                "dispatch", "create", "--new-room", "--agent-name", "outbound-caller", "--metadata", "+15105550100",
            ],
            ["dispatch", "create", "--room", "r", "--agent-name", "a"], ["dispatch", "list"],
            ["dispatch", "list", "r"],
            ["dispatch", "delete", "r", "AD_1"], ["trunk", "create"],
            ["trunk", "create", "--name", "n", "--address", "a", "--numbers", "+1", "--auth-user", "u", "-y"],
            ["trunk", "list", "-j"], ["trunk", "delete", "ST_1"], ["demo", "--json", "--timeout", "5"],
            ["offline-model", "--port", "0", "--log-transcripts"],
            ["offline-model", "--misbehave", "chat: status=429 times=2", "--misbehave", "odd-chunks"],
            ["dev", "--log-level", "debug"],
        ])
    func documented(_ arguments: [String]) {
        #expect(complaint(arguments)?.message == nil)
    }

    @Test(
        "what is missing or wrong is named, with exit status 64",
        arguments: [
            (["dispatch", "create", "--agent-name", "a"], "Give either --new-room or --room NAME."),
            (
                ["dispatch", "create", "--agent-name", "a", "--new-room", "--room", "r"],
                "Give either --new-room or --room NAME."
            ),
            (["dispatch", "create", "--new-room"], "Missing expected argument '--agent-name <agent-name>'"),
            (["dispatch", "delete", "r"], "Missing expected argument '<id>'"),
            (["trunk", "delete"], "Missing expected argument '<id>'"),
            (["call"], "Missing expected argument '<number>'"),
            (["trunk", "lst"], "Unexpected argument 'lst'"), (["demo", "--timeout", "soon"], "soon"),
            (["dev", "--admin-port", "70000"], "70000"), (["dev", "--log-level", "loud"], "loud"),
            (["dispatch", "list", "--jsn"], "--jsn"), (["dail"], "dail"),
            (["offline-model", "--misbehave", "explode"], "“explode” is no fault"),
            (["test", "--virtual", "-j", "100000"], "--jobs must be at most 1000."),
            (["test", "--virtual", "--seeds", "100000000"], "--seeds must be at most 1000000;"),
        ])
    func misuse(_ arguments: [String], _ part: String) throws {
        let complaint = try #require(self.complaint(arguments))
        #expect(complaint.message.contains(part))
        #expect(complaint.status == 64)
    }

    @Test("help names every command, and the version is no failure")
    func help() throws {
        let help = Moonline.helpMessage()
        for command in Moonline.configuration.subcommands {
            let name = try #require(command.configuration.commandName)
            #expect(help.contains("  \(name) "), "\(name)")
        }
        let version = try #require(complaint(["--version"]))
        #expect(version.message == Moonline.configuration.version)
        #expect(version.status == 0)
    }

    @Test("a made-up room is another one each time")
    func rooms() {
        let rooms = (0..<100).map { _ in RoomName.random() }
        #expect(Set(rooms).count == 100)
        #expect(rooms.allSatisfy { $0.hasPrefix("room-") && $0.count == 15 })
    }

    @Test("a failure becomes exit status 1, and keeps an exit status that was chosen")
    func failures() async {
        await #expect(throws: ExitCode(1)) {
            try await reportingFailures { throw Settings.Invalid(description: "(a test's own error)") }
        }
        await #expect(throws: ExitCode(3)) { try await reportingFailures { throw ExitCode(3) } }
        await #expect(throws: Never.self) { try await reportingFailures {} }
    }

    @Test("as many calls are played at a time as there are, and in virtual time as threads can be had")
    func jobs() throws {
        func jobs(_ arguments: [String], tests: Int) throws -> Int {
            try TestCommand.parse(arguments).jobs(forCalls: tests)
        }
        #expect(try jobs(["--virtual", "-j", "1000"], tests: 3) == 3)
        #expect(try jobs(["--virtual", "-j", "1000", "--seeds", "50"], tests: 3) == 150)
        #expect(try jobs(["--virtual", "-j", "1000", "--seeds", "1000"], tests: 3) == 256)
        #expect(try jobs(["-j", "1000", "--seeds", "1000"], tests: 3) == 1_000)
        #expect(try jobs([], tests: 3) == 1)
        #expect(try jobs(["--virtual", "-j", "4"], tests: 0) == 1)
    }
}
