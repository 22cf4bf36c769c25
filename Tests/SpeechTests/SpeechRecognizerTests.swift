import Audio
import Speech
import Testing

/// Word errors after 8 kHz µ-law, with silence before and after, as in a call.
@Suite("Speech recognition", .serialized)
struct SpeechRecognizerTests {
    static func line(_ samples: [Int16]) -> [Int16] {
        [Int16](repeating: 0, count: 2_400) + G711.decode(G711.encode(samples, .mu), .mu)
            + [Int16](repeating: 0, count: 4_000)
    }

    static func say(_ text: String, _ voice: SpeechSynthesizer.Voice) throws -> [Int16] {
        line(try SpeechSynthesizer().synthesize(text, voice: voice, sampleRate: 8_000).samples)
    }

    @Test(
        "Of thirty phrases in the grammar, at most two are not recognised word by word",
        arguments: SpeechSynthesizer.Voice.allCases)
    func grammar(voice: SpeechSynthesizer.Voice) throws {
        let recognizer = try SpeechRecognizer(.init(usesOpenVocabulary: false))
        let guessed = try recognizer.setGrammar(SpeechGrammar(sentences: Phrases.dental))
        #expect(guessed == ["toothache"])
        var missed: [String] = []
        for text in Phrases.dental {
            let heard = try recognizer.recognize(try Self.say(text, voice))
            if SpokenText.words(heard.text) != SpokenText.words(text) { missed.append("\(text): \(heard)") }
        }
        #expect(missed.count <= 2, "\(missed)")
    }

    @Test("What the grammar doesn't allow is heard by the open vocabulary, not bent into the grammar")
    func open() throws {
        let recognizer = try SpeechRecognizer()
        try recognizer.setGrammar(SpeechGrammar(sentences: Phrases.dental))
        var bent: [String] = []
        var errors = 0
        var words = 0
        for text in Phrases.foreign {
            let heard = try recognizer.recognize(try Self.say(text, .rms))
            if heard.isInGrammar { bent.append("\(text): \(heard)") }
            let said = SpokenText.words(text)
            words += said.count
            errors += WordErrors.count(heard: SpokenText.words(heard.text), said: said)
        }
        #expect(bent.count <= 1, "\(bent)")
        #expect(errors * 5 < words, "\(errors) of \(words) words wrong")
    }

    @Test("A person's recorded prompts are recognised with a grammar", .enabled(if: Phrases.hasRecordings))
    func recorded() throws {
        let recognizer = try SpeechRecognizer()
        try recognizer.setGrammar(SpeechGrammar(sentences: Phrases.dental + Phrases.recorded.map { $0.text }))
        var missed: [String] = []
        for (name, text) in Phrases.recorded {
            let samples = try WAVFile(contentsOf: "\(Phrases.recordings)/\(name).wav").mono
            let heard = try recognizer.recognize(Self.line(samples))
            if SpokenText.words(heard.text) != SpokenText.words(text) { missed.append("\(text): \(heard)") }
        }
        #expect(missed.count <= 6, "\(missed)")
    }

    @Test("A phrase without choices is given as it was written; slots are given as they were heard")
    func text() throws {
        let recognizer = try SpeechRecognizer(.init(usesOpenVocabulary: false))
        try recognizer.setGrammar(
            SpeechGrammar(phrases: ["Great, see you then!", "I have you down at {time} on {date}"]))
        let heard = try recognizer.recognize(
            try Self.say("I have you down at 3pm on December 1st. Great, see you then!", .rms))
        #expect(heard.text == "i have you down at three p m on december first Great, see you then!")
        #expect(heard.source == .grammar(phrases: ["I have you down at {time} on {date}", "Great, see you then!"]))
        #expect(heard.confidence >= 0.5 && heard.confidence <= 1)

        try recognizer.setGrammar(SpeechGrammar(phrases: ["Does {time} suit you?"]))
        let morning = try recognizer.recognize(try Self.say("Does 9:30 am suit you?", .awb))
        #expect(morning.text == "does nine thirty a m suit you")
    }

    @Test("The same samples give the same result, whatever was heard before")
    func deterministic() throws {
        let recognizer = try SpeechRecognizer(.init(usesOpenVocabulary: false))
        try recognizer.setGrammar(SpeechGrammar(sentences: Phrases.dental))
        let samples = try Self.say("Three is fine.", .awb)
        let first = try recognizer.recognize(samples)
        _ = try recognizer.recognize(try Self.say("Where is your office?", .slt))
        #expect(try recognizer.recognize(samples) == first)
    }

    @Test("A grammar can be replaced; a bad one leaves the old one in force")
    func replacing() throws {
        let recognizer = try SpeechRecognizer(.init(usesOpenVocabulary: false))
        let samples = try Self.say("Goodbye.", .awb)
        #expect(try recognizer.recognize(samples).source == .nothing)
        try recognizer.setGrammar(SpeechGrammar(sentences: ["Goodbye.", "Hello there."]))
        #expect(try recognizer.recognize(samples).text == "Goodbye.")
        #expect(throws: SpeechRecognizer.Failure.unusableGrammar) {
            try recognizer.setGrammar(SpeechGrammar(sentences: []))
        }
        #expect(try recognizer.recognize(samples).text == "Goodbye.")
        try recognizer.setGrammar(SpeechGrammar(sentences: ["My name is Zyxglobin."]))
        #expect(!(try recognizer.recognize(samples).isInGrammar))
    }

    @Test("Nothing, silence, noise and a tone are nothing; wrong rates and endless audio are refused")
    func edges() throws {
        let recognizer = try SpeechRecognizer(.init(usesOpenVocabulary: false))
        try recognizer.setGrammar(SpeechGrammar(sentences: Phrases.dental))
        var tone = ToneGenerator(frequency: 1_000)
        for samples in [[], [5], [Int16](repeating: 0, count: 16_000), tone.samples(8_000)] {
            #expect(try recognizer.recognize(samples).source == .nothing)
        }
        #expect(throws: SpeechRecognizer.Failure.unsupportedRate(0)) {
            try recognizer.recognize([1, 2], sampleRate: 0)
        }
        #expect(throws: SpeechRecognizer.Failure.utteranceTooLong(.seconds(121))) {
            try recognizer.recognize([Int16](repeating: 0, count: 121 * 8_000))
        }
        #expect(throws: SpeechRecognizer.Failure.modelUnavailable(path: "/nonexistent/en-us")) {
            try SpeechRecognizer(.init(modelPath: "/nonexistent"))
        }
    }
}
