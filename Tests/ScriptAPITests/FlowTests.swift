import Conversation
import SansIO
import Testing

@testable import ScriptAPI

@Suite("Loading a flow") struct FlowTests {
    @Test("the definition holds name, mode, voice, instructions, actions in the file's order, and handlers")
    func definition() throws {
        let source = """
            ---Second by name, first in the file.
            ---
            ---With a second
            ---paragraph.
            function CallActions:zebra() end
            ---Ants.
            CallActions.ant = function(self) end
            """
        let definition = try flow(actions: source, fields: "voice = 'marin', on_answered = function() end").definition
        #expect(definition.name == "test")
        #expect(definition.mode == .realtime)
        #expect(definition.voice == "marin")
        #expect(definition.instructions == "Be brief.")
        #expect(definition.handlers == [.onAnswered])
        #expect(definition.tools.map(\.name) == ["zebra", "ant"])
        #expect(definition.tools[0].description == "Second by name, first in the file.\n\nWith a second paragraph.")
        #expect(
            definition.tools[1].parameters.text
                == #"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#)
    }

    @Test("what only a pipeline makes use of is warned of where it stands, in any other mode")
    func fieldsWithoutEffect() throws {
        let source = """
            local moonline = require "moonline"
            return moonline.agent {
              name = "x", instructions = "y", mode = "live",
              before_llm = function(call, messages) return messages end,
              stt = "openai",
              llm = { endpoint = "openai" },
              tts = { "openai", "local" },
              turns = { min_delay = 1 },
              before_tts = function(call, text) return text end,
            }
            """
        let live = try flow(source).warnings
        #expect(live.map(\.line) == [4, 5, 6, 7, 8, 9])
        #expect(live.allSatisfy { $0.column == 3 && $0.severity == .warning && $0.code == "field-without-effect" })
        #expect(
            live.first?.message == "before_llm has an effect only in pipeline mode, and the agent's mode is \"live\"")
        #expect(live.last?.hint == "write mode = \"pipeline\", or leave before_tts out")
        #expect(live.first?.rendered(source: Array(source.utf8), usesColour: false).contains("load-error") == false)
        #expect(try flow(source.replacing(", mode = \"live\"", with: "")).warnings.count == 6)
        #expect(try flow(source.replacing("\"live\"", with: "\"pipeline\"")).warnings.isEmpty)
    }

    @Test("the version follows from the bytes of all files")
    func version() throws {
        let first = try flow(fields: "voice = 'a'").version
        #expect(first.count == 12)
        #expect(first.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(try flow(fields: "voice = 'a'").version == first)
        #expect(try flow(fields: "voice = 'b'").version != first)
        let main = text(before: "require 'part'")
        #expect(
            try flow(main, files: ["part.lua": "return 1"]).version
                != flow(main, files: ["part.lua": "return 2"]).version)
    }

    @Test("a flow may require files below its folder, and calls run the very text that was loaded")
    func modules() throws {
        let directory = try FlowDirectory([
            "flow.lua": text(
                fields: "on_answered = function() return require('lib.times').list() end",
                before: "local times = require 'lib.times'"),
            "lib/times.lua": "return { list = function() return { '1pm' } end }",
        ])
        let flow = try Flow.load(path: "\(directory.path)/flow.lua")
        try directory.write("lib/times.lua", "broken (")
        try directory.write("flow.lua", "broken (")
        #expect(try ScriptHarness(flow).handle(.onAnswered) == .returned([["1pm"]]))
    }

    @Test(
        "modules outside the folder, and names that are paths, are not found",
        arguments: ["../secret", "..secret", "/etc/passwd", "lib/x", "a..b", "", "os", "link", "nul\\0"])
    func escapes(name: String) throws {
        let directory = try FlowDirectory([
            "outside.lua": "return 1", "flows/flow.lua": text(before: "require '\(name)'"),
        ])
        try directory.link("flows/link.lua", to: "outside.lua")
        let error = #expect(throws: FlowError.self) { try Flow.load(path: "\(directory.path)/flows/flow.lua") }
        let message = try #require(error?.diagnostics.first?.message)
        #expect(message.contains("not found") || message.contains("there is no module"), "\(message)")
        #expect(error?.diagnostics.first?.line == 2)
    }

    @Test("a module that is first required in a call is refused with the reason")
    func lateModule() throws {
        let flow = try flow(
            text(fields: "on_answered = function() require 'part' end"), files: ["part.lua": "return 1"])
        guard case .failed(let fault) = try ScriptHarness(flow).handle(.onAnswered) else {
            Issue.record("did not fail")
            return
        }
        #expect(fault.message.contains("module 'part' is not part of the flow; require it at the top of the file"))
    }

    @Test("what is wrong with a flow is said with line, column and what to write instead")
    func mistakes() throws {
        let agent = "return require('moonline').agent"
        let cases: [(String, line: Int?, column: Int?, String)] = [
            ("local x =\nreturn = 5", 2, 1, "expression expected"),
            ("", 1, 1, "must return an agent, and returned nothing"),
            ("return {}", 1, 1, "must return an agent, and returned table"),
            (
                "require('moonline').agent {}\nreturn 5", 2, 1,
                "must return what moonline.agent returned, and returned number"
            ),
            ("local x = nil\nx.y = 1", 2, nil, "attempt to index a nil value (local 'x')"),
            ("\(agent) { instructions = 'x' }", 1, 1, "the agent has no name"),
            ("\(agent) { name = 'x' }", 1, 1, "the agent has no instructions"),
            (
                "\(agent) {\n  name = 5,\n  instructions = 'x' }", 2, 3,
                "the agent's name must be a string, got a number"
            ),
            ("\(agent) {\n  name = ' ',\n  instructions = 'x' }", 2, 3, "the agent's name is empty"),
            (
                "\(agent) {\n  name = 'x', instructions = 'y',\n    on_anwsered = print }", 3, 5,
                "unknown handler 'on_anwsered' (did you mean 'on_answered'?)"
            ),
            (
                "\(agent) {\n  name = 'x', instructions = 'y',\n  voise = 'x' }", 3, 3,
                "unknown field 'voise' (did you mean 'voice'?)"
            ),
            (
                "\(agent) {\n  name = 'x', instructions = 'y',\n  mode = 'pipelin' }", 3, 3,
                "mode \"pipelin\" is not available (did you mean 'pipeline'?)"
            ),
            (
                "\(agent) {\n  name = 'x', instructions = 'y',\n  on_answered = 5 }", 3, 3,
                "handler 'on_answered' must be a function, got a number"
            ),
            (
                "\(agent) {\n  name = 'x', instructions = 'y',\n  actions = 5 }", 3, 3,
                "actions must be a table of functions, got a number"
            ),
            ("\(agent)(5)", 1, nil, "bad argument #1 to 'agent' (table expected, got number)"),
            ("require('moonline').sleep(1)", 1, nil, "'sleep' cannot be used while the flow is loaded"),
            ("while true do end", 1, nil, "the script used more than"),
            ("coroutine.yield()", 1, nil, "from outside a coroutine"),
        ]
        for (source, line, column, message) in cases {
            let found = try diagnostics(source)
            #expect(
                found.contains { $0.message.contains(message) && $0.line == line && $0.file == "flow.lua" },
                "\(source): \(found)")
            if column != nil {
                #expect(found.contains { $0.message.contains(message) && $0.column == column }, "\(source): \(found)")
            }
        }
    }

    @Test("all mistakes are reported at once, in the order of the file")
    func several() throws {
        let found = try diagnostics(
            text(actions: "function CallActions:a(x) end\nfunction CallActions:b(y) end", fields: "mode = 'x'"))
        #expect(found.map(\.line) == [5, 5, 6, 6, 9])
    }

    @Test("a missing file, a folder and a file that is too long are said by name")
    func files() throws {
        let missing = #expect(throws: FlowError.self) { try Flow.load(path: "/nowhere/flow.lua") }
        #expect(
            missing?.description.hasPrefix("/nowhere/flow.lua: cannot read the file: No such file or directory") == true
        )
        let directory = try FlowDirectory(["long.lua": String(repeating: "-", count: 2000)])
        let folder = #expect(throws: FlowError.self) { try Flow.load(path: directory.path) }
        #expect(folder?.description.contains("Is a directory") == true)
        let long = #expect(throws: FlowError.self) {
            try Flow.load(path: "\(directory.path)/long.lua", limits: ScriptLimits(fileBytes: 1000))
        }
        #expect(long?.description.contains("longer than 1000 bytes") == true)
    }

    @Test("mistakes in required files are reported with their own names")
    func moduleMistakes() throws {
        let syntax = try diagnostics(text(before: "require 'part'"), files: ["part.lua": "\nreturn )"])
        #expect(syntax.count == 1)
        #expect(syntax[0].message == "expression expected, found ')'")
        #expect(syntax[0].file == "part.lua" && syntax[0].line == 2 && syntax[0].column == 8)
        let source = "return function(A)\n---Does.\n---@param x strng\nfunction A:act(x) end\nend"
        let found = try diagnostics(text(actions: "require('part')(CallActions)"), files: ["part.lua": source])
        #expect(found.count == 1)
        #expect(found[0].file == "part.lua")
        #expect(found[0].line == 3)
        #expect(found[0].message == "unknown type 'strng' (did you mean 'string'?)")
    }
}
