public import Speech
import Synchronization

/// Recognisers for whoever asks, from any thread: as many as listen at the same time, each with models of its own. What
/// was heard before, byte for byte, is not listened to again: the same audio gives the same words.
public final class SharedEars: Sendable {
    /// Carries a recogniser between the store and the one thread that uses it.
    private struct Loan: Sendable {
        // Only the borrower uses it, and a lock lies between one borrower and the next.
        nonisolated(unsafe) let ears: PersonaEars
    }

    /// Audio, and what is listened for in it.
    private struct Utterance: Hashable {
        let audio: [UInt8]
        let format: RealtimeAudioFormat
        let grammar: SpeechGrammar
        let usesOpenVocabulary: Bool
    }

    private struct Store {
        var free: [Loan] = []
        var heard: [Utterance: String] = [:]
        /// Of the audio that was heard. [B]
        var size = 0
    }

    /// Audio whose words are kept. [B]
    private static let capacity = 64 << 20

    private let store = Mutex(Store())

    public init() {}

    /// The words in one utterance; empty when nothing was understood. Blocks while it listens.
    ///
    /// - Throws: `SpeechRecognizer.Failure`.
    public func hear(
        _ audio: [UInt8], _ format: RealtimeAudioFormat, persona: PersonaDefinition
    ) throws(SpeechRecognizer.Failure) -> String {
        let utterance = Utterance(
            audio: audio, format: format, grammar: persona.grammar, usesOpenVocabulary: persona.usesOpenVocabulary)
        let (known, free) = store.withLock { store -> (String?, Loan?) in
            if let known = store.heard[utterance] { return (known, nil) }
            return (nil, store.free.popLast())
        }
        if let known { return known }
        let loan = free ?? Loan(ears: PersonaEars())
        defer { store.withLock { $0.free.append(loan) } }
        let words = try loan.ears.hear(audio, format, persona: persona)
        store.withLock { store in
            if store.size + audio.count > Self.capacity {
                store.heard = [:]
                store.size = 0
            }
            if store.heard.updateValue(words, forKey: utterance) == nil { store.size += audio.count }
        }
        return words
    }
}
