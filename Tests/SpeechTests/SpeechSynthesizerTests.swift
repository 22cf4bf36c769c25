import Audio
import Speech
import Testing

@Suite("Speech synthesis")
struct SpeechSynthesizerTests {
    @Test("The same text is the same samples, from any thread, at once", arguments: SpeechSynthesizer.Voice.allCases)
    func deterministic(voice: SpeechSynthesizer.Voice) async throws {
        let text = "Your appointment is at 3pm."
        let first = try SpeechSynthesizer().synthesize(text, voice: voice)
        #expect(first.sampleRate == 16_000)
        #expect(first.duration > .seconds(1) && first.duration < .seconds(4))
        let others = try await withThrowingTaskGroup(of: SynthesizedSpeech.self) { group in
            for _ in 0..<4 { group.addTask { try SpeechSynthesizer().synthesize(text, voice: voice) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(others == Array(repeating: first, count: 4))
    }

    @Test("At the telephone's rate it lasts as long, and its peak is what it should be")
    func telephoneRate() throws {
        let speech = try SpeechSynthesizer().synthesize("Hello, this is a test.")
        let telephone = try SpeechSynthesizer().synthesize("Hello, this is a test.", sampleRate: 8_000)
        #expect(telephone.sampleRate == 8_000)
        #expect(telephone.samples.count == speech.samples.count / 2)
        #expect(LevelMeter.peak(of: speech.samples) == SpeechSynthesizer.peak)
        #expect(
            (SpeechSynthesizer.peak * 2 / 3...SpeechSynthesizer.peak * 5 / 4).contains(
                LevelMeter.peak(of: telephone.samples)))
        #expect((-30 ... -12).contains(LevelMeter.level(of: telephone.samples)))
    }

    @Test("Text without a sound is no samples; text too long and rates unheard of are refused")
    func limits() throws {
        #expect(try SpeechSynthesizer().synthesize("😀 …\n\u{0}").samples.isEmpty)
        #expect(throws: SpeechSynthesizer.Failure.textTooLong(characters: 5_001)) {
            try SpeechSynthesizer().synthesize(String(repeating: "a", count: 5_001))
        }
        #expect(throws: SpeechSynthesizer.Failure.unsupportedRate(7)) {
            try SpeechSynthesizer().synthesize("one", voice: .kal16, sampleRate: 7)
        }
    }

    @Test("Markup, control characters and long words are spoken or skipped, never fatal")
    func hostile() throws {
        for text in [
            "<speak>&lt;</speak>", "a\u{1B}[31m\u{7F}", "%s%n%d \\ \"", String(repeating: "x", count: 1_000), "''' 'n'",
        ] {
            let speech = try SpeechSynthesizer().synthesize(text, voice: .kal16)
            #expect(speech.duration < .seconds(300))
        }
    }

    @Test("A text is spoken in pieces, none of which takes long, and none of it is lost")
    func pieces() throws {
        #expect(
            try SpeechSynthesizer.pieces(of: "One. Two, with Dr. Smith? Three") == [
                "One.", "Two, with Dr. Smith?", "Three",
            ])
        for text in [String(repeating: "x", count: 4_096), String(repeating: "word ", count: 800) + "end"] {
            let pieces = try SpeechSynthesizer.pieces(of: text)
            #expect(pieces.count > 8 && pieces.allSatisfy { $0.count <= 400 })
            #expect(pieces.joined().filter { $0 != " " } == text.filter { $0 != " " })
        }
        #expect(throws: SpeechSynthesizer.Failure.textTooLong(characters: 5_001)) {
            try SpeechSynthesizer.pieces(of: String(repeating: "a", count: 5_001))
        }
    }

    @Test("A synthetic voice is found by the speech detector, once")
    func detected() throws {
        let speech = try SpeechSynthesizer().synthesize("Can I come tomorrow instead?", voice: .slt, sampleRate: 8_000)
        let silence = [Int16](repeating: 0, count: 8_000)
        let events = try SpeechDetector().process(silence + speech.samples + silence)
        try #require(events.count == 2)
        guard case .speechStarted(let start) = events[0], case .speechStopped(let stop, let lastVoice) = events[1]
        else {
            Issue.record("\(events)")
            return
        }
        #expect((5_600...9_600).contains(start))
        #expect(lastVoice <= 8_000 + speech.samples.count + 800 && stop - lastVoice == 4_000)
    }
}
