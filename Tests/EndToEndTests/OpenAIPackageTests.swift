import Audio
import Foundation
import SansIO
import Speech
import TestSupport
import Testing

extension EndToEnd {
    @Suite("The official Python package")
    struct OpenAIPackageTests {
        /// The interpreter that has the package: `MOONLINE_OPENAI_PYTHON`, or the one that `scripts/setup` makes.
        private static func python() throws -> String {
            let given = ProcessInfo.processInfo.environment["MOONLINE_OPENAI_PYTHON"] ?? ""
            let path = given.isEmpty ? Shell.repository + "/.build-python/bin/python3" : given
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw NotSeen(description: "the Python package openai is not installed in \(path); run scripts/setup")
            }
            return path
        }

        @Test(
            "openai holds a conversation with moonline offline-model: asks, is understood, gets a call and an answer",
            .timeLimit(.minutes(3)))
        func conversation() async throws {
            let model = try await LocalModel.start(try Shell())
            let folder = try TemporaryFolder("openai")
            let question = try SpeechSynthesizer().synthesize("Can I come tomorrow instead?", sampleRate: 8_000)
            try folder.write(WAVFile(sampleRate: 8_000, samples: question.samples).bytes, to: "question.wav")
            let driver = "\(Shell.repository)/Tests/InteropTests/Fixtures/openai_realtime.py"
            let program = try ExternalProgram(
                Self.python(),
                [
                    driver, model.baseURL, folder.file("question.wav"), "--answer-wav", folder.file("answer.wav"),
                    "--question-words", "can i come tomorrow instead",
                ], folder: folder.path)
            let result = try await program.waitUntilExit(limit: .seconds(120))
            try #require(result.status == 0, "\(result)\n\(model.program.output)")
            let summary = try JSON(parsing: String(try #require(result.output.split(separator: "\n").last)))
            #expect(summary["ok"] == .bool(true))
            #expect(summary["complaints"]?.array?.isEmpty == true)
            #expect(summary["call"]?["name"]?.string == "look_up_availability")
            #expect((summary["events"]?.integer ?? 0) > 50)

            // The audio that it received says what the transcript says.
            let words = try #require(summary["answer"]?["words"]?.string)
            let answer = try WAVFile(contentsOf: folder.file("answer.wav"))
            let recognizer = try SpeechRecognizer()
            try recognizer.setGrammar(SpeechGrammar(sentences: SpokenText.sentences(words)))
            let heard = try recognizer.recognize(answer.samples, sampleRate: answer.sampleRate)
            #expect(heard.isInGrammar && heard.text == words, "heard “\(heard.text)”, meant “\(words)”")
        }
    }
}
