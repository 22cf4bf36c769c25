import Dispatch
import Speech

/// The recogniser, on a queue of its own: listening to an utterance takes a good part of a second, and must not hold up
/// the cooperative pool.
final class Hearing: Sendable {
    private let queue = DispatchQueue(label: "callee-hearing")
    // Made in `init`, before anybody else can see it; used on the queue alone.
    private nonisolated(unsafe) let recognizer: SpeechRecognizer

    /// - Parameter phrases: What is likely to be heard; empty for anything.
    init(phrases: [String]) throws(SpeechRecognizer.Failure) {
        recognizer = try SpeechRecognizer(SpeechRecognizer.Settings(worstGrammarScore: 36))
        if !phrases.isEmpty { try recognizer.setGrammar(SpeechGrammar(sentences: phrases)) }
    }

    /// What was said; empty when nothing was understood.
    func recognize(_ samples: [Int16]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                continuation.resume(with: Result { try recognizer.recognize(samples).text })
            }
        }
    }
}
