public import Speech
import Synchronization

/// What the synthesiser has spoken before, so that a sentence is spoken once, however many calls say it. Safe to use
/// from any thread.
public final class SpokenSentences: Sendable {
    private struct Sentence: Hashable {
        let text: String
        let voice: SpeechSynthesizer.Voice
        let format: RealtimeAudioFormat
    }

    private struct Store {
        var audio: [Sentence: [UInt8]] = [:]
        var size = 0
    }

    /// Audio that is kept. [B]
    private static let capacity = 64 << 20

    private let store = Mutex(Store())

    public init() {}

    /// Speech in the format asked for. Blocks while the synthesiser works.
    ///
    /// - Throws: `SpeechSynthesizer.Failure`.
    public func audio(
        of text: String, voice: SpeechSynthesizer.Voice, format: RealtimeAudioFormat
    ) throws(SpeechSynthesizer.Failure) -> [UInt8] {
        let sentence = Sentence(text: text, voice: voice, format: format)
        if let audio = store.withLock({ $0.audio[sentence] }) { return audio }
        let spoken = try SpeechSynthesizer().synthesize(text, voice: voice, sampleRate: format.sampleRate)
        let audio = format.bytes(of: spoken.samples)
        store.withLock { store in
            if store.size + audio.count > Self.capacity { store = Store() }
            if store.audio.updateValue(audio, forKey: sentence) == nil { store.size += audio.count }
        }
        return audio
    }
}
