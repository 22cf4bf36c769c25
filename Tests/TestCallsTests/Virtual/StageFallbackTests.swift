import Conversation
import MediaEngine
import SansIO
import Testing

@testable import TestCalls

@Suite("A stage of whole calls that fails, with another provider behind it")
struct StageFallbackTests {
    private static let flow = """
        mode = "pipeline", stt = { "first", "second" }, llm = { "first", "second" }, tts = { "first", "second" },
        on_answered = function(call) call:say("Hello, this is the practice.") end,
        """
    private static let model = """
        { hears = "who", says = "You will see Doctor Smith. She is very nice. Is that all right?" },
        { hears = "fine", says = "Goodbye then." },
        """
    private static let wholeText =
        "Hello, this is the practice. You will see Doctor Smith. She is very nice. Is that all right? Goodbye then."

    private func play(_ misbehaviour: String) async throws -> VirtualCallResult {
        try await VirtualScene(Self.flow).play(
            model: Self.model, keepsAudio: true, stage: VirtualScene.stage(misbehaving: misbehaviour),
            """
            callee:answers()
            agent:says "Hello, this is the practice"
            callee:says "Who will I see?"
            agent:says("Is that all right", { within = 20 })
            callee:says "That is fine."
            agent:says("Goodbye then", { within = 20 })
            callee:hangs_up()
            """)
    }

    /// The longest time in which nobody could be heard, between the first word and the last.
    private func longestSilence(_ result: VirtualCallResult) throws -> Duration {
        let ledgers = [try #require(result.agentAudio).ledger, try #require(result.calleeAudio).ledger]
        let runs = ledgers.flatMap(\.runs).sorted { $0.start < $1.start }
        var silentSince = try #require(runs.first).start
        var longest = Duration.zero
        for run in runs {
            if run.start > silentSince { longest = max(longest, run.start - silentSince) }
            silentSince = max(silentSince, run.start + .microseconds(125 * (run.count ?? 0)))
        }
        return longest
    }

    @Test(
        """
        What is said is said once and in full, nothing is left open, and the silence is longer by no more than the \
        stage's patience
        """,
        arguments: [
            ("chat: stall=start key=first", 4.0), ("chat: stall=middle key=first", 4.0),
            ("chat: status=429 retry-after=30s key=first", 0), ("chat: status=500 key=first", 0),
            ("chat: status=401 key=first", 0), ("chat: drop=start key=first", 0), ("chat: drop=middle key=first", 0),
            ("chat: truncate key=first", 0), ("chat: odd-chunks", 0), ("chat: unknown", 0),
            ("chat: latency=900ms", 0.9), ("speech: stall=start key=first", 2), ("speech: stall=middle key=first", 2),
            ("speech: status=429 retry-after=30s key=first", 0), ("speech: status=503 key=first", 0),
            ("speech: drop=start key=first", 0), ("speech: drop=middle key=first", 0), ("speech: odd-chunks", 0),
            ("speech: latency=500ms", 0.5), ("transcriptions: stall=start key=first", 2.5),
            ("transcriptions: status=500 key=first", 0), ("transcriptions: drop=start key=first", 0),
            ("transcriptions: truncate key=first", 0), ("transcriptions: latency=700ms", 0.7),
            ("stall=start key=first", 8.5), ("status=500 key=first", 0), ("drop=middle key=first", 0),
        ] as [(String, Double)])
    func budget(misbehaviour: String, patience: Double) async throws {
        let usual = try longestSilence(try await play(""))
        let result = try await play(misbehaviour)
        result.expectSuccess()
        #expect(result.agentSaid.joined(separator: " ") == Self.wholeText, "\(result.story)")
        // Asking somebody else takes a round trip for each stage, and half a second of work.
        let silence = try longestSilence(result)
        #expect(silence <= usual + .seconds(patience) + .milliseconds(600), "\(silence), usually \(usual)")
    }
}
