import LuaSyntax
import Testing

@Suite("Messages of syntax errors") struct SyntaxErrorTests {
    /// `line:column: message` and, behind `|`, the hint.
    private func problems(_ text: String) -> [String] {
        LuaChunk(parsing: Array(text.utf8)).problems.map { problem in
            "\(problem.range.start.line):\(problem.range.start.column): \(problem.message)"
                + (problem.hint.map { " | \($0)" } ?? "")
        }
    }

    @Test("a missing end names what it would close, and the place where the indentation disagrees")
    func missingEnd() {
        #expect(
            problems("function a()\n  if x then\n    b()\nend\nc()\n") == [
                "5:4: 'end' expected to close 'function a' at line 1, found the end of the file | the 'end' of line 4 "
                    + "closes 'if' of line 2, which is indented deeper: one seems to be missing before it"
            ])
        #expect(problems("while a do b()") == ["1:15: 'end' expected to close 'while', found the end of the file"])
        #expect(
            problems("repeat\n  a()\nend") == [
                "3:1: 'until' expected to close 'repeat' at line 1, found 'end' | 'repeat' ends with `until CONDITION`"
            ])
    }

    @Test("a superfluous end names the one that may be too many")
    func superfluousEnd() {
        #expect(
            problems("function a()\n  if x then b() end\n    c()\n  end\nend") == [
                "5:1: this 'end' closes nothing | the 'end' of line 4 closes 'function' of line 1, though it is "
                    + "indented deeper: is it one too many?"
            ])
    }

    @Test("else if without an end of its own is recognised")
    func elseIf() {
        let text = "local function f(x)\n  if x then\n    a()\n  else if y then\n    b()\n  end\nend\n"
        #expect(
            problems(text) == [
                "7:4: 'end' expected to close 'function f' at line 1, found the end of the file | `else if` opens an "
                    + "'if' that needs an 'end' of its own: write `elseif`"
            ])
        #expect(problems("if a then b() else if c then d() end end").isEmpty)
    }

    @Test("operators of other languages are named with Lua's, and reading goes on")
    func foreignOperators() {
        #expect(
            problems("if x != 2 && !y || z === 1 then\n  x += 1\n  y++\nend\nz = a ?? b") == [
                "1:6: '!=' is not an operator of Lua | write '~='",
                "1:11: '&&' is not an operator of Lua | write 'and'",
                "1:14: '!' is not an operator of Lua | write 'not'",
                "1:17: '||' is not an operator of Lua | write 'or'",
                "1:22: '===' is not an operator of Lua | write '=='",
                "2:5: '+=' is not an operator of Lua | write `x = x + …`",
                "3:4: '++' is not an operator of Lua | write `y = y + 1`",
                "5:7: '??' is not an operator of Lua | write 'or'",
            ])
        #expect(problems("x = y ? 1 : 2") == ["1:7: expression expected, found '?' | write `condition and a or b`"])
        #expect(
            problems("f = (a) => a") == ["1:9: expression expected, found '=>' | write `function(…) return … end`"])
    }

    @Test("a condition with =, and a missing then or do, do not end the reading")
    func conditions() {
        #expect(
            problems("if x = 1 then a() end\nif x == 1\n  a()\nend\nwhile x then a() end\nfor i = 1, 2\n  a()\nend")
                == [
                    "1:6: '=' assigns, and stands in no condition | write '==' to compare",
                    "2:10: 'then' expected behind the condition of 'if' | add 'then' here",
                    "5:9: 'do' expected behind the condition of 'while', found 'then'",
                    "6:13: 'do' expected behind the head of 'for' | add 'do' here",
                ])
    }

    @Test("an unclosed string is one error, and what closes a call behind it counts")
    func unclosedStrings() {
        #expect(
            problems("say(\"hello)\nprint(1)") == [
                "1:5: this string is never closed | close it with \" in the same line, or write [[ … ]] around "
                    + "several lines"
            ])
        #expect(problems("x = [==[ a\nb") == ["1:5: this long string is never closed | close it with ']==]'"])
        #expect(
            problems("say('don't do it')").first
                == "1:10: ')' expected to close '(', found 't' | the string ends before 't': write \\' for an apostrophe "
                + "in it, or put it between \"")
    }

    @Test("tables: a missing comma, a colon, a missing brace")
    func tables() {
        #expect(
            problems("t = {\n  a = 1\n  b = 2,\n}") == [
                "2:8: ',' or '}' expected in the table that begins at line 1, found 'b' | a comma is missing between "
                    + "two fields"
            ])
        #expect(
            problems("t = { \"a\": 1 }") == [
                "1:10: '=' expected between a field and its value, found ':' | write `name = value`, or "
                    + "`[\"name\"] = value`"
            ])
        #expect(problems("t = { a = 1\nu = 2\nlocal v").first?.hasPrefix("1:12: ',' or '}' expected") == true)
        #expect(problems("t = { 1, 2\nlocal v") == ["2:1: '}' expected to close '{' at line 1, found 'local'"])
    }

    @Test(
        "words of other languages are recognised",
        arguments: [
            ("let x = 1", "1:1: 'let' is not a word of Lua | declare a variable with `local`"),
            ("def f() end", "1:1: 'def' is not a word of Lua | declare a function with `function name() … end`"),
            ("if a then elif b then end", "1:11: 'elif' is not a word of Lua | write `elseif … then`"),
            ("// note", "1:1: expression expected, found '//' | a comment begins with --"),
            ("a()\n# note", "2:1: expression expected, found '#' | a comment begins with --"),
            (
                "for i = 1, 2 do continue end",
                "1:17: 'continue' alone is not a statement | Lua has no 'continue': `goto continue`, with `::continue::` "
                    + "before the loop's 'end'"
            ),
            (
                "if (a) {\n  return\n}",
                "2:3: expression expected, found 'return' | blocks have no braces in Lua: `if … then … end`, "
                    + "`function … end`"
            ),
            (
                "function f(a: number) end",
                "1:13: ')' expected to close '(', found ':' | types stand in comments: `---@param name string`, "
                    + "`---@type string`"
            ),
            ("f(1,)", "1:5: expression expected, found ')' | remove the ',' before it"),
            (
                "local end = 1",
                "1:7: the name of a variable expected, found 'end' | 'end' is a word of the language and "
                    + "cannot be a name"
            ),
            ("x = “hi”", "1:5: the quotation mark '“' stands in the program | write \" instead"),
            ("local größe", "1:7: 'größe' cannot be a name | names have the letters A to Z, digits and '_'"),
            (
                "x = '\\d'",
                "1:6: '\\d' is not an escape sequence | write '\\\\' for a backslash; patterns escape with "
                    + "'%': '%d'"
            ),
            ("x = 1_000", "1:5: '1_000' is not a number | digits are not grouped: 1000"),
        ])
    func otherLanguages(text: String, expected: String) {
        #expect(problems(text).first == expected)
    }

    @Test("variables, labels and attributes: what Lua's compiler refuses, with the other place")
    func semantics() throws {
        let chunk = LuaChunk(parsing: Array("local a <const> = 1\na = 2\ngoto b\nlocal c\n::b::\nprint(c)".utf8))
        #expect(
            chunk.problems.map(\.message) == [
                "'a' is <const> and cannot be assigned to", "this goto jumps into the scope of local 'c'",
            ])
        #expect(chunk.problems.map { $0.notes.map(\.range.start.line) } == [[1], [4]])
        #expect(problems("break") == ["1:1: 'break' stands outside a loop"])
        #expect(problems("goto x").first?.hasPrefix("1:6: there is no label 'x'") == true)
        #expect(problems("::x:: ::x::").count == 1)
        #expect(problems("local x <foo> = 1") == ["1:10: unknown attribute 'foo' | write <const> or <close>"])
        #expect(problems("function f() return ... end").first?.hasPrefix("1:21: '...' stands in a function") == true)
    }

    @Test("garbage gives few problems")
    func garbage() {
        #expect(LuaChunk(parsing: Array(String(repeating: "$ ", count: 10_000).utf8)).problems.count <= 20)
        #expect(LuaChunk(parsing: Array(repeating: 0xFF, count: 10_000)).problems.count <= 20)
    }
}
