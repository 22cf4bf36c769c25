import LuaRuntime
import SansIO
import Testing

@Suite("Memory") struct MemoryTests {
    /// All that a host does with a state, once; `nil` when it came to its end.
    private static func scenario(failing: ClosedRange<UInt64>?, left: @escaping (Int) -> Void) -> LuaFault? {
        do throws(LuaFault) {
            let state = try LuaState(limits: LuaLimits(), randomSeed: 7, failingAllocations: failing)
            state.closed = left
            return try run(state)
        } catch {
            return error
        }
    }

    private static let functions = LuaFunctionTable([
        (
            "echo",
            { .values([$0[1], .json(["list": [1, 2, "a string that is longer than forty characters are long"]])]) }
        ),
        ("refuse", { _ in .raise("refused, with a message that is longer than forty characters") }),
        ("wait", { _ in .wait }),
    ])

    private static let script = """
        local t = {}
        for i = 1, 20 do t[i] = { name = 'n' .. i, f = function() return i end } end
        local co = coroutine.wrap(function(a) local b = coroutine.yield(a .. 'x') error({ b }) end)
        co('1')
        local ok, err = pcall(co, '2')
        local s = ('%s-%s'):format(tostring(t), #t):gsub('%d', function(d) return d .. d end)
        local closed <close> = setmetatable({}, { __close = function() t = { t } end })
        print(s, host.echo(t, 'x'))
        local handled = { xpcall(error, function(m) return m .. 'x' end, 'y') }
        pcall(host.refuse)
        local keys = {}
        for k in pairs({ a = 1, b = 2, [1] = 3, [print] = 4 }) do keys[#keys + 1] = k end
        for k in next, { a = 1, b = 2, c = 3 } do keys[#keys + 1] = tostring(k) end
        table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
        local module = require 'module'
        local first, second = host.wait()
        local words = {}
        for word in ('one two three'):gmatch('%a+') do words[#words + 1] = word end
        return { words = words, first = first, second = second, n = module.n }, load('return ' .. #t)()
        """

    private static func run(_ state: LuaState) throws(LuaFault) -> LuaFault? {
        let owner = Owner()
        state.moduleSource = { name in
            name == "module" ? .text(Array("return { n = 1 }".utf8), chunkName: "module.lua") : .missing("no \(name)")
        }
        var printed = 0
        state.printed = { _ in printed += 1 }
        state.setGlobal("host", .table(state.makeTable(of: functions, owner: owner)))
        state.setGlobal("single", .function(state.makeFunction { _ in .values([.string("x")]) }))
        state.setModule("constant", .json(["answer": 42, "list": [1, 2, 3]]))
        let table = state.makeTable()
        state.setField("field", of: table, to: .string("a string that is longer than forty characters are long"))
        state.setMetatable(state.makeTable(), of: table)
        state.setGlobal("read_only", .table(state.makeProtected(table, name: "read_only")))
        _ = state.field("field", of: table)
        _ = state.fieldNames(of: table)
        _ = state.isSame(table, table)
        let function = try state.load(
            Array(script.utf8), chunkName: "a_flow_with_a_name_longer_than_forty_characters.lua")
        _ = state.description(of: function)
        guard case .yielded(let coroutine) = state.start(function) else { return memoryFault(of: state) }
        let resumed = state.resume(coroutine, with: [.string("in"), .json(["a": [1, ["b": nil, "c": 2.5]]])])
        guard case .returned(let values) = resumed else { return fault(resumed) }
        do throws(LuaConversionError) {
            let json = try state.json(values[0])
            guard json["second"] != nil || state.failingAllocations != nil else {
                return LuaFault(kind: .error, message: "wrong result \(json.text)")
            }
        } catch {
            return LuaFault(kind: .memory, message: error.description)
        }
        return try endings(state)
    }

    /// A failure with its traceback, and a task that is closed.
    private static func endings(_ state: LuaState) throws(LuaFault) -> LuaFault? {
        let failing = try state.load(
            Array("local function f(n) if n == 0 then error('the end') end f(n - 1) end f(5)".utf8), chunkName: "b.lua")
        let failed = state.start(failing)
        guard case .failed(let fault) = failed else { return Self.fault(failed) }
        guard fault.kind == .error else { return fault }
        let waiting = try state.load(
            Array("local x <close> = setmetatable({}, { __close = function() print('closed') end }) host.wait()".utf8),
            chunkName: "c.lua")
        let outcome = state.start(waiting)
        guard case .yielded(let coroutine) = outcome else { return Self.fault(outcome) }
        if let fault = state.close(coroutine) { return fault }
        let end = state.start(try state.load(Array("return 1".utf8), chunkName: "d.lua"))
        if case .returned = end { return nil }
        return Self.fault(end)
    }

    private static func fault(_ outcome: LuaOutcome) -> LuaFault {
        if case .failed(let fault) = outcome { return fault }
        return LuaFault(kind: .error, message: "unexpected: \(outcome)")
    }

    private static func memoryFault(of state: LuaState) -> LuaFault {
        LuaFault(kind: .memory, message: "did not wait")
    }

    private final class Owner {}

    @Test("the scenario passes when no allocation fails, and gives all memory back")
    func passes() {
        var left = -1
        let fault = Self.scenario(failing: nil) { left = $0 }
        #expect(fault == nil)
        #expect(left == 0)
    }

    @Test(
        "whichever allocation finds no memory, of the script's or the host's, alone or with all after it: a memory fault",
        arguments: [true, false])
    func failures(alone: Bool) {
        var ends: [Bool] = []
        for allocation in UInt64(1)...20_000 {
            var left = 0
            // Lua frees what it can and tries once more, so that one failure is two refusals.
            let fault = Self.scenario(failing: allocation...(alone ? allocation + 1 : UInt64.max)) { left = $0 }
            #expect(left == 0, "allocation \(allocation) left \(left) bytes behind")
            if let fault {
                // The script may catch the error, and a second one may come of that.
                #expect(fault.kind == .memory || alone, "allocation \(allocation): \(fault)")
            }
            ends.append(fault == nil)
            // Some failures go unseen: what is only made smaller stays as it is.
            if ends.count > 200, ends.suffix(200).allSatisfy({ $0 }) { break }
        }
        #expect(ends.count > 500 && ends.count < 20_000, "\(ends.count) allocations")
        #expect(ends.last == true, "with enough allocations the scenario runs to its end")
        if !alone { #expect(ends.firstIndex(of: true) == ends.count - 200) }
    }

    @Test("running fails at every allocation in turn, and the state goes on when there is memory again")
    func recovery() throws {
        for allocation in UInt64(1)...300 {
            let fixture = try Fixture()
            let function = try fixture.state.load(
                Array("local t = {} for i = 1, 300 do t[i] = { tostring(i) .. 'x' } end wait() return #t".utf8),
                chunkName: "test.lua")
            // The task itself is the host's: five allocations or so.
            fixture.state.failingAllocations = (allocation + 20)...UInt64.max
            guard case .failed(let fault) = fixture.state.start(function) else {
                Issue.record("allocation \(allocation) did not fail")
                continue
            }
            #expect(fault.kind == .memory)
            fixture.state.failingAllocations = nil
            #expect(try fixture.results("return 1") == ["1"])
        }
    }

    @Test("what the host cannot push for want of memory ends the state's use: later runs say so")
    func givenUp() throws {
        let fixture = try Fixture()
        let function = try fixture.state.load(Array("return x".utf8), chunkName: "test.lua")
        fixture.state.failingAllocations = 1...UInt64.max
        fixture.state.setGlobal("x", .json(["a": ["b": "c"]]))
        fixture.state.failingAllocations = nil
        guard case .failed(let fault) = fixture.state.start(function) else {
            Issue.record("ran without what the host had set")
            return
        }
        #expect(fault.kind == .memory)
        #expect(fault.message.contains("the host has none left"))
    }

    @Test("references count what the host holds")
    func references() throws {
        let fixture = try Fixture()
        let before = fixture.state.referenceCount
        var held = try fixture.start("return {}, {}, print, 1, 'x'")
        #expect(fixture.state.referenceCount == before + 3)
        held = .returned([])
        #expect(fixture.state.referenceCount == before)
        _ = held
        for _ in 0..<100 { _ = try fixture.results("return {}, {}") }
        #expect(fixture.state.referenceCount == before)
    }
}
