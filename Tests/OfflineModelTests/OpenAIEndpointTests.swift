import Audio
import FoundationEssentials
import Glibc
import Logging
import SansIO
import Speech
import TestSupport
import Testing

@testable import OfflineModel

/// The official Python package uses every endpoint.
@Suite("The openai package at the endpoints", .timeLimit(.minutes(3)))
struct OpenAIEndpointTests {
    /// `MOONLINE_OPENAI_PYTHON`: an interpreter that has the package; `scripts/test` sets it.
    private static let python = getenv("MOONLINE_OPENAI_PYTHON").map { String(cString: $0) } ?? ""

    /// What goes wrong for which key.
    private static let faults = [
        "sk-limited": "chat: status=429 retry-after=50ms times=2",
        "sk-limited-once": "chat: status=429 retry-after=50ms",
        "sk-broken": "status=500 retry-after=10ms",
        "sk-stalled": "chat: stall",
        "sk-dropped": "chat: drop",
        "sk-slow": "chat: latency=200ms..300ms",
        "sk-truncated": "chat: truncate",
        "sk-odd": "odd-chunks",
        "sk-unknown": "chat: unknown",
        "sk-twice": "chat: duplicate",
        "sk-dropped-middle": "drop=middle",
        "sk-stalled-middle": "chat: stall=middle",
    ]

    @Test(
        "it lists models, chats, responds, speaks, transcribes both ways, holds a live session, and meets every fault",
        .enabled(if: !python.isEmpty, "MOONLINE_OPENAI_PYTHON names no Python; scripts/test sets it"))
    func everything() async throws {
        let plans = try Self.faults.mapValues {
            OfflineModelServer.SessionPlan(misbehaviour: try Misbehaviour(parsing: $0))
        }
        // One recording is heard in earnest; what is in it the others know.
        let knowing = OfflineModelServer.SessionPlan(
            script: ScriptedModel(answer: { _ in [] }, words: { "can i come tomorrow instead" }))
        let server = try await OfflineModelServerTests.start { configuration in
            configuration.refusedKeys = ["sk-bad"]
            configuration.session = { key in
                key == "sk-knowing" ? knowing : plans[key] ?? OfflineModelServer.SessionPlan()
            }
        }
        let folder = try TemporaryFolder("endpoints")
        let question = try SpeechSynthesizer().synthesize("Can I come tomorrow instead?", sampleRate: 24_000)
        try folder.write(WAVFile(sampleRate: 24_000, samples: question.samples).bytes, to: "question.wav")
        let driver = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "Fixtures/openai_endpoints.py")
        let result = try await ExternalProgram(
            Self.python, [driver.path, server.baseURL, folder.file("question.wav")], folder: folder.path
        ).waitUntilExit(limit: .seconds(150))
        await server.shutdown()
        let summary = try JSON(parsing: String(result.output.split(separator: "\n").last ?? ""))
        #expect(summary["complaints"] == [], "\(result)")
        #expect(summary["checks"]?.array?.count == 10)
        #expect(result.status == 0)
    }
}
