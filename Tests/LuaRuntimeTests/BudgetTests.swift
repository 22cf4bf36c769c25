import LuaRuntime
import Testing

@Suite("The processor budget and the memory cap") struct BudgetTests {
    static let tight = LuaLimits(memory: 4 << 20, instructions: 500_000, processorTime: .milliseconds(50))

    @Test(
        "an endless script ends with a budget fault, whatever it wraps itself in",
        arguments: [
            "while true do end",
            "while true do pcall(function() while true do end end) end",
            "while true do xpcall(function() while true do end end, function() while true do end end) end",
            "local function f() while true do pcall(f) end end f()",
            "coroutine.wrap(function() while true do end end)()",
            "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
            "local function f() while true do coroutine.resume(coroutine.create(f)) end end f()",
            "while true do coroutine.wrap(function() end)() end",
            "table.sort({ 1, 2, 3 }, function() while true do end end)",
            "while true do pcall(table.sort, { 1, 2, 3 }, function() while true do end end) end",
            "while true do pcall(string.gsub, 'xx', 'x', function() while true do end end) end",
            "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
            "local t = setmetatable({}, { __tostring = function() while true do end end }) print(t)",
            "local t <close> = setmetatable({}, { __close = function() while true do end end })",
            "local t <close> = setmetatable({}, { __close = function() while true do end end }) while true do end",
            "local t <close> = setmetatable({}, { __close = function() while true do end end }) error('x')",
            "local co = coroutine.wrap(function() local t <close> = setmetatable({}, { __close = function() while true do end end }) error('x') end) co()",
            "for _ in function() return 1 end do end",
            "while true do load('return 1')() end",
            "while true do pcall(error, 'x') end",
            "goto a ::a:: goto a",
            "while true do local s = ('x'):rep(1000000) end",
            "while true do pcall(string.rep, 'x', 1 << 30) end",
            "local t = {} for i = 1, 60000 do t[i] = i end while true do table.insert(t, 1, 0) table.remove(t, 1) end",
            "local t = {} for i = 1, 50000 do t[i] = i end while true do table.sort(t) end",
            "while true do table.move({}, 1, 1 << 20, 2) end",
            "while true do table.concat({}, '', 1, 0) end",
        ])
    func endless(source: String) throws {
        let fixture = try Fixture(limits: Self.tight)
        let started = ContinuousClock.now
        let fault = try fixture.fault(source)
        #expect(fault.kind == .budget || fault.kind == .error && fault.traceback.contains("while closing"))
        // Generous: the machine may be busy. Without a budget none of these ends at all.
        #expect(ContinuousClock.now - started < .seconds(5))
        #expect(try fixture.results("return 1") == ["1"])
    }

    @Test("the fault says where the budget was spent")
    func place() throws {
        let fault = try Fixture(limits: Self.tight).fault("local x = 1\nwhile true do\n  x = x + 1\nend")
        #expect(fault.kind == .budget)
        #expect(fault.message.hasPrefix("test.lua:"))
        #expect(fault.message.contains("without waiting"))
        #expect(fault.file == "test.lua")
        #expect([2, 3].contains(fault.line))
        #expect(fault.traceback.contains("test.lua:"))
    }

    @Test("each run has a budget of its own")
    func rearmed() throws {
        let fixture = try Fixture(limits: LuaLimits(instructions: 200_000, processorTime: .seconds(10)))
        let script = "for i = 1, 10 do for j = 1, 100000 do end wait() end return 'done'"
        var outcome = try fixture.start(script)
        for _ in 0..<10 { outcome = fixture.state.resume(try fixture.waiting(outcome), with: []) }
        guard case .returned(let values) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(values.map(describe) == ["done"])
    }

    @Test("functions of C that would loop for ever without a hook are refused or charged")
    func libraryLoops() throws {
        let fixture = try Fixture(limits: Self.tight)
        #expect(try fixture.results("return #string.rep('', 1 << 62)") == ["0"])
        #expect(try fixture.fault("table.move({}, 1, 1 << 62, 2)").message.contains("range is too large"))
        #expect(try fixture.fault("table.move({}, math.mininteger, -1, 2)").message.contains("range is too large"))
        #expect(
            try fixture.fault("table.move({}, '1', '4611686018427387904', 2)").message.contains("range is too large"))
        #expect(try fixture.fault("table.concat({}, '', 1, 1 << 62)").message.contains("range is too large"))
        for call in ["insert(t, 1, 0)", "remove(t, 1)", "sort(t, rawequal)", "concat(t)"] {
            let lie = "local t = setmetatable({}, { __len = function() return (1 << 31) - 2 end }) table.\(call)"
            #expect(try fixture.fault(lie).message.contains("without '__len'"))
        }
        #expect(
            try fixture.results("return table.concat({ 1, 2, 3 }, ',', 2), table.concat({ 1, 2 }, '-')") == [
                "2,3", "1-2",
            ])
        #expect(try fixture.results("return table.unpack(table.move({ 1, 2, 3 }, 2, 3, 1))") == ["2", "3", "3"])
        #expect(
            try fixture.fault("table.sort(nil)").message
                == "test.lua:1: bad argument #1 to 'sort' (table expected, got nil)")
    }

    @Test(
        "a script that wants too much memory gets a memory fault, and the state goes on",
        arguments: [
            "local t = {} for i = 1, 1e9 do t[i] = i end", "return ('x'):rep(1 << 40)", "return ('x'):rep(5 << 20)",
            "local s = 'x' while true do s = s .. s end", "local t = {} while true do t = { t } end",
            "local function f(...) return 1 + f(1, ...) end f()",
            "return table.concat({ ('x'):rep(3 << 20), ('x'):rep(3 << 20) })",
            "local t = {} for i = 1, 1e7 do t[#t + 1] = coroutine.create(print) end",
            "return ('x'):rep(2 << 20):gsub('x', 'yyyy')",
            "return string.format('%s%s', ('x'):rep(3 << 20), ('x'):rep(3 << 20))",
        ])
    func memory(source: String) throws {
        let fixture = try Fixture(limits: LuaLimits(memory: 4 << 20, processorTime: .seconds(20)))
        let fault = try fixture.fault(source)
        #expect(
            fault.kind == .memory || fault.message.contains("too large") || fault.message.contains("stack overflow"))
        #expect(fixture.state.bytesUsed < 8 << 20)
        #expect(try fixture.results("for i = 1, 100 do collectgarbage() end return 1") == ["1"])
    }

    @Test("a script may catch a memory error and go on, within its budget")
    func caughtMemory() throws {
        let fixture = try Fixture(limits: LuaLimits(memory: 2 << 20))
        #expect(try fixture.results("return pcall(string.rep, 'x', 1 << 30)") == ["false", "not enough memory"])
    }
}
