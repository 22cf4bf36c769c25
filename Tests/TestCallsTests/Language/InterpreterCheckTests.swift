import Conversation
import SansIO
import Testing

@testable import TestCalls

@Suite("The test language: checks of the whole call, errors, limits") struct InterpreterCheckTests {
    @Test("t.never fails at the moment that it happens, at its own line, also for what happened before it")
    func never() throws {
        let rehearsal = try Rehearsal(
            """
            t.never(agent.says, t.like "price")
            agent:says "goodbye"
            """)
        rehearsal.begin()
        rehearsal.agentSays("Our prices are low.", from: 3, to: 4)
        #expect(rehearsal.times { $0 == .finish } == [4])
        let failure = try #require(try rehearsal.result().failure)
        #expect(failure.line == 3)
        #expect(failure.message == "it happened that the agent said “Our prices are low.” at 4.00 s")
        #expect(failure.expected == "the agent never says something like “price”")

        let late = try Rehearsal("agent:says 'low'\nt.never(agent.says, 'price')")
        late.begin()
        late.agentSays("Our prices are low.", from: 3, to: 4)
        #expect(try late.result().failure?.line == 4)
    }

    @Test(
        "t.never knows actions, transfers, interruptions and what was understood",
        arguments: [
            ("agent.calls, 'confirm'", true), ("agent.calls, 'confirm', { day = 'Friday' }", false),
            ("agent.calls", true), ("agent.transfers_to, '+1'", true), ("agent.transfers_to, '+2'", false),
            ("agent.is_interrupted", true), ("agent.hears, 'yes'", true), ("agent.hears, 'no'", false),
            ("agent.says", false),
        ])
    func neverKinds(arguments: String, fails: Bool) throws {
        let rehearsal = try Rehearsal("t.never(\(arguments))\nagent:hangs_up()")
        rehearsal.begin()
        rehearsal.agentCalls("confirm", #"{"day":"Monday"}"#, at: 3)
        rehearsal.send(.transferRequested("tel:+1"), at: 4)
        rehearsal.calleeIsHeard("Yes, please.", at: 5)
        rehearsal.send(
            .observed(.interruption(Interruption(heard: "a", unheard: "b", playedMilliseconds: 1))), at: 6)
        rehearsal.end(at: 7)
        #expect(try rehearsal.result().passed == !fails)
    }

    @Test("latency limits are looked at when the call is over, and name the turns")
    func latency() throws {
        for (limits, message) in [
            ("{ response_p95 = 0.8 }", "response_p95 was 0.90 s, more than 0.80 s"), ("{ response_p50 = 0.8 }", nil),
            ("{ first_word = 0.5 }", "first_word was 0.90 s, more than 0.50 s"), ("{ response_max = 1 }", nil),
        ] {
            let rehearsal = try Rehearsal("t.latency \(limits)\nagent:hangs_up()")
            rehearsal.begin()
            rehearsal.agentSays("Hello.", from: 3, to: 4)
            for (turn, delay) in [700, 900, 500].enumerated() {
                rehearsal.send(
                    .observed(
                        .latency(TurnLatency(turn: turn + 1, toFirstPacket: .milliseconds(delay), toFirstAudio: .zero))),
                    at: 5)
            }
            rehearsal.end(at: 7)
            let result = try rehearsal.result()
            #expect(result.failure?.message == message)
            if message != nil {
                #expect(
                    result.failure?.nearest
                        == "turn 1: 0.70 s, turn 2: 0.90 s, turn 3: 0.50 s, first word: 0.90 s")
            }
        }
        let silent = try Rehearsal("t.latency { response_max = 1 }")
        silent.begin()
        silent.end(at: 7)
        #expect(
            try silent.result().failure?.message
                == "response_max could not be measured: the agent answered no turn of the callee")
    }

    @Test(
        "mistakes of the test are its failure, at the line that made it",
        arguments: [
            ("agent:say('x')", "agent has no function 'say' (did you mean 'says'?)"),
            ("agent:says()", "bad argument #1 to 'says' (text or t.like, t.any, … expected, got no value)"),
            ("agent.says('x')", "call 'says' with a colon: agent:says(...)"),
            ("agent:says('x', { withn = 2 })", "unknown field 'withn' (did you mean 'within'?)"),
            ("agent:says('...')", "text with words in it expected"),
            ("agent:calls('x', 5)", "a table with names expected, got 5"),
            ("callee:answers { after = -1 }", "field 'after': 0 to 86400 expected"),
            ("callee:says('x', { voice = 'slx' })", "(did you mean 'slt'?)"),
            ("callee:presses 'x'", "keys such as \"12#\" expected, got “X”"),
            ("t.never(agent.say, 'x')", "agent has no function 'say'"),
            ("t.never(callee.says, 'x')", "one of agent.says, agent.hears"),
            ("t.latency {}", "at least one of response_p50"),
            ("t.network { loss = 1 }", "'network' can only be used in the file itself"),
            ("t.test('x', function() end)", "'test' can only be used in the file itself"),
            ("agent:says(t.pattern '%')", "the pattern “%”"),
            ("local x = nil + 1", "attempt to perform arithmetic on a nil value"),
            ("error('no')", "no"), ("callee.x = 1", "callee cannot be changed"),
            ("while true do end", "the script used more than"),
            ("callee:answers() callee:answers()", "it was decided already how the callee takes the call"),
        ])
    func mistakes(line: String, message: String) throws {
        let rehearsal = try Rehearsal(line)
        rehearsal.begin()
        rehearsal.agentSays("anything", from: 3, to: 4)
        let failure = try #require(try rehearsal.result().failure)
        #expect(failure.message.contains(message), "\(failure.message)")
        #expect(failure.line == 3)
        #expect(failure.kind == .script)
        #expect(failure.file == "tests/example.lua")
        #expect(rehearsal.times { $0 == .finish }.count == 1)
    }

    @Test("a test that takes too long fails where it stands; the time is its own option")
    func timeLimit() throws {
        let rehearsal = try Rehearsal("t.wait(3000)", options: "{ time_limit = 20 }")
        rehearsal.begin()
        rehearsal.pass(until: 100)
        let failure = try #require(rehearsal.run.result?.failure)
        #expect(failure.kind == .timeLimit)
        #expect(failure.at == .seconds(20))
        #expect(failure.line == 3)
    }

    @Test("a test that waits for ever for a call that is over fails, and does not hang", .timeLimit(.minutes(1)))
    func neverEnding() throws {
        for line in ["while true do t.wait(600) end", "while true do callee:hesitates(1) end"] {
            let rehearsal = try Rehearsal(line)
            rehearsal.begin()
            rehearsal.end(at: 5)
            let failure = try #require(rehearsal.run.result?.failure)
            #expect(failure.kind == .script)
            #expect(failure.message.hasPrefix("the test does not end") && failure.message.hasSuffix("the call is over"))
            #expect(failure.line == 3)
        }
    }

    @Test("a call that does not end ten seconds after the test has is a failure; so is a host that gives up")
    func endless() throws {
        let rehearsal = try Rehearsal("agent:says 'hello'")
        rehearsal.begin()
        rehearsal.agentSays("Hello.", from: 3, to: 4)
        rehearsal.pass(until: 60)
        let result = try #require(rehearsal.run.result)
        #expect(result.failure?.message == "the call did not end within 10.00 s of the test's end")
        #expect(rehearsal.run.nextDeadline == nil)

        let aborted = try Rehearsal("agent:says 'hello'")
        aborted.send(.began, at: 0)
        #expect(aborted.run.abort("no port is free", at: .zero) == [.finish])
        aborted.end(at: 1, by: .host)
        #expect(aborted.run.result?.failure?.kind == .host)
    }

    @Test("the first failure is the one that is told, and `<close>` variables run")
    func closes() throws {
        let rehearsal = try Rehearsal(
            """
            local guard <close> = setmetatable({}, { __close = function() print("closed") end })
            agent:says 'hello'
            """)
        rehearsal.begin()
        rehearsal.end(at: 5)
        let result = try rehearsal.result()
        #expect(result.failure?.line == 4)
        #expect(result.failure?.message.contains("was over") == true)
    }

    @Test("the same events give the same result, run after run")
    func deterministic() throws {
        func once(seed: UInt64) throws -> TestResult {
            let rehearsal = try Rehearsal(
                "print(math.random(1, 1000000))\ncallee:says('x')\nagent:says 'hello'", seed: seed)
            rehearsal.begin()
            rehearsal.agentSays("Hello.", from: 4, to: 5)
            return try rehearsal.result()
        }
        #expect(try once(seed: 7) == once(seed: 7))
        #expect(try once(seed: 7).timeline != once(seed: 8).timeline)
    }
}
