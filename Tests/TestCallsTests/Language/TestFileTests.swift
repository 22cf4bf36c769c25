import Conversation
import Glibc
import SansIO
import Speech
import Testing

@testable import TestCalls

@Suite("Files of tests") struct TestFileTests {
    private func load(_ text: String) throws -> TestFile {
        try TestFile.load(
            path: "tests/example.lua", source: Array("local t = require 'moonline.test'\n\(text)".utf8))
    }

    private func refusal(_ text: String) -> TestFileError? {
        do {
            _ = try load(text)
            return nil
        } catch {
            return error as? TestFileError
        }
    }

    @Test("each declaration is a test with name, line and options; t.options counts for those behind it")
    func declarations() throws {
        let file = try load(
            """
            t.test("first", function() end)
            t.options { agent = "outbound-caller", metadata = { n = 1 }, time_limit = 30 }
            t.test("second", t.network { loss = 0.05, jitter_ms = 60 }, { voice = "slt", time_limit = 60 },
              function(callee, agent) end)
            """)
        #expect(file.tests.map(\.name) == ["first", "second"])
        #expect(file.tests.map(\.line) == [2, 4])
        #expect(file.tests[0].options == TestOptions())
        let options = file.tests[1].options
        #expect(options.agent == "outbound-caller")
        #expect(options.metadata == ["n": 1])
        #expect(options.network == NetworkConditions(loss: 0.05, jitter: .milliseconds(60)))
        #expect(options.voice == "slt")
        #expect(options.timeLimit == .seconds(60))
        #expect(!file.tests[1].usesRecognition)
    }

    @Test("t.each makes a test of each case, which is handed to the function")
    func each() throws {
        let source = """
            local t = require "moonline.test"
            t.each("takes", { "Monday", { name = "long one", day = "Tuesday" }, { day = "Friday" } }, { to = "+1" },
              function(callee, agent, case) print(case.day or case) end)
            t.each("by name", { early = 8, late = 20 }, function(callee, agent, case) print(case) end)
            """
        let file = try TestFile.load(path: "tests/each.lua", source: Array(source.utf8))
        #expect(
            file.tests.map(\.name)
                == ["takes [Monday]", "takes [long one]", "takes [3]", "by name [early]", "by name [late]"])
        #expect(file.tests[2].options.to == "+1")
        for (name, printed) in [
            ("takes [Monday]", "Monday"), ("takes [long one]", "Tuesday"), ("by name [late]", "20"),
        ] {
            let rehearsal = try Rehearsal(source: source, named: name)
            rehearsal.send(.began, at: 0)
            #expect(try rehearsal.result().timeline.contains { $0.event == .printed(printed) })
        }
    }

    @Test("options carry the line, the model, the time of the day and the direction")
    func options() throws {
        let file = try load(
            """
            t.test("x", {
              flow = "../flows/receptionist.lua", direction = "inbound", to = "+1", from = "+2", metadata = "+15105550100",
              start_time = "2026-12-01T18:30", zone = "Europe/Berlin", in_order = true,
              requires = { "text_rewriting", "voice_change" },
              network = { loss = 0.1, burst = 3, delay_ms = 80, reorder = 0.01, duplicate = 0.02, one_way_after = 5,
                one_way = "to_callee", reset_model_after = 7 },
              model = { { start = true, says = "Hello." } },
            }, function() end)
            """)
        let options = file.tests[0].options
        #expect(options.flow == "../flows/receptionist.lua")
        #expect(options.direction == .inbound)
        #expect(options.metadata == "+15105550100")
        #expect(options.startTime == 1_796_146_200)
        #expect(options.isInOrder)
        #expect(options.requires == [.textRewriting, .voiceChange])
        #expect(
            options.network
                == NetworkConditions(
                    loss: 0.1, burst: 3, delay: .milliseconds(80), reorder: 0.01, duplicate: 0.02,
                    oneWay: NetworkConditions.OneWay(after: .seconds(5), direction: .toCallee),
                    resetModelAfter: .seconds(7)))
        #expect(options.model == ModelScript(entries: [ModelScript.Entry(trigger: .start, says: ["Hello."])]))
    }

    @Test("a model is of no entries where it is silent; a persona stands in its place, and a model in the persona's")
    func models() throws {
        let file = try load(
            """
            t.options { model = t.model {} }
            t.test("silent", function() end)
            t.test("persona", { persona = "survey" }, function() end)
            t.options { persona = "survey" }
            t.test("model", t.model {}, function() end)
            t.test("both", { persona = "survey", model = {} }, function() end)
            """)
        let silent = ModelScript(entries: [])
        #expect(file.tests.map(\.options.model) == [silent, nil, silent, silent])
        #expect(file.tests.map(\.options.persona) == [nil, "survey", "survey", "survey"])
    }

    @Test(
        "a file that cannot be used says why, and where",
        arguments: [
            ("t.test('x', function( end)", 2, "expected"), ("error('broken')", 2, "broken"),
            ("while true do end", 2, "the script used more than"), ("local x = 1", nil, "the file declares no test"),
            ("t.test('a', function() end)\nt.test('a', function() end)", 3, "already, in line 2"),
            ("t.test('x')", 2, "bad argument #2 to 'test' (function expected, got no value)"),
            ("t.test(function() end)", 2, "bad argument #1 to 'test' (string expected, got function)"),
            ("t.test('', function() end)", 2, "a name expected, got an empty text"),
            ("t.test('x', { agnt = 'y' }, function() end)", 2, "unknown field 'agnt' (did you mean 'agent'?)"),
            (
                "t.test('x', { requires = 'voice_chang' }, function() end)", 2,
                "expected, got \"voice_chang\" (did you mean 'voice_change'?)"
            ),
            ("t.test('x', { requires = { 1 } }, function() end)", 2, "a name or a list of names expected"),
            ("t.test('x', t.network { los = 1 }, function() end)", 2, "unknown field 'los' (did you mean 'loss'?)"),
            ("t.network { loss = 2 }", 2, "field 'loss': 0 to 1 expected"),
            ("t.network { one_way = 'to_agent' }", 2, "needs 'one_way_after'"),
            ("t.test('x', { start_time = 'noon' }, function() end)", 2, "a date such as 2026-12-01 expected"),
            ("t.test('x', { start_time = 1e300 }, function() end)", 2, "a time from 1970 to 2199 expected"),
            ("t.test('x', { start_time = 0 / 0 }, function() end)", 2, "a time expected, got number"),
            ("t.test('x', { start_time = -1 }, function() end)", 2, "a time from 1970 to 2199 expected"),
            ("t.test('x', 5, function() end)", 2, "bad argument #2 to 'test' (options expected, got number)"),
            ("t.test('x', t.like 'y', function() end)", 2, "options expected, got a matcher"),
            ("t.each('x', {}, function() end)", 2, "at least one case expected"),
            ("t.each('x', { function() end }, function() end)", 2, "plain data expected"),
            ("t.model { { says = 'x' } }", 2, "entry 1: one of start, hears, result_of, instructed expected"),
            ("t.model { { start = true, say = 'x' } }", 2, "unknown field 'say' (did you mean 'says'?)"),
            ("t.model { { hears = t.pattern 'x' } }", 2, "t.pattern cannot be used here"),
            ("t.model { start = true }", 2, "a list of entries expected"), ("t.wait(1)", 2, "about a call"),
            ("require 'moonline'", 2, "is for flows"), ("require 'os'", 2, "module 'os' not found"),
            ("t.like '?'", 2, "text with words in it expected"),
            ("t.any {}", 2, "a list such as"), ("t.tset('x', function() end)", 2, "nil value"),
        ])
    func refusals(text: String, line: Int?, message: String) throws {
        let error = try #require(refusal(text))
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.line == line)
        #expect(error.file == "tests/example.lua")
        #expect(error.description.hasPrefix("tests/example.lua:"))
    }

    @Test("a file requires json and others of its folder, and a run reads no file")
    func requires() throws {
        let folder = "/tmp/moonline-test-file-\(getpid())"
        #expect(mkdir(folder, 0o700) == 0)
        defer {
            unlink("\(folder)/helper.lua")
            unlink("\(folder)/a.lua")
            rmdir(folder)
        }
        try write("return { words = function() return 'hello' end }", to: "\(folder)/helper.lua")
        try write(
            """
            local t, helper, json = require "moonline.test", require "helper", require "json"
            t.test("x", function(callee, agent) print(helper.words(), json.encode { a = json.null }) end)
            """, to: "\(folder)/a.lua")
        let file = try TestFile.load(path: "\(folder)/a.lua")
        unlink("\(folder)/helper.lua")
        let run = try TestRun(file.tests[0], seed: 1)
        _ = run.receive(.began, at: .zero)
        _ = run.receive(
            .finished(CallOutcome(kind: .cancelled, reason: "", message: "", endedBy: .host)), at: .zero)
        #expect(run.result?.timeline.contains { $0.event == .printed("hello\t{\"a\":null}") } == true)
        #expect(throws: TestFileError.self) { try TestFile.load(path: "\(folder)/none.lua") }
    }

    private func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "wb"))
        #expect(fwrite(text, 1, text.utf8.count, file) == text.utf8.count)
        #expect(fclose(file) == 0)
    }

    @Test("the voices of the callee are those of the synthesiser")
    func voices() {
        #expect(CalleeVoice.allCases.map(\.rawValue) == SpeechSynthesizer.Voice.allCases.map(\.rawValue))
    }
}
