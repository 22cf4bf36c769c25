import Conversation
import Foundation
import FoundationXML
import SansIO
import Testing

@testable import TestCalls

@Suite("Reports of tests") struct ReportTests {
    /// Everything that a format might trip over.
    static let hostile = "a \"b\" 'c' <d> & ]]> \u{1B}[31m\u{0}\u{7}\n\t\u{202E}evil\u{FFFF} \\ ü 🎉 $(rm)"

    private func results(name: String = "books another time") throws -> [TestResult] {
        let rehearsal = try Rehearsal("callee:says 'Hello?'\nagent:says 'dental practice'")
        rehearsal.begin()
        rehearsal.agentSays("This is the rental practice.", from: 4, to: 6)
        rehearsal.pass(until: 19)
        var failed = try rehearsal.result()
        failed.test.name = name
        failed.wallTime = .milliseconds(40)
        failed.recording = "runs/a test.wav"
        failed.eventLog = "runs/a test.jsonl"
        var passed = failed
        passed.failure = nil
        passed.test.name = "greets"
        passed.wallTime = .milliseconds(20)
        return [passed, failed]
    }

    @Test("the console shows a line for each test, the failure with the conversation around it, and how to repeat it")
    func console() throws {
        let report = ConsoleReport(colour: false)
        let results = try results()
        #expect(report.line(results[0]) == "  ✓ greets (19.0 s in 0.02 s)\n")
        #expect(report.line(results[1]) == "  ✗ books another time (19.0 s in 0.04 s)\n")
        let summary = report.summary(results, wallTime: .milliseconds(60))
        #expect(
            summary == """

                1) books another time
                   tests/example.lua:4: it did not happen within 15.00 s that the agent says something like “dental practice”

                     1 │ local t = require "moonline.test"
                     2 │ t.test("a test", {}, function(callee, agent)
                     3 │ callee:says 'Hello?'
                 ▶   4 │ agent:says 'dental practice'

                   expected  the agent says something like “dental practice”
                   nearest   the agent said “This is the rental practice.” at 6.00 s

                       1.00  callee  rings
                       2.00  callee  answers
                       2.10  callee  is connected
                       2.40  callee  says “Hello?”
                       6.00  agent   says “This is the rental practice.”
                 ▶    18.40  test    it did not happen within 15.00 s that the agent says something like “dental practice”
                      19.00  call    ended by the callee: remote_hangup
                      19.00  call    completed (remote_hangup): The call is over.

                   recording  runs/a test.wav
                   event log  runs/a test.jsonl
                   again      moonline test tests/example.lua --filter 'books another time' --seed 1

                2 tests: 1 passed, 1 failed · 0.06 s for 38.0 s of calls

                """)
    }

    private func skipped(_ result: TestResult) -> TestResult {
        var skipped = TestResult(test: result.test, seed: 1)
        skipped.skipReason = "Not for \"live\" mode."
        return skipped
    }

    @Test("a skipped test counts neither as passed nor as failed, and says why")
    func skips() throws {
        let passed = try results()[0]
        let both = [passed, skipped(passed)]
        let report = ConsoleReport(colour: false)
        #expect(report.line(both[1]) == "  – greets (skipped: Not for \"live\" mode.)\n")
        let summary = report.summary(both, wallTime: .milliseconds(60))
        #expect(summary == "\n2 tests: 1 passed, 0 failed, 1 skipped · 0.06 s for 19.0 s of calls\n")
        let json = JSONReport.json(both, wallTime: .zero)
        #expect(json["passed"] == 1 && json["failed"] == 0 && json["skipped"] == 1)
        #expect(json["tests"]?[1]?["skipped"] == "Not for \"live\" mode.")
        #expect(json["tests"]?[1]?["passed"] == false)
    }

    @Test("nothing of a test's names and texts reaches the terminal as a command, nor the shell")
    func hostileConsole() throws {
        let report = ConsoleReport(colour: false)
        let results = try results(name: Self.hostile)
        let text = report.line(results[1]) + report.summary(results, wallTime: .zero)
        #expect(!text.unicodeScalars.contains { $0.isHidden && $0 != "\n" })
        #expect(text.contains(#"\u{1B}[31m\u{0}\u{7}\n\t\u{202E}evil"#))
        #expect(text.contains(#"--filter $'a "b" \'c\' <d> & ]]> \u001b[31m\u0000\u0007\u000a\u0009\u202eevil"#))
        #expect(report.summary([], wallTime: .zero) == "\n0 tests: 0 passed, 0 failed · 0.00 s for 0.0 s of calls\n")
        let coloured = ConsoleReport(colour: true)
        #expect(coloured.line(results[0]).hasPrefix("  \u{1B}[32m✓\u{1B}[0m greets"))
    }

    @Test("a long conversation is cut around the failure, and says how much is left out")
    func longConversation() throws {
        var result = try results()[1]
        let filler = (0..<100).map { TimelineEntry(at: .seconds($0), event: .note("n\($0)")) }
        result.timeline = filler + [TimelineEntry(at: .seconds(100), event: .failed("here"))] + filler
        let text = ConsoleReport(colour: false).summary([result], wallTime: .zero)
        #expect(text.contains("… 76 earlier\n"))
        #expect(text.contains("… 96 later\n"))
        #expect(text.contains("  n76\n") && !text.contains("  n75\n"))
    }

    /// Reads a document, and keeps what is asked for.
    private final class Reader: NSObject, XMLParserDelegate {
        var attributes: [String: [[String: String]]] = [:]
        var text = ""

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            self.attributes[name, default: []].append(attributes)
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
    }

    @Test("JUnit: a parser of XML reads it, with hostile names as they are but for characters that XML cannot say")
    func junit() throws {
        var results = try results(name: Self.hostile)
        results.append(
            TestResult.notLoaded(TestFileError(file: "tests/broken.lua", line: 3, message: "'=' expected"), seed: 1))
        results.append(skipped(results[0]))
        let document = JUnitReport.text(results, wallTime: .milliseconds(60))
        let reader = Reader()
        let parser = XMLParser(data: Data(document.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(
            reader.attributes["testsuites"]
                == [
                    [
                        "name": "moonline", "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
                        "time": "0.060",
                    ]
                ])
        #expect(reader.attributes["skipped"] == [["message": "Not for \"live\" mode."]])
        #expect(reader.attributes["testsuite"]?.map { $0["name"] } == ["tests/example.lua", "tests/broken.lua"])
        let cases = try #require(reader.attributes["testcase"])
        #expect(cases.map { $0["line"] } == ["2", "2", "2", "3"])
        #expect(cases[1]["classname"] == "tests.example")
        #expect(
            cases[1]["name"]
                == "a \"b\" 'c' <d> & ]]> \u{FFFD}[31m\u{FFFD}\u{FFFD}\n\t\u{202E}evil\u{FFFD} \\ ü 🎉 $(rm)")
        #expect(reader.attributes["failure"]?.first?["type"] == "expectation")
        #expect(reader.attributes["error"]?.first?["message"] == "'=' expected")
        #expect(reader.text.contains("6.00 agent says “This is the rental practice.”"))
        #expect(reader.text.contains("recording: runs/a test.wav"))
    }

    @Test("JSON: one object, which a parser reads; seeds are texts, so that no program rounds them")
    func json() throws {
        let json = try JSON(
            parsing: JSONReport.text(try results(name: Self.hostile), wallTime: .milliseconds(60)))
        #expect(json["passed"] == 1)
        #expect(json["failed"] == 1)
        let failed = try #require(json["tests"]?[1])
        #expect(failed["name"]?.string == Self.hostile)
        #expect(failed["seed"] == "1")
        #expect(failed["call_time"]?.number == 19)
        #expect(failed["failure"]?["line"] == 4)
        #expect(failed["failure"]?["kind"] == "expectation")
        #expect(failed["outcome"]?["ended_by"] == "callee")
        #expect(failed["statistics"]?["first_word"]?.number == 1.9)
        #expect(failed["timeline"]?[3]?["text"] == "says “Hello?”")
        #expect(failed["timeline"]?[3]?["kind"] == "callee_said")
        #expect(failed["recording"] == "runs/a test.wav")
    }

    @Test("seconds are rounded, and keep their zeros and their sign")
    func seconds() {
        #expect(Duration.milliseconds(1_005).decimalSeconds(digits: 2) == "1.01")
        #expect(Duration.milliseconds(999).decimalSeconds(digits: 1) == "1.0")
        #expect(Duration.milliseconds(-50).decimalSeconds(digits: 2) == "-0.05")
        #expect(Duration.milliseconds(-4).decimalSeconds(digits: 2) == "0.00")
        #expect(Duration.milliseconds(7).decimalSeconds(digits: 3) == "0.007")
    }

    @Test("percentiles are of the nearest rank")
    func percentiles() {
        let statistics = TestStatistics(responses: (1...20).reversed().map { .milliseconds(100 * $0) })
        #expect(statistics.response(percentile: 0.5) == .milliseconds(1_000))
        #expect(statistics.response(percentile: 0.95) == .milliseconds(1_900))
        #expect(statistics.response(percentile: 1) == .milliseconds(2_000))
        #expect(statistics.response(percentile: 0) == .milliseconds(100))
        #expect(TestStatistics().response(percentile: 0.5) == nil)
    }
}
