import Conversation
import SansIO
import ScriptAPI
import Testing

@testable import OfflineModel
@testable import TestCalls

@Suite("A test call in pipeline mode, in virtual time")
struct VirtualPipelineTests {
    private let pipeline = """
        mode = "pipeline",
        on_answered = function(call) call:say("Hello, this is the practice.") end,
        fallback = "Something went wrong here.",
        """
    private let model = """
        { hears = "who", says = "You will see Dr. Smith at 3:30. Is that all right?" },
        { hears = "fine", says = "Goodbye then." },
        """

    /// What the language model was asked, as the event log has it.
    private func requests(_ result: VirtualCallResult) throws -> [JSON] {
        let log = try CallLog(parsing: try #require(result.log?.bytes))
        return log.entries.map(\.body).filter { $0["action"]?.string == "generate" }
    }

    @Test("The script rewrites a sentence; the callee hears that, and the model is told what it wrote itself")
    func rewrites() async throws {
        let scene = try VirtualScene(
            """
            \(pipeline)
            before_tts = function(call, text)
              return { spoken = text:gsub("Dr%. ", "Doctor "):gsub("3:30", "half past three"), shown = text }
            end,
            """)
        let result = try await scene.play(
            model: model,
            """
            callee:answers()
            agent:says(t.exact "Hello, this is the practice.")
            callee:says "Who will I see?"
            agent:says(t.exact "You will see Doctor Smith at half past three. Is that all right?")
            callee:says "That is fine."
            agent:says "Goodbye then"
            callee:hangs_up()
            """)
        result.expectSuccess()
        let messages = try #require(try requests(result).last?["messages"]?.array)
        #expect(
            messages.map { $0["content"]?.string ?? "" } == [
                "Hello, this is the practice.", "Who will I see?",
                "You will see Dr. Smith at 3:30. Is that all right?", "That is fine.",
            ])
    }

    @Test("The callee's ears hear what was rewritten: the audio is recognised")
    func rewrittenAudio() async throws {
        let scene = try VirtualScene(
            """
            mode = "pipeline", tts = "openai",
            on_answered = function(call) call:reply() end,
            before_tts = function(call, text)
              return { spoken = text:gsub("Dr%. ", "Doctor "):gsub("3:30", "half past three"), shown = text }
            end,
            """)
        let result = try await scene.play(
            model: "{ start = true, says = \"You will see Dr. Smith at 3:30.\" },", keepsAudio: true,
            """
            callee:answers()
            agent:says "Doctor Smith"
            t.wait(1)
            callee:hangs_up()
            """)
        result.expectSuccess()
        let audio = try #require(result.calleeAudio?.heard)
        let phrases = [
            "you will see doctor smith at half past three", "you will see doctor smith at three thirty",
            "you will see d r smith at three thirty",
        ]
        let persona = try PersonaDefinition(
            source: Array(
                """
                return persona { phrases = { \(phrases.map { "\"\($0)\"" }.joined(separator: ", ")) },
                  on_text = function() end }
                """.utf8), name: "ears")
        #expect(try SharedEars().hear(audio, .pcmu, persona: persona) == phrases[0])
    }

    @Test(
        "Whatever goes wrong once at a server, the caller hears the answer once, and the model knows it",
        arguments: [
            "chat: status=429 retry-after=1s times=1", "chat: status=500 times=1", "chat: drop=start times=1",
            "chat: drop=middle times=1", "chat: stall=start times=1", "chat: stall=middle times=1",
            "chat: truncate times=1", "chat: odd-chunks", "chat: latency=300ms~2s", "chat: unknown",
            "speech: status=500 times=1", "speech: drop=start times=1", "speech: stall=start times=1",
            "speech: odd-chunks", "speech: latency=200ms..900ms", "transcriptions: status=500 times=1",
            "transcriptions: drop=start times=1", "transcriptions: stall=start times=1",
            "transcriptions: latency=300ms~1s", "transcriptions: truncate times=1",
        ])
    func survives(misbehaviour: String) async throws {
        let scene = try VirtualScene(pipeline)
        let result = try await scene.play(
            model: model, stage: VirtualScene.stage(misbehaving: misbehaviour),
            """
            callee:answers()
            agent:says "Hello, this is the practice"
            callee:says "Who will I see?"
            agent:says("Is that all right", { within = 20 })
            callee:says "That is fine."
            agent:says("Goodbye then", { within = 20 })
            callee:hangs_up()
            """)
        result.expectSuccess()
        #expect(
            result.agentSaid.joined(separator: " ")
                == "Hello, this is the practice. You will see Dr. Smith at 3:30. Is that all right? Goodbye then.",
            "\(result.story)")
    }

    @Test(
        "A model that never answers ends the call with the fallback line; a key that is refused does so at once",
        arguments: [("chat: status=500", 20), ("chat: status=401", 4)])
    func givesUp(misbehaviour: String, limit: Int) async throws {
        let result = try await VirtualScene(pipeline).play(
            model: model, stage: VirtualScene.stage(misbehaving: misbehaviour),
            """
            callee:answers()
            agent:says "Hello, this is the practice"
            callee:says "Who will I see?"
            agent:says(t.exact "Something went wrong here.", { within = \(limit) })
            agent:hangs_up()
            """)
        result.expectSuccess()
        #expect(result.outcome?.kind == .modelFailed)
    }
}
