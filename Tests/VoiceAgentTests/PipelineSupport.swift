import Audio
import Conversation
import Logging
import Net
import SansIO
import Speech
import Synchronization
import VoiceAgent

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Keeps what handlers were given, and lets a test wait for it.
final class Recorder<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiters: [(isReady: ([Element]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func record(_ element: Element) {
        let ready = state.withLock { state in
            state.elements.append(element)
            let elements = state.elements
            let ready = state.waiters.filter { $0.isReady(elements) }.map(\.continuation)
            state.waiters.removeAll { $0.isReady(elements) }
            return ready
        }
        for continuation in ready { continuation.resume() }
    }

    var elements: [Element] { state.withLock { $0.elements } }

    /// All elements, as soon as they are such as `isReady` wants them.
    @discardableResult
    func wait(until isReady: @escaping @Sendable ([Element]) -> Bool) async -> [Element] {
        await withCheckedContinuation { continuation in
            let now = state.withLock { state in
                if isReady(state.elements) { return true }
                state.waiters.append((isReady, continuation))
                return false
            }
            if now { continuation.resume() }
        }
        return elements
    }

    /// The first `count` elements, as soon as there are as many.
    func first(_ count: Int) async -> [Element] {
        Array(await wait { $0.count >= count }.prefix(count))
    }
}

extension Array<UInt8> {
    init(text: String) { self = Array(text.utf8) }

    /// The bytes in pieces of 1 to `longest`.
    func pieces(longest: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededRandom(seed: seed)
        var pieces: [[UInt8]] = []
        var rest = self[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...longest, using: &random))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        return pieces
    }
}

enum Samples {
    /// A tone of 440 Hz as 16-bit little-endian samples.
    static func tone(rate: Int, milliseconds: Int) -> [UInt8] {
        var tone = ToneGenerator(frequency: 440, sampleRate: rate)
        return bytes(tone.samples(rate * milliseconds / 1_000))
    }

    static func bytes(_ samples: [Int16]) -> [UInt8] {
        samples.flatMap { sample in
            let pattern = UInt16(bitPattern: sample)
            return [UInt8(truncatingIfNeeded: pattern), UInt8(truncatingIfNeeded: pattern >> 8)]
        }
    }

    /// Spoken words as µ-law at 8 kHz.
    static func speech(_ text: String) throws -> [UInt8] {
        G711.encode(try SpeechSynthesizer().synthesize(text, sampleRate: G711.sampleRate).samples, .mu)
    }

    static func silence(milliseconds: Int) -> [UInt8] {
        [UInt8](repeating: 0xFF, count: 8 * milliseconds)
    }
}
