import Conversation
import LuaRuntime
import SansIO
import ScriptAPI
import Testing

@Suite("Functions and fields of call, as scripts see them")
struct CallFunctionTests {
    /// Runs `return SOURCE` in `on_answered`.
    private func run(
        _ source: String, actions: String = "", facts given: CallFacts = facts()
    ) throws -> (ScriptHarness, ScriptOutcome) {
        let harness = try ScriptHarness(
            flow(actions: actions, fields: "on_answered = function(call) return \(source) end"))
        return (harness, try harness.start(.handler(.onAnswered, arguments: []), facts: given))
    }

    @Test("Each waiting function of the contract becomes its request")
    func requests() throws {
        let gathering = { (maximum: Int, timeout: Duration, terminator: Character?) in
            ScriptRequest.gatherDTMF(DTMFGathering(maximum: maximum, timeout: timeout, terminator: terminator))
        }
        let function = ScriptFunctionID(number: 1)
        let cases: [(String, ScriptRequest)] = [
            ("call:play('a.wav')", .play(source: "a.wav", interruptible: true)),
            ("call:play('a.wav', { interruptible = false })", .play(source: "a.wav", interruptible: false)),
            ("call:stop_speaking()", .stopSpeaking),
            ("call:send_text('system', 'x')", .sendText(role: "system", text: "x")),
            ("call:set_instructions('x')", .setInstructions("x")), ("call:set_voice('cedar')", .setVoice("cedar")),
            ("call:gather_dtmf()", gathering(32, .seconds(5), "#")),
            ("call:gather_dtmf {}", gathering(32, .seconds(5), "#")),
            (
                "call:gather_dtmf { max = 4, timeout = 0.5, terminator = '*' }",
                gathering(4, .milliseconds(500), "*")
            ),
            ("call:gather_dtmf { terminator = '' }", gathering(32, .seconds(5), nil)),
            ("call:transfer('+1', { mode = 'cold' })", .transfer(target: "+1")),
            ("call:mute()", .mute(true)), ("call:unmute()", .mute(false)),
            ("call:record()", .service(.record(path: nil))),
            ("call:record { path = 'a.wav' }", .service(.record(path: "a.wav"))),
            ("call:stop_recording()", .service(.stopRecording)), ("call:spawn(print)", .spawn(function)),
            ("call:after(1.5, print)", .after(.milliseconds(1_500), function)),
            ("call:cancel_timer(7)", .cancelTimer(7)), ("call:cancel_timer(-7)", .cancelTimer(0)),
        ]
        for (source, request) in cases {
            let (harness, outcome) = try run(source)
            #expect(outcome == .yielded(request), "\(source)")
            #expect(try harness.resume(nil, .value("value")) == .returned(["value"]))
        }
    }

    @Test("Success without a value is true, failure is nil, message and code")
    func replies() throws {
        let (harness, _) = try run("call:mute()")
        #expect(try harness.resume(nil, .value(.null)) == .returned([true]))
        let (other, _) = try run("call:record()")
        #expect(
            try other.resume(nil, .failure(code: .limitReached, message: "16 requests"))
                == .returned([.null, "16 requests", "limit_reached"]))
    }

    @Test("Wrong arguments are errors at the caller's line that name function, argument and what is expected")
    func misuse() throws {
        let cases = [
            ("call:play('')", "bad argument #1 to 'play' (the source is empty)"),
            ("call:play()", "bad argument #1 to 'play' (string expected, got no value)"),
            (
                "call:play('a', { loop = true })",
                "bad argument #2 to 'play' (unknown field 'loop'"
            ),
            (
                "call:send_text('sytem', 'x')",
                "bad argument #1 to 'send_text' (one of \"user\", \"system\", \"assistant\" expected, got \"sytem\" "
                    + "(did you mean 'system'?))"
            ),
            ("call:send_text('user')", "bad argument #2 to 'send_text' (string expected, got no value)"),
            ("call:set_instructions({})", "bad argument #1 to 'set_instructions' (string expected, got table)"),
            ("call:set_voice('')", "bad argument #1 to 'set_voice' (the name is empty)"),
            ("call:set_actions()", "bad argument #1 to 'set_actions' (table expected, got no value)"),
            ("call:gather_dtmf { max = 0 }", "bad argument #1 to 'gather_dtmf' (field 'max': 1 to 64 expected"),
            ("call:gather_dtmf { max = 1.5 }", "field 'max': number has no integer representation"),
            ("call:gather_dtmf { timeout = 0 }", "field 'timeout': seconds above 0 expected, got 0.0"),
            ("call:gather_dtmf { timeout = 0/0 }", "field 'timeout': seconds above 0 expected"),
            ("call:gather_dtmf { terminator = '##' }", "field 'terminator': one key expected, got \"##\""),
            ("call:gather_dtmf { terminator = 'x' }", "field 'terminator': one key expected, got \"x\""),
            ("call:gather_dtmf { terminater = '#' }", "unknown field 'terminater' (did you mean 'terminator'?)"),
            ("call:transfer('+1', { mode = 'hot' })", "field 'mode': one of \"cold\", \"bridge\", \"warm\" expected"),
            ("call:after(-1, print)", "bad argument #1 to 'after' (seconds from 0 to 86400 expected, got -1.0)"),
            ("call:after(math.huge, print)", "bad argument #1 to 'after' (seconds from 0 to 86400 expected, got inf)"),
            ("call:after(1)", "bad argument #2 to 'after' (function expected, got no value)"),
            ("call:spawn('x')", "bad argument #1 to 'spawn' (function expected, got string)"),
            ("call:cancel_timer('x')", "bad argument #1 to 'cancel_timer' (integer expected, got string)"),
            ("call:cancel_timer(1.5)", "bad argument #1 to 'cancel_timer' (number has no integer representation)"),
            ("call:record { path = {} }", "bad argument #1 to 'record' (field 'path': string expected, got table)"),
            ("call:send_dtmf({})", "bad argument #1 to 'send_dtmf' (string expected, got table)"),
            ("call.gather_dtmf({})", "call 'gather_dtmf' with a colon: call:gather_dtmf(...)"),
            ("moonline.env()", "bad argument #1 to 'env' (string expected, got no value)"),
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

    @Test(
        "What the telephone cannot do yet returns nil, a message and unsupported, without waiting",
        arguments: [
            "call:send_dtmf('1w2#')", "call:hold()", "call:unhold()", "call:transfer('+1', { mode = 'bridge' })",
            "call:transfer('+1', { mode = 'warm', brief = 'A caller.' })",
        ])
    func unsupported(source: String) throws {
        guard case .returned(let values) = try run(source).1 else {
            Issue.record("\(source) did not return")
            return
        }
        #expect(values.count == 3)
        #expect(values.first == .null)
        #expect(values.dropFirst().first?.string?.contains("not possible yet") == true)
        #expect(values.last == "unsupported")
    }

    @Test("Behind the end of the call every function of call fails with call_ended, and none of them waits")
    func afterTheEnd() throws {
        let sources = [
            "say('x')", "play('a')", "stop_speaking()", "wait_for_playout()", "reply()", "send_text('user', 'x')",
            "set_instructions('x')", "set_actions {}", "set_voice('x')", "gather_dtmf()", "send_dtmf('1')",
            "transfer('+1')", "hold()", "unhold()", "mute()", "unmute()", "hangup()", "record()", "stop_recording()",
            "after(1, print)", "cancel_timer(1)", "spawn(print)",
        ]
        #expect(Set(sources.map { String($0.prefix { $0 != "(" && $0 != " " }) }).count == sources.count)
        for source in sources {
            let (_, outcome) = try run("call:" + source, facts: facts(status: .hangup))
            guard case .returned(let values) = outcome else {
                Issue.record("\(source) did not return: \(outcome)")
                continue
            }
            #expect(values.last == "call_ended", "\(source)")
        }
    }

    @Test("Every field of call has its value, also before the answer")
    func fields() throws {
        var given = facts()
        given.statistics = ["loss": 0.5, "turns": [["turn": 1]]]
        let source = """
            { call.id, call.to, call.from, call.direction, call.metadata.phone_number, type(call.state), call.status,
              call.headers['x-route'], call.started_at, call.answered_at, call.duration, call.room, call.mode,
              call.stats.loss, call.stats.turns[1].turn, call.version }
            """
        #expect(
            try run(source, facts: given).1
                == .returned([
                    [
                        "call-1", "+15105550100", "+15105550111", "outbound", "+15105550100", "table", "active", "7",
                        1000.0, 1005.0, 2.5, "room-1", "realtime", 0.5, 1, "abc",
                    ]
                ]))
        given.answeredAt = nil
        given.metadata = .null
        given.headers = [:]
        given.direction = .inbound
        given.status = .ringing
        #expect(
            try run(
                "{ tostring(call.answered_at), next(call.metadata) == nil, next(call.headers) == nil, call.direction }",
                facts: given
            ).1 == .returned([["nil", true, true, "inbound"]]))
    }

    @Test("moonline.now stands still within a run, and has gone on behind a wait")
    func now() throws {
        let harness = try ScriptHarness(
            flow(
                fields: """
                    on_answered = function(call)
                      local first = moonline.now()
                      for i = 1, 10000 do assert(moonline.now() == first) end
                      moonline.sleep(1)
                      return first, moonline.now()
                    end
                    """))
        var given = facts()
        given.now = 1_006.5
        _ = try harness.start(.handler(.onAnswered, arguments: []), facts: given)
        given.now = 1_007.75
        #expect(try harness.resume(facts: given) == .returned([1_006.5, 1_007.75]))
    }

    @Test("moonline.env shows what the operator allows, and tells what is not set from what is not shown")
    func environment() throws {
        let directory = try FlowDirectory([
            "flow.lua": text(
                fields: """
                    on_answered = function()
                      local key = moonline.env('KEY')
                      return { key, select(3, moonline.env('UNSET')), select(3, moonline.env('PATH')), Loaded }
                    end
                    """, before: "local Loaded = moonline.env('KEY')")
        ])
        let environment = ScriptEnvironment(
            allowed: ["KEY", "UNSET"], variables: ["KEY": "secret", "PATH": "/bin"])
        let flow = try Flow.load(path: "\(directory.path)/flow.lua", environment: environment, isAnalysed: false)
        let script = try CallScript(flow: flow, facts: facts(), environment: environment, seed: 1) { _, _, _ in }
        let outcome = script.run(
            .start(ScriptTaskID(number: 1), .handler(.onAnswered, arguments: []), facts: facts()))
        #expect(outcome?.1 == .returned([["secret", "not_found", "not_allowed", "secret"]]))
    }

    @Test("A function that is kept for later runs once; one that is forgotten never does")
    func keptFunctions() throws {
        let harness = try ScriptHarness(
            flow(
                fields: """
                    on_answered = function(call)
                      call:spawn(function() print('one') return 'one' end)
                      call:after(1, function() print('two') end)
                    end
                    """))
        #expect(try harness.handle(.onAnswered) == .yielded(.spawn(ScriptFunctionID(number: 1))))
        #expect(try harness.resume() == .yielded(.after(.seconds(1), ScriptFunctionID(number: 2))))
        #expect(harness.script.run(.forget(ScriptFunctionID(number: 2))) == nil)
        #expect(try harness.start(.function(ScriptFunctionID(number: 1))) == .returned(["one"]))
        #expect(try harness.start(.function(ScriptFunctionID(number: 1))) == .returned([]))
        #expect(try harness.start(.function(ScriptFunctionID(number: 2))) == .returned([]))
        #expect(harness.lines == ["info: one"])
    }

    @Test("A wait inside a <close> variable of a handler that is closed is its fault alone; the next handler runs")
    func waitWhileClosing() throws {
        let harness = try ScriptHarness(
            flow(
                fields: """
                    on_answered = function(call)
                      local g <close> = setmetatable({}, { __close = function() call:say('bye') end })
                      moonline.sleep(10)
                    end,
                    on_ringing = function() return 1 end
                    """))
        _ = try harness.handle(.onAnswered)
        #expect(harness.cancel())
        #expect(harness.lines.count == 1)
        #expect(harness.lines.first?.hasPrefix("error: a <close> variable failed: ") == true)
        #expect(try harness.handle(.onRinging) == .returned([1]))
    }
}
