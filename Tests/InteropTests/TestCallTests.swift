import AgentHost
import Audio
import Conversation
import Logging
import ScriptAPI
import TestCalls
import TestSupport
import Testing
import VoiceAgent

extension Strangers {
    @Suite("Test calls to telephones of others")
    struct TestCallTests {
        /// Plays a file's tests, one after the other, against somebody else's telephone.
        private func play(
            _ tests: String, flow: String, persona: String? = nil, callee: String, in folder: TemporaryFolder
        ) async throws -> [TestResult] {
            try folder.write("local t = require \"moonline.test\"\n" + tests, to: "tests.lua")
            if let persona { try folder.write(persona, to: "persona.lua") }
            var configuration = LoopbackPlayer.Configuration(
                host: HostConfiguration(
                    flowsFolder: "", dataFolder: "",
                    model: RealtimeConfiguration(baseURL: "", apiKey: "", model: "gpt-realtime-2.1")))
            configuration.calleeAddress = callee
            let player = try await LoopbackPlayer.start(
                configuration, logger: Logger(label: "interop") { _ in SwiftLogNoOpLogHandler() })
            var options = TestRunner.Options()
            options.keepsAll = true
            options.resultsFolder = folder.file("results")
            let results = await TestRunner(player, options: options).run(
                TestSelection(
                    testFiles: [folder.file("tests.lua")], flows: [LoadedFlowFile(path: flow)],
                    personas: persona == nil ? [] : [folder.file("persona.lua")], filter: nil, seed: 1)
            ) { _ in }
            await player.shutDown()
            return results
        }

        @Test(
            "a shipped flow leaves its message on baresip, behind a person's greeting; what is not said fails the test",
            .timeLimit(.minutes(2)))
        func baresip() async throws {
            let greeting = try HumanSpeech.samples(HumanSpeech.introduction)
            let baresip = try await Baresip.start(
                codec: "PCMU", playing: HumanSpeech.silence(seconds: 0.5) + greeting + HumanSpeech.silence(seconds: 40))
            let folder = try TemporaryFolder("test-calls")
            let results = try await play(
                """
                t.options {
                  metadata = { name = "Jayden", topic = "your question about braces", call_back_to = "+15105550199" },
                }
                t.test("leaves its message", function(callee, agent)
                  agent:hears "leave your message after the tone"
                  agent:calls "detected_answering_machine"
                  agent:says(t.exact("Hello Jayden, this is the dental practice. We are calling back about your question "
                    .. "about braces. Please ring us at 1 5 1 0 5 5 5 0 1 9 9. Goodbye."), { within = 40 })
                  agent:ends "message left"
                  t.never(agent.is_interrupted)
                end)
                t.test("expects what is not said", function(callee, agent)
                  agent:hears "leave your message"
                  t.never(agent.calls, "detected_answering_machine")
                  agent:says("We have moved", { within = 2 })
                end)
                """,
                flow: Fixture.script("flows/call_back.lua"),
                persona: """
                    return persona {
                      phrases = { "please leave your message after the tone", "when done hang up or press the pound key" },
                      on_text = function(context, heard)
                        if heard:find("tone") or heard:find("pound") then return call("detected_answering_machine", {}) end
                        return {}
                      end,
                      on_result = function() return {} end,
                    }
                    """, callee: Baresip.target(port: baresip.port), in: folder)
            let passed = try #require(results.first)
            #expect(passed.passed, "\(String(describing: passed.failure))\n\(passed.timeline)\n\(baresip.output)")
            let failed = try #require(results.last)
            #expect(failed.failure?.kind == .expectation, "\(String(describing: failed.failure))")
            // What the recording says that the agent sent is what baresip heard.
            let recording = try WAVFile(contentsOf: try #require(passed.recording))
            let heard = Likeness(of: recording.channel(1), in: try await baresip.heard())
            #expect(heard.share > 0.9, "\(heard)\n\(baresip.output)")
        }

        @Test("sipp takes test calls: one passes, one fails, one cannot be played", .timeLimit(.minutes(1)))
        func sipp() async throws {
            let folder = try TemporaryFolder("test-calls")
            try folder.write(
                """
                local moonline = require "moonline"
                return moonline.agent {
                  name = "desk", instructions = "Be brief.",
                  -- sipp sends all audio back: what is heard is no reason to stop.
                  on_answered = function(call) call:say("Hello, this is the desk.", { interruptible = false }) end,
                }
                """, to: "desk.lua")
            try await SIPp.callee("callee", calls: 3).run { sipp in
                let results = try await play(
                    """
                    t.test("says hello", function(callee, agent)
                      agent:says "this is the desk"
                    end)
                    t.test("expects another word", function(callee, agent)
                      agent:says("goodbye", { within = 3 })
                    end)
                    t.test("has the callee speak", function(callee, agent)
                      agent:says "this is the desk"
                      callee:says "Hello."
                    end)
                    """, flow: folder.file("desk.lua"), callee: "\(Loopback.host):\(sipp.port)", in: folder)
                #expect(results.map { $0.failure?.kind } == [nil, .expectation, .host])
                #expect(results.map { $0.outcome?.wasAnswered } == [true, true, true])
                #expect(
                    results.last?.failure?.message
                        == "The callee at \(Loopback.host):\(sipp.port) cannot be told to speak: against it a test can "
                        + "only expect something of the agent.")
            }
        }
    }
}
