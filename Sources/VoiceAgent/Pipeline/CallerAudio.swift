import Audio
public import Conversation
import SansIO

/// What the caller said: where a voice is in it, and the audio of voices, for as long as it may be needed.
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
        /// How much audio can be had again at most.
        public var kept: Duration
        /// How long a voice can be had again after it has ended.
        public var keptBehind: Duration

        public init(
            threshold: Double = 0.5, prefixPadding: Duration = .milliseconds(300),
            silence: Duration = .milliseconds(200), minimumSpeech: Duration = .milliseconds(80),
            kept: Duration = .seconds(60), keptBehind: Duration = .seconds(8)
        ) {
            self.threshold = threshold
            self.prefixPadding = prefixPadding
            self.silence = silence
            self.minimumSpeech = minimumSpeech
            self.kept = kept
            self.keptBehind = keptBehind
        }

        /// For a model that hears by itself: only where the voice is.
        public init(live options: LiveOptions) {
            self.init(silence: options.voicePause, kept: .seconds(1))
        }
    }

    private let detector: SpeechDetector
    private let limit: Int
    private let keptBehind: Int
    /// The last bytes of all that was appended.
    private var bytes: [UInt8] = []
    private var appended = 0
    /// Voices that may be needed, oldest first: where each begins, and until when it is kept; the last one may go on.
    private var voices: [(from: Int, keptUntil: Int?)] = []

    /// What is kept of silence: more than a voice is padded with. [byte]
    private static let keptSilence = G711.sampleRate

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
        func bytes(_ duration: Duration) -> Int { Int(clamping: duration.milliseconds) * Self.bytesPerMillisecond }
        limit = max(bytes(settings.kept), Self.keptSilence)
        keptBehind = bytes(settings.keptBehind)
    }

    /// How much was appended. [ms]
    public var end: Int { appended / CallerAudio.bytesPerMillisecond }
    /// The oldest audio that can still be had. [ms]
    public var start: Int {
        (appended - bytes.count + CallerAudio.bytesPerMillisecond - 1) / CallerAudio.bytesPerMillisecond
    }

    /// Takes audio, and tells where voices began and ended in it.
    ///
    /// - Parameter payload: µ-law at 8 kHz, of any length.
    /// - Complexity: about 5 µs per 20 ms; allocates for events, and when more is kept than ever before.
    public mutating func append(_ payload: UnsafeRawBufferPointer) -> [PipelineEvent] {
        bytes.append(contentsOf: payload)
        appended += payload.count
        let found = withUnsafeTemporaryAllocation(of: Int16.self, capacity: payload.count) { samples in
            let count = G711.decode(payload.bindMemory(to: UInt8.self), .mu, into: samples)
            return detector.process(UnsafeBufferPointer(rebasing: samples[..<count]))
        }
        var events: [PipelineEvent] = []
        for event in found {
            switch event {
            case .speechStarted(let sample):
                voices.append((from: sample, keptUntil: nil))
                events.append(.voiceStarted(at: sample / CallerAudio.bytesPerMillisecond))
            case .speechStopped(_, let lastVoice):
                if !voices.isEmpty { voices[voices.count - 1].keptUntil = appended + keptBehind }
                events.append(.voiceStopped(at: lastVoice / CallerAudio.bytesPerMillisecond))
            }
        }
        forget()
        return events
    }

    /// The audio of a time, as far as it has come and is still kept.
    ///
    /// - Parameter range: [ms]
    public func audio(_ range: Range<Int>) -> [UInt8] {
        let step = CallerAudio.bytesPerMillisecond
        let oldest = appended - bytes.count
        let from = max(range.lowerBound * step, oldest)
        let to = min(range.upperBound * step, appended)
        return from < to ? Array(bytes[from - oldest..<to - oldest]) : []
    }

    /// Lets go of what nobody will ask for: not with each packet, but when it is worth the moving.
    private mutating func forget() {
        while let keptUntil = voices.first?.keptUntil, keptUntil < appended { voices.removeFirst() }
        let needed = max(min(voices.first?.from ?? .max, appended - Self.keptSilence), appended - limit)
        let useless = needed - (appended - bytes.count)
        guard useless >= max(bytes.count / 8, Self.keptSilence / 2) else { return }
        if bytes.capacity > 4 * (bytes.count - useless) + 8 * Self.keptSilence {
            bytes = Array(bytes[useless...])
        } else {
            bytes.removeFirst(useless)
        }
    }
}

/// Audio that is only lent: for a lock, whose holder uses it before the lender goes on.
package struct LentAudio: @unchecked Sendable {
    package let bytes: UnsafeRawBufferPointer

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}
