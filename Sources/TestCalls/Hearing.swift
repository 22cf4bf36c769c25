import Dispatch
import Speech

/// The recogniser, on a queue of its own: listening to an utterance takes a good part of a second, and must not hold up
/// the cooperative pool.
final class Hearing: Sendable {
    private let queue = DispatchQueue(label: "callee-hearing")
    // Made in `init`, before anybody else can see it; used on the queue alone.
    private nonisolated(unsafe) let recognizer: SpeechRecognizer

    /// - Parameter phrases: What is likely to be heard, in `SpeechGrammar`'s notation; empty for anything.
    /// - Throws: `SpeechRecognizer.Failure`, `SpeechGrammar.ParseError`.
    init(phrases: [String]) throws {
        recognizer = try SpeechRecognizer()
        if !phrases.isEmpty { try recognizer.setGrammar(SpeechGrammar(phrases: phrases)) }
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
