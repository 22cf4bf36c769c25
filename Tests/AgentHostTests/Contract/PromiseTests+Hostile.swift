import AgentHost
import CallStore
import Conversation
import Logging
import LuaRuntime
import SansIO
import ScriptAPI
import TestSupport
import Testing

// The third promise.

extension HostTests.PromiseTests {
    /// What somebody might write who wishes us ill, or who errs.
    static let hostile: [(name: String, body: String)] = [
        ("recursion", "local function f() return 1 + f() end f()"),
        ("deep pcall", "local function f() local ok, e = pcall(f) error(e) end f()"),
        ("error in error", "error(setmetatable({}, { __tostring = function() error(\"again\") end }))"),
        ("error of nil", "error(nil)"),
        ("error of a table", "error({ code = 7 })"),
        ("huge string", "local s = \"x\" while true do s = s .. s end"),
        ("repetition", "return (\"x\"):rep(1 << 40)"),
        ("concatenation", "local t = {} for i = 1, 1e7 do t[i] = \"xxxxxxxxxx\" end return table.concat(t)"),
        ("pattern", "return ((\"a\"):rep(30000)):find((\".-\"):rep(30) .. \"b\")"),
        ("format", "return string.format(\"%99999d\", 1)"),
        ("sort", "local t = {} for i = 1, 300 do t[i] = i end table.sort(t, function() return true end)"),
        (
            "own coroutine",
            "local co = coroutine.wrap(function() while true do coroutine.yield() end end) "
                + "while true do co() end"
        ),
        ("bare yield", "coroutine.yield(1, 2, 3)"),
        ("yield in a sort", "table.sort({ 3, 2, 1 }, function(a, b) moonline.sleep(0.01) return a < b end)"),
        ("yield in gsub", "(\"abc\"):gsub(\".\", function() moonline.sleep(0.01) end)"),
        (
            "yield in a metamethod",
            "local t = setmetatable({}, { __index = function() moonline.sleep(0.01) return 1 end })"
                + " return t.x + t.y"
        ),
        ("gc", "setmetatable({}, { __gc = function() while true do end end })"),
        (
            "close",
            "local x <close> = setmetatable({}, { __close = function() error(\"shut\") end }) error(\"open\")"
        ),
        (
            "endless close",
            "local x <close> = setmetatable({}, { __close = function() while true do end end }) moonline.sleep(60)"
        ),
        ("bytecode", "return load(\"\\27Lua\")()"),
        ("metatable of strings", "getmetatable(\"\").__index = nil"),
        ("standard tables", "local s = string s[\"r\" .. \"ep\"] = nil"),
        ("call's fields", "call.id = 7"),
        ("wrong self", "call.say(7, \"x\")"),
        ("cyclic state", "call.state.me = call.state"),
        ("cyclic log", "local t = {} t.t = t call:log(\"info\", \"x\", t)"),
        ("many spawns", "for i = 1, 1e6 do call:spawn(function() moonline.sleep(60) end) end"),
        ("spawn bomb", "local function f() call:spawn(f) call:spawn(f) end f()"),
        (timerBomb, "local function f() call:after(0, f) call:after(0, f) end f()"),
        ("not a number", "moonline.sleep(0/0)"),
        ("endless sleep", "moonline.sleep(math.huge)"),
        ("no text", "call:say(\"\\0\\255\\254\")"),
        ("wrong target", "call:transfer(\"sip:\\r\\nBYE x\")"),
        ("wrong path", "call:record { path = \"../../../etc/passwd.wav\" }"),
        (parting, "call:hangup() call:hangup() call:say(\"x\")"),
    ]
    /// What is no fault of a script: it is put right, or refused as data.
    private static let harmless: Set<String> = [
        "sort", "yield in a metamethod", "endless close", "cyclic state", "no text", "wrong target", "wrong path",
        parting,
    ]
    /// Held by the cap of timers, or stopped for its rate of requests: that depends on the time that each takes.
    private static let timerBomb = "timer bomb"
    /// The one behind which the call is over.
    private static let parting = "hanging up twice"

    @Test("No script can crash the host: each that tries harms its own call alone")
    func noCrash() async throws {
        var setup = Setup()
        setup.flows["patient.lua"] = TestHost.patientFlow
        let cases = Self.hostile.map { "  [\"\($0.name)\"] = function(call)\n\($0.body)\nend," }
        setup.flows["hostile.lua"] = TestHost.flow(
            "hostile",
            """
            on_answered = function(call)
              call:log("info", "begins")
              hostile[call.metadata.kind](call)
            end,
            on_error = function(call, err) error("on_error as well") end,
            on_hangup = function(call) call:log("info", "last words of " .. call.metadata.kind) error("and more") end,
            """,
            before: "local hostile = {\n\(cases.joined(separator: "\n"))\n}")
        setup.configure = {
            $0.scriptLimits.lua = LuaLimits(
                memory: 4 << 20, instructions: 2_000_000, processorTime: .milliseconds(100))
            $0.limits.scriptTasks = 16
            $0.limits.scriptTimers = 16
        }
        try await TestHost.with(setup) { test in
            try #require(await test.host.agentNames.contains("hostile"), "\(test.log.lines(from: .error))")
            let bystander = try await Bystander(test)
            let began = UnixTime.now
            for (number, hostile) in Self.hostile.enumerated() {
                let dispatch = try await test.dispatch(
                    JSON.object(["phone_number": "+15105550102", "kind": .string(hostile.name)]).text,
                    agent: "hostile")
                let call = try await test.exchange.answered(number + 1)
                let end = Task { try await test.end(of: dispatch) }
                if hostile.name == Self.parting {
                    try await call.ended()
                } else {
                    try await call.media?.heard(15)
                }
                await test.exchange.hangUp(call)
                let ended = try await end.value
                #expect(["completed", "script_failed"].contains(ended.record.outcome), "\(hostile.name)")
                #expect(ended.record.endedAt != nil, "\(hostile.name)")
                #expect(ended.faults.allSatisfy { $0.kind == .script }, "\(hostile.name): \(ended.faults)")
                // All have the fault of on_hangup; those that err are told of it, and not without end.
                let others = ended.faults.filter { $0.function != "on_hangup" }
                if hostile.name != Self.timerBomb {
                    #expect(others.isEmpty == Self.harmless.contains(hostile.name), "\(hostile.name): \(others)")
                }
                #expect(others.count < 50, "\(hostile.name)")
                // The script lives on to its last handler.
                let words = "last words of \(hostile.name) call=\(ended.record.id) "
                #expect(test.log.lines.value.contains { $0.text.hasPrefix(words) }, "\(hostile.name)")
            }
            try await bystander.expectUnharmed(test, from: began, to: UnixTime.now)
            try await test.expectGoodCall()
        }
    }
}
