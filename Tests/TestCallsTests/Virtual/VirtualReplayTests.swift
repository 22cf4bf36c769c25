import Conversation
import SansIO
import ScriptAPI
import Testing

@testable import OfflineModel
@testable import Replay
@testable import TestCalls

@Suite("A test call's event log, run again")
struct VirtualReplayTests {
    private static let fields = """
        on_answered = function(call) call:say("Hello, this is the practice. Can you come on Friday, or on Monday?") end,
        on_dtmf = function(call, digit) if digit == "0" then call:transfer("+15105550199") end end,
        """
    private static let actions = """
        ---Looks a day up.
        ---@param day string
        function CallActions:look_up(day)
          moonline.sleep(0.3)
          return { day = day, times = { "one", "two" } }
        end
        """
    private static let model = """
        { hears = "who is this", says = "It is the practice. Which day do you want?" },
        { hears = "monday", says = "Let me look.", calls = "look_up", with = { day = "Monday" } },
        { result_of = "look_up", says = "We have one or two on Monday. Which of them do you want to take?" },
        """
    private static let body = """
        callee:answers { after = 1 }
        callee:interrupts("Sorry, who is this?", { after = 2 })
        agent:is_interrupted()
        agent:says "Which day do you want"
        callee:says "On Monday."
        agent:calls("look_up", { day = "Monday" })
        agent:says "Which of them do you want to take"
        """
    private static let refusedTransfer = """
        callee:refuses_transfer(603)
        callee:presses "0"
        agent:transfers_to "+15105550199"
        """
    private static let end = """
        callee:hangs_up()
        agent:ends "completed"
        """

    private static func scene(_ mode: AgentMode, _ fields: String = Self.fields) throws -> VirtualScene {
        var scene = try VirtualScene(fields, actions: Self.actions)
        scene.flow = scene.flow.inMode(mode)
        return scene
    }

    private func log(_ result: VirtualCallResult) throws -> CallLog {
        try CallLog(parsing: try #require(result.log?.bytes))
    }

    @Test("a flow does in each mode what it did, also where the mode is not its own", arguments: AgentMode.allCases)
    func again(mode: AgentMode) async throws {
        let scene = try Self.scene(mode)
        // A live model does not tell when it was cut off.
        let body =
            mode == .live
            ? """
            callee:answers()
            callee:says("Who is this?", { after = 12 })
            callee:says("On Monday.", { after = 8 })
            t.wait(10)
            callee:hangs_up()
            """ : [Self.body, Self.refusedTransfer, Self.end].joined(separator: "\n")
        let result = try await scene.play(model: Self.model, body)
        result.expectSuccess()
        let log = try log(result)
        #expect(log.beginning.configuration.definition.mode == mode)
        let replayed = try CallReplay(log).run()
        #expect(replayed.divergence == nil, "\(replayed)")
        #expect(replayed.isIdentical && replayed.end == .callEnded && replayed.events > 20)

        let edited = try VirtualScene(Self.fields.replacing("Hello,", with: "Good morning,"), actions: Self.actions)
        let other = try CallReplay(log, flow: edited.flow).run()
        #expect(other.divergence?.place == "on_answered")
        #expect(other.differences.isEmpty)
    }

    @Test("an edited flow's mode, stages and turns are told as differences")
    func differences() async throws {
        let scene = try Self.scene(.realtime)
        let log = try log(
            try await scene.play(model: Self.model, "callee:answers() agent:says \"practice\" callee:hangs_up()"))
        let edited = try VirtualScene(
            "mode = \"pipeline\", llm = \"backup\", turns = { min_delay = 0.7 }, \(Self.fields)", actions: Self.actions)
        let result = try CallReplay(log, flow: edited.flow).run()
        #expect(result.divergence == nil)
        #expect(!result.isIdentical)
        #expect(
            result.differences == [
                FlowDifference(text: "the mode: pipeline, was realtime", isToldModel: true),
                FlowDifference(text: "llm", isToldModel: true), FlowDifference(text: "the turns", isToldModel: false),
            ])
    }

    @Test(
        "the test that is written from it passes in the same mode, and the model does what it did",
        arguments: [
            (AgentMode.realtime, "", ""), (.pipeline, "", ""), (.live, "", ""),
            (
                .pipeline,
                "before_tts = function(call, text) return { spoken = text:gsub(\"Monday\", \"the day\"), shown = text } end,",
                ""
            ),
            (.pipeline, "", "chat: drop=middle times=1"), (.pipeline, "", "chat: status=500 times=1 after=1"),
            (.pipeline, "turns = { min_delay = 1.2, preemptive_replies = 3 },", ""),
        ])
    func written(mode: AgentMode, fields: String, misbehaviour: String) async throws {
        let scene = try Self.scene(mode, Self.fields + fields)
        let result = try await scene.play(
            model: Self.model, stage: VirtualScene.stage(misbehaving: misbehaviour), Self.body + "\n" + Self.end)
        result.expectSuccess()
        let text = try RecordedTest(log(result)).text
        for expected in [
            "callee:interrupts(\"Sorry, who is this?\"", "callee:says \"On Monday.\"", "agent:calls(\"look_up\"",
            "hears = \"Sorry, who is this?\"", "hears = \"On Monday.\"", "calls = \"look_up\"",
            "result_of = \"look_up\"", "callee:hangs_up()",
        ] {
            #expect(text.contains(expected), "\(expected) is not in\n\(text)")
        }
        #expect(text.contains("--mode \(mode.rawValue)") == (mode != .realtime))
        #expect(text.contains("A stage of the pipeline failed") == !misbehaviour.isEmpty)
        let again = try #require(try await scene.play(file: text).first)
        #expect(again.test.failure == nil, "\(text)\n\(again.story)")
        #expect(again.outcome?.kind == result.outcome?.kind)
        #expect(again.agentSaid.suffix(2) == result.agentSaid.suffix(2))
    }

    @Test("a refused transfer is refused in the written test too", arguments: AgentMode.allCases)
    func refusedTransfer(mode: AgentMode) async throws {
        let scene = try Self.scene(mode)
        let body = """
            callee:refuses_transfer(486)
            callee:answers()
            agent:says "or on Monday"
            callee:presses "0"
            agent:transfers_to "+15105550199"
            t.wait(3)
            callee:hangs_up()
            """
        let result = try await scene.play(model: Self.model, body)
        result.expectSuccess()
        let text = try RecordedTest(log(result)).text
        let again = try #require(try await scene.play(file: text).first)
        #expect(again.test.failure == nil, "\(text)\n\(again.story)")
        let refusal = try #require(text.firstRange(of: "callee:refuses_transfer(486)"))
        let keys = try #require(text.firstRange(of: "callee:presses \"0\""))
        #expect(refusal.upperBound < keys.lowerBound)
        #expect(again.outcome?.kind == .completed)
    }

    @Test("a live model that answers an order, and calls a function, does so in the test that is written from it")
    func liveOrders() async throws {
        let fields = """
            mode = "live",
            on_answered = function(call) call:reply { instructions = "Greet the caller and ask for the day." } end,
            """
        let scene = try VirtualScene(fields, actions: Self.actions)
        let model = """
            { instructed = "Greet the caller", says = "Good morning. Which day do you want?" },
            { hears = "monday", calls = "look_up", with = { day = "Monday" } },
            { result_of = "look_up", says = "We have one or two on Monday. Which of them do you want to take?" },
            """
        let result = try await scene.play(
            model: model,
            """
            callee:answers()
            agent:says "Which day do you want"
            callee:says "On Monday."
            agent:calls("look_up", { day = "Monday" })
            agent:says "Which of them do you want to take"
            callee:hangs_up()
            """)
        result.expectSuccess()
        let text = try RecordedTest(log(result)).text
        for expected in [
            "instructed = \"Greet the caller and ask for the day.\"", "hears = \"On Monday.\", calls = \"look_up\"",
            "result_of = \"look_up\", says = ", "agent:calls(\"look_up\"",
        ] {
            #expect(text.contains(expected), "\(expected) is not in\n\(text)")
        }
        let again = try #require(try await scene.play(file: text).first)
        #expect(again.test.failure == nil, "\(text)\n\(again.story)")
    }
}
