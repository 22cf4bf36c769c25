import Audio
import Glibc
import SansIO

/// White noise around somebody who telephones: in what they say, and while they say nothing.
struct BackgroundNoise {
    /// Samples lie evenly between this and its negative, so that the level is that over √3.
    private let amplitude: Double
    private var random: SeededRandom

    /// - Parameter decibels: Level below full scale: -90…0. [dBFS]
    init(decibels: Double, seed: UInt64) {
        amplitude = min(32_767, 32_768 * pow(10, decibels / 20) * 3.0.squareRoot())
        random = SeededRandom(seed: seed)
    }

    /// Noise alone, µ-law.
    mutating func audio(_ count: Int) -> [UInt8] {
        add(to: [UInt8](repeating: G711.silence(.mu), count: count))
    }

    /// Speech in noise; both µ-law.
    mutating func add(to speech: [UInt8]) -> [UInt8] {
        speech.map { byte in
            let sample = Double(G711.decode(byte, .mu)) + Double.random(in: -amplitude...amplitude, using: &random)
            return G711.encode(Int16(max(-32_768, min(32_767, sample))), .mu)
        }
    }
}
