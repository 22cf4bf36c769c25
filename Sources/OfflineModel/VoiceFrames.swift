import Audio

/// Cuts incoming audio into frames of 20 ms and judges each, voice or not.
///
/// Belongs to one task at a time.
final class VoiceFrames {
    private static let frameLength = G711.sampleRate / 50
    /// Quieter frames are no voice, whatever they sound like. [dBFS]
    private static let quietestVoice = -50.0

    private let detector: VoiceActivityDetector
    private let resampler: Resampler
    private var samples: [Int16] = []

    init() throws {
        detector = try VoiceActivityDetector()
        resampler = try Resampler(from: RealtimeAudioFormat.pcm.sampleRate, to: G711.sampleRate)
    }

    /// Forgets an unfinished frame.
    func restart() {
        samples.removeAll(keepingCapacity: true)
        resampler.reset()
    }

    /// The verdicts on the frames that `audio` completes.
    func judge(_ audio: [UInt8], _ format: RealtimeAudioFormat) -> [Bool] {
        let decoded = format.samples(of: audio)
        samples += format == .pcm ? resampler.process(decoded) : decoded
        var verdicts: [Bool] = []
        var start = 0
        while samples.count - start >= Self.frameLength {
            let frame = Array(samples[start..<(start + Self.frameLength)])
            verdicts.append(detector.isSpeech(frame) && LevelMeter.level(of: frame) >= Self.quietestVoice)
            start += Self.frameLength
        }
        samples.removeFirst(start)
        return verdicts
    }
}

extension RealtimeAudioFormat {
    /// Linear samples of encoded audio, at the format's own rate; an odd byte at the end is dropped.
    func samples(of audio: [UInt8]) -> [Int16] {
        switch self {
        case .pcmu: return G711.decode(audio, .mu)
        case .pcma: return G711.decode(audio, .a)
        case .pcm:
            return (0..<(audio.count / 2)).map { index in
                Int16(bitPattern: UInt16(audio[2 * index]) | UInt16(audio[2 * index + 1]) << 8)
            }
        }
    }

    /// Linear samples at the format's rate as encoded audio.
    func bytes(of samples: [Int16]) -> [UInt8] {
        switch self {
        case .pcmu: return G711.encode(samples, .mu)
        case .pcma: return G711.encode(samples, .a)
        case .pcm:
            var bytes: [UInt8] = []
            bytes.reserveCapacity(samples.count * 2)
            for sample in samples {
                bytes.append(UInt8(truncatingIfNeeded: sample))
                bytes.append(UInt8(truncatingIfNeeded: sample >> 8))
            }
            return bytes
        }
    }
}
