import Conversation
import LuaRuntime
import SansIO
import ScriptAPI
import Testing

/// Promises on order and re-entrancy, kept by the session and the script of production together.
@Suite("A real script in a whole call")
struct WholeCallTests {
    @Test("Handlers run one at a time and in order; another one starts only where one waits")
    func order() throws {
        let call = try SessionWithScript(
            flow(
                fields: """
                    on_answered = function(call)
                      print('answered')
                      call:say('Hello.')
                      print('said')
                      moonline.sleep(1)
                      print('slept')
                    end,
                    on_dtmf = function(call, digit)
                      print('key ' .. digit)
                      if digit == '1' then moonline.sleep(5) end
                      print('end of key ' .. digit)
                    end,
                    on_hangup = function(call, reason) print('bye ' .. reason) end
                    """))
        call.press("1", after: .milliseconds(1_200))
        call.press("2", after: .milliseconds(1_210))
        call.hangUp(after: .seconds(9))
        call.run()
        #expect(
            call.lines == [
                "answered", "key 1", "key 2", "end of key 2", "said", "slept", "end of key 1", "bye remote_hangup",
            ])
        #expect(call.violations.isEmpty)
    }

    @Test("moonline.now and call.duration stand still while the script runs, and go on when it waits")
    func time() throws {
        let call = try SessionWithScript(
            flow(
                fields: """
                    on_answered = function(call)
                      local first = moonline.now()
                      local n = 0
                      for i = 1, 100000 do n = n + i end
                      print(moonline.now() - first, call.duration)
                      moonline.sleep(2.5)
                      print(moonline.now() - first, call.duration, first == call.answered_at)
                      call:hangup()
                    end
                    """))
        call.run()
        #expect(call.lines == ["0.0\t0.0", "2.5\t2.5\ttrue"])
    }

    @Test("What sleeps when the call ends is closed, its <close> variables run, and on_hangup comes behind it")
    func close() throws {
        let call = try SessionWithScript(
            flow(
                fields: """
                    on_answered = function(call)
                      call:spawn(function()
                        local g <close> = guard('sleeper')
                        moonline.sleep(1000)
                        print('never')
                      end)
                      call:spawn(function()
                        local g <close> = guard('gatherer')
                        print(select(3, call:gather_dtmf { timeout = 1000 }))
                        moonline.sleep(1)
                        print('never')
                      end)
                      call:after(1000, function() print('never') end)
                      local g <close> = guard('handler')
                      print(select(3, call:play('a.wav')))
                    end,
                    on_hangup = function() print('bye') end
                    """,
                before: """
                    local function guard(name)
                      return setmetatable({}, { __close = function() print('closed ' .. name) end })
                    end
                    """))
        call.serve = { _ in .audio([UInt8](repeating: 1, count: 800_000)) }
        call.hangUp(after: .seconds(10))
        call.run()
        #expect(!call.lines.contains("never"))
        #expect(call.lines.last == "bye")
        #expect(
            call.lines.sorted()
                == ["bye", "call_ended", "call_ended", "closed gatherer", "closed handler", "closed sleeper"])
        #expect(call.outcome?.kind == .completed)
        #expect(call.violations.isEmpty)
    }

    @Test("spawn runs the function before its caller goes on; after and cancel_timer keep to their times")
    func background() throws {
        let call = try SessionWithScript(
            flow(
                fields: """
                    on_answered = function(call)
                      print(call:spawn(function() print('spawned') moonline.sleep(0.5) print('woke') end))
                      local first = call:after(1, function() print('first') end)
                      local second = call:after(1, function() print('second') end)
                      call:after(0.7, function() print('early') end)
                      print(call:cancel_timer(second), call:cancel_timer(second))
                      moonline.sleep(2)
                      print(call:cancel_timer(first))
                      call:hangup()
                    end
                    """))
        call.run()
        #expect(call.lines == ["spawned", "true", "true\tfalse", "woke", "early", "first", "false"])
        #expect(call.violations.isEmpty)
    }

    @Test("The contract's own way: an action sleeps, keeps what it learnt, and the model gets its result")
    func action() throws {
        let call = try SessionWithScript(
            flow(
                actions: """
                    ---Looks up times.
                    ---@param date string
                    function CallActions:look_up(date)
                      moonline.sleep(3)
                      self.call.state.asked = date
                      return { times = { "1pm" } }
                    end
                    """,
                fields: """
                    on_function_result = function(call, name, result)
                      result.for_date = call.state.asked
                      return result
                    end,
                    on_idle = function(call, count) if count == 2 then call:hangup { reason = 'silence' } end end,
                    idle_timeout = 5
                    """))
        call.functionCalls = [("look_up", #"{"date":"2026-12-01"}"#)]
        call.speak("Tomorrow?", after: .seconds(3))
        call.run()
        let outputs = call.observations.compactMap { observation in
            if case .actionReturned(_, _, let output, _) = observation { output } else { nil }
        }
        #expect(outputs.count == 1)
        #expect(try JSON(parsing: outputs.first ?? "") == ["for_date": "2026-12-01", "times": ["1pm"]])
        #expect(call.outcome?.reason == "silence")
        #expect(call.violations.isEmpty)
    }

    @Test("A call moves to a new version: its state goes along, the old one's functions are closed")
    func handover() throws {
        let old = try flow(
            fields: """
                on_answered = function(call)
                  call.state.count = 1
                  call:spawn(function()
                    local g <close> = setmetatable({}, { __close = function() print('old closed') end })
                    moonline.sleep(1000)
                  end)
                  call:after(5, function() print('old timer') end)
                end,
                on_dtmf = function(call) print('old key') end
                """)
        let new = try flow(
            fields: """
                on_handover = function(state) state.count = state.count + 1 return state end,
                on_dtmf = function(call, digit) print('new key', call.state.count, call.version ~= 'x') call:hangup() end
                """)
        let call = try SessionWithScript(old)
        call.press("1", after: .seconds(2))
        call.offer(new, after: .seconds(3))
        call.press("2", after: .seconds(10))
        call.run()
        #expect(call.lines == ["old key", "old closed", "new key\t2\ttrue"])
        #expect(call.observations.contains(.flowChanged(version: new.version, from: old.version)))
        #expect(call.violations.isEmpty)
    }

    @Test("A hand-over that fails keeps the old version with its state and its functions")
    func failedHandover() throws {
        let old = try flow(
            fields: """
                on_answered = function(call)
                  call.state.count = 1
                  call:spawn(function() moonline.sleep(5) print('woke', call.state.count) end)
                end,
                on_error = function(call, err) print(err.kind, (err.message:gsub('^.*: ', ''))) end,
                on_dtmf = function(call) print('old key') call:hangup() end
                """)
        let call = try SessionWithScript(old)
        call.offer(
            try flow(fields: "on_handover = function(state) state.count = 2 error('not now', 0) end"),
            after: .seconds(3))
        call.press("2", after: .seconds(10))
        call.run()
        #expect(call.lines == ["script\tnot now", "woke\t1", "old key"])
        #expect(call.violations.isEmpty)
    }

    @Test("A handler in an endless loop costs its call the fallback line, and nothing more")
    func endlessLoop() throws {
        let call = try SessionWithScript(
            flow(
                fields: """
                    fallback = "Sorry, goodbye.",
                    on_dtmf = function() while true do end end,
                    on_error = function(call, err) print(err.kind, err.retryable) end,
                    on_hangup = function(call, reason) print('bye', reason) end
                    """), limits: ScriptLimits(lua: .init(instructions: 100_000)))
        call.press("1", after: .seconds(5))
        call.run()
        #expect(call.lines == ["script\tfalse", "bye\tbudget"])
        #expect(call.outcome?.kind == .scriptFailed)
        #expect(call.violations.isEmpty)
    }
}
