import Conversation
import Glibc
import LuaRuntime
import MediaEngine
import SansIO
import ScriptAPI

extension ScriptCosts {
    private static let sentence = "Dr. Smith has time on Tuesday, and 20 % of the patients come too late."

    private static func flow(_ version: Int) -> String {
        """
        local moonline = require "moonline"

        ---@class CallActions : moonline.Actions
        local CallActions = {}

        ---Books an appointment.
        ---@param date string
        ---@param time string
        function CallActions:book(date, time)
          moonline.sleep(1)
          return { date = date, time = time, status = "booked", version = \(version) }
        end

        return moonline.agent {
          name = "bench", instructions = "Nothing.", actions = CallActions,
          on_transcript = function(call, role, text, final) end,
          before_tts = function(call, text)
            return (text:gsub("Dr%.", "Doctor"):gsub("(%d+)%s*%%", "%1 percent"))
          end,
        }

        """
    }

    private static let facts = CallFacts(
        id: "bench", to: "+15105550100", from: "", direction: .outbound, metadata: ["name": "Jayden"], status: .active,
        startedAt: 0, room: "bench", version: "bench")

    /// - Parameters:
    ///   - flow: The shipped flow.
    ///   - folder: Where files may be written.
    static func measure(flow path: String, folder: String, isQuick: Bool) throws -> ScriptCosts {
        var costs = ScriptCosts()
        let rounds = isQuick ? 4_000 : 20_000
        let count = isQuick ? 50 : 200
        try costs.measureRuns(folder: folder, rounds: rounds)
        try costs.measureStates(flow: path, count: count)
        try costs.measureReload(flow: path, folder: folder, repetitions: isQuick ? 3 : 10)
        try costs.measurePlainLua(flow: path, folder: folder, rounds: rounds, count: count)
        return costs
    }

    private mutating func measureRuns(folder: String, rounds: Int) throws {
        let file = folder + "/bench.lua"
        try Self.write(Self.flow(1), to: file)
        let script = try CallScript(flow: try Flow.load(path: file), facts: Self.facts, seed: 1) { _, _, _ in }
        var number: UInt64 = 0
        var failures = 0
        // Time goes on, as between the events of a call.
        var facts = Self.facts
        func start(_ entry: ScriptEntry) -> ScriptOutcome? {
            number += 1
            facts.now += 0.02
            facts.duration += 0.02
            return script.run(.start(ScriptTaskID(number: number), entry, facts: facts))?.1
        }
        emptyHandler.ours = Self.least(rounds) {
            let entry = ScriptEntry.handler(.onTranscript, arguments: ["user", "Good morning.", true])
            if start(entry) != .returned([]) { failures += 1 }
        }
        let spoken: [JSON] = ["Doctor Smith has time on Tuesday, and 20 percent of the patients come too late."]
        beforeTTS.ours = Self.least(rounds) {
            let entry = ScriptEntry.handler(.beforeTTS, arguments: [.string(Self.sentence)])
            if start(entry) != .returned(spoken) { failures += 1 }
        }
        action.ours = Self.least(rounds) {
            let entry = ScriptEntry.action(name: "book", arguments: ["date": "2026-12-01", "time": "3pm"])
            guard case .yielded(.sleep) = start(entry) else {
                failures += 1
                return
            }
            let task = ScriptTaskID(number: number)
            guard case .returned(let values)? = script.run(.resume(task, .value(.null), facts: facts))?.1,
                values.first?["status"] == "booked"
            else {
                failures += 1
                return
            }
        }
        guard failures == 0 else { throw BenchmarkError("\(failures) runs of scripts failed") }
    }

    private mutating func measureStates(flow path: String, count: Int) throws {
        let flow = try Flow.load(path: path)
        var scripts: [CallScript] = []
        scripts.reserveCapacity(count * Self.batches)
        let before = Host.residentBytes()
        newState.ours = try Self.least(count) {
            let script = try CallScript(flow: flow, facts: Self.facts, seed: UInt64(scripts.count)) { _, _, _ in }
            let entry = ScriptEntry.handler(.onTranscript, arguments: ["user", "Good morning.", false])
            guard case .returned? = script.run(.start(ScriptTaskID(number: 1), entry, facts: Self.facts))?.1 else {
                throw BenchmarkError("the shipped flow failed")
            }
            scripts.append(script)
        }
        residentBytes = Double(Host.residentBytes() - before) / Double(scripts.count)
        idleBytes.ours = Double(scripts.reduce(0) { $0 + $1.bytesUsed }) / Double(scripts.count)
    }

    private mutating func measureReload(flow path: String, folder: String, repetitions: Int) throws {
        load.ours = try Self.least(repetitions) { _ = try Flow.load(path: path) }
        let marked = "  actions = CallActions,\n"
        let text = try Self.read(path)
        guard let place = text.firstRange(of: marked) else { throw BenchmarkError("\(path) has no actions") }
        let changed = folder + "/changed.lua"
        try Self.write(
            text[..<place.upperBound] + "  on_handover = function(state) return state end,\n"
                + text[place.upperBound...], to: changed)
        let flow = try Flow.load(path: changed)
        var seed: UInt64 = 0
        func script() throws -> CallScript {
            seed += 1
            return try CallScript(flow: flow, facts: Self.facts, seed: seed) { _, _, _ in }
        }
        var scripts = try (0..<calls).map { _ in try script() }
        for script in scripts {
            let entry = ScriptEntry.action(
                name: "confirm_appointment", arguments: ["date": "2026-12-01", "time": "3pm"])
            _ = script.run(.start(ScriptTaskID(number: 1), entry, facts: Self.facts))
        }
        handOver.ours = try Self.least(1) {
            for index in scripts.indices {
                let next = try script()
                try next.takeOver(state: try scripts[index].state())
                scripts[index].close()
                scripts[index] = next
            }
        }
        guard try scripts[0].state()["booked"]?["time"] == "3pm" else {
            throw BenchmarkError("the calls' state was lost in the hand-over")
        }
    }

    private mutating func measurePlainLua(flow: String, folder: String, rounds: Int, count: Int) throws {
        let file = folder + "/plain.lua"
        try Self.write(Self.plainLua, to: file)
        let lua = try ChildProcess([
            "lua5.4", file, flow, "\(rounds)", "\(count)", "\(Self.batches)", "\(calls)", Self.sentence,
        ])
        let report = try lua.report()
        lua.wait()
        emptyHandler.plain = report["handler"]?.number
        beforeTTS.plain = report["before_tts"]?.number
        action.plain = report["action"]?.number
        newState.plain = report["run"]?.number
        load.plain = report["run"]?.number
        handOver.plain = report["hand_over"]?.number
        idleBytes.plain = report["bytes"]?.number
    }

    /// How often each figure is taken; the least counts, for what else the machine does only adds.
    private static let batches = 5

    /// Time of one round in the fastest batch. [ns]
    private static func least(_ rounds: Int, _ body: () throws -> Void) rethrows -> Double {
        var least = Double.infinity
        for _ in 0..<batches {
            let began = MonotonicClock.now()
            for _ in 0..<rounds { try body() }
            least = min(least, Double((MonotonicClock.now() - began).nanoseconds) / Double(rounds))
        }
        return least
    }

    private static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "re") else {
            throw BenchmarkError("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }

    private static func write(_ text: some StringProtocol, to path: String) throws {
        guard let file = fopen(path, "we") else {
            throw BenchmarkError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        fputs(String(text), file)
        fclose(file)
    }

    /// The same work in one state of plain Lua; the empty loop is taken off.
    private static let plainLua = #"""
        local before = collectgarbage("count")
        local path, sentence = arg[1], arg[6]
        local rounds, count, batches, calls = tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4]), tonumber(arg[5])

        local function time(n, body)
          local begun = os.clock()
          for _ = 1, n do body() end
          return (os.clock() - begun) / n * 1e9
        end

        local function least(n, body)
          local best = math.huge
          for _ = 1, batches do best = math.min(best, time(n, body)) end
          local empty = math.huge
          for _ = 1, batches do empty = math.min(empty, time(n, function() end)) end
          return best - empty
        end

        package.loaded.moonline = { agent = function(agent) return agent end, sleep = coroutine.yield }

        local function read()
          local file = assert(io.open(path, "rb"))
          local text = file:read("a")
          file:close()
          return text
        end

        collectgarbage()
        local empty = collectgarbage("count")
        local text = read()
        local kept = { assert(load(text, path))() }
        text = nil
        collectgarbage()
        local bytes = (before + collectgarbage("count") - empty) * 1024

        local function handler(call, role, text, final) end
        local function before_tts(call, text)
          return (text:gsub("Dr%.", "Doctor"):gsub("(%d+)%s*%%", "%1 percent"))
        end
        local function book(self, date, time)
          package.loaded.moonline.sleep(1)
          return { date = date, time = time, status = "booked" }
        end

        local call = { state = { booked = { date = "2026-12-01", time = "3pm" } } }
        local results = {}
        results.handler = least(rounds, function()
          local thread = coroutine.create(handler)
          coroutine.resume(thread, call, "user", "Good morning.", true)
        end)
        results.before_tts = least(rounds, function()
          local thread = coroutine.create(before_tts)
          coroutine.resume(thread, call, sentence)
        end)
        results.action = least(rounds, function()
          local thread = coroutine.create(book)
          coroutine.resume(thread, call, "2026-12-01", "3pm")
          coroutine.resume(thread)
        end)
        results.run = least(count, function() assert(load(read(), path))() end)

        local function copy(value)
          if type(value) ~= "table" then return value end
          local new = {}
          for key, element in pairs(value) do new[key] = copy(element) end
          return new
        end
        results.hand_over = least(math.max(1, count // calls), function()
          for _ = 1, calls do
            local agent = assert(load(read(), path))()
            agent.state = copy(call.state)
          end
        end)
        results.bytes = bytes

        local members = {}
        for name, value in pairs(results) do members[#members + 1] = string.format('"%s":%.3f', name, value) end
        print("{" .. table.concat(members, ",") .. "}")

        """#
}
