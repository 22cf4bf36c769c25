import Speech
import Testing

@testable import OfflineModel

@Suite("The voice of all sessions", .timeLimit(.minutes(2)))
struct SynthesisWorkerTests {
    private static func speech(_ text: String) -> RealtimeServerSession.Speech {
        RealtimeServerSession.Speech(text: text, voice: "alloy", format: .pcm)
    }

    @Test("Who has little to say has a turn while a long text is spoken; nobody speaks on for a client that has gone")
    func turns() async throws {
        let worker = SynthesisWorker()
        let text = (100..<200).map { "This is line \($0) of a long text." }.joined(separator: " ")
        let long = Task { try await worker.speak(Self.speech(text), voice: .awb) }
        for number in 1...8 {
            #expect(try await !worker.speak(Self.speech("Turn \(number)."), voice: .awb).isEmpty)
        }
        long.cancel()
        await #expect(throws: CancellationError.self) { try await long.value }
    }

    @Test("A text is its sentences, one behind the other")
    func sentences() async throws {
        let store = SpokenSentences()
        var audio: [UInt8] = []
        for text in ["One sentence.", "Another one, with 12 words in it!", "A third?"] {
            audio += try store.audio(of: text, voice: .kal16, format: .pcm)
        }
        let text = "One sentence. Another one, with 12 words in it! A third?"
        #expect(try await SynthesisWorker().speak(Self.speech(text), voice: .kal16) == audio)
    }
}
