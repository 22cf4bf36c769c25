import Audio
import SansIO
import Speech

/// A recogniser that listens for a persona's phrases; its models are loaded by the first utterance. Used by one thread
/// at a time.
final class PersonaEars {
    /// The worst score of an utterance that is taken for the grammar's. Measured on synthetic voices through µ-law at
    /// 8 kHz: phrases of the grammar score up to 35, others from 38 on.
    private static let worstGrammarScore = 36.0

    /// Silence behind the last word, without which the recogniser loses it: clients that commit audio by themselves may
    /// cut it off.
    private static let lastSilence = Duration.milliseconds(500)
    /// The loudest sample of silence: a telephone line's noise.
    private static let loudestSilence = 200

    private var recognizer: SpeechRecognizer?

    /// Loads the models and the persona's phrases, so that the first utterance does not wait for them.
    func prepare(_ persona: PersonaDefinition) throws(SpeechRecognizer.Failure) {
        let recognizer = try loaded(persona)
        if persona.grammar.phrases.isEmpty {
            recognizer.forgetGrammar()
        } else if recognizer.grammar != persona.grammar {
            try recognizer.setGrammar(persona.grammar)
        }
    }

    /// The words in one utterance; empty when nothing was understood.
    ///
    /// Wide-band audio is heard through the telephone's band too, so that one threshold fits all formats.
    func hear(
        _ audio: [UInt8], _ format: RealtimeAudioFormat, persona: PersonaDefinition
    ) throws(SpeechRecognizer.Failure) -> String {
        try prepare(persona)
        var samples = format.samples(of: audio)
        if format == .pcm {
            do {
                samples = try Resampler.convert(samples, from: format.sampleRate, to: G711.sampleRate)
            } catch {
                throw .unsupportedRate(format.sampleRate)
            }
        }
        return try loaded(persona).recognize(Self.padded(samples), sampleRate: G711.sampleRate).text
    }

    /// The samples with as much silence at their end as the recogniser wants.
    private static func padded(_ samples: [Int16]) -> [Int16] {
        let wanted = Int(lastSilence.milliseconds) * G711.sampleRate / 1_000
        let quiet = samples.suffix(wanted).reversed().prefix { $0.magnitude <= loudestSilence }.count
        return samples + [Int16](repeating: 0, count: wanted - quiet)
    }

    private func loaded(_ persona: PersonaDefinition) throws(SpeechRecognizer.Failure) -> SpeechRecognizer {
        if let recognizer, recognizer.settings.usesOpenVocabulary == persona.usesOpenVocabulary { return recognizer }
        let fresh = try SpeechRecognizer(
            .init(usesOpenVocabulary: persona.usesOpenVocabulary, worstGrammarScore: Self.worstGrammarScore))
        recognizer = fresh
        return fresh
    }
}
