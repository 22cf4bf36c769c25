import Glibc

/// How loud linear samples are.
///
/// Levels are in dBFS of the mean square: a square wave at full scale has 0, a sine at full scale −3.01.
public enum LevelMeter {
    /// What silence, or no samples at all, measures. [dBFS]
    public static let silence = -120.0

    /// The level of `samples`, never under ``silence``. [dBFS]
    public static func level(of samples: some Sequence<Int16>) -> Double {
        var count = 0
        var sum = 0.0
        for sample in samples {
            count += 1
            sum += Double(sample) * Double(sample)
        }
        return count == 0 ? silence : decibels(meanSquare: sum / Double(count))
    }

    /// The level of `samples`, never under ``silence``. [dBFS]
    public static func level(of samples: [Int16]) -> Double {
        guard !samples.isEmpty else { return silence }
        // Whole numbers, exact for more samples than any recording has.
        let sum = samples.reduce(UInt64(0)) { $0 + UInt64($1.magnitude) * UInt64($1.magnitude) }
        return decibels(meanSquare: Double(sum) / Double(samples.count))
    }

    /// The greatest magnitude among `samples`, 0…32,768.
    public static func peak(of samples: some Sequence<Int16>) -> Int {
        samples.reduce(0) { max($0, Int($1.magnitude)) }
    }

    /// The level of a mean square of 16-bit samples. [dBFS]
    public static func decibels(meanSquare: Double) -> Double {
        meanSquare <= 0 ? silence : max(silence, 10 * log10(meanSquare / (32_768 * 32_768)))
    }
}
