internal import Audio
import CPocketSphinx
import Glibc

/// Hears English with pocketsphinx: offline, whole utterances, a grammar first and an open vocabulary as the fallback.
///
/// Making one loads an acoustic model, a dictionary of 130,000 words and (for the open vocabulary) a language model:
/// see the README for what that costs. Make one, keep it, and change its grammar. Owned by one task or thread at a
/// time; blocks while it listens.
public final class SpeechRecognizer {
    /// How to listen.
    public struct Settings: Hashable, Sendable {
        /// The folder that holds `en-us/`; pocketsphinx's own, by default.
        public var modelPath: String
        /// Whether to fall back to an open vocabulary when the grammar doesn't fit.
        public var usesOpenVocabulary: Bool
        /// Up to this ``Recognition/grammarScore``, an utterance is the grammar's without further question.
        public var certainGrammarScore: Double
        /// Beyond this score, an utterance is not the grammar's. Between both the open vocabulary decides; without one,
        /// this score does.
        public var worstGrammarScore: Double
        /// How much worse than the open vocabulary's reading the grammar's may fit and still be preferred.
        public var openVocabularyMargin: Double

        public init(
            modelPath: String = "/usr/share/pocketsphinx/model", usesOpenVocabulary: Bool = true,
            certainGrammarScore: Double = 29, worstGrammarScore: Double = 40, openVocabularyMargin: Double = 3.2
        ) {
            self.modelPath = modelPath
            self.usesOpenVocabulary = usesOpenVocabulary
            self.certainGrammarScore = certainGrammarScore
            self.worstGrammarScore = worstGrammarScore
            self.openVocabularyMargin = openVocabularyMargin
        }
    }

    /// Why a recogniser can't be made or used.
    public enum Failure: Error, Equatable {
        /// A model's files are missing or damaged.
        case modelUnavailable(path: String)
        /// Neither dictionary nor letter-to-sound rules know how these words are said; sorted.
        case unpronounceable(words: [String])
        /// A grammar without a phrase, or one that pocketsphinx refuses.
        case unusableGrammar
        /// A sample rate that the resampler doesn't support. [Hz]
        case unsupportedRate(Int)
        /// Longer than ``SpeechRecognizer/maximumDuration``.
        case utteranceTooLong(Duration)
        /// pocketsphinx failed on the samples.
        case decodingFailed
    }

    /// Longest utterance that is listened to.
    public static let maximumDuration = Duration.seconds(120)
    /// The rate that the acoustic model was trained at. [Hz]
    private static let modelRate = 16_000
    private static let grammarSearch = "grammar"
    private static let openSearch = "open"

    public let settings: Settings
    /// What is expected; `nil` until ``setGrammar(_:)``.
    public private(set) var grammar: SpeechGrammar?

    private let decoder: OpaquePointer

    /// - Throws: ``Failure/modelUnavailable(path:)``.
    public init(_ settings: Settings = Settings()) throws(Failure) {
        self.settings = settings
        sphinx_silence()
        let root = settings.modelPath + "/en-us"
        let pairs = [
            "-hmm", root + "/en-us", "-dict", root + "/cmudict-en-us.dict", "-cmn", "batch", "-logfn", "/dev/null",
        ]
        let configuration = Self.withCStrings(pairs) { sphinx_configuration($0, pairs.count / 2) }
        guard let configuration else { throw .modelUnavailable(path: root) }
        defer { cmd_ln_free_r(configuration) }
        guard let decoder = ps_init(configuration) else { throw .modelUnavailable(path: root) }
        self.decoder = decoder
        if settings.usesOpenVocabulary {
            let path = root + "/en-us.lm.bin"
            // A tenth of the default's states: three times as fast, a twentieth more words wrong.
            sphinx_set_effort(decoder, 1e-48, 7e-29, 3_000)
            guard ps_set_lm_file(decoder, Self.openSearch, path) == 0 else { throw .modelUnavailable(path: path) }
        }
    }

    deinit {
        sphinx_silence()
        ps_free(decoder)
    }

    /// Expects `grammar` from now on, in place of an earlier one.
    ///
    /// - Returns: Words that the dictionary lacks and that are taken to sound as they are written; sorted.
    /// - Throws: ``Failure/unpronounceable(words:)``, ``Failure/unusableGrammar``; the earlier grammar then stays.
    @discardableResult
    public func setGrammar(_ grammar: SpeechGrammar) throws(Failure) -> [String] {
        sphinx_silence()
        if grammar.phrases.isEmpty { throw .unusableGrammar }
        let guessed = try addMissingWords(of: grammar)
        // A grammar is small: look wide, so that what is allowed is found, and let the score judge it.
        sphinx_set_effort(decoder, 1e-80, 1e-60, 30_000)
        guard ps_set_jsgf_string(decoder, Self.grammarSearch, grammar.jsgf) == 0 else { throw .unusableGrammar }
        self.grammar = grammar
        return guessed
    }

    /// Expects nothing from now on.
    public func forgetGrammar() {
        grammar = nil
    }

    /// Listens to one whole utterance.
    ///
    /// - Parameters:
    ///   - samples: Linear samples.
    ///   - sampleRate: Rate of `samples`. [Hz]
    /// - Returns: The grammar's utterance if it fits, else the open vocabulary's.
    /// - Throws: ``Failure``.
    /// - Complexity: 2–4 % of the audio's length with a grammar, 20–50 % with the open vocabulary.
    public func recognize(_ samples: [Int16], sampleRate: Int = 8_000) throws(Failure) -> Recognition {
        sphinx_silence()
        let length = Duration.seconds(Double(samples.count) / Double(max(sampleRate, 1)))
        if length > Self.maximumDuration { throw .utteranceTooLong(length) }
        let audio: [Int16]
        do {
            audio = try Resampler.convert(samples, from: sampleRate, to: Self.modelRate)
        } catch {
            throw .unsupportedRate(sampleRate)
        }
        let expected = grammar == nil ? nil : try decode(audio, with: Self.grammarSearch)
        let score = expected?.score
        if let expected, expected.score <= certainScore, let recognition = inGrammar(expected) { return recognition }
        guard settings.usesOpenVocabulary, let heard = try decode(audio, with: Self.openSearch) else {
            return Recognition(text: "", confidence: 0, source: .nothing, grammarScore: score)
        }
        if let expected, expected.score <= settings.worstGrammarScore,
            expected.score - heard.score <= settings.openVocabularyMargin,
            let recognition = inGrammar(expected)
        {
            return recognition
        }
        return Recognition(
            text: heard.words.joined(separator: " "), confidence: heard.confidence, source: .open, grammarScore: score)
    }

    private var certainScore: Double {
        settings.usesOpenVocabulary ? settings.certainGrammarScore : settings.worstGrammarScore
    }

    // MARK: - Words

    private func addMissingWords(of grammar: SpeechGrammar) throws(Failure) -> [String] {
        let missing = grammar.words.filter { word in
            guard let phones = ps_lookup_word(decoder, word) else { return true }
            ckd_free(phones)
            return false
        }.sorted()
        if missing.isEmpty { return [] }
        let phones = FliteLibrary.withLock { library in missing.map { library.phones(of: $0) } }
        let unknown = zip(missing, phones).filter { $0.1.isEmpty }.map { $0.0 }
        if !unknown.isEmpty { throw .unpronounceable(words: unknown) }
        for (word, phones) in zip(missing, phones) {
            guard ps_add_word(decoder, word, phones.joined(separator: " "), 0) >= 0 else {
                throw .unpronounceable(words: [word])
            }
        }
        return missing
    }

    // MARK: - Decoding

    private struct Hypothesis {
        var words: [String]
        /// Minus log-likelihood a frame.
        var score: Double
        /// The posterior probability of a word, 0…1.
        var confidence: Double
    }

    private func inGrammar(_ heard: Hypothesis) -> Recognition? {
        guard let matches = grammar?.phrases(in: heard.words) else { return nil }
        let text = matches.map { $0.phrase.element.isFixed ? $0.phrase.text : $0.words.joined(separator: " ") }
        let margin = (settings.worstGrammarScore - heard.score) / max(settings.worstGrammarScore, 1)
        return Recognition(
            text: text.joined(separator: " "), confidence: min(1, 0.5 + 2 * max(0, margin)),
            source: .grammar(phrases: matches.map { $0.phrase.text }), grammarScore: heard.score)
    }

    /// The best utterance of one search; `nil` when it finds none.
    private func decode(_ audio: [Int16], with search: String) throws(Failure) -> Hypothesis? {
        if audio.isEmpty { return nil }
        guard ps_set_search(decoder, search) == 0 else { throw .decodingFailed }
        // Forgets the noise of earlier utterances, so that the same samples give the same words.
        guard ps_start_stream(decoder) == 0, ps_start_utt(decoder) == 0 else { throw .decodingFailed }
        let frames = ps_process_raw(decoder, audio, audio.count, 0, 1)
        guard ps_end_utt(decoder) == 0, frames >= 0 else { throw .decodingFailed }
        var score: Int32 = 0
        guard let text = ps_get_hyp(decoder, &score) else { return nil }
        let words = String(cString: text).split(separator: " ").map { Self.withoutVariant($0) }
        let count = ps_get_n_frames(decoder)
        guard !words.isEmpty, count > 0 else { return nil }
        let probability = logmath_exp(ps_get_logmath(decoder), ps_get_prob(decoder))
        let aWord = pow(min(max(probability, 0), 1), 1 / Double(words.count))
        return Hypothesis(words: words, score: -Double(score) / Double(count), confidence: aWord)
    }

    /// `read(2)`, a word's second pronunciation, is `read`.
    private static func withoutVariant(_ word: Substring) -> String {
        String(word.prefix { $0 != "(" })
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        var pointers: [UnsafePointer<CChar>?] = []
        func collect(_ rest: ArraySlice<String>) -> Result {
            guard let first = rest.first else { return pointers.withUnsafeBufferPointer { body($0.baseAddress) } }
            return first.withCString { pointer in
                pointers.append(pointer)
                return collect(rest.dropFirst())
            }
        }
        return collect(strings[...])
    }
}
