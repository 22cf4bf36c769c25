import Conversation
import TestSupport
import Testing

@testable import TestCalls

@Suite("Test calls over the wire, in each mode", .timeLimit(.minutes(2)))
struct LoopbackModeTests {
    /// All of one flow, and one whose model hears for itself.
    private func selection(_ mode: AgentMode) -> TestSelection {
        let shipped = ShippedFlows()
        var selection = shipped.selection
        let persona = shipped.tests(of: "payment_reminder").filter { $0.test.name.contains("apologises to somebody") }
        selection.entries = (shipped.tests(of: "call_back") + persona).map { .playable($0) }
        selection.setMode(mode)
        return selection
    }

    @Test(
        "Shipped tests pass as they do in virtual time: real sockets and requests, none of which is left",
        arguments: [AgentMode.pipeline, .live])
    func shippedTests(mode: AgentMode) async throws {
        let played = try await LoopbackFixture.play(selection(mode), in: try TemporaryFolder("loopback"))
        played.expectPassed()
        #expect(played.results.count { $0.passed } >= 12)
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
