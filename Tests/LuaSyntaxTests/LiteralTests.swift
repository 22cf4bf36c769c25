import LuaRuntime
import LuaSyntax
import Testing

@Suite("Literals (§3.1)") struct LiteralTests {
    @Test(
        "a literal has the value that Lua gives it",
        arguments: [
            "3", "345", "0xff", "0xBEBADA", "3.0", "3.1416", "314.16e-2", "0.31416E1", "34e1", ".5", "5.", "0x0.1E",
            "0xA23p-4", "0X1.921FB54442D18P+1", "0x.8", "0xA.", "0x1p4", "9223372036854775807", "9223372036854775808",
            "0xffffffffffffffff", "0xffffffffffffffffff", "1e308", "1e-400", "0", "00012", "0e12", "0x1P-2",
            #""a\a\b\f\n\r\t\v\\\"\'""#, #"'\x41\65\065\u{20AC}\u{7FFFFFFF}\u{7F}\u{800}\u{10000}'"#,
            "\"a\\z  \n\t b\"", "\"a\\\nb\"", "[[\nline\r\nnext\n\rlast\r]]", "[==[ ]] ]=] ]==]", "\"\\0001\"",
            "\"\u{e9}\0\"", "''",
        ])
    func values(text: String) throws {
        let source = Array(("return " + text).utf8)
        let state = try LuaState(limits: LuaLimits(), randomSeed: 1)
        guard case .returned(let values) = state.start(try state.load(source, chunkName: "t")) else {
            Issue.record("Lua does not run \(text)")
            return
        }
        let chunk = LuaChunk(parsing: source)
        #expect(chunk.problems.isEmpty)
        switch (try #require(values.first), try #require(chunk.expressions.first).kind) {
        case (.integer(let value), .integer(let read)): #expect(value == read)
        case (.number(let value), .float(let read)): #expect(value == read)
        case (.string(let value), .string(let read)): #expect(Array(value) == read)
        case (let value, let read): Issue.record("Lua: \(value), here: \(read)")
        }
    }

    @Test("a first line with # and a byte order mark are passed over in files, and not in texts")
    func shebang() {
        let source = Array("\u{FEFF}#!/usr/bin/lua\nreturn 1".utf8)
        let chunk = LuaChunk(parsing: source)
        #expect(chunk.problems.isEmpty)
        #expect(chunk.statements.first?.range.start == SourcePosition(offset: 18, line: 2, column: 1))
        #expect(!LuaChunk(parsing: source, skipsShebang: false).problems.isEmpty)
    }
}
