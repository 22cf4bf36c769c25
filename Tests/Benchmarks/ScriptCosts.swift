import Conversation
import Glibc
import LuaRuntime
import MediaEngine
import SansIO
import ScriptAPI

/// What scripts cost: an empty handler, the state of a new call, the load of a changed flow; each beside plain Lua.
struct ScriptCosts {
    /// Of one run of an empty `on_transcript`. [ns]
    var handler = 0.0
    /// The same by plain Lua: a coroutine made, resumed and ended with three arguments. [ns]
    var plainHandler = 0.0
    /// Of a new state that has run the shipped flow. [µs]
    var state = 0.0
    /// What it holds by Lua's own account. [byte]
    var stateBytes = 0
    /// What the process grows by. [byte]
    var residentBytes = 0
    /// Compiling and running the same file in one state of plain Lua. [µs]
    var plainRun = 0.0
    /// `Flow.load` of the shipped flow: read, compiled, run, annotations checked. [µs]
    var load = 0.0

    var json: JSON {
        [
            "empty_handler_ns": .number(handler), "empty_handler_plain_lua_ns": .number(plainHandler),
            "new_state_us": .number(state), "new_state_lua_bytes": .integer(Int64(stateBytes)),
            "new_state_resident_bytes": .integer(Int64(residentBytes)), "flow_load_us": .number(load),
            "compile_and_run_plain_lua_us": .number(plainRun),
        ]
    }

    private static let facts = CallFacts(
        id: "bench", to: "+15105550100", from: "", direction: .outbound, metadata: [:], startedAt: 0, room: "bench",
        version: "bench")

    /// - Parameters:
    ///   - flow: The shipped flow.
    ///   - folder: Where files may be written.
    static func measure(flow path: String, folder: String, isQuick: Bool) throws -> ScriptCosts {
        var costs = ScriptCosts()
        let empty = folder + "/empty.lua"
        try write(
            """
            local moonline = require "moonline"
            return moonline.agent {
              name = "empty",
              instructions = "Nothing.",
              on_transcript = function(call, speaker, text, is_final) end,
            }

            """, to: empty)
        let rounds = isQuick ? 20_000 : 100_000
        let script = try CallScript(flow: try Flow.load(path: empty), facts: facts, seed: 1) { _, _, _ in }
        var failures = 0
        costs.handler = measure(rounds) { round in
            let task = ScriptTaskID(number: UInt64(round))
            let entry = ScriptEntry.handler(.onTranscript, arguments: ["user", "Good morning.", true])
            if case (_, .returned)? = script.run(.start(task, entry, facts: facts)) { return }
            failures += 1
        }
        guard failures == 0 else { throw BenchmarkError("the empty handler failed \(failures) times") }

        let count = isQuick ? 50 : 200
        costs.load = try measure(count) { _ in _ = try Flow.load(path: path) } / 1_000
        let flow = try Flow.load(path: path)
        var states: [CallScript] = []
        states.reserveCapacity(count)
        let before = Host.residentBytes()
        costs.state =
            try measure(count) { round in
                states.append(try CallScript(flow: flow, facts: facts, seed: UInt64(round)) { _, _, _ in })
            } / 1_000
        costs.residentBytes = (Host.residentBytes() - before) / count
        costs.stateBytes = states.reduce(0) { $0 + $1.bytesUsed } / max(1, states.count)
        try costs.measurePlainLua(flow: path, folder: folder, rounds: rounds, count: count)
        return costs
    }

    private mutating func measurePlainLua(flow: String, folder: String, rounds: Int, count: Int) throws {
        let file = folder + "/plain.lua"
        try ScriptCosts.write(
            """
            local path, rounds, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
            local function handler(call, speaker, text, is_final) end
            local call = {}
            local begun = os.clock()
            for _ = 1, rounds do
              local thread = coroutine.create(handler)
              coroutine.resume(thread, call, "user", "Good morning.", true)
              coroutine.close(thread)
            end
            local hook = (os.clock() - begun) / rounds * 1e9
            package.loaded.moonline = { agent = function(agent) return agent end, sleep = function() end }
            begun = os.clock()
            for _ = 1, count do
              local file = assert(io.open(path, "rb"))
              local text = file:read("a")
              file:close()
              assert(assert(load(text, path))())
            end
            print(string.format('{"handler":%.3f,"run":%.3f}', hook, (os.clock() - begun) / count * 1e6))

            """, to: file)
        let lua = try ChildProcess(["lua5.4", file, flow, "\(rounds)", "\(count)"])
        let report = try lua.report()
        lua.wait()
        plainHandler = report["handler"]?.number ?? 0
        plainRun = report["run"]?.number ?? 0
    }

    /// Time of one round. [ns]
    private static func measure(_ rounds: Int, _ body: (Int) throws -> Void) rethrows -> Double {
        let began = MonotonicClock.now()
        for round in 0..<rounds { try body(round) }
        return Double((MonotonicClock.now() - began).nanoseconds) / Double(rounds)
    }

    private static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "we") else {
            throw BenchmarkError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        fputs(text, file)
        fclose(file)
    }
}
