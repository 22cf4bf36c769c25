import Conversation
import SansIO
import Testing

@testable import ScriptAPI

@Suite("Annotations are the schema") struct AnnotationTests {
    @Test(
        "each type has its JSON Schema",
        arguments: [
            ("string", #"{"type":"string"}"#), ("number", #"{"type":"number"}"#), ("integer", #"{"type":"integer"}"#),
            ("boolean", #"{"type":"boolean"}"#), ("any", "{}"), ("table", #"{"type":"object"}"#),
            (#""a"|"b""#, #"{"type":"string","enum":["a","b"]}"#),
            (#""a" | 'b'"#, #"{"type":"string","enum":["a","b"]}"#),
            (#""only""#, #"{"type":"string","enum":["only"]}"#), ("1|2", #"{"type":"integer","enum":[1,2]}"#),
            ("string[]", #"{"type":"array","items":{"type":"string"}}"#),
            ("string[][]", #"{"type":"array","items":{"type":"array","items":{"type":"string"}}}"#),
            ("(string|number)[]", #"{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"number"}]}}"#),
            ("table<string, integer>", #"{"type":"object","additionalProperties":{"type":"integer"}}"#),
            ("table<integer, string>", #"{"type":"array","items":{"type":"string"}}"#),
            ("string|integer", #"{"anyOf":[{"type":"string"},{"type":"integer"}]}"#),
            (#"integer|"none""#, #"{"anyOf":[{"type":"integer"},{"type":"string","enum":["none"]}]}"#),
            (
                "{ a: string, b?: integer }",
                #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["a"],"additionalProperties":false}"#
            ),
            (
                "Slot",
                #"{"type":"object","properties":{"day":{"type":"string","description":"Which day."},"people":{"type":"integer"},"who":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}},"required":["day","who"],"additionalProperties":false,"description":"A time."}"#
            ),
            ("Kind", #"{"type":"string","enum":["check","repair"]}"#), ("Size", #"{"type":"string","enum":["s","l"]}"#),
            ("Open", #"{"type":"object","properties":{},"required":[],"additionalProperties":{"type":"number"}}"#),
        ])
    func types(type: String, expected: String) throws {
        let declarations = """
            ---A person.
            ---@class Named
            ---@field name string

            ---@class Person : Named

            ---A time.
            ---@class (exact) Slot
            ---@field day string  Which day.
            ---@field people? integer
            ---@field who { name: string }
            ---@field private secret string

            ---@alias Kind "check"|"repair"

            ---@alias Size
            ---| "s"
            ---| "l" # large

            ---@class Open
            ---@field [string] number
            local unused
            """
        let flow = try flow(
            actions: "---Acts.\n---@param x \(type)\nfunction CallActions:act(x) end", before: declarations)
        #expect(flow.definition.tools[0].parameters["properties"]?["x"]?.text == expected)
        #expect(flow.definition.tools[0].parameters["required"] == ["x"])
    }

    @Test(
        "optional parameters are not required",
        arguments: ["x string?", "x? string", "x string|nil", "x nil|string", "x? string?"])
    func optional(declaration: String) throws {
        let tool = try flow(actions: "---Acts.\n---@param \(declaration)  A text\nfunction CallActions:act(x) end")
            .definition.tools[0]
        #expect(
            tool.parameters.text
                == #"{"type":"object","properties":{"x":{"type":"string","description":"A text"}},"required":[],"additionalProperties":false}"#
        )
    }

    @Test("the text before the tags is the description, the text behind a type that of the parameter")
    func prose() throws {
        let source = """
            -- Not for the model.
            ---Books a time.
            -- Nor this.
            --- Twice if asked.
            ---@param   date   string   # Day, ISO 8601 | or a word
            ---@return table { a = 1 }
            ---@deprecated
            ---Not before the tags.
            function CallActions:book(date) end

            ---Unrelated.

            ---Ends.
            function CallActions.done(self) end
            """
        let tools = try flow(actions: source).definition.tools
        #expect(tools.map(\.description) == ["Books a time. Twice if asked.", "Ends."])
        #expect(tools[0].parameters["properties"]?["date"]?["description"] == "Day, ISO 8601 | or a word")
    }

    @Test("a schema table replaces the annotations")
    func override() throws {
        let source = """
            CallActions.schemas = {}
            CallActions.schemas.act = { type = "object", properties = { x = { type = "string", pattern = "^a" } }, required = {} }
            ---Acts.
            function CallActions:act(x) return x end
            """
        let flow = try flow(actions: source)
        #expect(
            flow.definition.tools[0].parameters.text
                == #"{"properties":{"x":{"pattern":"^a","type":"string"}},"required":[],"type":"object"}"#)
        #expect(try ScriptHarness(flow).act("act", ["x": "abc"]) == .returned(["abc"]))
    }

    @Test("mistakes in annotations are said with line, column and what to write")
    func mistakes() throws {
        // The action's text begins in line 5 of the file.
        let cases: [(String, line: Int, column: Int, String)] = [
            ("---Acts.\nfunction CallActions:act(x) end", 6, 22, "parameter 'x' of action 'act' has no annotation"),
            (
                "---Acts.\n---@param y string\nfunction CallActions:act() end", 6, 11,
                "action 'act' has no parameter 'y'"
            ),
            (
                "---Acts.\n---@param dat string\nfunction CallActions:act(date) end", 6, 11,
                "has no parameter 'dat' (did you mean 'date'?)"
            ),
            (
                "---Acts.\n---@param x strng\nfunction CallActions:act(x) end", 6, 13,
                "unknown type 'strng' (did you mean 'string'?)"
            ),
            ("---Acts.\n---@param x\nfunction CallActions:act(x) end", 6, 12, "the type is missing"),
            ("---Acts.\n---@param\nfunction CallActions:act(x) end", 6, 10, "the parameter has no name"),
            (
                "---Acts.\n---@param x fun()\nfunction CallActions:act(x) end", 6, 13,
                "a function cannot be passed as data"
            ),
            (
                "---Acts.\n---@param x table<boolean, string>\nfunction CallActions:act(x) end", 6, 13,
                "the keys of table<K, V>"
            ),
            ("---Acts.\n---@param x table<string\nfunction CallActions:act(x) end", 6, 25, "expected ','"),
            ("---Acts.\n---@param x \"a\nfunction CallActions:act(x) end", 6, 13, "the text in quotes does not end"),
            (
                "---Acts.\n---@param x string\n---@param x number\nfunction CallActions:act(x) end", 7, 11,
                "parameter 'x' is annotated twice"
            ),
            ("---Acts.\n---@return strng\nfunction CallActions:act() end", 6, 12, "unknown type 'strng'"),
            ("function CallActions:act() end", 5, 22, "action 'act' has no description"),
            ("---Acts.\nfunction CallActions.act() end", 6, 22, "action 'act' does not take 'self'"),
            ("---Acts.\nfunction CallActions:act(...) end", 6, 22, "takes '...', for which there is no schema"),
            ("---Acts.\nfunction CallActions:call() end", 6, 22, "an action cannot be named 'call'"),
            (
                "---@class T\n---@field t T\n\n---Acts.\n---@param x T\nfunction CallActions:act(x) end", 9, 13,
                "the type 'T' contains itself"
            ),
            (
                "---@class T\n---@field t Q\n\n---Acts.\n---@param x T\nfunction CallActions:act(x) end", 9, 13,
                "unknown type 'Q'"
            ),
            ("CallActions.act = print", 6, 50, "action 'act' is not a function of the flow"),
            (
                "CallActions.schemas = { atc = { type = 'object', properties = {} } }\n---Acts.\nfunction CallActions:act() end",
                8, 50, "there is a schema for 'atc', and no such action (did you mean 'act'?)"
            ),
            (
                "CallActions.schemas = { act = 5 }\n---Acts.\nfunction CallActions:act() end", 8, 50,
                "must be of type \"object\""
            ),
            (
                "CallActions.schemas = { act = { type = 'object', properties = { y = {} } } }\n---Acts.\nfunction CallActions:act(x) end",
                7, 22, "has no property 'x'"
            ),
        ]
        for (source, line, _, message) in cases {
            let found = try diagnostics(text(actions: source))
            #expect(found.contains { $0.message.contains(message) && $0.line == line }, "\(source): \(found)")
            #expect(
                found.allSatisfy {
                    $0.hint != nil || $0.message.contains("expected") || $0.message.contains("quotes")
                        || $0.message.contains("name")
                })
        }
        for (source, line, column, message) in cases where !source.hasPrefix("CallActions") {
            let found = try diagnostics(text(actions: source))
            #expect(
                found.contains { $0.message.contains(message) && $0.column == column && $0.line == line },
                "\(source): \(found)")
        }
    }

    @Test("annotation lines of random characters are diagnosed or accepted, never a trap")
    func fuzz() {
        var random = SeededRandom(seed: 11)
        let pieces = [
            "string", "|", "?", "[]", "table<", ">", ",", "{", "}", ":", "(", ")", "\"a\"", "'", " ", "x", "é", "\u{0}",
            "#", "5", ".",
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            var scanner = AnnotationScanner(text)
            do throws(AnnotationProblem) {
                _ = try DeclaredTypes().schema(of: try scanner.type(), column: 1)
            } catch {
                #expect(error.column >= 1 && error.column <= text.utf8.count + 1)
            }
        }
    }
}
