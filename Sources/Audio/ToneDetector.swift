import Glibc

/// Measures single frequencies in linear samples (Goertzel's algorithm), so that audio can be asserted by tone.
public struct ToneDetector: Sendable {
    /// [Hz]
    public let frequency: Double
    /// [Hz]
    public let sampleRate: Int

    public init(frequency: Double, sampleRate: Int = G711.sampleRate) {
        self.frequency = frequency
        self.sampleRate = sampleRate
    }

    /// The level of this frequency's sine in `samples`, in ``LevelMeter``'s measure.
    ///
    /// The measured band is as wide as one period of the whole run: 50 Hz for 20 ms. [dBFS]
    public func level(in samples: some Collection<Int16>) -> Double {
        LevelMeter.decibels(meanSquare: meanSquare(in: samples))
    }

    /// How much of all energy in `samples` this frequency has, 0…1; 1 for a pure tone, 0 for silence.
    public func share(in samples: some Collection<Int16>) -> Double {
        let total = samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(samples.count, 1))
        return total == 0 ? 0 : min(1, meanSquare(in: samples) / total)
    }

    /// Whether this frequency is what is heard: louder than `level` and more than `share` of the energy.
    public func isPresent(
        in samples: some Collection<Int16>, above level: Double = -40, share: Double = 0.5
    ) -> Bool {
        self.level(in: samples) > level && self.share(in: samples) > share
    }

    /// Mean square of the sine that fits best.
    private func meanSquare(in samples: some Collection<Int16>) -> Double {
        guard !samples.isEmpty, sampleRate > 0 else { return 0 }
        let coefficient = 2 * cos(2 * Double.pi * frequency / Double(sampleRate))
        var (last, beforeLast) = (0.0, 0.0)
        for sample in samples {
            (last, beforeLast) = (Double(sample) + coefficient * last - beforeLast, last)
        }
        let power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast
        let count = Double(samples.count)
        return 2 * power / (count * count)
    }
}
