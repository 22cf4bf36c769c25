import Conversation
import LuaRuntime
import SansIO
import ScriptAPI
import Testing

@Suite("require \"json\"") struct JSONModuleTests {
    @Test(
        "what can be encoded, and how",
        arguments: [
            ("nil", "null"), ("true", "true"), ("1", "1"), ("1.5", "1.5"), ("'a\\n\"b'", #""a\n\"b""#), ("{}", "{}"),
            ("{ 1, { 'x' } }", #"[1,["x"]]"#), ("{ b = 1, a = { c = false } }", #"{"a":{"c":false},"b":1}"#),
            ("json.null", "null"), ("{ json.null, 2 }", "[null,2]"), ("{ a = json.null }", #"{"a":null}"#),
            ("json.array({})", "[]"), ("{ items = json.array({}) }", #"{"items":[]}"#), ("json.array({ 1 })", "[1]"),
            ("json.array(json.array({}))", "[]"),
        ])
    func encode(source: String, expected: String) throws {
        #expect(try ModuleRun.value("return json.encode(\(source))") == .string(expected))
    }

    @Test("pretty text has a line for each member, and empty tables on one")
    func pretty() throws {
        let source = "return json.encode({ b = { 1, 'x' }, a = {}, c = json.array {} }, { pretty = true })"
        let expected = """
            {
              "a": {},
              "b": [
                1,
                "x"
              ],
              "c": []
            }
            """
        #expect(try ModuleRun.value(source) == .string(expected))
    }

    @Test("what JSON cannot say raises an error that names the place")
    func misuse() throws {
        #expect(
            try ModuleRun.error("json.encode { a = { print } }")
                .contains("bad argument #1 to 'encode' (plain data expected: .a[1]: a function is not data)"))
        #expect(try ModuleRun.error("json.encode { [1] = 1, [3] = 3 }").contains("a list with a hole"))
        #expect(try ModuleRun.error("json.encode(0/0)").contains("not finite"))
        #expect(try ModuleRun.error("local t = {} t.t = t json.encode(t)").contains("a table that contains itself"))
        #expect(
            try ModuleRun.error("json.encode(1, { prety = true })")
                .contains("unknown field 'prety' (did you mean 'pretty'?)"))
        #expect(try ModuleRun.error("json.array { a = 1 }").contains("a list expected, got a table with named fields"))
        #expect(try ModuleRun.error("json.null.x = 1").contains("'json.null' is read-only"))
        #expect(try ModuleRun.error("rawset(json.null, 'x', 1)").contains("this table is read-only"))
    }

    @Test("decoding gives the value; null is absent")
    func decode() throws {
        let source = #"""
            local v = json.decode([[{"a":[1,2.5,"x",true],"n":null,"e":{},"\u00e9":"\ud83d\ude00"}]])
            return v.a[1], math.type(v.a[1]), v.a[2], v.a[3], v.a[4], v.n == nil, next(v.e) == nil, v["é"]
            """#
        #expect(try ModuleRun.values(source) == [1, "integer", 2.5, "x", true, true, true, "😀"])
        #expect(try ModuleRun.values("return select('#', json.decode('null')), json.decode('7')") == [1, 7])
    }

    @Test("text that is not JSON is nil, a message with the place, and a code")
    func malformed() throws {
        #expect(
            try ModuleRun.values("return json.decode('{\"a\":}')")
                == [.null, "decode: unexpected character at byte 5", "invalid_argument"])
        for text in ["", "{", "nul", "[1,]", "1 2", "\"\\\\x\"", "\"caf\\xe9\""] {
            #expect(try ModuleRun.values("return json.decode('\(text)')").last == "invalid_argument", "\(text)")
        }
    }

    @Test("depth, count and length of what is decoded are bounded")
    func limits() throws {
        var limits = ScriptLimits()
        limits.lua.values = LuaLimits.ValueLimits(depth: 4, elements: 100, bytes: 1_000)
        func code(_ text: String) throws -> JSON? {
            try ModuleRun.values("return select(3, json.decode(\(text)))", limits: limits).first
        }
        #expect(try code("('['):rep(100) .. (']'):rep(100)") == "invalid_argument")
        #expect(try code("'[' .. ('1,'):rep(99) .. '1]'") == "limit_reached")
        #expect(try code("'\"' .. ('x'):rep(1000) .. '\"'") == "limit_reached")
        #expect(try code("'[1,[2,[3]]]'") == nil)
    }

    @Test("null and empty lists survive in what a script returns, logs and keeps")
    func marks() throws {
        let run = try ModuleRun("log.info('x', { n = json.null }) return { n = json.null, l = json.array {} }")
        #expect(try run.start() == .returned([["l": [], "n": nil]]))
        #expect(run.harness.lines == [#"info: x {"n":null}"#])
    }

    @Test("json works while the flow is loaded")
    func loading() throws {
        _ = try flow(before: #"local json = require "json" assert(json.decode(json.encode { 1 })[1] == 1)"#)
    }
}

@Suite("require \"log\"") struct LogModuleTests {
    @Test("each level writes a line, with its fields")
    func levels() throws {
        let run = try ModuleRun(
            "log.debug('a') log.info('b', { n = 1 }) log.warning(5) log.error('d', { 'x' })")
        #expect(try run.start() == .returned([]))
        #expect(run.harness.lines == ["debug: a", #"info: b {"n":1}"#, "warning: 5", #"error: d ["x"]"#])
    }

    @Test("lines count together with those of call:log")
    func cap() throws {
        var limits = ScriptLimits()
        limits.logLines = 2
        let run = try ModuleRun("log.info('a') call:log('info', 'b') log.info('c') log.info('d')", limits: limits)
        _ = try run.start()
        #expect(run.harness.lines.count == 3)
        #expect(run.harness.lines.last == "warning: the script has logged 2 lines; further ones are dropped")
    }

    @Test("there is no log while the flow is loaded")
    func loading() throws {
        let messages = try diagnostics(text(before: #"require "log".info("x")"#)).map(\.message)
        #expect(messages.contains { $0.contains("'info' cannot be used while the flow is loaded") })
    }

    @Test("a wrong argument is an error of the caller's line")
    func misuse() throws {
        #expect(try ModuleRun.error("log.info({})").contains("bad argument #1 to 'info' (string expected, got table)"))
        #expect(try ModuleRun.error("log.inform('x')").contains("nil value"))
    }
}
