/// A sound file in Microsoft's RIFF WAVE format, held in memory.
///
/// Reads linear samples of 8, 16, 24 and 32 bits (format 1; what is below 16 bits is cut off) and G.711 (formats 6 and 7,
/// decoded), mono or with more channels, at any rate; also where `WAVE_FORMAT_EXTENSIBLE` wraps one of these. Writes 16-bit linear samples.
public struct WAVFile: Hashable, Sendable {
    /// Samples of every channel a second. [Hz]
    public var sampleRate: Int
    /// 1…``maximumChannels``.
    public var channelCount: Int
    /// Linear samples; channels take turns. A whole number of frames.
    public var samples: [Int16]

    /// More channels than any recording of ours, few enough to refuse nonsense.
    public static let maximumChannels = 32
    /// Rates a header may name. [Hz]
    public static let supportedRates = 1_000...384_000

    public init(sampleRate: Int, channelCount: Int = 1, samples: [Int16]) {
        self.sampleRate = sampleRate
        self.channelCount = channelCount
        self.samples = samples
    }

    /// Two mono recordings side by side; the shorter one is filled up with silence.
    public init(sampleRate: Int, left: [Int16], right: [Int16]) {
        let frames = max(left.count, right.count)
        var samples: [Int16] = []
        samples.reserveCapacity(2 * frames)
        for frame in 0..<frames {
            samples.append(frame < left.count ? left[frame] : 0)
            samples.append(frame < right.count ? right[frame] : 0)
        }
        self.init(sampleRate: sampleRate, channelCount: 2, samples: samples)
    }

    /// Samples of each channel.
    public var frameCount: Int { samples.count / max(channelCount, 1) }

    /// How long the recording lasts.
    public var duration: Duration { .seconds(Double(frameCount) / Double(max(sampleRate, 1))) }

    /// The samples of one channel, counted from 0; empty when there is no such channel.
    public func channel(_ index: Int) -> [Int16] {
        guard (0..<channelCount).contains(index) else { return [] }
        return stride(from: index, to: samples.count, by: channelCount).map { samples[$0] }
    }

    /// The mean of all channels.
    public var mono: [Int16] {
        guard channelCount > 1 else { return samples }
        return (0..<frameCount).map { frame in
            let sum = samples[frame * channelCount..<(frame + 1) * channelCount].reduce(0) { $0 + Int($1) }
            return Int16(clamping: sum / channelCount)
        }
    }
}

// MARK: - Writing

extension WAVFile {
    /// Bytes of ``header(sampleRate:channelCount:dataByteCount:)``.
    public static let headerByteCount = 44

    /// The file as bytes: a 44-byte header, then the samples.
    public var bytes: [UInt8] {
        var bytes = Self.header(
            sampleRate: sampleRate, channelCount: channelCount, dataByteCount: 2 * samples.count)
        bytes.reserveCapacity(bytes.count + 2 * samples.count)
        for sample in samples {
            let pattern = UInt16(bitPattern: sample)
            bytes.append(UInt8(truncatingIfNeeded: pattern))
            bytes.append(UInt8(truncatingIfNeeded: pattern >> 8))
        }
        return bytes
    }

    /// The header of a file of 16-bit samples, for a recorder that writes the samples itself and the header last.
    ///
    /// - Parameter dataByteCount: Bytes of all samples; lengths that 32 bits can't say are clamped.
    public static func header(sampleRate: Int, channelCount: Int, dataByteCount: Int) -> [UInt8] {
        let frameByteCount = 2 * channelCount
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerByteCount)
        func append(_ text: StaticString) {
            text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        }
        func append32(_ value: Int) {
            let value = UInt32(clamping: value)
            for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        func append16(_ value: Int) {
            let value = UInt16(clamping: value)
            for shift: UInt16 in [0, 8] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        append("RIFF")
        append32(dataByteCount &+ headerByteCount - 8)
        append("WAVEfmt ")
        append32(16)
        append16(1)
        append16(channelCount)
        append32(sampleRate)
        append32(sampleRate &* frameByteCount)
        append16(frameByteCount)
        append16(16)
        append("data")
        append32(dataByteCount)
        return bytes
    }
}
