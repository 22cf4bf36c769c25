import Conversation
import SansIO
import ScriptAPI
import Testing

@testable import TestCalls

@Suite("A test call in live mode, in virtual time")
struct VirtualLiveTests {
    private let live = """
        mode = "live",
        on_answered = function(call) call:say("Hello, this is the practice.") end,
        on_interrupted = function(call, heard, unheard) call.state.unheard = unheard end,
        on_dtmf = function(call, digit)
          if digit == "1" then
            local ok, why, code = call:say("We are open from eight to six, Monday to Thursday.")
            if not ok then call:say("As you like.") end
          elseif digit == "2" then
            local ok = call:say("This call is recorded for your own safety and ours.", { interruptible = false })
            call:say(ok and "So much for that." or "You cut me off.")
          end
        end,
        fallback = "Something went wrong here.",
        """
    private let model = """
        { hears = "who", says = "You will see Doctor Smith." },
        { hears = "wait", says = "I am waiting." },
        """

    /// Plays a call that begins with the agent's greeting, and is to succeed.
    ///
    /// - Parameters:
    ///   - options: What stands between the test's name and its function, without the model.
    ///   - first: Entries of `t.model` before those of all calls, each with a comma behind it.
    ///   - misbehaviour: Of the model; `nil` for one that behaves.
    @discardableResult
    private func play(
        options: String = "{}", first: String = "", misbehaving misbehaviour: String? = nil, _ body: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> VirtualCallResult {
        let result = try await VirtualScene(live).play(
            options: options, model: first + model, stage: misbehaviour.map(VirtualScene.stage(misbehaving:)),
            """
            callee:answers()
            agent:says "Hello, this is the practice"
            \(body)
            """)
        result.expectSuccess(sourceLocation: sourceLocation)
        return result
    }

    // MARK: Interruptions

    @Test("The caller interrupts a sentence: the script learns of it, and of the words that were left")
    func interruption() async throws {
        try await play(
            """
            callee:presses "1"
            callee:interrupts("Wait, please.", { after = 1.2 })
            agent:is_interrupted { heard = "We are open", unheard = "Thursday" }
            agent:says "As you like"
            callee:hangs_up()
            """)
    }

    @Test("A sentence that cannot be interrupted is heard to its end, whatever the caller says into it")
    func uninterruptible() async throws {
        try await play(
            """
            callee:presses "2"
            callee:interrupts("Wait, please.", { after = 1 })
            agent:says "This call is recorded for your own safety and ours"
            agent:says "So much for that"
            callee:says "Who will I see?"
            agent:says "Doctor Smith"
            t.never(agent.is_interrupted)
            callee:hangs_up()
            """)
    }

    @Test("A key cuts a sentence; what is said then is heard although the model was in the middle of another")
    func keys() async throws {
        try await play(
            """
            callee:presses "1"
            callee:presses("2", { after = 2 })
            agent:says "This call is recorded"
            callee:hangs_up()
            """)
    }

    // MARK: Faults

    @Test(
        "A connection that is lost is followed by another, and the conversation goes on",
        arguments: [
            "live: drop=6s times=1", "live: expire=6s times=1", "live: stall=6s times=1; live: drop=7s times=1",
            "live: stall=6s times=1",
            "live: latency=100ms", "live: unknown",
        ])
    func outage(misbehaviour: String) async throws {
        try await play(
            misbehaving: misbehaviour,
            """
            t.wait(6)
            callee:says "Who will I see?"
            agent:says("Doctor Smith", { within = 20 })
            callee:hangs_up()
            """)
    }

    @Test("A server that hangs while the caller speaks is left, and what the caller said is heard by the next one")
    func hangs() async throws {
        let result = try await VirtualScene(live).play(
            model: "{ hears = \"who\", says = \"You will see Doctor Smith.\", always = true },",
            stage: try VirtualScene.stage(misbehaving: "live: stall=8s times=1"),
            """
            callee:answers()
            agent:says "Hello, this is the practice"
            callee:says("Who will I see?", { after = 5 })
            agent:says("Doctor Smith", { within = 20 })
            callee:hangs_up()
            """)
        result.expectSuccess()
        #expect(try losses(result) == [false])
    }

    @Test("A text in the middle of which the server hangs is said to its end by the next one")
    func hangsInText() async throws {
        let result = try await VirtualScene(live).play(
            model: model, stage: try VirtualScene.stage(misbehaving: "live: stall=middle times=1"),
            """
            callee:answers()
            agent:says("this is the practice", { within = 20 })
            callee:says "Who will I see?"
            agent:says "Doctor Smith"
            callee:hangs_up()
            """)
        result.expectSuccess()
        #expect(try losses(result) == [false])
    }

    @Test("A model that is silent by choice, for as long as it likes, is not taken for a server that is gone")
    func silentByChoice() async throws {
        let result = try await VirtualScene(live).play(
            model: "{ hears = \"who\", says = \"You will see Doctor Smith.\" },",
            """
            callee:answers()
            agent:says "Hello, this is the practice"
            callee:says "Never mind."
            t.wait(40)
            callee:says "Who will I see?"
            agent:says "Doctor Smith"
            callee:hangs_up()
            """)
        #expect(try losses(result) == [])
        #expect(result.test.failure == nil, "\(result.story)")
    }

    @Test("A session is replaced before its server ends it, and nobody notices")
    func renewal() async throws {
        let result = try await VirtualScene(live).play(
            model: model, stage: try VirtualScene.stage(misbehaving: "live: expire=100s times=1"),
            """
            callee:answers()
            agent:says "Hello, this is the practice"
            t.wait(80)
            callee:says "Who will I see?"
            agent:says "Doctor Smith"
            callee:hangs_up()
            """)
        result.expectSuccess()
        #expect(try losses(result) == [true])
    }

    @Test("Whatever the caller says around a planned change of session is heard", arguments: 0..<9)
    func wordsAroundRenewal(quarter: Int) async throws {
        let result = try await VirtualScene(live).play(
            model: model, stage: try VirtualScene.stage(misbehaving: "live: expire=100s times=1"),
            """
            callee:answers()
            t.wait(\(73.5 + Double(quarter) / 4))
            callee:says("Who will I see?", { after = 0.1 })
            agent:says("Doctor Smith", { within = 20 })
            t.wait(20)
            callee:hangs_up()
            """)
        result.expectSuccess()
        #expect(try losses(result) == [true])
    }

    /// Whether each loss of the model was planned.
    private func losses(_ result: VirtualCallResult) throws -> [Bool] {
        try CallLog(parsing: try #require(result.log?.bytes)).entries.compactMap { entry in
            guard entry.body["observation"]?.string == "model_lost" else { return nil }
            return entry.body["planned"]?.bool
        }
    }

    @Test("The test's own faults reach the socket: it is reset by the network, and dropped by the model")
    func ownFaults() async throws {
        try await play(
            options: "t.network { reset_model_after = 5 }",
            """
            t.wait(5)
            callee:says "Who will I see?"
            agent:says "Doctor Smith"
            callee:hangs_up()
            """)
        try await play(
            first: "{ hears = \"drop\", drops = true }, ",
            """
            callee:says "Drop it."
            t.wait(3)
            callee:says "Who will I see?"
            agent:says("Doctor Smith", { within = 20 })
            callee:hangs_up()
            """)
    }

    @Test("A model that stays away is followed by the fallback line, and nothing is left")
    func staysAway() async throws {
        let result = try await play(
            misbehaving: "live: drop=6s times=1; live: status=503 after=1",
            """
            agent:says("Something went wrong here", { within = 60 })
            agent:hangs_up()
            """)
        #expect(result.outcome?.kind == .modelFailed)
    }
}
