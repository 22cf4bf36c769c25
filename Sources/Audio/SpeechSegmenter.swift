/// Makes turns of speech out of single frames' verdicts, in the manner of OpenAI's `server_vad`.
///
/// A value without clock: time is the number of samples fed. Speech begins when ``Settings/minimumSpeech`` of it has
/// come together within twice that time, so that a click begins nothing; it ends with the last sample of a silence of
/// ``Settings/silenceDuration``. A blip shorter than ``Settings/shortestResumption`` doesn't interrupt that silence.
public struct SpeechSegmenter: Sendable {
    /// What makes a turn.
    public struct Settings: Hashable, Sendable {
        /// How far before the first voiced frame a turn's audio begins (`prefix_padding_ms`).
        public var prefixPadding: Duration
        /// How long it must be silent for a turn to end (`silence_duration_ms`).
        public var silenceDuration: Duration
        /// How much voice it takes to begin a turn.
        public var minimumSpeech: Duration
        /// How much unbroken voice it takes, within a turn, to call off a silence that has begun.
        public var shortestResumption: Duration

        public init(
            prefixPadding: Duration = .milliseconds(300), silenceDuration: Duration = .milliseconds(500),
            minimumSpeech: Duration = .milliseconds(100), shortestResumption: Duration = .milliseconds(40)
        ) {
            self.prefixPadding = prefixPadding
            self.silenceDuration = silenceDuration
            self.minimumSpeech = minimumSpeech
            self.shortestResumption = shortestResumption
        }
    }

    /// A boundary of a turn, at a sample counted from the first one ever fed.
    public enum Event: Hashable, Sendable {
        /// A turn began at `at`, padding included (`audio_start_ms`). Never before an earlier turn's end.
        case speechStarted(at: Int)
        /// The turn ended at `at`, the silence included (`audio_end_ms`); the voice itself at `lastVoice`.
        case speechStopped(at: Int, lastVoice: Int)
    }

    private enum State {
        /// No turn. Voiced frames of late, with where each began and how long it lasts; oldest first.
        case quiet(voiced: [Range<Int>])
        /// In a turn whose voice was last heard at `lastVoice`; an unbroken run of voice goes on since `voiceFrom`.
        case speaking(lastVoice: Int, voiceFrom: Int?)
    }

    /// Samples a second of what is fed. [Hz]
    public let sampleRate: Int
    public let settings: Settings
    /// Samples fed so far.
    public private(set) var position = 0

    private var state = State.quiet(voiced: [])
    private var earliestStart = 0

    public init(sampleRate: Int = G711.sampleRate, settings: Settings = Settings()) {
        self.sampleRate = sampleRate
        self.settings = settings
    }

    /// Whether a turn is going on.
    public var isSpeaking: Bool {
        if case .speaking = state { true } else { false }
    }

    /// Advances by one frame.
    ///
    /// - Parameters:
    ///   - isVoiced: The frame's verdict.
    ///   - sampleCount: How long the frame is; frames may differ.
    public mutating func receive(isVoiced: Bool, sampleCount: Int) -> Event? {
        let frame = position..<position + max(sampleCount, 0)
        position = frame.upperBound
        switch state {
        case .quiet(let voiced):
            return listen(voiced, frame, isVoiced)
        case .speaking(let lastVoice, let voiceFrom):
            return attend(lastVoice, voiceFrom, frame, isVoiced)
        }
    }

    /// Ends a turn that is going on, as when the caller commits the audio by hand; the next begins afresh.
    public mutating func stop() -> Event? {
        defer {
            state = .quiet(voiced: [])
            earliestStart = position
        }
        guard case .speaking(let lastVoice, _) = state else { return nil }
        return .speechStopped(at: position, lastVoice: lastVoice)
    }

    private mutating func listen(_ voiced: [Range<Int>], _ frame: Range<Int>, _ isVoiced: Bool) -> Event? {
        var recent = voiced
        recent.removeAll { $0.lowerBound < frame.upperBound - 2 * samples(settings.minimumSpeech) }
        if isVoiced { recent.append(frame) }
        state = .quiet(voiced: recent)
        guard isVoiced, let first = recent.first else { return nil }
        let voice = recent.reduce(0) { $0 + $1.count }
        guard voice >= samples(settings.minimumSpeech) else { return nil }
        state = .speaking(lastVoice: frame.upperBound, voiceFrom: frame.lowerBound)
        return .speechStarted(at: max(earliestStart, first.lowerBound - samples(settings.prefixPadding)))
    }

    private mutating func attend(
        _ lastVoice: Int, _ voiceFrom: Int?, _ frame: Range<Int>, _ isVoiced: Bool
    ) -> Event? {
        guard isVoiced else {
            state = .speaking(lastVoice: lastVoice, voiceFrom: nil)
            return position - lastVoice >= samples(settings.silenceDuration) ? stop() : nil
        }
        let from = voiceFrom ?? frame.lowerBound
        let isResumed = from <= lastVoice || frame.upperBound - from >= samples(settings.shortestResumption)
        state = .speaking(lastVoice: isResumed ? frame.upperBound : lastVoice, voiceFrom: from)
        return nil
    }

    private func samples(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(Double(sampleRate) * (Double(seconds) + Double(attoseconds) * 1e-18))
    }
}
