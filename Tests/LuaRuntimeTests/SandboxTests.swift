import LuaRuntime
import SansIO
import Testing

@Suite("The sandbox") struct SandboxTests {
    @Test(
        "scripts have no way to files, processes, bytecode or the debug library",
        arguments: [
            "os", "io", "debug", "package", "dofile", "loadfile", "warn", "string.dump", "package and package.loadlib",
        ])
    func absent(name: String) throws {
        #expect(try Fixture().results("return \(name)") == ["nil"])
    }

    @Test("load refuses bytecode, functions and files that begin like bytecode")
    func bytecode() throws {
        let fixture = try Fixture()
        #expect(try fixture.results(#"return load("\27Lua")"#)[1].contains("attempt to load a binary chunk"))
        #expect(try fixture.results(#"return load("return 1 + 1")()"#) == ["2"])
        #expect(try fixture.results(#"return load("return x", "c", "b", { x = 3 })()"#) == ["3"])
        #expect(try fixture.fault("load(function() return nil end)").message.contains("string expected, got function"))
        #expect(throws: LuaFault.self) { try fixture.state.load([27, 76, 117, 97, 84], chunkName: "binary") }
    }

    @Test(
        "the standard tables and the metatable of strings cannot be changed",
        arguments: [
            "string.format = nil", "table.x = 1", "rawset(string, 'format', 1)", "setmetatable(string, {})",
            "getmetatable('').__index = {}", "setmetatable(math, nil)", "table.insert(string, 1)",
            "getmetatable(string).__index.format = nil", "for k, v in pairs(string) do string[k] = 1 end",
        ])
    func readOnly(attack: String) throws {
        let fixture = try Fixture()
        _ = try fixture.fault(attack)
        #expect(try fixture.results("return ('%d'):format(5), string.format('%d', 6), table.x") == ["5", "6", "nil"])
    }

    @Test("the standard tables can be iterated")
    func iteration() throws {
        let count = try Fixture().results(
            "local n = 0 for k, f in pairs(string) do n = n + 1 end return n, next(string)")
        #expect(count == ["16", "nil"])
    }

    @Test("a finalizer is refused, because no budget could stop it")
    func finalizer() throws {
        let fixture = try Fixture()
        #expect(try fixture.fault("setmetatable({}, { __gc = function() end })").message.contains("'__gc'"))
        let late = "local m = {} local t = setmetatable({}, m) m.__gc = function() ran = true end t = nil return 1"
        #expect(try fixture.results(late) == ["1"])
        #expect(try fixture.results("for i = 1, 100 do collectgarbage() end return ran") == ["nil"])
    }

    @Test("the collector can be asked and stepped, not stopped")
    func collector() throws {
        let fixture = try Fixture()
        #expect(try fixture.results("return collectgarbage('count') > 1") == ["true"])
        for option in ["stop", "generational", "setpause", "nonsense"] {
            #expect(try fixture.fault("collectgarbage('\(option)')").message.contains("\"count\" or \"step\" expected"))
        }
    }

    @Test("random numbers follow from the state's seed alone")
    func random() throws {
        let script = "return math.random(1 << 40), math.random(1 << 40)"
        #expect(try Fixture(seed: 1).results(script) == Fixture(seed: 1).results(script))
        #expect(try Fixture(seed: 1).results(script) != Fixture(seed: 2).results(script))
        #expect(try Fixture().fault("math.randomseed()").message.contains("value expected"))
        let again =
            "math.randomseed(5, 6) local a = math.random(1 << 40) math.randomseed(5, 6) return a == math.random(1 << 40)"
        #expect(try Fixture().results(again) == ["true"])
        for seed in ["1.5", "'x'", "{}", "nil", "print", "2^70"] { _ = try Fixture().start("math.randomseed(\(seed))") }
    }

    @Test("print writes to the host's sink, with tostring's metamethods")
    func print() throws {
        let fixture = try Fixture()
        _ = try fixture.results("print(1, nil, setmetatable({}, { __tostring = function() return 'me' end })) print()")
        #expect(fixture.printed == ["1\tnil\tme", ""])
    }

    @Test(
        "errors of every type come back as a fault with a message",
        arguments: [
            ("error('plain')", "test.lua:1: plain"), ("error('bare', 0)", "bare"),
            ("error({ code = 5 })", "{\"code\":5}"),
            ("error(nil)", "nil"), ("error(print)", "function"), ("error()", "nil"), ("error(42)", "42"),
            ("local t = {} t.t = t error(t)", "table value"),
            ("error(setmetatable({}, { __tostring = function() while true do end end }))", "error object {}"),
            ("local x = nil; return x.y", "attempt to index a nil value (local 'x')"),
            ("return {} .. 'x'", "attempt to concatenate a table value"),
        ])
    func errorObjects(source: String, expected: String) throws {
        let fault = try Fixture().fault(source)
        #expect(fault.kind == .error)
        #expect(fault.message.contains(expected))
    }

    @Test(
        "recursion of every kind ends in an error, never in the host",
        arguments: [
            "local function f() return 1 + f() end f()", "local t = {} setmetatable(t, { __index = t }) return t.x",
            "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x",
            "local f f = function() string.gsub('x', 'x', f) end f()",
            "local f f = function() table.sort({ 1, 2, 3 }, f) end f()",
            "local f f = function() pcall(f) error('deeper') end f()",
            "local f f = function() return coroutine.wrap(f)() end f()",
            "local f f = function() error(setmetatable({}, { __tostring = f })) end xpcall(f, f) print(f) error('end')",
            "return load(string.rep('(', 100000))()", "return load(string.rep('{', 100000))()",
            "return ('x'):rep(300000):find(('x?'):rep(300000) .. 'y')",
            "local s = string.rep('a', 3000) return s:find('.-b', 1) or error('none')",
            """
            local function chain(n)
              local co = coroutine.create(function()
                local x <close> = setmetatable({}, { __close = function() if n > 0 then coroutine.close(chain(n - 1)) end end })
                coroutine.yield()
              end)
              coroutine.resume(co)
              return co
            end
            local ok, message = coroutine.close(chain(100000))
            error(message or 'closed')
            """,
        ])
    func recursion(source: String) throws {
        let fixture = try Fixture()
        _ = try fixture.fault(source)
        #expect(try fixture.results("return 1") == ["1"])
    }

    @Test("globals of one state are unknown to another")
    func isolation() throws {
        let first = try Fixture()
        let second = try Fixture()
        _ = try first.results("shared = 1")
        #expect(try second.results("return shared") == ["nil"])
        #expect(try first.results("return shared") == ["1"])
    }

    @Test("require runs a module once, detects loops, and reports what is missing")
    func require() throws {
        let fixture = try Fixture()
        fixture.state.setModule("host", .json(["answer": 42]))
        fixture.state.moduleSource = { name in
            switch name {
            case "a": .text(Array("print('a runs') return { name = ... }".utf8), chunkName: "a.lua")
            case "loop": .text(Array("return require 'loop'".utf8), chunkName: "loop.lua")
            case "broken": .text(Array("return )".utf8), chunkName: "broken.lua")
            case "waits": .text(Array("wait()".utf8), chunkName: "waits.lua")
            default: .missing("module '\(name)' not found")
            }
        }
        #expect(
            try fixture.results("return require('host').answer, require('a').name, require('a') == require('a')") == [
                "42", "a", "true",
            ])
        #expect(fixture.printed == ["a runs"])
        #expect(try fixture.fault("require 'loop'").message.contains("'loop' requires itself"))
        #expect(try fixture.fault("require 'loop'").message.contains("'loop' requires itself"))
        #expect(try fixture.fault("require 'broken'").message.contains("broken.lua:1: unexpected symbol near ')'"))
        #expect(try fixture.fault("require 'absent'").message == "test.lua:1: module 'absent' not found")
        #expect(try fixture.fault("require 'waits'").message.contains("attempt to wait where that is impossible"))
    }
}
