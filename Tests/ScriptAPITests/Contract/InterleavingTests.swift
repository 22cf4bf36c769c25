import Conversation
import SansIO
import ScriptAPI
import Testing

/// A script that waits wherever it can, in calls in which everything crosses everything.
@Suite("Scripts that yield everywhere")
struct InterleavingTests {
    private static let source = """
        local open, paused, running = {}, {}, nil
        local total = 0

        -- What runs now; a `<close>` variable takes note of the end, however it comes.
        local function enter(name)
          assert(running == nil, name .. ' begins while ' .. tostring(running) .. ' runs')
          total = total + 1
          local id = total
          running = id
          open[id] = name
          print('begin ' .. name)
          return setmetatable({ id = id }, { __close = function()
            assert(open[id], name .. ' ends twice')
            open[id] = nil
            if running == id then running = nil end
            paused[id] = nil
            print('end ' .. name)
          end })
        end

        local function pause(call, self)
          assert(running == self.id and not paused[self.id])
          running, paused[self.id] = nil, true
          local kind = math.random(12)
          if kind <= 2 then moonline.sleep(math.random() * 0.5)
          elseif kind == 3 then moonline.sleep(0)
          elseif kind == 4 then call:say('Just a moment.', { interruptible = math.random() < 0.7 })
          elseif kind == 5 then call:play('a.wav', { interruptible = math.random() < 0.7 })
          elseif kind == 6 then call:gather_dtmf { max = 2, timeout = 0.3 }
          elseif kind == 7 then call:stop_speaking()
          elseif kind == 8 then call:wait_for_playout()
          elseif kind == 9 then call:reply()
          elseif kind == 10 then call:set_instructions('Be ' .. math.random(3))
          elseif kind == 11 then call:record()
          else call:send_text('user', 'note') end
          assert(running == nil, 'two run')
          running, paused[self.id] = self.id, nil
        end

        local function work(call, name)
          local self <close> = enter(name)
          for _ = 1, math.random(0, 3) do pause(call, self) end
          if math.random() < 0.05 then error('boom in ' .. name) end
          if math.random() < 0.2 and total < 200 then
            running, paused[self.id] = nil, true
            if math.random() < 0.5 then
              call:spawn(function() work(call, 'spawned') end)
            else
              call:after(math.random(), function() work(call, 'timer') end)
            end
            running, paused[self.id] = self.id, nil
          end
        end
        """

    private static func flow() throws -> Flow {
        try ScriptAPITests.flow(
            actions: """
                ---Looks up.
                function CallActions:look_up() work(self.call, 'look_up') return 'found' end
                """,
            fields: """
                idle_timeout = 2,
                on_answered = function(call) work(call, 'on_answered') end,
                on_speech_started = function(call) work(call, 'on_speech_started') end,
                on_speech_stopped = function(call) work(call, 'on_speech_stopped') end,
                on_transcript = function(call, role) work(call, 'on_transcript') end,
                on_interrupted = function(call) work(call, 'on_interrupted') end,
                on_dtmf = function(call, digit) print('key ' .. digit) work(call, 'on_dtmf') end,
                on_idle = function(call) work(call, 'on_idle') end,
                on_error = function(call, err) work(call, 'on_error') end,
                on_function_call = function(call) work(call, 'on_function_call') end,
                on_function_result = function(call) work(call, 'on_function_result') end,
                on_hangup = function(call)
                  for id, name in pairs(open) do print('left open ' .. name) end
                  print('bye')
                end
                """, before: source)
    }

    private func run(seed: UInt64, _ flow: Flow) throws -> SessionWithScript {
        var random = SeededRandom(seed: seed)
        let call = try SessionWithScript(flow, seed: seed, hasty: random.chance(0.2))
        call.functionCalls = Array(repeating: ("look_up", "{}"), count: 3)
        var choices = random
        call.serve = { request in
            guard case .loadAudio = request else { return .reply(.value("done")) }
            return choices.chance(0.2)
                ? .reply(.failure(code: .notFound, message: "no"))
                : .audio([UInt8](repeating: 1, count: Int.random(in: 0...8_000, using: &choices)))
        }
        for key in "123456789" {
            call.press(key, after: .milliseconds(1_000 + 900 * (key.wholeNumberValue.map(Int64.init) ?? 0)))
        }
        for _ in 0..<8 {
            call.speak("Well?", after: .milliseconds(Int64.random(in: 1_100...20_000, using: &random)))
        }
        call.hangUp(after: .milliseconds(Int64.random(in: 2_000...30_000, using: &random)))
        call.run()
        return call
    }

    @Test(
        "One at a time, each wait ends once, what was begun is ended, on_hangup is last",
        arguments: UInt64(1)...60)
    func invariants(seed: UInt64) throws {
        let call = try run(seed: seed, Self.flow())
        #expect(call.violations.isEmpty)
        #expect(call.outcome?.kind == .completed)
        let lines = call.lines
        #expect(lines.last == "bye")
        #expect(!lines.contains { $0.hasPrefix("left open") }, "\(lines.suffix(20))")
        let begun = lines.count { $0.hasPrefix("begin ") }
        #expect(begun > 5)
        #expect(lines.count { $0.hasPrefix("end ") } == begun)
        // Keys are told in the order in which they were pressed; a gathering may take some of them.
        let keys = lines.filter { $0.hasPrefix("key ") }
        #expect(keys == keys.sorted())
        let faults = call.observations.compactMap { observation -> String? in
            if case .fault(let fault) = observation, fault.kind == .script { fault.message } else { nil }
        }
        #expect(faults.allSatisfy { $0.contains("boom in ") }, "\(faults)")
    }

    @Test("The same events, times and seed: the script does the same again")
    func deterministic() throws {
        let flow = try Self.flow()
        let first = try run(seed: 42, flow)
        let second = try run(seed: 42, flow)
        #expect(first.lines == second.lines)
        #expect(first.steps == second.steps)
        #expect(first.lines.count > 20)
    }
}
