import LuaRuntime
import Testing

@Suite("Attacks on the sandbox") struct AttackTests {
    private static let setUp = "local big = ('x'):rep(1000000) local other = ('x'):rep(999999) .. 'y' "

    private static let roomy = LuaLimits(memory: 16 << 20, instructions: 500_000, processorTime: .milliseconds(50))

    /// Runs a script that must be stopped, and then another one in the same state.
    private func expectStopped(_ source: String, limits: LuaLimits = BudgetTests.tight) throws {
        let fixture = try Fixture(limits: limits)
        let started = ContinuousClock.now
        let fault = try fixture.fault(source)
        let isWhileClosing = fault.traceback.contains("while closing: test.lua:1: the script used more than")
        #expect(fault.kind == .budget || fault.kind == .error && isWhileClosing, "\(fault)")
        // Generous: the machine may be busy. Without a budget none of these ends at all.
        #expect(ContinuousClock.now - started < .seconds(3), "\(ContinuousClock.now - started)")
        #expect(try fixture.results("return 1") == ["1"])
    }

    @Test(
        "library functions on huge arguments, in a loop, end with a budget fault",
        arguments: [
            "big:byte(1, 90000)", "big:upper()", "big:lower()", "big:reverse()", "big:sub(2)", "big:rep(2)",
            "string.format('%s', big)", "string.format('%q', big)", "string.format(('%%'):rep(100000))",
            "string.pack(('x'):rep(100000))", "string.packsize(('i1'):rep(100000))",
            "string.unpack(('x'):rep(100000), big)",
            "string.unpack('z', big .. '\\0')", "pcall(string.pack, 'c100000000', '')", "utf8.len(big)",
            "utf8.codepoint(big, 1, 90000)", "utf8.offset(big, 900000)", "for _ in utf8.codes(big) do end",
            "tonumber(big)", "tonumber(big, 36)", "tonumber(('9'):rep(500000))", "tostring(big)",
            "pcall(function() return ('0x' .. big:gsub('x', 'f')) & 1 end)", "pcall(function() return big + 1 end)",
            "local b = big == other", "local b = big < other", "local b = big .. other", "local b = big > other .. 'x'",
            "rawequal(big, other)", "table.unpack({}, 1, 90000)", "select('#', table.unpack({}, 1, 90000))",
            "table.pack(table.unpack({}, 1, 50000))", "table.concat({ big, big })",
            "table.sort({ big, other, big, other })",
            "load(big)", "load('return ' .. ('1 + '):rep(50000) .. '1')", "load(('a = 1 '):rep(20000))",
            "load('--' .. big)", "load((';'):rep(1000000))", "pcall(load, big, big)",
            "next({ [big] = 1, [other] = 2 })",
            "for _ in pairs({ [big] = 1, [other] = 2 }) do end", "local t = {} t[big] = 1 t[other] = 2",
            "print(big)", "pcall(error, big)", "pcall(big)", "select(2, pcall(error, { big }))", "collectgarbage()",
            "collectgarbage('step')", "collectgarbage('count')", "coroutine.wrap(function(...) return ... end)(big)",
            "string.format('%99.99f', 1e308)", "math.tointeger(big)", "pcall(math.floor, big)", "big:len()",
            "big:find('y', 1, true)",
        ])
    func hugeArguments(call: String) throws {
        try expectStopped(Self.setUp + "while true do \(call) end", limits: Self.roomy)
    }

    @Test("a sort of many strings with a long common beginning is inside the budget")
    func longComparisons() throws {
        try expectStopped(
            Self.setUp + "local t = {} for i = 1, 50000 do t[i] = i % 2 == 0 and big or other end table.sort(t)",
            limits: Self.roomy)
    }

    @Test(
        "walks over big tables end with a budget fault",
        arguments: [
            "while true do for k in pairs(t) do end end", "while true do pairs(t)(t) end",
            "while true do next(t, 'k1') end",
            "while next(t) do end", "while true do local k = next(t) if k then t[k] = nil else t.x = 1 end end",
            "for k in pairs(t) do for j in pairs(t) do for l in next, t do end end end",
            "for k in pairs(t) do t[k] = nil end while true do next(t) end", "while true do table.remove(t, 1) end",
            "while true do local x = #t end", "while true do t[#t + 1] = 1 t[#t] = nil end",
        ])
    func bigTables(loop: String) throws {
        let limits = LuaLimits(memory: 16 << 20, instructions: 5_000_000, processorTime: .milliseconds(100))
        try expectStopped("local t = {} for i = 1, 20000 do t['k' .. i] = i end \(loop)", limits: limits)
    }

    @Test(
        "__close that loops, raises, yields or closes again cannot hold the host",
        arguments: [
            "local x <close> = closing(function() while true do end end)",
            "local x <close> = closing(function() while true do pcall(function() while true do end end) end end)",
            "for _ in next, {}, nil, closing(function() while true do end end) do end",
            "local co = coroutine.create(function() local x <close> = closing(function() while true do end end) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)",
            "while true do pcall(function() local x <close> = closing(function() error('again') end) end) end",
            "while true do pcall(function() local x <close> = closing(function() error('again') end) error('first') end) end",
            "local function f() local x <close> = closing(function() f() end) end while true do pcall(f) end",
            "local co co = coroutine.create(function() local x <close> = closing(function() pcall(coroutine.close, co) while true do end end) end) coroutine.resume(co)",
        ])
    func closing(body: String) throws {
        try expectStopped("local function closing(f) return setmetatable({}, { __close = f }) end \(body)")
    }

    @Test("a __close that yields suspends its coroutine, and is an error where nothing can be suspended")
    func yieldingClose() throws {
        let fixture = try Fixture()
        let script = """
            local function closing(f) return setmetatable({}, { __close = f }) end
            local co = coroutine.wrap(function() do local x <close> = closing(function() coroutine.yield('in close') end) end return 'end' end)
            local first, second = co(), co()
            local other = coroutine.create(function() local x <close> = closing(function() coroutine.yield() end) coroutine.yield() end)
            coroutine.resume(other)
            return first, second, coroutine.close(other)
            """
        let results = try fixture.results(script)
        #expect(results.prefix(3) == ["in close", "end", "false"])
        #expect(results.last?.contains("attempt to yield") == true)
    }

    @Test(
        "a fault that is caught again and again still ends the run",
        arguments: [
            "while true do pcall(function() while true do end end) end",
            "local function again() return pcall(again) end while true do again() end",
            "local function handler() while true do end end xpcall(error, handler)",
            "local function handler() error('again') end while true do xpcall(error, handler) end",
            "local function handler(m) return xpcall(error, handler, m) end while true do xpcall(error, handler) end",
            "while true do pcall(coroutine.wrap(function() while true do end end)) end",
            "while true do pcall(string.rep, 'x', -1) end", "while true do pcall(string.rep, 'x', 1 << 40) end",
            "while true do pcall(setmetatable, {}, { __gc = print }) end", "while true do pcall(require, 'x') end",
            "while true do pcall(host_error, 'x') end",
            "while true do pcall(error, setmetatable({}, { __tostring = error })) end",
            "while true do pcall(error, nil) pcall(error) pcall(error, print) pcall(error, coroutine.create(print)) end",
            "while true do pcall(load, 'x x') end",
            "while true do pcall(wait, coroutine.create(1)) pcall(coroutine.wrap, 1) end",
            "::a:: do pcall(error) goto a end",
            "local t = setmetatable({}, {}) getmetatable(t).__index = function() return t.x end while true do pcall(function() return t.x end) end",
            "local s = 'local a <close> = nil ' while true do s = s .. s pcall(load, s) end",
        ].filter { !$0.contains("wait") })
    func swallowing(source: String) throws {
        try expectStopped(source)
    }

    @Test(
        "metamethods that loop or answer nonsense raise or are stopped",
        arguments: [
            ("__tostring = function() return 1 end", "tostring(t)", nil),
            ("__tostring = function() return {} end", "tostring(t)", "'__tostring' must return a string"),
            ("__tostring = function() end", "print(t)", "'__tostring' must return a string"),
            ("__tostring = 5", "string.format('%s', t)", "attempt to call a number value"),
            ("__name = 5", "tostring(t)", nil),
            ("__name = {}", "print(t) string.rep(t, 5)", "bad argument #1 to 'rep'"),
            ("__name = ('x'):rep(100000)", "string.rep(t, 5)", "bad argument #1 to 'rep'"),
            ("__name = ('x'):rep(100000)", "string.format('%d', t)", "bad argument #2 to 'format'"),
            ("__index = t", "return t.x", "'__index' chain too long"),
            ("__newindex = t", "t.x = 1", "'__newindex' chain too long"),

            ("__len = function() return 1e300 end", "table.unpack(t)", "object length is not an integer"),
            ("__len = function() return 'x' end", "return #t", nil),
            ("__len = function() return 1 << 62 end", "table.unpack(t)", "too many results"),
            ("__concat = function() return t end", "return t .. t .. t", nil),
            ("__eq = function() error('eq') end", "return t == setmetatable({}, getmetatable(t))", "eq"),
            ("__lt = function() return {} end", "table.sort({ t, t, t })", nil),
            ("__index = function(_, k) return k end", "table.concat(t, ',', 1, 5)", nil),
            ("__mode = 'kv'", "t[1] = {} collectgarbage()", nil), ("__mode = 5", "t[1] = {}", nil),
            ("__close = 5", "local x <close> = t", "close"),
            ("__metatable = 1", "setmetatable(t, {})", "protected metatable"),
            ("__pairs = 5", "for _ in pairs(t) do end", "attempt to call a number value"),
            ("__pairs = function() end", "for _ in pairs(t) do end", "attempt to call a nil value"),
        ])
    func metamethods(field: String, use: String, expected: String?) throws {
        let fixture = try Fixture(limits: BudgetTests.tight)
        let source = "local t = {} do local m = {} setmetatable(t, m) m.\(field) end \(use)"
        switch try fixture.start(source) {
        case .failed(let fault):
            #expect(fault.kind == .error)
            #expect(expected.map { fault.message.contains($0) } == true, "\(fault)")
            #expect(fault.message.utf8.count <= 4096 + 3)
        case .returned: #expect(expected == nil)
        case .yielded: Issue.record("waits")
        }
        #expect(try fixture.results("return 1") == ["1"])
    }

    @Test(
        "metamethods that never end are stopped wherever they are called from",
        arguments: [
            ("__tostring", "tostring(t)"), ("__tostring", "string.format('%s', t)"), ("__tostring", "print(t)"),
            ("__index", "return t.x"), ("__index", "table.concat(t, '', 1, 2)"), ("__index", "table.unpack(t, 1, 2)"),
            ("__index", "table.move(t, 1, 2, 1, {})"), ("__index", "string.gsub('x', 'x', t)"),
            ("__newindex", "t.x = 1"),
            ("__newindex", "table.insert(t, 1)"), ("__newindex", "table.move({ 1, 2 }, 1, 2, 1, t)"), ("__call", "t()"),
            ("__call", "pcall(t)"), ("__call", "table.sort({ 1, 2, 3 }, function(...) return t(...) end)"),
            ("__len", "return #t"), ("__len", "table.unpack(t)"), ("__eq", "return t == u"), ("__lt", "return t < u"),
            ("__lt", "table.sort({ t, u })"), ("__le", "return t <= u"), ("__concat", "return t .. 'x'"),
            ("__unm", "return -t"), ("__add", "return t + 1"), ("__band", "return t & 1"), ("__pairs", "pairs(t)"),
            ("__close", "local x <close> = t"), ("__call", "for _ in t do end"),
            ("__call", "xpcall(error, function() t() end)"),
        ])
    func endlessMetamethods(event: String, use: String) throws {
        try expectStopped(
            "local m = { \(event) = function() while true do end end } local t, u = setmetatable({}, m), setmetatable({}, m) \(use)"
        )
    }

    @Test("coroutines 200 deep end in an error, coroutines that never end in a budget fault")
    func coroutines() throws {
        let fixture = try Fixture(limits: BudgetTests.tight)
        let deep =
            "local f f = function(n) if n == 0 then return 'deep' end return coroutine.wrap(f)(n - 1) end return f"
        #expect(try fixture.results("\(deep)(100)") == ["deep"])
        #expect(try fixture.fault("\(deep)(1000)").message.contains("C stack overflow"))
        try expectStopped("while true do coroutine.wrap(function() coroutine.yield() end)() end")
        try expectStopped("local function f() coroutine.wrap(f)() end while true do pcall(f) end")
        try expectStopped(
            "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end")
    }

    @Test(
        "what an attacker would load",
        arguments: [
            #"return load('\27Lua\x54\x00\x19\x93')"#, "return load(string.rep('x = ', 100000))",
            "return load('return ' .. ('{'):rep(300))", "return load('return ' .. ('('):rep(300))",
            "return load(('do '):rep(300))", "return load(('if x then '):rep(300))",
            "return load(('function f() '):rep(300))",
            "return load('local ' .. ('a,'):rep(300) .. 'a')", "return load('return ' .. ('-'):rep(300) .. '1')",
            "return load('goto x')", "return load('break')", "return load('::a:: ::a::')",
            "return load('local x <const> = 1 x = 2')",
            "return load('return \"\\\\u{7FFFFFFFF}\"')", "return load('x = [[' .. ('a'):rep(1000))",
            "return load('return 0x')",
            "return load('local _ENV <const> = {} for i = 1, 3 do x = i end y = nil', 'n', 'b')",
            "return load(('a'):rep(200000), ('b'):rep(200000))",
            "return load('local function f(' .. ('a,'):rep(300) .. 'a) end')",
        ])
    func loading(source: String) throws {
        let fixture = try Fixture(limits: BudgetTests.tight)
        let results = try fixture.results(source)
        #expect(results.first == "nil" || results == ["function"])
        #expect(results.count < 2 || !results[1].isEmpty)
    }

    @Test(
        "text that takes the compiler quadratic time is inside the budget: by load, by require, and by the host",
        arguments: [
            "'x = ' .. ('a and '):rep(200000) .. '1'", "'if x then ' .. ('elseif y then '):rep(100000) .. 'end'",
            "'do ' .. ('goto l '):rep(30000) .. ' end ::l::'", "'while 1 do ' .. ('break '):rep(30000) .. ' end'",
            "('function f() '):rep(190) .. ('y = z '):rep(90000)", "'return ' .. ('1 < x and '):rep(200000) .. '1'",
        ])
    func compiling(text: String) throws {
        try expectStopped("load(\(text))", limits: Self.roomy)
        let fixture = try Fixture(limits: Self.roomy)
        guard case .returned(let values) = try fixture.start("return \(text)"), case .string(let bytes) = values[0]
        else {
            Issue.record("no text")
            return
        }
        fixture.state.moduleSource = { _ in .text(bytes, chunkName: "big.lua") }
        let started = ContinuousClock.now
        #expect(try fixture.fault("pcall(require, 'big')").kind == .budget)
        let error = #expect(throws: LuaFault.self) { try fixture.state.load(bytes, chunkName: "big.lua") }
        #expect(error?.kind == .budget)
        #expect(error?.file == "big.lua")
        #expect(ContinuousClock.now - started < .seconds(3))
        #expect(try fixture.results("return 1") == ["1"])
    }

    @Test(
        "protected tables give nothing away",
        arguments: [
            "return getmetatable(string)", "return getmetatable('')", "return (pcall(setmetatable, string, nil))",
            "return (pcall(rawset, string, 'x', 1))", "return rawget(string, 'format')", "return next(string)",
            "return (pcall(function() for k in pairs(string) do string[k] = nil end end))",
            "return (pcall(rawget, (select(2, pairs(string))), 'format'))", "return (pcall(table.insert, string, 1))",
            "return (pcall(table.sort, string)) and rawlen(string) > 0",
            "return (pcall(table.move, { 1 }, 1, 1, 1, string))",
            "return getmetatable(coroutine.create(print))", "return (pcall(function() string.x = 1 end))",
            "return rawget(_G, 'debug')", "return rawget(_G, 'package')", "return (pcall(load, string.dump or 1))",
        ])
    func protected(source: String) throws {
        let fixture = try Fixture()
        let result = try fixture.results(source)
        #expect(["nil", "false", "[]"].contains(result.first ?? "[]"), "\(result)")
        #expect(try fixture.results("return ('x'):rep(2), string.format('%d', 1)") == ["xx", "1"])
    }

    @Test("messages, printed lines and tracebacks are of bounded length, whatever the script's names")
    func lengths() throws {
        let fixture = try Fixture(limits: LuaLimits(processorTime: .seconds(10), lineBytes: 100))
        #expect(try fixture.fault("error(('é'):rep(1000000), 0)").message == String(repeating: "é", count: 50) + "…")
        _ = try fixture.results("print(('x'):rep(1000000))")
        #expect(fixture.printed[0] == String(repeating: "x", count: 100) + "…")
        let name = "('f'):rep(1000000)"
        let nested =
            "load('local t = {} function t.' .. \(name) .. '(n) if n == 0 then error() end t.' .. \(name) .. '(n - 1) return 1 end t.' .. \(name) .. '(30)')()"
        let before = fixture.state.bytesUsed
        #expect(try fixture.fault(nested).traceback.utf8.count < 300_000)
        #expect(fixture.state.bytesUsed < before + (16 << 20))
    }

    @Test("a traceback does not take longer the more globals a script has")
    func globals() throws {
        let fixture = try Fixture(limits: LuaLimits(processorTime: .seconds(10)))
        _ = try fixture.results("for i = 1, 100000 do _G['g' .. i] = i end")
        let started = ContinuousClock.now
        for _ in 0..<20 {
            _ = try fixture.fault("local function f(n) if n == 0 then error() end f(n - 1) return 1 end f(30)")
        }
        #expect(ContinuousClock.now - started < .seconds(2))
    }
}
