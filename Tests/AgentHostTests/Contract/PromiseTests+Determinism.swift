import Conversation
import LuaRuntime
import SansIO
import ScriptAPI
import TestSupport
import Testing

// The sixth promise.

extension HostTests.PromiseTests {
    /// A script that asks for all that could differ from one run to the next.
    private static let curious = """
        local moonline = require "moonline"
        local json = require "json"
        local CallActions = {}
        ---Tells.
        function CallActions:tell()
          local parts = {}
          for i = 1, 20 do parts[i] = math.random(1 << 30) end
          local t = {}
          for i = 1, 50 do t["key" .. math.random(1000)] = i end
          for key, value in pairs(t) do parts[#parts + 1] = key .. value end
          local objects = {}
          for i = 1, 10 do objects[{}] = i objects[function() end] = -i end
          for object, value in pairs(objects) do parts[#parts + 1] = tostring(object) .. value end
          parts[#parts + 1] = tostring(print) .. tostring(coroutine.create(print)) .. tostring(self.call)
          parts[#parts + 1] = string.format("%p", parts)
          parts[#parts + 1] = moonline.now() .. " " .. self.call.id
          moonline.sleep(1)
          parts[#parts + 1] = moonline.now() .. " " .. math.random()
          local ok, message = pcall(error, {})
          parts[#parts + 1] = tostring(message)
          return { parts = parts, text = json.encode(t) }
        end
        return moonline.agent {
          name = "curious", instructions = "Be curious.", actions = CallActions,
          on_dtmf = function(call) while true do call.state.n = (call.state.n or 0) + 1 end end,
        }
        """

    /// Runs a script through the same commands, and returns all that it said.
    private func outcomes(of flow: Flow, seed: UInt64) throws -> [ScriptOutcome] {
        var facts = CallFacts(
            id: "CA_1", to: "+15105550100", from: "+15105550123", direction: .outbound, metadata: [:],
            startedAt: 1_700_000_000, room: "r", version: flow.version)
        facts.status = .active
        var limits = ScriptLimits()
        limits.lua = LuaLimits(instructions: 500_000, processorTime: .seconds(20))
        var logged: [ScriptOutcome] = []
        let script = try CallScript(flow: flow, facts: facts, limits: limits, seed: seed) { level, message, _ in
            logged.append(.returned([.string(level.rawValue), .string(message)]))
        }
        var outcomes: [ScriptOutcome] = []
        for number in 1...3 as ClosedRange<UInt64> {
            let task = ScriptTaskID(number: number)
            if let started = script.run(.start(task, .action(name: "tell", arguments: [:]), facts: facts)) {
                outcomes.append(started.1)
            }
            facts.now += 1.25
            if let resumed = script.run(.resume(task, .value(true), facts: facts)) { outcomes.append(resumed.1) }
        }
        let key = ScriptEntry.handler(.onDTMF, arguments: ["1", 100])
        if let failed = script.run(.start(ScriptTaskID(number: 9), key, facts: facts)) { outcomes.append(failed.1) }
        outcomes.append(.returned([try script.state()]))
        return outcomes + logged
    }

    @Test("Deterministic: the same events, times and seed lead to the same outcomes; another seed does not")
    func deterministic() throws {
        let folder = try TemporaryFolder("deterministic")
        try folder.write(Self.curious, to: "curious.lua")
        let flow = try Flow.load(path: folder.file("curious.lua"))
        let first = try outcomes(of: flow, seed: 42)
        #expect(first.count == 8)
        guard case .returned(let values) = first[1] else {
            Issue.record("the action failed: \(first[1])")
            return
        }
        #expect(values.first?["parts"]?.array?.count ?? 0 > 60)
        for _ in 0..<20 {
            // What else the process has allocated makes no difference.
            let ballast = [[UInt8]](repeating: [UInt8](repeating: 0, count: .random(in: 1...9_999)), count: 7)
            #expect(try outcomes(of: flow, seed: 42) == first)
            #expect(ballast.count == 7)
        }
        #expect(try outcomes(of: flow, seed: 43) != first)
    }
}
