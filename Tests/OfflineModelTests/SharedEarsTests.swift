import Audio
import Speech
import Testing

@testable import OfflineModel

@Suite("Ears that calls share")
struct SharedEarsTests {
    private func speech(_ text: String) throws -> [UInt8] {
        G711.encode(try SpeechSynthesizer().synthesize(text, voice: .awb, sampleRate: G711.sampleRate).samples, .mu)
    }

    @Test("Whoever listens hears by their own phrases, whatever others listened for before")
    func phrases() throws {
        let text = "return persona { phrases = { 'good morning' }, open_vocabulary = true, on_text = function() end }"
        let persona = try PersonaDefinition(source: Array(text.utf8), name: "p")
        let (greeting, other) = (try speech("Good morning."), try speech("The weather is very cold today."))
        let fresh = SharedEars()
        let alone = [
            try fresh.hear(greeting, .pcmu, persona: .silent), try fresh.hear(other, .pcmu, persona: .silent),
        ]
        let shared = SharedEars()
        #expect(try shared.hear(greeting, .pcmu, persona: persona) == "good morning")
        #expect(try shared.hear(greeting, .pcmu, persona: .silent) == alone[0])
        #expect(try shared.hear(other, .pcmu, persona: .silent) == alone[1])
        #expect(try shared.hear(other, .pcmu, persona: persona) == alone[1])
    }

    @Test("The same audio gives the same words, from any thread")
    func again() async throws {
        let ears = SharedEars()
        let audio = try speech("Good morning.")
        let first = try ears.hear(audio, .pcmu, persona: .silent)
        #expect(!first.isEmpty)
        let all = try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try ears.hear(audio, .pcmu, persona: .silent) } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(all == [first])
    }
}
