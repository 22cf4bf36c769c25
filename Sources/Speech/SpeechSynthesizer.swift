internal import Audio
import CFlite
import Glibc

/// Speaks English with flite: offline, and the same samples for the same text every time.
///
/// Safe to use from any thread. flite's voices and lexicon are global to the process and not documented as re-entrant,
/// so one sentence at a time is spoken in the whole process; a sentence takes about 2 % of its length (``Voice/awb``).
/// Blocks meanwhile: not for media threads.
public struct SpeechSynthesizer: Sendable {
    /// A speaker; all of American or Scottish English.
    public enum Voice: String, Sendable, Hashable, CaseIterable {
        /// A man, Scottish. The recogniser understands it best.
        case awb
        /// A woman, American.
        case slt
        /// A man, American.
        case rms
        /// A man, American; robotic, and twenty times as fast as the others.
        case kal16
    }

    /// Why a text can't be spoken.
    public enum Failure: Error, Equatable {
        /// Longer than ``SpeechSynthesizer/maximumTextLength``.
        case textTooLong(characters: Int)
        /// The voice's library could not be set up.
        case voiceUnavailable(Voice)
        /// flite gave no audio for a sentence.
        case synthesisFailed(sentence: String)
        /// A sample rate that the resampler doesn't support. [Hz]
        case unsupportedRate(Int)
    }

    /// Longest text that is spoken: about five minutes. [characters]
    public static let maximumTextLength = 5_000
    /// The greatest magnitude in spoken audio, about −4 dBFS.
    public static let peak = 20_000

    public init() {}

    /// Speaks a text, sentence by sentence; see ``SpokenText`` for how numbers and signs are read.
    ///
    /// - Parameters:
    ///   - text: Any characters; those without a sound are skipped.
    ///   - voice: Who speaks.
    ///   - sampleRate: Rate of the result; the voice's own (16 kHz) when `nil`. [Hz]
    /// - Returns: The audio, its loudest sample at ``peak``; no samples when nothing in `text` has a sound.
    /// - Throws: ``Failure``.
    public func synthesize(
        _ text: String, voice: Voice = .awb, sampleRate: Int? = nil
    ) throws(Failure) -> SynthesizedSpeech {
        var speech = SynthesizedSpeech(samples: [], sampleRate: 16_000)
        for sentence in try Self.pieces(of: text) {
            let spoken = SpokenText.normalize(sentence)
            if spoken.isEmpty { continue }
            let part = try Self.speak(spoken, voice)
            speech.samples += part.samples
            speech.sampleRate = part.sampleRate
        }
        Self.normalize(&speech.samples)
        guard let sampleRate, sampleRate != speech.sampleRate else { return speech }
        do {
            let samples = try Resampler.convert(speech.samples, from: speech.sampleRate, to: sampleRate)
            return SynthesizedSpeech(samples: samples, sampleRate: sampleRate)
        } catch {
            throw .unsupportedRate(sampleRate)
        }
    }

    /// A text in parts that can be spoken one after the other: its sentences, and those that are long in several. Each
    /// takes a fraction of a second to speak.
    ///
    /// - Throws: ``Failure/textTooLong(characters:)``.
    public static func pieces(of text: String) throws(Failure) -> [String] {
        // Counted in UTF-8 first: grapheme breaking is slow on hostile text.
        guard text.utf8.count <= 4 * maximumTextLength, text.count <= maximumTextLength else {
            throw .textTooLong(characters: text.count)
        }
        return SpokenText.sentences(text).flatMap { sentence in
            // Only words without an end are longer still.
            var rest = sentence[...]
            var pieces: [String] = []
            while rest.count > maximumPieceLength {
                pieces.append(String(rest.prefix(maximumPieceLength)))
                rest = rest.dropFirst(maximumPieceLength)
            }
            return pieces + [String(rest)]
        }
    }

    /// A little longer than sentences are cut at. [characters]
    private static let maximumPieceLength = 400

    private static func normalize(_ samples: inout [Int16]) {
        let loudest = LevelMeter.peak(of: samples)
        guard loudest > 0 else { return }
        for index in samples.indices {
            samples[index] = Int16(clamping: Int(samples[index]) * peak / loudest)
        }
    }

    // MARK: - flite

    private static func speak(_ sentence: String, _ voice: Voice) throws(Failure) -> SynthesizedSpeech {
        try FliteLibrary.withLock { library throws(Failure) in
            guard let handle = library.voice(voice) else { throw .voiceUnavailable(voice) }
            // The voices' excitation is drawn from the C library's generator: begin it anew for the same samples.
            srand(1)
            guard let wave = flite_text_to_wave(sentence, handle) else { throw .synthesisFailed(sentence: sentence) }
            defer { delete_wave(wave) }
            let count = Int(wave.pointee.num_samples)
            guard count > 0, let samples = wave.pointee.samples, wave.pointee.num_channels == 1 else {
                throw .synthesisFailed(sentence: sentence)
            }
            return SynthesizedSpeech(
                samples: Array(UnsafeBufferPointer(start: samples, count: count)),
                sampleRate: Int(wave.pointee.sample_rate))
        }
    }
}

/// Spoken audio, mono.
public struct SynthesizedSpeech: Hashable, Sendable {
    /// Linear samples.
    public var samples: [Int16]
    /// [Hz]
    public var sampleRate: Int

    public init(samples: [Int16], sampleRate: Int) {
        self.samples = samples
        self.sampleRate = sampleRate
    }

    /// How long it lasts.
    public var duration: Duration { .seconds(Double(samples.count) / Double(max(sampleRate, 1))) }
}
