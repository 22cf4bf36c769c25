import LuaRuntime
import SansIO
import Testing

@Suite("Values between host and script") struct ValueTests {
    private func json(_ source: String, limits: LuaLimits = LuaLimits()) throws -> JSON {
        let fixture = try Fixture(limits: limits)
        guard case .returned(let values) = try fixture.start(source) else {
            throw LuaFault(kind: .error, message: source)
        }
        return try fixture.state.json(values[0])
    }

    @Test(
        "tables become JSON: lists, records, both empty as an object",
        arguments: [
            ("return { 1, 2.5, 'x', true, { a = { 1 } } }", #"[1,2.5,"x",true,{"a":[1]}]"#),
            ("return { b = 1, a = 'x' }", #"{"a":"x","b":1}"#), ("return {}", "{}"), ("return nil", "null"),
            ("return 'caf\\xe9'", "\"caf\u{FFFD}\""), ("return math.maxinteger", "9223372036854775807"),
            ("return setmetatable({ a = 1 }, { __index = { b = 2 }, __pairs = error })", #"{"a":1}"#),
        ])
    func conversion(source: String, expected: String) throws {
        #expect(try json(source).text == expected)
    }

    @Test(
        "what JSON cannot say is an error with its place",
        arguments: [
            ("return { a = { f = print } }", ".a.f: a function is not data"),
            ("local t = { x = {} } t.x.y = t return t", ".x.y: a table that contains itself"),
            ("return { 1, 2, nil, 4 }", "[3]: a list with a hole"),
            ("return { 1, name = 'x' }", "a list that has named fields too"),
            ("return { [5] = 1 }", "a list with a hole"),
            ("return { [true] = 1 }", "a table with keys that are not text"),
            ("return { n = 0/0 }", ".n: a number that is not finite"),
            ("local t = {} for i = 1, 100 do t = { t } end return t", "tables nested deeper than 64"),
            ("local t = {} for i = 1, 100000 do t[i] = 1 end return t", "more than 65536 values"),
            ("return ('x'):rep(5 << 20)", "more than 4194304 bytes of text"),
            ("return coroutine.create(print)", "a thread is not data"),
        ])
    func refusals(source: String, expected: String) throws {
        let error = #expect(throws: LuaConversionError.self) { try json(source) }
        #expect(error?.description.hasSuffix(expected) == true, "\(String(describing: error))")
    }

    @Test("JSON goes in and comes back unchanged, but for null in objects")
    func roundTrip() throws {
        let fixture = try Fixture()
        let value = try JSON(parsing: #"{"a":[1,2,{"b":"ü"}],"c":-0.5,"d":null,"e":true}"#)
        guard case .returned(let values) = try fixture.start("return echo(...)", .json(value)) else {
            Issue.record("did not return")
            return
        }
        #expect(try fixture.state.json(values[0]).text == #"{"a":[1,2,{"b":"ü"}],"c":-0.5,"e":true}"#)
    }

    @Test("references keep values alive and are released")
    func references() throws {
        let fixture = try Fixture()
        let before = fixture.state.bytesUsed
        for _ in 0..<2000 {
            _ = try fixture.start("return { ('x'):rep(1000) }, function() end, coroutine.create(print)")
        }
        _ = try fixture.results("for i = 1, 400 do collectgarbage() end return 1")
        #expect(fixture.state.bytesUsed < before + 200_000)
    }

    @Test("functions say where they were written and what they take")
    func descriptions() throws {
        let fixture = try Fixture()
        guard case .returned(let values) = try fixture.start("\nreturn function(self, date, ...) end, print"),
            case .function(let written) = values[0], case .function(let host) = values[1]
        else {
            Issue.record("did not return functions")
            return
        }
        let description = fixture.state.description(of: written)
        #expect(description?.line == 2)
        #expect(description?.parameters == ["self", "date"])
        #expect(description?.isVariadic == true)
        #expect(description?.chunkName == "test.lua")
        #expect(fixture.state.description(of: host) == nil)
    }

    @Test("a syntax error says file and line")
    func syntax() throws {
        let error = #expect(throws: LuaFault.self) { try Fixture().results("local x = 1\nlocal = 2") }
        #expect(error?.kind == .syntax)
        #expect(error?.line == 2)
        #expect(error?.message == "test.lua:2: <name> expected near '='")
    }
}
