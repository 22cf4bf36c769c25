import Conversation
import ScriptAPI
import TestSupport
import Testing

@testable import TestCalls

@Suite("Test calls over the wire, in each mode", .timeLimit(.minutes(2)))
struct LoopbackModeTests {
    /// Tests of one flow, and one whose model hears for itself. Those that measure pauses to the tenth of a second are
    /// left out: a machine that does other things meanwhile is late.
    private func selection(_ mode: AgentMode) -> TestSelection {
        let shipped = ShippedFlows()
        let names = [
            "leaves its message behind the beep", "the message cannot be interrupted", "leaves the first word to",
            "says neither name nor number", "puts a person through", "calls again when nobody", "transfers nobody",
            "stays when somebody speaks", "says so when the model is gone", "offline model apologises to somebody",
        ]
        var selection = shipped.selection
        selection.entries = (shipped.tests(of: "call_back") + shipped.tests(of: "payment_reminder"))
            .filter { item in names.contains { item.test.name.contains($0) } }
            .filter { $0.flow.path.hasSuffix("/call_back.lua") || $0.persona != nil }
            .map { .playable($0) }
        selection.setMode(mode)
        return selection
    }

    @Test(
        "Shipped tests pass as they do in virtual time: real sockets and requests, none of which is left",
        arguments: [AgentMode.pipeline, .live])
    func shippedTests(mode: AgentMode) async throws {
        let played = try await LoopbackFixture.play(selection(mode), in: try TemporaryFolder("loopback"))
        played.expectPassed()
        #expect(played.results.count { $0.passed } == 10)
        #expect(played.duration < .seconds(60), "\(played.duration)")
    }

    @Test("A Live connection that is reset is followed by another, and a model that is gone by the fallback")
    func liveOutages() async throws {
        let played = try await LoopbackFixture.play(
            """
            t.options { model = t.model {
              { hears = "anybody", says = "I am here." }, { hears = "quota", fails = "insufficient_quota" },
            } }
            t.test("reset", t.network { reset_model_after = 3 }, function(callee, agent)
              agent:says "this is the desk"
              t.wait(3)
              callee:says "Is anybody there?"
              agent:says "I am here"
              callee:presses "9"
              agent:ends "key nine"
            end)
            t.test("gone", function(callee, agent)
              agent:says "this is the desk"
              callee:says "What about your quota?"
              agent:says "Sorry"
              agent:hangs_up()
            end)
            """,
            flow: LoopbackFixture.flow.replacing(
                "name = \"desk\",", with: "name = \"desk\", mode = \"live\", fallback = \"Sorry.\","))
        played.expectPassed()
    }
}
