import Audio
import Conversation
import Foundation
import SansIO
import TestSupport
import Testing

@testable import TestCalls

@Suite("Test calls over the wire", .timeLimit(.minutes(2)))
struct LoopbackPlayerTests {
    @Test("Calls of every kind pass, all at the same time, and none disturbs another")
    func everyKind() async throws {
        let played = try await LoopbackFixture.play(
            """
            local model = t.model {
              { hears = "for four", says = "One moment.", calls = "book", with = { guests = 4 } },
              { result_of = "book", says = "Your table is booked." },
              { hears = "somebody else", calls = "put_through" },
              { hears = "are you there", says = { "Yes, I am here.", "I have been here the whole time, and I will be." } },
              { hears = "stop", says = "As you like." },
            }

            t.test("books a table", model, function(callee, agent)
              callee:answers { after = 0.5 }
              agent:says "this is the desk"
              callee:says "A table for four please."
              agent:calls("book", { guests = 4 }, { returns = { booked = 4 } })
              agent:says "is booked"
              callee:hangs_up()
              agent:ends "completed"
              t.latency { response_p95 = 2 }
            end)

            t.test("hears keys", model, function(callee, agent)
              agent:says "desk"
              callee:presses "12w9"
              agent:receives "129"
              agent:says "Goodbye"
              agent:hangs_up()
              agent:ends "key nine"
            end)

            t.test("puts through", model, function(callee, agent)
              agent:says "desk"
              callee:says "I want somebody else."
              agent:transfers_to "+15105550199"
              agent:ends "transferred"
            end)

            t.test("is refused a transfer", model, function(callee, agent)
              callee:refuses_transfer(486)
              agent:says "desk"
              callee:says "I want somebody else."
              agent:transfers_to "+15105550199"
              agent:calls("put_through", {}, { returns = { error = t.like "486" } })
            end)

            t.test("is called", { direction = "inbound" }, model, function(callee, agent)
              callee:calls { from = "+15105550142", headers = { ["X-Table"] = "4" } }
              agent:says "this is the desk"
              callee:presses "9"
              agent:ends "key nine"
            end)

            t.test("is interrupted", model, function(callee, agent)
              agent:says "desk"
              callee:says "Are you there?"
              callee:interrupts("Stop.", { after = 2 })
              agent:is_interrupted()
              agent:says "As you like"
            end)

            t.test("a busy callee", model, function(callee, agent)
              callee:is_busy()
              agent:ends "busy"
            end)

            t.test("a callee that rejects", model, function(callee, agent)
              callee:rejects { status = 404, after = 0.2 }
              agent:ends "not_found"
            end)

            t.test("a test that ends before anybody answers", model, function(callee, agent)
              callee:never_answers()
              t.wait(1)
            end)

            t.test("a voicemail", model, function(callee, agent)
              callee:is_voicemail { greeting = "You have reached nobody.", beep = true }
              agent:hears "reached nobody"
            end)

            t.test("is understood", model, function(callee, agent)
              agent:says(t.sounds_like("this is the desk", { at_least = 0.4 }), { within = 20 })
            end)
            """)
        played.expectPassed()
        // The longest takes ten seconds or so; one after the other they take more than a minute.
        #expect(played.duration < .seconds(45), "\(played.duration)")
        #expect(try played["is called"].outcome?.reason == "key nine")
        #expect(try played["a busy callee"].outcome?.kind == .busy)
        for result in played.results {
            #expect(result.recording == nil && result.eventLog == nil, "files of a call that passed are removed")
        }
    }

    @Test("On a bad line a conversation goes on, for real datagrams are lost, late, double and out of order")
    func badLine() async throws {
        let played = try await LoopbackFixture.play(
            """
            t.options { model = t.model { { hears = "for two", calls = "book", with = { guests = 2 } },
                                          { result_of = "book", says = "Your table is booked." } } }
            local function talk(callee, agent)
              agent:says "this is the desk"
              callee:says "A table for two please."
              agent:calls("book", { guests = 2 })
              agent:says "is booked"
              callee:presses "9"
              agent:says "Goodbye"
              agent:ends("key nine", { within = 30 })
            end
            t.test("loss", t.network { loss = 0.1, burst = 2, jitter_ms = 30 }, talk)
            t.test("delay", t.network { delay_ms = 150, duplicate = 0.2, reorder = 0.05 }, talk)
            """)
        played.expectPassed()
    }

    @Test("A direction that dies is silent from then on, and the other goes on")
    func oneWay() async throws {
        let played = try await LoopbackFixture.play(
            """
            t.options { model = t.model { { hears = "anybody", says = "I am here." } } }
            t.test("to the agent", t.network { one_way_after = 3.5 }, function(callee, agent)
              agent:says "desk"
              t.wait(4)
              callee:presses "9"
              agent:receives("9", { within = 2 })
            end)
            t.test("to the callee", t.network { one_way_after = 0, one_way = "to_callee" }, function(callee, agent)
              callee:answers()
              callee:hesitates(4)
              callee:presses "9"
              agent:receives "9"
              t.latency { first_word = 60 }
            end)
            """)
        let toAgent = try #require(try played["to the agent"].failure)
        #expect(toAgent.expected.contains("9") && toAgent.line == 7, "\(toAgent)")
        // The agent got the key, and the callee never heard a word.
        let toCallee = try played["to the callee"]
        #expect(toCallee.statistics.firstWord == nil)
        #expect(toCallee.failure?.message.contains("first_word") == true, "\(String(describing: toCallee.failure))")
    }

    @Test("The model's socket is reset when the test says so, and the call goes on with another one")
    func modelReset() async throws {
        let played = try await LoopbackFixture.play(
            """
            local model = t.model { { hears = "anybody there", says = "Yes, we are." } }
            t.test("reset", model, t.network { reset_model_after = 2 }, function(callee, agent)
              agent:says "desk"
              t.wait(4)
              callee:says "Is anybody there?"
              agent:says "Yes, we are"
              callee:presses "9"
              agent:ends "key nine"
            end)
            t.test("not reset", model, function(callee, agent)
              agent:says "desk"
              t.wait(4)
              callee:says "Is anybody there?"
              agent:says "Yes, we are"
              callee:presses "9"
              agent:ends "key nine"
            end)
            """)
        played.expectPassed()
    }

    @Test("A call that fails leaves recording, transcript and event log; the log tells the same as the report")
    func failure() async throws {
        let played = try await LoopbackFixture.play(
            """
            t.test("waits in vain", function(callee, agent)
              agent:says "desk"
              agent:says("something else", { within = 1 })
            end)
            t.test("takes too long", { time_limit = 2 }, function(callee, agent)
              callee:never_answers()
              agent:says("anything", { within = 60 })
            end)
            t.test("has a fault", function(callee, agent)
              agent:says "desk"
              error "no"
            end)
            t.test("never ends", function(callee, agent)
              agent:says "desk"
              while true do end
            end)
            t.test("passes beside them", function(callee, agent)
              agent:says "desk"
              callee:presses "9"
              agent:ends "key nine"
            end)
            """)
        #expect(played.results.filter(\.passed).map(\.test.name) == ["passes beside them"])
        let failed = try played["waits in vain"]
        #expect(failed.failure?.kind == .expectation && failed.failure?.line == 4)
        #expect(try played["takes too long"].failure?.kind == .timeLimit)
        #expect(try played["has a fault"].failure?.kind == .script)
        #expect(try played["never ends"].failure?.kind == .script)
        let recording = try WAVFile(contentsOf: try #require(failed.recording))
        #expect(recording.channelCount == 2)
        #expect((1...20).contains(recording.duration.seconds), "\(recording.duration)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: try #require(failed.eventLog)))
        let log = try Conversation.CallLog(parsing: bytes)
        #expect(log.isComplete && log.beginning.seed == failed.seed)
        let last = try #require(log.entries.last { $0.body["action"] == "finish" })
        #expect(try CallOutcome(logged: last.body) == failed.outcome)
    }

    @Test("Seed and time of a test are those of its flow")
    func seedAndTime() async throws {
        let tests = """
            t.test("dice", { start_time = "2026-12-01T18:30" }, function(callee, agent)
              agent:says "desk"
              callee:presses "8"
              agent:says "dice"
              callee:presses "7"
              agent:says "18 hours on day 1"
            end)
            """
        async let first = dice(tests, seed: 5)
        async let second = dice(tests, seed: 5)
        async let third = dice(tests, seed: 6)
        let said = try await [first, second, third]
        #expect(said[0] == said[1] && said[0] != said[2], "\(said)")
    }

    /// What the dice of the test's call showed.
    private func dice(_ tests: String, seed: UInt64) async throws -> [String] {
        let played = try await LoopbackFixture.play(tests, seed: seed)
        played.expectPassed()
        return try played["dice"].timeline.compactMap {
            if case .agentSaid(let text) = $0.event, text.contains("dice") { text } else { nil }
        }
    }

    @Test("What cannot be played is told in one sentence, before anything rings")
    func objections() async throws {
        let played = try await LoopbackFixture.play(
            """
            t.test("inbound", { direction = "inbound" }, function(callee, agent) agent:says "desk" end)
            t.test("bad line", t.network { loss = 0.1 }, function(callee, agent) agent:says "desk" end)
            t.test("a callee that speaks", function(callee, agent) agent:says "desk" callee:says "Hello." end)
            """, stranger: "127.0.0.1:9")
        let messages = played.results.map { $0.failure?.message ?? "" }
        #expect(
            messages[0] == "The test is inbound, and 127.0.0.1:9 cannot be told to call: leave it to our own callee.")
        #expect(messages[1] == "The test has a bad line, which needs our own callee in place of 127.0.0.1:9.")
        // Nobody listens there.
        #expect(played.results[2].outcome?.kind == .trunkFailed)
    }
}
