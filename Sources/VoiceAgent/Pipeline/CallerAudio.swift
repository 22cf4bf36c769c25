import Audio
public import Conversation

/// What the caller said: where a voice is in it, and the last minute of the audio itself.
///
/// Positions are on the clock of all audio that was appended. [ms] Owned by one task or thread at a time.
public struct CallerAudio {
    /// What counts as a voice, and how much is kept.
    public struct Settings: Hashable, Sendable {
        /// 0…1; the higher, the louder and clearer a voice must be.
        public var threshold: Double
        /// How far before the first voiced frame speech begins.
        public var prefixPadding: Duration
        /// The pause that ends speech; whether a turn has ended is another matter.
        public var silence: Duration
        /// How much voice it takes to begin speech.
        public var minimumSpeech: Duration
        /// How much audio can be had again.
        public var kept: Duration

        public init(
            threshold: Double = 0.5, prefixPadding: Duration = .milliseconds(300),
            silence: Duration = .milliseconds(200), minimumSpeech: Duration = .milliseconds(80),
            kept: Duration = .seconds(60)
        ) {
            self.threshold = threshold
            self.prefixPadding = prefixPadding
            self.silence = silence
            self.minimumSpeech = minimumSpeech
            self.kept = kept
        }

        /// For a model that hears by itself: only where the voice is.
        public init(live options: LiveOptions) {
            self.init(silence: options.voicePause, kept: .seconds(1))
        }
    }

    private let detector: SpeechDetector
    /// The last bytes: byte `n` of all stands at `n` modulo the ring's size.
    private var ring: [UInt8]
    private var appended = 0

    private static let bytesPerMillisecond = G711.sampleRate / 1_000

    /// - Throws: ``StageFailure`` when the system has no memory for the detector.
    public init(settings: Settings = Settings()) throws(StageFailure) {
        do {
            detector = try SpeechDetector(
                threshold: settings.threshold,
                settings: SpeechSegmenter.Settings(
                    prefixPadding: settings.prefixPadding, silenceDuration: settings.silence,
                    minimumSpeech: settings.minimumSpeech))
        } catch {
            throw StageFailure(
                stage: .stt, severity: .retryable,
                message: "Voices cannot be detected: the process is out of memory. Take fewer calls at a time.")
        }
        let bytes = Int(settings.kept.components.seconds) * G711.sampleRate
        ring = [UInt8](repeating: 0xFF, count: max(bytes, G711.sampleRate))
    }

    /// How much was appended. [ms]
    public var end: Int { appended / CallerAudio.bytesPerMillisecond }
    /// The oldest audio that can still be had. [ms]
    public var start: Int {
        (max(0, appended - ring.count) + CallerAudio.bytesPerMillisecond - 1) / CallerAudio.bytesPerMillisecond
    }

    /// Takes audio, and tells where voices began and ended in it.
    ///
    /// - Parameter payload: µ-law at 8 kHz, of any length.
    /// - Complexity: about 5 µs per 20 ms.
    public mutating func append(_ payload: UnsafeRawBufferPointer) -> [PipelineEvent] {
        keep(payload)
        let step = CallerAudio.bytesPerMillisecond
        return detector.process(G711.decode(payload, .mu)).map { event in
            switch event {
            case .speechStarted(let sample): .voiceStarted(at: sample / step)
            case .speechStopped(_, let lastVoice): .voiceStopped(at: lastVoice / step)
            }
        }
    }

    /// The audio of a time, as far as it has come and is still kept.
    ///
    /// - Parameter range: [ms]
    public func audio(_ range: Range<Int>) -> [UInt8] {
        let step = CallerAudio.bytesPerMillisecond
        let from = max(range.lowerBound * step, appended - ring.count, 0)
        let to = min(range.upperBound * step, appended)
        guard from < to else { return [] }
        let first = from % ring.count
        let length = to - from
        let tail = min(length, ring.count - first)
        return Array(ring[first..<first + tail]) + ring[..<(length - tail)]
    }

    private mutating func keep(_ payload: UnsafeRawBufferPointer) {
        let count = ring.count
        let last = UnsafeRawBufferPointer(rebasing: payload.suffix(count))
        var position = (appended + payload.count - last.count) % count
        ring.withUnsafeMutableBytes { ring in
            var rest = last
            while !rest.isEmpty {
                let length = min(rest.count, count - position)
                UnsafeMutableRawBufferPointer(rebasing: ring[position..<position + length])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<length]))
                rest = UnsafeRawBufferPointer(rebasing: rest[length...])
                position = 0
            }
        }
        appended += payload.count
    }
}
