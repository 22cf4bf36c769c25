import LuaRuntime
import Testing

@Suite("Waiting for the host") struct CoroutineTests {
    @Test("a wait gives the host control; its values become the results of the call")
    func values() throws {
        let fixture = try Fixture()
        let coroutine = try fixture.waiting(try fixture.start("local a, b = wait() return a, b, ...", .integer(9)))
        guard case .returned(let values) = fixture.state.resume(coroutine, with: [.string("x"), .nil]) else {
            Issue.record("did not return")
            return
        }
        #expect(values.map(describe) == ["x", "nil", "9"])
        guard case .failed = fixture.state.resume(coroutine, with: []) else {
            Issue.record("resumed after its end")
            return
        }
    }

    @Test(
        "a wait crosses pcall, xpcall, iterators, metamethods and the script's own coroutines",
        arguments: [
            ("return pcall(wait)", ["true", "in"]), ("return xpcall(wait, print)", ["true", "in"]),
            ("return pcall(pcall, wait)", ["true", "true", "in"]),
            ("for v in wait do return v end", ["in"]),
            ("return setmetatable({}, { __index = function() return wait() end }).x", ["in"]),
            ("return coroutine.wrap(function() return wait() end)()", ["in"]),
            ("return coroutine.resume(coroutine.create(wait))", ["true", "in"]),
            (
                "return coroutine.wrap(function() return coroutine.wrap(function() return pcall(wait) end)() end)()",
                ["true", "in"]
            ),
            (
                "local co = coroutine.wrap(function() coroutine.yield(wait()) return 'end' end) return co(), co()",
                ["in", "end"]
            ),
            (
                "local co = coroutine.create(function() wait() error('after', 0) end) return coroutine.resume(co)",
                ["false", "after"]
            ),
            ("return pcall(function() wait() error('after', 0) end)", ["false", "after"]),
            (
                "local r do local x <close> = setmetatable({}, { __close = function() r = wait() end }) end return r",
                ["in"]
            ),
        ])
    func crossing(source: String, expected: [String]) throws {
        let fixture = try Fixture()
        let coroutine = try fixture.waiting(try fixture.start(source))
        switch fixture.state.resume(coroutine, with: [.string("in")]) {
        case .returned(let values): #expect(values.map(describe) == expected)
        case .failed(let fault): Issue.record("\(fault)")
        case .yielded: Issue.record("waits again")
        }
    }

    @Test("waiting where Lua cannot suspend is an error at the caller's line")
    func impossible() throws {
        let fixture = try Fixture()
        let fault = try fixture.fault("table.sort({ 1, 2 },\n function() wait() end)")
        #expect(fault.message.hasPrefix("test.lua:2: attempt to wait where that is impossible"))
        #expect(try fixture.fault("('x'):gsub('x', coroutine.wrap(wait))").message.contains("C-call boundary"))
        #expect(try fixture.fault("coroutine.yield(1)").message.contains("from outside a coroutine"))
    }

    @Test("a script can neither resume nor close what waits for the host")
    func ownership() throws {
        let fixture = try Fixture()
        let coroutine = try fixture.waiting(
            try fixture.start(
                "task = coroutine.running() inner = coroutine.create(wait) coroutine.resume(inner) return 'end'"))
        for thread in ["task", "inner"] {
            #expect(
                try fixture.fault("error((select(2, pcall(coroutine.resume, \(thread)))))").message.contains(
                    "waits for the host"))
            #expect(try fixture.fault("coroutine.close(\(thread))").message.contains("waits for the host"))
        }
        guard case .returned(let values) = fixture.state.resume(coroutine, with: []) else {
            Issue.record("did not return")
            return
        }
        #expect(values.map(describe) == ["end"])
    }

    @Test("cancelling runs <close> variables, innermost first, and nothing after the wait")
    func cancellation() throws {
        let fixture = try Fixture()
        let script = """
            local function closing(name) return setmetatable({}, { __close = function() print('closes ' .. name) end }) end
            local a <close> = closing 'a'
            local b <close> = closing 'b'
            pcall(function() local c <close> = closing 'c' wait() end)
            print 'not reached'
            """
        let coroutine = try fixture.waiting(try fixture.start(script))
        #expect(fixture.state.close(coroutine) == nil)
        #expect(fixture.printed == ["closes c", "closes b", "closes a"])
        #expect(!coroutine.isSuspended)
        #expect(fixture.state.close(coroutine) == nil)
    }

    @Test("a fault while closing is reported, an endless one is stopped, waiting is refused")
    func faultsWhileClosing() throws {
        let fixture = try Fixture(limits: BudgetTests.tight)
        func close(_ body: String) throws -> LuaFault? {
            let script = "local x <close> = setmetatable({}, { __close = function() \(body) end }) wait()"
            return fixture.state.close(try fixture.waiting(try fixture.start(script)))
        }
        #expect(try close("error('while closing')")?.message.contains("while closing") == true)
        #expect(try close("while true do end")?.kind == .budget)
        #expect(try close("wait()")?.message.contains("impossible") == true)
        #expect(try close("") == nil)
    }

    @Test("<close> variables run when the budget is spent, with a budget of their own")
    func closingAfterBudget() throws {
        let fixture = try Fixture(limits: BudgetTests.tight)
        let fault = try fixture.fault(
            "local x <close> = setmetatable({}, { __close = function() print('closed') end }) while true do end")
        #expect(fault.kind == .budget)
        #expect(fixture.printed == ["closed"])
    }

    @Test("<close> variables get the error that ended the function, and a second error is told beside it")
    func closingAfterError() throws {
        let fixture = try Fixture()
        let fault = try fixture.fault(
            "local x <close> = setmetatable({}, { __close = function(_, e) print(e) end }) error('first')")
        #expect(fixture.printed == ["test.lua:1: first"])
        #expect(!fault.traceback.contains("while closing"))
        let second = try fixture.fault(
            "local x <close> = setmetatable({}, { __close = function(_, e) error('second') end }) error('first')")
        #expect(second.message == "test.lua:1: first")
        #expect(second.traceback.hasSuffix("while closing: test.lua:1: second"))
    }

    @Test("a coroutine that was stopped for its budget stays stopped, and closing it later cannot hang")
    func stoppedCoroutines() throws {
        let fixture = try Fixture(limits: BudgetTests.tight)
        let endless =
            "local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end"
        for body in [endless, "table.sort({ 1, 2 }, function() \(endless) end)"] {
            #expect(
                try fixture.fault("co = coroutine.create(function() \(body) end) coroutine.resume(co)").kind == .budget)
            let outcome = try fixture.results("return pcall(coroutine.close, co)")
            #expect(outcome.first == "false" || outcome == ["true", "true"] || outcome.count == 3)
        }
    }

    @Test("several tasks of one state wait at the same time and end in any order")
    func interleaving() throws {
        let fixture = try Fixture()
        let function = try fixture.state.load(
            Array("local n = ... print('start ' .. n) wait() print('end ' .. n)".utf8), chunkName: "test.lua")
        var tasks: [LuaCoroutine] = []
        for number in 1...3 {
            tasks.append(try fixture.waiting(fixture.state.start(function, arguments: [.integer(Int64(number))])))
        }
        for index in [1, 2, 0] { _ = fixture.state.resume(tasks[index], with: []) }
        #expect(fixture.printed == ["start 1", "start 2", "start 3", "end 2", "end 3", "end 1"])
    }

    @Test("host errors carry the calling line")
    func hostErrors() throws {
        #expect(try Fixture().fault("\n\nhost_error('no')").message == "test.lua:3: no")
        #expect(try Fixture().results("return pcall(host_error, 'no')") == ["false", "test.lua:1: no"])
    }

    @Test("the coroutine library otherwise behaves as Lua's own")
    func library() throws {
        let script = """
            local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
            assert(coroutine.status(co) == 'suspended')
            local _, first = coroutine.resume(co, 1)
            local _, second = coroutine.resume(co, 10)
            assert(coroutine.status(co) == 'dead')
            local ok, message = coroutine.resume(co)
            local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
            local sum = gen() + gen() + gen()
            local closes = 0
            local c = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() closes = closes + 1 end }) coroutine.yield() end)
            coroutine.resume(c)
            assert(coroutine.close(c) and coroutine.status(c) == 'dead')
            local wrapped, wrong = pcall(coroutine.wrap(function() error('in wrap') end))
            return first, second, ok, message, sum, closes, wrong, coroutine.isyieldable()
            """
        #expect(
            try Fixture().results(script) == [
                "2", "20", "false", "cannot resume dead coroutine", "6", "1", "test.lua:13: in wrap", "false",
            ])
    }
}
