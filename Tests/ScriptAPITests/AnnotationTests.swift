import Conversation
import SansIO
import Testing

@testable import ScriptAPI

@Suite("Annotations are the schema") struct AnnotationTests {
    /// The schema of the parameter in ``AnnotationTable/flow(_:)``.
    private func parameters(_ type: String) throws -> JSON {
        try flow(AnnotationTable.flow(type)).definition.tools[0].parameters
    }

    @Test("each type has its JSON Schema, with forward references", arguments: AnnotationTable.required)
    func types(type: String, expected: String) throws {
        let parameters = try parameters(type)
        #expect(parameters["properties"]?["x"]?.text == expected)
        #expect(parameters["required"] == ["x"])
        #expect(parameters["additionalProperties"] == false)
    }

    @Test("a type that allows nil is not required", arguments: AnnotationTable.optional)
    func optionalTypes(type: String, expected: String) throws {
        let parameters = try parameters(type)
        #expect(parameters["properties"]?["x"]?.text == expected)
        #expect(parameters["required"] == [])
    }

    @Test(
        "a type that cannot be a schema is said with line, column and what to write", arguments: AnnotationTable.errors)
    func errors(type: String, column: Int, message: String, hint: String) throws {
        let found = try diagnostics(AnnotationTable.flow(type))
        #expect(found.count == 1, "\(found)")
        let first = try #require(found.first)
        #expect(first.file == "flow.lua" && first.line == AnnotationTable.line, "\(first)")
        #expect(first.column == column, "\(first.column ?? 0): \(first)")
        #expect(first.message.contains(message), "\(first)")
        #expect(first.hint?.contains(hint) == true, "\(first)")
    }

    @Test("a fault inside a declaration is shown where the declaration is", arguments: AnnotationTable.declared)
    func declared(type: String, line: String, column: Int, message: String, hint: String) throws {
        let text = AnnotationTable.flow(type)
        let number =
            try #require(
                text.split(separator: "\n", omittingEmptySubsequences: false).lastIndex { $0.hasPrefix(line) }) + 1
        let found = try diagnostics(text)
        #expect(found.count == 1, "\(found)")
        let first = try #require(found.first)
        #expect(first.line == number && first.column == column, "\(first)")
        #expect(first.message.contains(message) && first.hint?.contains(hint) == true, "\(first)")
    }

    @Test(
        "optional parameters are not required, also before required ones",
        arguments: ["x string?", "x? string", "x string|nil", "x nil|string", "x? string?", "x?\tstring"])
    func optional(declaration: String) throws {
        let tool = try flow(
            actions:
                "---Acts.\n---@param \(declaration)  A text\n---@param y integer\nfunction CallActions:act(x, y) end"
        ).definition.tools[0]
        #expect(
            tool.parameters.text
                == #"{"type":"object","properties":{"x":{"type":"string","description":"A text"},"y":{"type":"integer"}},"required":["y"],"additionalProperties":false}"#
        )
    }

    @Test("the text before the tags is the description, the text behind and below a type that of the parameter")
    func prose() throws {
        let source = """
            -- Not for the model.
            ---Books a time.
            -- Nor this.
            --- Twice if asked.
            ---
            --- Never on Sundays.
            ---@async
            ---@param   self   CallActions
            ---@param   date   string   # Day, ISO 8601 | or a word
            ---as the caller said it.
            ---@param   size
            ---| "s"
            ---| "l" # large
            ---@return table free { a = 1 }
            ---@return string?
            ---@nodiscard
            ---@see http://example.org
            function CallActions:book(date, size) end

            ---Unrelated.

            ---Ends.
            ---@deprecated use book
            ---@return boolean ok, string? err
            function CallActions.done(self) end

            ---Ends too.
            ---@deprecated
            ---@return string, integer # several
            ---@return moonline.Stats
            function CallActions:over() end
            """
        let tools = try flow(actions: source).definition.tools
        #expect(
            tools.map(\.description) == [
                "Books a time. Twice if asked.\n\nNever on Sundays.", "Ends.\n\nDeprecated: use book",
                "Ends too.\n\nDeprecated.",
            ])
        let properties = tools[0].parameters["properties"]
        #expect(properties?["date"]?["description"] == "Day, ISO 8601 | or a word as the caller said it.")
        #expect(properties?["size"]?.text == #"{"type":"string","enum":["s","l"],"description":"\"l\": large"}"#)
    }

    @Test("files with CR LF and tabs read like others")
    func lineEnds() throws {
        let source =
            "---Acts.\n---@param x\t\"a\"|\"b\"\t# which\n---@param y\n---| 1 # one\n---| 2\nfunction CallActions:act(x, y) end"
        let plain = try flow(actions: source).definition.tools[0]
        let windows = try flow(
            text(actions: source).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n"))
        #expect(windows.definition.tools[0] == plain)
        #expect(plain.parameters["properties"]?["y"]?["description"] == "1: one")
        let found = try diagnostics(
            text(actions: "---Acts.\r\n---@param x\r\nfunction CallActions:act(x) end").split(
                separator: "\n", omittingEmptySubsequences: false
            ).joined(separator: "\n"))
        #expect(found.map(\.message) == ["the type is missing"])
        #expect(found.first?.column == 12)
    }

    @Test("classes of required files count, and parts of one class are put together")
    func requiredFiles() throws {
        let main = text(
            actions: "---Acts.\n---@param x Guest\nfunction CallActions:act(x) end",
            before: "require 'types'\n---@class (partial) Guest\n---@field age? integer\n")
        let flow = try flow(main, files: ["types.lua": "---@class Guest\n---@field name string\nreturn {}"])
        #expect(
            flow.definition.tools[0].parameters["properties"]?["x"]?.text
                == #"{"type":"object","properties":{"age":{"type":"integer"},"name":{"type":"string"}},"required":["name"],"additionalProperties":false}"#
        )
        let found = try diagnostics(main, files: ["types.lua": "---@class Guest\n---@field name strng\nreturn {}"])
        #expect(found.map(\.file) == ["types.lua"])
        #expect(found.first?.line == 2 && found.first?.column == 16)
    }

    @Test("a schema table replaces the annotations, also those that have no schema")
    func override() throws {
        let source = """
            CallActions.schemas = {}
            CallActions.schemas.act = { type = "object", properties = { x = { type = "string", pattern = "^a" } }, required = {} }
            ---Acts.
            ---@param x Tree
            ---@return Tree
            function CallActions:act(x) return x end
            ---@class Tree
            ---@field left Tree
            local Tree
            """
        let flow = try flow(actions: source)
        #expect(
            flow.definition.tools[0].parameters.text
                == #"{"properties":{"x":{"pattern":"^a","type":"string"}},"required":[],"type":"object"}"#)
        #expect(try ScriptHarness(flow).act("act", ["x": "abc"]) == .returned(["abc"]))
    }

    @Test(
        "mistakes in comments and declarations are said with line, column and what to write",
        arguments: [
            // The text begins in line 5 of the file.
            ("---Acts.\nfunction CallActions:act(x) end", 6, 22, "parameter 'x' of action 'act' has no annotation"),
            (
                "---Acts.\n---@param y string\nfunction CallActions:act() end", 6, 11,
                "action 'act' has no parameter 'y'"
            ),
            (
                "---Acts.\n---@param dat string\nfunction CallActions:act(date) end", 6, 11,
                "has no parameter 'dat' (did you mean 'date'?)"
            ),
            ("---Acts.\n---@param\nfunction CallActions:act(x) end", 6, 10, "the parameter has no name"),
            ("---Acts.\n---@param ... string\nfunction CallActions:act() end", 6, 11, "there is no schema for '...'"),
            (
                "---Acts.\n---@param x string\n---@param x number\nfunction CallActions:act(x) end", 7, 11,
                "parameter 'x' is annotated twice"
            ),
            (
                "---Acts.\n---@param x\n---| \"a\"\n---| strng # no\nfunction CallActions:act(x) end", 8, 6,
                "unknown type 'strng'"
            ),
            (
                "---Acts.\n---@param x\n---| \"a\nfunction CallActions:act(x) end", 7, 6,
                "the text in quotes does not end"
            ),
            (
                "---Acts.\n---@parm x string\nfunction CallActions:act() end", 6, 5,
                "unknown annotation '@parm' (did you mean 'param'?)"
            ),
            ("---Acts.\n---@return strng\nfunction CallActions:act() end", 6, 12, "unknown type 'strng'"),
            ("---Acts.\n---@return fun()\nfunction CallActions:act() end", 6, 12, "a function cannot be passed"),
            (
                "---Acts.\n---@overload fun(x: string)\nfunction CallActions:act() end", 6, 5,
                "an action has one signature"
            ),
            ("---Acts.\n---@generic T\nfunction CallActions:act() end", 6, 5, "a schema knows no generics"),
            ("---Acts.\n---@vararg string\nfunction CallActions:act() end", 6, 5, "there is no schema for '...'"),
            ("---Acts.\n---@private\nfunction CallActions:act() end", 6, 5, "action 'act' is marked @private"),
            ("function CallActions:act() end", 5, 22, "action 'act' has no description"),
            (
                "---@return string\n---Acts.\nfunction CallActions:act() end", 7, 22, "action 'act' has no description"
            ),
            (
                "---Acts.\n\nfunction CallActions:act() end", 7, 22,
                "a blank line separates action 'act' from its comment"
            ),
            ("---Acts.\nfunction CallActions.act() end", 6, 22, "action 'act' does not take 'self'"),
            ("---Acts.\nfunction CallActions:act(...) end", 6, 22, "takes '...', for which there is no schema"),
            ("---Acts.\nfunction CallActions:call() end", 6, 22, "an action cannot be named 'call'"),
            ("---@field x string\nlocal x", 5, 5, "the field belongs to no class"),
            ("---@class\nlocal x", 5, 10, "the class has no name"),
            ("---@class string\nlocal x", 5, 11, "'string' is a type of Lua"),
            ("---@class T\n---@field x\nlocal x", 6, 12, "the type is missing"),
            ("---@class T\n---@field : string\nlocal x", 6, 11, "expected a field's name"),
            ("---@class T\n---@field [string string\nlocal x", 6, 19, "expected ']'"),
            ("---@class T\n---@field x string\n---@field x number\nlocal x", 7, 11, "the field 'x' is declared twice"),
            (
                "---@class T\n---@field [string] string\n---@field [integer] string\nlocal x", 7, 11,
                "two kinds of further fields"
            ),
            (
                "---@class T\n---@field x string\n\n---@class T\n---@field y string\nlocal x", 8, 1,
                "the class 'T' is declared twice, first in"
            ),
            ("---@class T : 5, \"\nlocal x", 5, 18, "the text in quotes does not end"),
            (
                "---@class T : string\n\n---Acts.\n---@param x T\nfunction CallActions:act(x) end", 5, 15,
                "a class cannot inherit from this type"
            ),
            ("---@alias\nlocal x", 5, 10, "the alias has no name"),
            ("---@alias T\nlocal x", 5, 12, "the type is missing"),
            (
                "---@alias T<K> K\n\n---Acts.\n---@param x T\nfunction CallActions:act(x) end", 5, 11,
                "the generic type T<…> cannot be passed"
            ),
            (
                "---@class Box<K>\n---@field x K\n\n---Acts.\n---@param x Box\nfunction CallActions:act(x) end", 9, 13,
                "the generic type Box<…> cannot be passed"
            ),
            ("---@alias T string\n---@alias T number\nlocal x", 6, 1, "the type 'T' is declared twice"),
            ("---@class T\n---@field x string\n\n---@alias T number\nlocal x", 8, 1, "the type 'T' is declared twice"),
            ("---@enum T\nlocal x", 6, 8, "there is no table below ---@enum"),
            ("---@enum T\nlocal x = {}", 5, 10, "the enum 'T' is empty"),
            ("---@enum T\nlocal x = {\n  A = print,\n}", 7, 7, "the value is not written out"),
            ("---@enum T\nlocal x = { A = 1 B = 2 }", 6, 19, "expected ',' or '}'"),
            ("---@enum T\nlocal x = { [print] = 1 }", 6, 14, "the key is not written out"),
        ])
    func mistakes(source: String, line: Int, column: Int, message: String) throws {
        // The syntax of an enum that is no Lua is not seen: the file does not compile.
        let isLua = !source.contains("1 B")
        let found = try isLua ? diagnostics(text(actions: source)) : annotationDiagnostics(text(actions: source))
        let match = found.first { $0.message.contains(message) && $0.line == line }
        #expect(match?.column == column, "\(source): \(found)")
        #expect(found.allSatisfy { $0.hint?.isEmpty == false }, "\(found)")
    }

    private func annotationDiagnostics(_ text: String) -> [FlowDiagnostic] {
        var types = DeclaredTypes()
        var found: [FlowDiagnostic] = []
        types.collect(from: AnnotatedSource(chunkName: "flow.lua", bytes: Array(text.utf8)), diagnostics: &found)
        return found
    }

    @Test("mistakes in the actions' table are said at the agent's field")
    func tableMistakes() throws {
        let cases = [
            ("CallActions.act = print", 6, "action 'act' is not a function of the flow"),
            (
                "CallActions.schemas = { atc = { type = 'object', properties = {} } }\n---Acts.\nfunction CallActions:act() end",
                8, "there is a schema for 'atc', and no such action (did you mean 'act'?)"
            ),
            (
                "CallActions.schemas = { act = 5 }\n---Acts.\nfunction CallActions:act() end", 8,
                "must be of type \"object\""
            ),
            (
                "CallActions.schemas = { act = { type = 'object', properties = { y = {} } } }\n---Acts.\nfunction CallActions:act(x) end",
                7, "has no property 'x'"
            ),
        ]
        for (source, line, message) in cases {
            let found = try diagnostics(text(actions: source))
            #expect(found.contains { $0.message.contains(message) && $0.line == line && $0.hint != nil }, "\(found)")
        }
    }

    @Test("types that grow without end are refused before they fill time and memory")
    func size() throws {
        func act(_ type: String) -> String { "---Acts.\n---@param x \(type)\nfunction CallActions:act(x) end" }
        func chain(_ line: (Int, String, String) -> String) -> String {
            (0..<60).map { line($0, "C\($0)", "C\($0 + 1)") }.joined(separator: "\n\n")
        }
        let cases: [(text: String, message: String?)] = [
            (
                chain { "---@class \($1)\n---@field a \($2)\n---@field b \($2)" } + "\n\n---@class C60\n\n" + act("C0"),
                "too large"
            ),
            (chain { "---@alias \($1) \($2)|{ a: \($2) }" } + "\n\n---@alias C60 string\n\n" + act("C0"), "too large"),
            (chain { "---@alias \($1) \($2)|\($2)" } + "\n\n---@alias C60 string\n\n" + act("C0[]"), "too large"),
            (
                chain { "---@class \($1) : \($2), \($2)\n---@field f\($0) string" } + "\n\n---@class C60\n\n"
                    + act("C0"), nil
            ),
            (
                "---@class W\n" + (0..<1_500).map { "---@field f\($0) string" }.joined(separator: "\n"),
                "more than 1000 fields"
            ),
            (act("{ " + (0..<1_500).map { "f\($0): string" }.joined(separator: ", ") + " }"), "more than 1000 fields"),
            (act((0..<5_000).map { "\($0)" }.joined(separator: "|")), "too large"),
            (act("[" + (0..<5_000).map { _ in "string" }.joined(separator: ", ") + "]"), "too large"),
            (act("string" + String(repeating: "[]", count: 200_000)), "nested too deeply"),
            (act("string" + String(repeating: "?", count: 200_000)), "nested too deeply"),
            (act(String(repeating: "{ a: ", count: 50_000)), "nested too deeply"),
        ]
        for (text, message) in cases {
            let found = try diagnostics(ScriptAPITests.text(actions: text))
            #expect(found.isEmpty == (message == nil), "\(found.first?.description ?? ""): \(text.prefix(80))")
            #expect(found.allSatisfy { $0.message.contains(message ?? "") }, "\(found)")
        }
    }

    @Test("annotation lines of random characters are diagnosed or accepted, never a trap")
    func fuzz() {
        var random = SeededRandom(seed: 11)
        let pieces = [
            "string", "|", "?", "[]", "table<", ">", ",", "{", "}", ":", "(", ")", "\"a\"", "'", " ", "x", "é", "\u{0}",
            "#", "5", ".", "-", "0x", "1e", "fun", "async ", "[", "]", "nil", "\\", "`", "T<", "or ",
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            var scanner = AnnotationScanner(text)
            var writer = SchemaWriter(types: DeclaredTypes())
            do throws(AnnotationProblem) {
                _ = try writer.schema(of: try scanner.typeBeforeProse(), column: 1)
            } catch {
                #expect(error.column >= 1 && error.column <= text.utf8.count + 1)
            }
            let lines =
                "---@\(["class", "field", "alias", "enum"][Int.random(in: 0..<4, using: &random)]) \(text)\n---| \(text)\nlocal x = {\(text)\n}"
            var found: [FlowDiagnostic] = []
            var types = DeclaredTypes()
            types.collect(from: AnnotatedSource(chunkName: "x", bytes: Array(lines.utf8)), diagnostics: &found)
            #expect(found.allSatisfy { (1...4).contains($0.line ?? 0) && $0.hint != nil })
        }
    }
}
