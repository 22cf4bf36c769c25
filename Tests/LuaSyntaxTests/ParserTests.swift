import LuaRuntime
import LuaSyntax
import Testing

@Suite("Parser (§3.3, §3.4, §9)") struct ParserTests {
    /// An expression with all its parentheses.
    private func shape(_ text: String) throws -> String {
        let chunk = LuaChunk(parsing: Array(("return " + text).utf8))
        try #require(chunk.problems.isEmpty)
        func show(_ id: ExpressionID) -> String {
            switch chunk[id].kind {
            case .binary(let binary, let left, let right): "(\(show(left)) \(binary.rawValue) \(show(right)))"
            case .unary(let unary, let operand): "(\(unary.rawValue) \(show(operand)))"
            default: chunk.text(chunk[id].range)
            }
        }
        return show(ExpressionID(last: chunk))
    }

    @Test(
        "operators hold their operands as in the manual's table (§3.4.8)",
        arguments: [
            ("a + b * c - d", "((a + (b * c)) - d)"), ("a .. b .. c", "(a .. (b .. c))"),
            ("-x ^ 2 ^ -3", "(- (x ^ (2 ^ (- 3))))"), ("not a == b", "((not a) == b)"),
            (
                "a or b and c < d | e ~ f & g << h .. i + j * k",
                "(a or (b and (c < (d | (e ~ (f & (g << (h .. (i + (j * k))))))))))"
            ),
            ("# t // 2 % 3", "(((# t) // 2) % 3)"), ("2 ^ 3 * 4", "((2 ^ 3) * 4)"),
        ])
    func priorities(text: String, expected: String) throws {
        #expect(try shape(text) == expected)
    }

    @Test("every node knows its bytes, line and column")
    func ranges() throws {
        let text = "local a = 1\n\tfoo.bar:baz {\r\n  x = 'é',\n} -- end"
        let chunk = LuaChunk(parsing: Array(text.utf8))
        #expect(chunk.problems.isEmpty)
        let call = try #require(chunk.expressions.last)
        #expect(call.range.start == SourcePosition(offset: 13, line: 2, column: 2))
        #expect(call.range.end == SourcePosition(offset: 41, line: 4, column: 2))
        #expect(chunk.text(call.range).hasPrefix("foo.bar:baz {"))
        #expect(chunk.statements.map(\.range.start.line) == [1, 2])
        #expect(chunk.comments.map { chunk.text($0.range) } == ["-- end"])
        #expect(chunk.comments.first?.beginsLine == false)
        for (index, expression) in chunk.expressions.enumerated() {
            if case .member(let base, _) = expression.kind { #expect(base.index < index) }
        }
    }

    @Test("a name means the innermost variable that is declared before it, and otherwise a global")
    func scopes() throws {
        let chunk = LuaChunk(
            parsing: Array(
                """
                local x = x
                do local x = x; print(x) end
                local function f(x) return function() x = x + 1 end end
                repeat local y = 1 until y
                for i = i, 2 do print(i) end
                return x, f, y
                """.utf8))
        #expect(chunk.problems.isEmpty)
        let uses = chunk.expressions.compactMap { expression -> String? in
            switch expression.kind {
            case .local(let id): "\(chunk[id].name)\(chunk[id].range.start.line)"
            case .global(let name): name
            default: nil
            }
        }
        #expect(
            uses == ["x", "x1", "print", "x2", "x3", "x3", "y4", "i", "print", "i5", "x1", "f3", "y"])
        #expect(chunk.variables.map(\.name) == ["x", "x", "f", "x", "y", "i"])
        #expect(chunk.variables.map(\.reads) == [2, 1, 1, 1, 1, 1])
        #expect(chunk.variables.map(\.writes) == [0, 0, 0, 1, 0, 0])
    }

    @Test("a local _ENV takes the globals with it (§2.2)")
    func environment() {
        let chunk = LuaChunk(parsing: Array("local _ENV = {} x = 1 return _ENV, y".utf8))
        #expect(!chunk.expressions.contains { if case .global = $0.kind { true } else { false } })
        #expect(LuaChunk(parsing: Array("return _ENV".utf8)).expressions.first?.kind == .environment)
    }

    @Test("functions are known by their names, methods by their self")
    func functions() throws {
        let chunk = LuaChunk(
            parsing: Array(
                "local a = function() end function b.c:d(x, ...) end local t = { e = function() end } b.f = function() end"
                    .utf8))
        #expect(chunk.functions.dropFirst().map(\.name) == ["a", "b.c:d", "e", "b.f"])
        let method = chunk.functions[2]
        #expect(method.isVararg)
        #expect(method.parameters.map { chunk[$0].name } == ["x"])
        #expect(try chunk[#require(method.selfVariable)].name == "self")
    }

    @Test("Lua's limits hold: 200 locals, 255 variables from outside, 200 levels")
    func limits() throws {
        func names(_ count: Int) -> String { (0..<count).map { "v\($0)" }.joined(separator: ", ") }
        func upvalues(_ count: Int) -> String {
            var text =
                "local \(names(150))\nlocal function f() local \(names(150).replacing("v", with: "w"))\nreturn function() return 1"
            for index in 0..<count { text += " + \(index < 150 ? "v\(index)" : "w\(index - 150)")" }
            return text + " end end"
        }
        func nested(_ count: Int) -> String {
            "return " + String(repeating: "(", count: count) + "1" + String(repeating: ")", count: count)
        }
        let state = try LuaState(limits: LuaLimits(), randomSeed: 1)
        for (text, isAccepted) in [
            ("local \(names(200))", true), ("local \(names(201))", false),
            (upvalues(255), true), (upvalues(256), false), (nested(180), true), (nested(250), false),
            (String(repeating: "do ", count: 180) + String(repeating: " end", count: 180), true),
            (String(repeating: "do ", count: 250) + String(repeating: " end", count: 250), false),
            ("return 1" + String(repeating: " .. 1", count: 250), false),
        ] {
            #expect(LuaChunk(parsing: Array(text.utf8)).problems.isEmpty == isAccepted, "\(text.prefix(40))")
            var isAcceptedByLua = true
            do throws(LuaFault) { _ = try state.load(Array(text.utf8), chunkName: "t") } catch {
                isAcceptedByLua = error.kind != .syntax
            }
            #expect(isAcceptedByLua == isAccepted, "\(text.prefix(40))")
        }
    }

    @Test("length costs no depth: chains and lists of any length are read")
    func length() {
        for text in [
            "return a" + String(repeating: ".b", count: 50_000), "return 1" + String(repeating: " + 1", count: 50_000),
            "return f" + String(repeating: "()", count: 50_000),
            "return {" + String(repeating: "1,", count: 50_000) + "}",
            String(repeating: "local x = 1 do local y = x end ;", count: 150)
                + String(repeating: "x = y ", count: 20_000),
        ] {
            let chunk = LuaChunk(parsing: Array(text.utf8))
            #expect(chunk.problems.isEmpty)
            #expect(LuaAnalysis(of: chunk, api: .host).diagnostics.count <= 200)
        }
    }
}

extension ExpressionID {
    /// The one that was read last, which is the whole of a single expression.
    fileprivate init(last chunk: LuaChunk) {
        guard case .return(let values)? = chunk.statements.last?.kind, let value = values.first else {
            preconditionFailure("the text returns something")
        }
        self = value
    }
}
