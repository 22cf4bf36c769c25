import Crypto
import Foundation
import FoundationXML
import SansIO
import TestSupport
import Testing

extension EndToEnd {
    @Suite("moonline test, in virtual time")
    struct TestCommandTests {
        private static let limit = Duration.seconds(120)
        /// Options of a test whose model has nothing to say.
        private static let quiet = "{ model = { { hears = \"xyzzy\", says = \"Plugh.\" } } }"

        /// A project with a flow, a good test, and whatever else a test needs.
        private func project(_ tests: [String: String] = [:]) throws -> Shell {
            let shell = try Shell()
            for folder in ["scripts/flows", "scripts/tests"] {
                try FileManager.default.createDirectory(
                    atPath: shell.folder.file(folder), withIntermediateDirectories: true)
            }
            try shell.folder.write(
                """
                local moonline = require "moonline"
                return moonline.agent {
                  name = "greeter", instructions = "Be brief.",
                  on_answered = function(call) call:say("Hello, this is the dental practice.") end,
                }
                """, to: "scripts/flows/greeter.lua")
            let good = """
                local t = require "moonline.test"
                t.test("greets", \(Self.quiet), function(callee, agent)
                  callee:answers()
                  agent:says "dental practice"
                end)
                """
            for (name, text) in ["greets.lua": good].merging(tests, uniquingKeysWith: { $1 }) {
                try shell.folder.write(text, to: "scripts/tests/" + name)
            }
            return shell.setting(["MOONLINE_SCRIPTS": shell.folder.file("scripts")])
        }

        /// A file with one test, of these lines.
        private func test(_ lines: String) -> String {
            """
            local t = require "moonline.test"
            t.test("a test", \(Self.quiet), function(callee, agent)
            \(lines)
            end)
            """
        }

        // MARK: Determinism

        @Test("The same seed gives the same event logs, byte for byte, in two processes", .timeLimit(.minutes(5)))
        func sameBytes() async throws {
            let shell = try Shell()
            var logs: [[String: [UInt8]]] = []
            for (folder, jobs) in [("first", "1"), ("second", "4")] {
                let outcome = try await shell.run(
                    [
                        "test", "--virtual", Shell.repository + "/scripts/tests", "--keep", "--seed", "7",
                        "--jobs", jobs, "--results", shell.folder.file(folder),
                    ], limit: .seconds(240))
                #expect(outcome.status == 0, "\(outcome)")
                logs.append(try eventLogs(below: shell.folder.file(folder)))
            }
            #expect(logs[0].count > 50)
            #expect(logs[0].keys.sorted() == logs[1].keys.sorted())
            for (name, bytes) in logs[0].sorted(by: { $0.key < $1.key }) {
                #expect(logs[1][name] == bytes, "\(name) differs")
            }
            let hashes = logs.map { logs in
                Digest.sha256(logs.sorted { $0.key < $1.key }.flatMap { Array($0.key.utf8) + Digest.sha256($0.value) })
                    .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
            #expect(hashes[0] == hashes[1])
            print("SHA-256 of \(logs[0].count) event logs, of two processes: \(hashes[0]) \(hashes[1])")
        }

        /// The event logs below a folder, by their paths there.
        private func eventLogs(below folder: String) throws -> [String: [UInt8]] {
            let paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
            return try paths.filter { $0.hasSuffix("/events.jsonl") }.reduce(into: [:]) { logs, path in
                logs[path] = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + path)))
            }
        }

        // MARK: What comes of a run

        @Test("Tests that pass are told, leave nothing and end with 0", .timeLimit(.minutes(1)))
        func passes() async throws {
            let shell = try project()
            let outcome = try await shell.run("test", "--virtual")
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
            #expect(outcome.output.contains("✓ greets") && outcome.output.contains("1 passed, 0 failed"), "\(outcome)")
            #expect(try eventLogs(below: shell.folder.path).isEmpty)
        }

        @Test(
            "What is expected and does not happen fails at its line, with files, and ends with 1",
            .timeLimit(.minutes(1)))
        func fails() async throws {
            let shell = try project(["wrong.lua": test("  callee:answers()\n  agent:says(\"the lottery numbers\")")])
            let outcome = try await shell.run("test", "--virtual")
            #expect(outcome.status == 1, "\(outcome)")
            for clue in [
                "✓ greets", "✗ a test", "wrong.lua:4", "the lottery numbers", "Hello, this is the dental practice.",
                "events.jsonl", "recording.wav", "--seed 1", "1 passed, 1 failed",
            ] {
                #expect(outcome.output.contains(clue), "\(clue) in \(outcome)")
            }
            let logs = try eventLogs(below: shell.folder.path)
            #expect(logs.count == 1 && logs.keys.first?.contains("wrong/") == true, "\(logs.keys)")
        }

        @Test(
            "A file that is wrong, or does not end, is told with its line; the others are tested all the same",
            .timeLimit(.minutes(2)),
            arguments: [
                (
                    "local t = require \"moonline.test\"\nt.test(\"x\", function(callee agent) end)\n",
                    ["bad.lua:2", "')' expected"]
                ),
                ("while true do end\n", ["bad.lua", "instructions"]),
                (
                    "local t = require \"moonline.test\"\nt.test(\"x\", { model = { { hears = \"x\", says = \"y\" } } }, function() while true do end end)\n",
                    ["bad.lua:2", "instructions"]
                ),
                (
                    "local t = require \"moonline.test\"\nt.test(\"x\", { model = { { hears = \"x\", says = \"y\" } } }, function() while true do t.wait(600) end end)\n",
                    ["bad.lua:2", "does not end"]
                ),
                (
                    "local t = require \"moonline.test\"\nt.test(\"x\", function(callee) callee:sings() end)\n",
                    ["bad.lua:2", "sings"]
                ),
                (
                    "local t = require \"moonline.test\"\nt.tset(\"x\", function() end)\n",
                    ["bad.lua:2", "tset", "test"]
                ),
                ("return 1\n", ["bad.lua", "declares no test"]),
                (
                    "local t = require \"moonline.test\"\nt.test(\"x\", { agent = \"gretter\" }, function() end)\n",
                    ["gretter", "greeter"]
                ),
                ("require \"os\"\n", ["bad.lua:1", "os"]),
            ])
        func badFile(text: String, clues: [String]) async throws {
            let outcome = try await project(["bad.lua": text]).run(["test", "--virtual"], limit: Self.limit)
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.output.contains("✓ greets") && outcome.output.contains("1 passed, 1 failed"), "\(outcome)")
            for clue in clues { #expect(outcome.output.contains(clue), "\(clue) in \(outcome)") }
        }

        @Test("A flow that cannot be used fails the tests that need it, with its own line", .timeLimit(.minutes(1)))
        func badFlow() async throws {
            let shell = try project(["broken.lua": test("  agent:says \"anything\"")])
            try shell.folder.write("return moonline.agent {", to: "scripts/flows/broken.lua")
            let outcome = try await shell.run("test", "--virtual", "--filter", "broken")
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.output.contains("broken.lua:1") && outcome.output.contains("moonline check"), "\(outcome)")
        }

        @Test("Where there is nothing to test, one sentence says so, and it ends with 2", .timeLimit(.minutes(1)))
        func nothing() async throws {
            let shell = try project()
            try await expectRefusal(shell, ["--filter", "unheard of"], clues: ["unheard of", "--filter"])
            try await expectRefusal(shell, ["nowhere.lua"], clues: ["nowhere.lua", "moonline init"])
            try await expectRefusal(shell, ["scripts"], clues: ["scripts", ".lua"])
            try FileManager.default.removeItem(atPath: shell.folder.file("scripts/tests"))
            try await expectRefusal(shell, [], clues: ["scripts/tests", "moonline init"])
            let unwritable = try project()
            try await expectRefusal(
                unwritable, ["--junit", "nowhere/report.xml"], clues: ["nowhere/report.xml"])
        }

        private func expectRefusal(_ shell: Shell, _ arguments: [String], clues: [String]) async throws {
            let outcome = try await shell.run(["test", "--virtual"] + arguments, limit: Self.limit)
            #expect(outcome.status == 2, "\(outcome)")
            #expect(
                outcome.errors.hasPrefix("error: ") && outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
            for clue in clues { #expect(outcome.errors.contains(clue), "\(clue) in \(outcome)") }
        }

        @Test("Options that contradict each other are refused before anything is played", .timeLimit(.minutes(1)))
        func contradictions() async throws {
            let shell = try project()
            for arguments in [["--virtual", "--live"], ["--recognize"], ["--json", "--watch"], ["--jobs=0"]] {
                let outcome = try await shell.run(["test"] + arguments)
                #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
                let option = try #require(arguments.last?.split(separator: "=").first)
                #expect(outcome.errors.contains(option), "\(outcome)")
            }
        }

        // MARK: For machines

        @Test("--json is one object on standard output, whatever the tests do; --junit is XML", .timeLimit(.minutes(1)))
        func reports() async throws {
            let shell = try project([
                "hostile.lua": """
                local t = require "moonline.test"
                t.test("<b>&\\"'\\27[31m ]]> \\0\\255", \(Self.quiet), function(callee, agent)
                  print("}{ not JSON")
                  agent:says "nothing of the kind"
                end)
                """,
                "broken.lua": "t.test(",
            ])
            let outcome = try await shell.run("test", "--virtual", "--json", "--junit", "report.xml")
            #expect(outcome.status == 1, "\(outcome)")
            let report = try JSON(parsing: outcome.output)
            #expect(outcome.output.split(separator: "\n").count == 1)
            #expect(report["passed"]?.integer == 1 && report["failed"]?.integer == 2)
            #expect(report["tests"]?.array?.count == 3)
            let data = try Data(contentsOf: URL(fileURLWithPath: shell.folder.file("report.xml")))
            let parser = XMLParser(data: data)
            #expect(
                parser.parse(), "\(String(describing: parser.parserError)): \(String(decoding: data, as: UTF8.self))")
            let text = String(decoding: data, as: UTF8.self)
            #expect(text.contains("tests=\"3\" failures=\"1\" errors=\"1\""), "\(text)")
        }

        @Test("Colours are for terminals, and NO_COLOR switches them off", .timeLimit(.minutes(1)))
        func colours() async throws {
            let shell = try project()
            let escape = "\u{1B}["
            #expect(try await shell.run("test", "--virtual").output.contains(escape) == false)
            let coloured = try await shell.runInTerminal(["test", "--virtual"], limit: Self.limit)
            #expect(coloured.status == 0 && coloured.output.contains(escape), "\(coloured)")
            let plain = try await shell.setting(["NO_COLOR": "1"]).runInTerminal(
                ["test", "--virtual"], limit: Self.limit)
            #expect(
                plain.status == 0 && !plain.output.contains(escape) && plain.output.contains("✓ greets"), "\(plain)")
        }

        @Test("Seeds are counted from --seed on, and a failure says how to repeat it", .timeLimit(.minutes(1)))
        func seeds() async throws {
            let lines = """
                  callee:answers()
                  agent:says("dental practice", { within = math.random(2) == 1 and 20 or 0.1 })
                """
            let shell = try project(["luck.lua": test(lines)])
            let many = try await shell.run("test", "--virtual", "--filter", "luck", "--seeds", "20", "--json")
            let tests = try #require(try JSON(parsing: many.output)["tests"]?.array)
            #expect(tests.map { $0["seed"]?.string } == (1...20).map { "\($0)" })
            let unlucky = try #require(tests.first { $0["passed"] == false }?["seed"]?.string)
            let lucky = try #require(tests.first { $0["passed"] == true }?["seed"]?.string)
            let again = try await shell.run("test", "--virtual", "--filter", "luck", "--seed", unlucky)
            #expect(again.status == 1 && again.output.contains("--seed \(unlucky)"), "\(again)")
            #expect(try await shell.run("test", "--virtual", "--filter", "luck", "--seed", lucky).status == 0)
        }

        @Test("--fail-fast ends with the first failure", .timeLimit(.minutes(1)))
        func failFast() async throws {
            let shell = try project([
                "a.lua": test("  agent:says(\"nothing of the kind\", { within = 1 })"),
                "b.lua": test("  agent:says(\"nothing of the kind\", { within = 1 })"),
            ])
            let outcome = try await shell.run("test", "--virtual", "--fail-fast", "--jobs", "1")
            #expect(outcome.status == 1 && outcome.output.contains("0 passed, 1 failed"), "\(outcome)")
        }
    }
}
