import Conversation
import LuaRuntime
import SansIO
import ScriptAPI
import Testing

@Suite("The script of a call") struct CallScriptTests {
    @Test("a handler that the flow does not define returns at once")
    func absentHandler() throws {
        #expect(try ScriptHarness(flow()).handle(.onRinging) == .returned([]))
    }

    @Test("each waiting function becomes its request, and returns what the host replies")
    func requests() throws {
        let cases: [(String, ScriptRequest)] = [
            ("moonline.sleep(0.25)", .sleep(.milliseconds(250))),
            ("call:say('hi')", .say(text: "hi", interruptible: true)),
            ("call:say(5)", .say(text: "5", interruptible: true)),
            ("call:say('hi', { interruptible = false })", .say(text: "hi", interruptible: false)),
            ("call:reply()", .reply(instructions: nil)),
            ("call:reply { instructions = 'laugh' }", .reply(instructions: "laugh")),
            ("call:transfer('tel:+1510')", .transfer(target: "tel:+1510")),
            ("call:hangup()", .hangup(reason: nil, afterPlayout: false)),
            ("call:hangup { reason = 'x', after_playout = true }", .hangup(reason: "x", afterPlayout: true)),
            ("call:wait_for_playout()", .waitForPlayout),
        ]
        for (source, request) in cases {
            let harness = try ScriptHarness(flow(fields: "on_answered = function(call) return \(source) end"))
            #expect(try harness.handle(.onAnswered) == .yielded(request))
            let isSleep = source.hasPrefix("moonline")
            #expect(try harness.resume(nil, .value(.null)) == .returned(isSleep ? [] : [true]))
        }
    }

    @Test("a failed request returns nil, message and code")
    func failure() throws {
        let harness = try ScriptHarness(
            flow(fields: "on_answered = function(call) return call:transfer('+1') end"))
        _ = try harness.handle(.onAnswered)
        #expect(
            try harness.resume(nil, .failure(code: .refused, message: "603 Decline"))
                == .returned([.null, "603 Decline", "refused"]))
    }

    @Test("wrong arguments are errors at the caller's line that name function, argument and type")
    func misuse() throws {
        let cases = [
            ("call:say(nil)", "bad argument #1 to 'say' (string expected, got nil)"),
            ("call:say()", "bad argument #1 to 'say' (string expected, got no value)"),
            ("call:say({})", "bad argument #1 to 'say' (string expected, got table)"),
            ("call:say('x', 5)", "bad argument #2 to 'say' (table expected, got number)"),
            (
                "call:say('x', { interruptible = 1 })",
                "bad argument #2 to 'say' (field 'interruptible': boolean expected, got number)"
            ),
            (
                "call:hangup { after_playot = true }",
                "bad argument #1 to 'hangup' (unknown field 'after_playot' (did you mean 'after_playout'?))"
            ),
            ("call.say('x')", "call 'say' with a colon: call:say(...)"),
            ("moonline.sleep('x')", "bad argument #1 to 'sleep' (number expected, got string)"),
            ("moonline.sleep(-1)", "bad argument #1 to 'sleep' (seconds from 0 to 86400 expected, got -1.0)"),
            ("moonline.sleep(0/0)", "seconds from 0 to 86400 expected"),
            (
                "call:log('loud', 'x')",
                "bad argument #1 to 'log' (one of \"debug\", \"info\", \"warning\", \"error\" expected, got \"loud\")"
            ),
            (
                "call:log('info', 'x', { f = print })",
                "bad argument #3 to 'log' (plain data expected: .f: a function is not data)"
            ),
            ("call:transfer('')", "bad argument #1 to 'transfer' (the target is empty)"),
            ("moonline.agent {}", "'agent' can only be used in the flow's file, not in a handler"),
            ("call.id = 5", "'call' is read-only"), ("moonline.sleep = print", "'moonline' is read-only"),
        ]
        for (source, expected) in cases {
            let harness = try ScriptHarness(flow(fields: "on_answered = function(call)\n\(source)\nend"))
            guard case .failed(let fault) = try harness.handle(.onAnswered) else {
                Issue.record("\(source) did not fail")
                continue
            }
            #expect(fault.message.contains("/flow.lua:9: "), "\(fault.message)")
            #expect(fault.message.contains(expected), "\(fault.message)")
        }
    }

    @Test("functions fail with a code, and without waiting, where the call's status does not allow them")
    func status() throws {
        let harness = try ScriptHarness(
            flow(
                fields:
                    "on_ringing = function(call) return call:say('x') end, on_hangup = function(call) return call:hangup() end"
            ))
        #expect(
            try harness.start(.handler(.onRinging, arguments: []), facts: facts(status: .ringing))
                == .returned([.null, "'say' is not possible while the call is ringing", "wrong_status"]))
        #expect(
            try harness.start(.handler(.onHangup, arguments: []), facts: facts(status: .hangup))
                == .returned([.null, "'hangup': the call has ended", "call_ended"]))
    }

    @Test("scripts read the facts of the call as they are at each resumption")
    func readFacts() throws {
        let read = """
            on_answered = function(call)
              local before = call.status
              moonline.sleep(1)
              return { before, call.status, call.id, call.to, call.from, call.direction, call.metadata.phone_number,
                call.headers['x-route'], call.started_at, call.answered_at, call.duration, call.room, call.mode,
                call.version, tostring(call.nothing) }
            end
            """
        let harness = try ScriptHarness(flow(fields: read))
        _ = try harness.handle(.onAnswered)
        #expect(
            try harness.resume(facts: facts(status: .hangup))
                == .returned([
                    [
                        "active", "hangup", "call-1", "+15105550100", "+15105550111", "outbound", "+15105550100", "7",
                        1000.0, 1005.0, 2.5, "room-1", "realtime", "abc", "nil",
                    ]
                ]))
    }

    @Test("call.state lasts for the call and is not shared between calls")
    func state() throws {
        let flow = try flow(
            fields: "on_ringing = function(call) call.state.n = (call.state.n or 0) + 1 return call.state.n end")
        let first = try ScriptHarness(flow)
        #expect(try first.handle(.onRinging) == .returned([1]))
        #expect(try first.handle(.onRinging) == .returned([2]))
        #expect(try ScriptHarness(flow).handle(.onRinging) == .returned([1]))
    }

    @Test("actions get the model's arguments in declaration order, with self.call")
    func actions() throws {
        let source = """
            ---Books.
            ---@param date string
            ---@param people? integer
            ---@param kind "check"|"repair"
            ---@param extra table<string, number>?
            function CallActions:book(date, people, kind, extra)
              return { self.call.id, date, people or "none", kind, extra and extra.x or 0, self:_help() }
            end
            function CallActions:_help() return "helped" end
            ---Nothing.
            function CallActions:nothing() end
            ---Text.
            function CallActions:text() return "caf\\xe9" end
            ---Bad.
            function CallActions:bad() return { f = print } end
            """
        let harness = try ScriptHarness(flow(actions: source))
        #expect(
            try harness.act("book", ["kind": "check", "date": "today"])
                == .returned([["call-1", "today", "none", "check", 0, "helped"]]))
        #expect(
            try harness.act("book", ["kind": "repair", "extra": ["x": 1.5], "date": "now", "people": 2])
                == .returned([["call-1", "now", 2, "repair", 1.5, "helped"]]))
        #expect(
            try harness.act("book", ["kind": "check", "date": "today", "people": .null])
                == .returned([["call-1", "today", "none", "check", 0, "helped"]]))
        #expect(try harness.act("nothing") == .returned([]))
        #expect(try harness.act("text") == .returned(["caf\u{FFFD}"]))
        let faults: [(String, JSONObject, String)] = [
            ("book", ["date": "x"], "action 'book': argument 'kind' is missing"),
            ("book", ["date": 5, "kind": "check"], "argument 'date' must be of type string, got 5"),
            ("book", ["date": "x", "kind": "tea"], #"argument 'kind' must be one of "check", "repair", got "tea""#),
            (
                "book", ["date": "x", "kind": "check", "peopel": 5],
                "argument 'peopel' is unknown (did you mean 'people'?)"
            ),
            (
                "book", ["date": "x", "kind": "check", "people": 1.5],
                "argument 'people' must be of type integer, got 1.5"
            ),
            ("book", ["date": "x", "kind": "check", "extra": ["y": "z"]], "argument 'extra.y' must be of type number"),
            ("boook", [:], "there is no action 'boook' (did you mean 'book'?)"),
            ("_help", [:], "there is no action '_help'"),
            ("bad", [:], "the returned value cannot be used: .f: a function is not data"),
        ]
        for (name, arguments, expected) in faults {
            guard case .failed(let fault) = try harness.act(name, arguments) else {
                Issue.record("\(name) did not fail")
                continue
            }
            #expect(fault.message.contains(expected), "\(fault.message)")
        }
    }

    @Test("handlers start in order; several wait at once; cancelling runs <close> and ends the task")
    func ordering() throws {
        let source = """
            on_transcript = function(call, role, text, final)
              local closing <close> = setmetatable({}, { __close = function() print('closed ' .. text) end })
              print(role .. ' ' .. text .. ' ' .. tostring(final))
              moonline.sleep(1)
              print('woke ' .. text)
            end
            """
        let harness = try ScriptHarness(flow(fields: source))
        for text in ["a", "b", "c"] {
            #expect(try harness.handle(.onTranscript, "user", .string(text), true) == .yielded(.sleep(.seconds(1))))
        }
        #expect(harness.cancel(2))
        #expect(try harness.resume(3) == .returned([]))
        #expect(try harness.resume(1) == .returned([]))
        #expect(harness.script.run(.resume(ScriptTaskID(number: 2), .value(.null), facts: facts())) == nil)
        #expect(
            harness.lines == [
                "info: user a true", "info: user b true", "info: user c true", "info: closed b", "info: woke c",
                "info: closed c", "info: woke a", "info: closed a",
            ])
    }

    @Test("an error in a handler is a fault with file, line and traceback; the next handler runs")
    func faults() throws {
        let harness = try ScriptHarness(
            flow(
                fields:
                    "on_answered = function(call)\nlocal x = call.nothing.x\nend, on_ringing = function() return 1 end")
        )
        guard case .failed(let fault) = try harness.handle(.onAnswered) else {
            Issue.record("did not fail")
            return
        }
        #expect(fault.kind == .error)
        #expect(fault.message.hasSuffix("flow.lua:9: attempt to index a nil value (field 'nothing')"))
        #expect(!fault.traceback.contains("while closing"))
        #expect(fault.traceback.contains("flow.lua:9:"))
        #expect(try harness.handle(.onRinging) == .returned([1]))
    }

    @Test("a handler in an endless loop is a budget fault, one that hoards memory a memory fault")
    func limits() throws {
        let limits = ScriptLimits(lua: LuaLimits(memory: 2 << 20, instructions: 300_000, processorTime: .seconds(1)))
        let harness = try ScriptHarness(
            flow(
                fields: """
                    on_answered = function() while true do end end,
                    on_ringing = function() local t = {} for i = 1, 1e8 do t[i] = i end end,
                    on_hangup = function() return 'fine' end
                    """), limits: ScriptLimits(lua: LuaLimits(memory: 2 << 20, processorTime: .seconds(1))))
        let tight = try ScriptHarness(flow(fields: "on_answered = function() while true do end end"), limits: limits)
        for script in [harness, tight] {
            guard case .failed(let fault) = try script.handle(.onAnswered) else {
                Issue.record("did not fail")
                return
            }
            #expect(fault.kind == .budget)
        }
        guard case .failed(let fault) = try harness.handle(.onRinging) else {
            Issue.record("did not fail")
            return
        }
        #expect(fault.kind == .memory)
        #expect(try harness.handle(.onHangup) == .returned(["fine"]))
    }

    @Test("log lines are capped for each call")
    func logCap() throws {
        let harness = try ScriptHarness(
            flow(fields: "on_answered = function(call) for i = 1, 10 do call:log('debug', 'line', { n = i }) end end"),
            limits: ScriptLimits(logLines: 2))
        #expect(try harness.handle(.onAnswered) == .returned([]))
        #expect(
            harness.lines == [
                #"debug: line {"n":1}"#, #"debug: line {"n":2}"#,
                "warning: the script has logged 2 lines; further ones are dropped",
            ])
    }

    @Test("memory caps too tight for the flow's file fail the script, not the host")
    func tinyMemory() throws {
        let flow = try flow()
        let limits = ScriptLimits(lua: LuaLimits(memory: 10_000))
        let fault = #expect(throws: ScriptFault.self) { try ScriptHarness(flow, limits: limits) }
        #expect(fault?.kind == .memory)
    }
}
