import Glibc

/// A sine wave of one frequency whose phase runs on from call to call.
public struct ToneGenerator: Sendable {
    /// [Hz]
    public let frequency: Double
    /// Level of the sine in ``LevelMeter``'s measure; −3.01 is full scale. [dBFS]
    public let level: Double
    /// [Hz]
    public let sampleRate: Int

    private let amplitude: Double
    private let step: Double
    private var phase = 0.0

    /// - Parameters:
    ///   - frequency: [Hz]
    ///   - level: At most −3.01, where a sine reaches full scale; more is clamped. [dBFS]
    ///   - sampleRate: [Hz]
    public init(frequency: Double, level: Double = -13, sampleRate: Int = G711.sampleRate) {
        self.frequency = frequency
        self.level = level
        self.sampleRate = sampleRate
        amplitude = min(32_767, 32_768 * (2.0).squareRoot() * pow(10, level / 20))
        step = 2 * Double.pi * frequency / Double(max(sampleRate, 1))
    }

    public mutating func next() -> Int16 {
        let sample = amplitude * sin(phase)
        phase += step
        if phase > 2 * Double.pi { phase -= 2 * Double.pi }
        return Int16(sample.rounded())
    }

    /// The next `count` samples.
    public mutating func samples(_ count: Int) -> [Int16] {
        (0..<max(count, 0)).map { _ in next() }
    }
}
