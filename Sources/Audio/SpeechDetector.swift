/// Finds a caller's turns in linear samples: ``VoiceActivityDetector`` frame by frame, a level gate, and
/// ``SpeechSegmenter``.
///
/// Owned by one task or thread at a time.
public final class SpeechDetector {
    /// Length of the frames that are judged.
    public static let frameDuration = Duration.milliseconds(20)

    private let detector: VoiceActivityDetector
    private var segmenter: SpeechSegmenter
    private var frame: [Int16] = []
    private let frameLength: Int
    private let quietestVoice: Double

    /// - Parameters:
    ///   - sampleRate: 8,000, 16,000, 32,000 or 48,000. [Hz]
    ///   - threshold: `server_vad`'s 0…1; the higher, the louder and clearer a voice must be. 0.5 takes what is louder
    ///     than −50 dBFS.
    ///   - settings: What makes a turn.
    /// - Throws: ``VoiceActivityDetector/Failure``.
    public init(
        sampleRate: Int = G711.sampleRate, threshold: Double = 0.5,
        settings: SpeechSegmenter.Settings = SpeechSegmenter.Settings()
    ) throws(VoiceActivityDetector.Failure) {
        let strictness: VoiceActivityDetector.Aggressiveness =
            threshold >= 0.4 ? .veryAggressive : threshold >= 0.2 ? .aggressive : .lowBitrate
        detector = try VoiceActivityDetector(sampleRate: sampleRate, aggressiveness: strictness)
        segmenter = SpeechSegmenter(sampleRate: sampleRate, settings: settings)
        frameLength = sampleRate / 50
        quietestVoice = -60 + 20 * min(max(threshold, 0), 1)
        frame.reserveCapacity(frameLength)
    }

    /// Whether a turn is going on.
    public var isSpeaking: Bool { segmenter.isSpeaking }
    /// Samples judged so far: all that were fed but for an unfinished frame.
    public var position: Int { segmenter.position }

    /// Feeds samples, in chunks of any length, and tells which turns they began and ended.
    public func process(_ samples: some Sequence<Int16>) -> [SpeechSegmenter.Event] {
        process(Array(samples))
    }

    /// Feeds samples, in chunks of any length, and tells which turns they began and ended.
    public func process(_ samples: [Int16]) -> [SpeechSegmenter.Event] {
        samples.withUnsafeBufferPointer { process($0) }
    }

    /// Feeds samples, in chunks of any length, and tells which turns they began and ended.
    ///
    /// - Complexity: about 2 µs a frame; allocates only for events.
    public func process(_ samples: UnsafeBufferPointer<Int16>) -> [SpeechSegmenter.Event] {
        var events: [SpeechSegmenter.Event] = []
        var position = 0
        while position < samples.count {
            let end = min(samples.count, position + frameLength - frame.count)
            frame += samples[position..<end]
            position = end
            guard frame.count == frameLength else { break }
            let isVoice = detector.isSpeech(frame) && LevelMeter.level(of: frame) >= quietestVoice
            if let event = segmenter.receive(isVoiced: isVoice, sampleCount: frameLength) { events.append(event) }
            frame.removeAll(keepingCapacity: true)
        }
        return events
    }

    /// Ends a turn that is going on, as when the caller commits the audio by hand.
    public func stop() -> SpeechSegmenter.Event? {
        segmenter.stop()
    }
}
