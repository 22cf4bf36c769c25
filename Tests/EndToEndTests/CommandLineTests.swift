import Foundation
import SansIO
import TestSupport
import Testing

extension EndToEnd {
    @Suite("The commands of the README")
    struct CommandLineTests {
        @Test(
            "trunk create, dispatch create and dispatch list ring a telephone and show it; no password is seen",
            .timeLimit(.minutes(2)))
        func firstCall() async throws {
            let model = try await LocalModel.start(try Shell())
            let host = try await DevelopmentHost.start(try Shell(), model: model)
            let callee = try await Callee.answering()

            let none = try await host.shell.run("trunk", "list")
            #expect(none.status == 0 && none.output.contains("moonline trunk create"), "\(none)")
            // As in the README: a file .env where the command is typed.
            let variables = DevelopmentHost.trunk(port: callee.port).map { "export \($0)=\"\($1)\"  # the trunk's" }
            try host.shell.folder.write(variables.joined(separator: "\n") + "\n", to: ".env")
            let created = try await host.shell.run("trunk", "create")
            #expect(created.status == 0 && created.errors.isEmpty, "\(created)")
            let trunk = String(try #require(created.output.firstMatch(of: #/ST_\w+/#)).0)
            let trunks = try await host.shell.run("trunk", "list")
            #expect(trunks.status == 0 && trunks.errors.isEmpty, "\(trunks)")
            for part in [trunk, "127.0.0.1:\(callee.port)", "+15105550123", "receptionist"] {
                #expect(trunks.output.contains(part), "\(trunks)")
            }

            let (id, room) = try await host.dispatch()
            try await host.program.waitForOutput(containing: "ringing")
            try await host.program.waitForOutput(containing: "call is active")
            let list = try await host.shell.run("dispatch", "list")
            let row = try #require(list.output.split(separator: "\n").first { $0.contains(id) }, "\(list)")
            #expect(row.contains(room) && row.contains("outbound-caller") && row.contains("running"), "\(row)")
            let elsewhere = try await host.shell.run("dispatch", "list", "room-of-nobody")
            #expect(elsewhere.status == 0 && !elsewhere.output.contains(id), "\(elsewhere)")

            let deleted = try await host.shell.run("dispatch", "delete", room, id)
            #expect(deleted.status == 0, "\(deleted)")
            try await callee.expectSuccess()
            #expect(callee.messages.contains("INVITE sip:+15105550100@127.0.0.1:\(callee.port)"))
            #expect(callee.messages.contains("sip:+15105550123@"))
            try await host.program.waitForOutput(containing: "call ended")

            let json = try await host.shell.run("trunk", "list", "--json")
            #expect(try JSON(parsing: Array(json.output.utf8)).array?.first?["sipTrunkId"]?.string == trunk)
            try await host.stop()
            for text in [created.output, trunks.output, json.output, host.program.output] {
                #expect(!text.contains(DevelopmentHost.trunkPassword))
            }
        }

        @Test(
            "a refused call ends with status 1 and one sentence; trunk and outcome outlive the host",
            .timeLimit(.minutes(2)))
        func refusedCall() async throws {
            let model = try await LocalModel.start(try Shell())
            let shell = try Shell()
            let host = try await DevelopmentHost.start(shell, model: model, skipsTests: true)
            let callee = try await Callee.refusing("486 Busy Here", calls: 2)
            let trunk = try await host.createTrunk(port: callee.port)

            let json = try await host.shell.run("call", "+15105550100", "--json")
            #expect(json.status == 1)
            let dispatch = try JSON(parsing: Array(json.output.utf8))
            let state = dispatch["state"]?["jobs"]?.array?.first?["state"]
            #expect(state?["status"]?.string == "JS_FAILED", "\(json)")
            let sentence = try #require(state?["error"]?.string)
            #expect(sentence.contains("busy") && sentence.contains("486") && sentence.hasSuffix("."), "\(sentence)")
            #expect(!sentence.contains("\n"))

            let text = try await host.shell.run("call", "+15105550100")
            #expect(text.status == 1)
            #expect(text.errors == "error: \(sentence)\n", "\(text)")
            try await callee.expectSuccess()

            try await host.stop()
            let successor = try await DevelopmentHost.start(shell, model: model, skipsTests: true)
            #expect(try await successor.shell.run("trunk", "list").output.contains(trunk))
            let list = try await successor.shell.run("dispatch", "list")
            let id = try #require(dispatch["id"]?.string)
            let row = try #require(list.output.split(separator: "\n").first { $0.contains(id) }, "\(list)")
            #expect(row.contains("failed") && row.contains(sentence), "\(row)")
            let gone = try await successor.shell.run("trunk", "delete", trunk)
            #expect(gone.status == 0, "\(gone)")
            #expect(!(try await successor.shell.run("trunk", "list").output.contains(trunk)))
            try await successor.stop()
        }

        @Test(
            "SIGTERM lets the running call go on and takes no new one; the host ends when the call does",
            .timeLimit(.minutes(2)))
        func drain() async throws {
            let model = try await LocalModel.start(try Shell())
            let host = try await DevelopmentHost.start(try Shell(), model: model, skipsTests: true)
            let callee = try await Callee.answering()
            _ = try await host.createTrunk(port: callee.port)
            let (id, room) = try await host.dispatch()
            try await host.program.waitForOutput(containing: "call is active")
            host.program.signal(SIGTERM)
            try await host.program.waitForOutput(containing: "Waiting for the call")
            let refused = try await host.shell.run("call", "+15105550100")
            #expect(refused.status == 1 && refused.errors.contains("shutting down"), "\(refused)")
            let list = try await host.shell.run("dispatch", "list", room)
            #expect(list.output.contains("running"), "\(list)")
            #expect(!callee.messages.contains("BYE sip:"))
            #expect(host.program.isRunning)
            _ = try await host.shell.run("dispatch", "delete", room, id)
            let result = try await host.program.waitUntilExit(limit: .seconds(20))
            #expect(result.status == 0, "\(result)")
            try await callee.expectSuccess()
        }

        @Test(
            "a second signal hangs up, and the exit status is still 0", .timeLimit(.minutes(2)),
            arguments: [SIGTERM, SIGINT])
        func hurry(_ signal: Int32) async throws {
            let model = try await LocalModel.start(try Shell())
            let host = try await DevelopmentHost.start(try Shell(), model: model, skipsTests: true)
            let callee = try await Callee.answering()
            _ = try await host.createTrunk(port: callee.port)
            let call = try await host.shell.run("call", "+15105550100", "--no-wait")
            #expect(call.status == 0 && call.output.contains("AD_"), "\(call)")
            try await host.program.waitForOutput(containing: "call is active")
            host.program.signal(signal)
            try await host.program.waitForOutput(containing: "Waiting for the call")
            host.program.signal(signal)
            let result = try await host.program.waitUntilExit(limit: .seconds(20))
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("Hanging up"), "\(result)")
            // sipp has its BYE.
            try await callee.expectSuccess()
            model.program.signal(signal)
            #expect(try await model.program.waitUntilExit(limit: .seconds(20)).status == 0)
        }
    }
}
