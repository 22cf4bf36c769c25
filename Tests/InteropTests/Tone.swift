import Audio

/// Tones to say, and whether they are heard.
enum Tone {
    /// A sine at −13 dBFS.
    static func samples(frequency: Double, seconds: Double) -> [Int16] {
        var generator = ToneGenerator(frequency: frequency)
        return generator.samples(Int(seconds * Double(G711.sampleRate)))
    }

    /// Whether `frequency` is what is heard in 20 ms pieces of so much time altogether.
    static func isHeard(_ frequency: Double, in samples: [Int16], forSeconds seconds: Double) -> Bool {
        let piece = G711.sampleRate / 50
        let detector = ToneDetector(frequency: frequency)
        let pieces = stride(from: 0, to: samples.count - piece + 1, by: piece).count {
            detector.isPresent(in: samples[$0..<($0 + piece)], above: -30, share: 0.8)
        }
        return Double(pieces * piece) >= seconds * Double(G711.sampleRate)
    }
}
