import Audio
import MediaEngine

/// What a callee hears: when somebody speaks, and the samples of what was said.
final class CalleeEars {
    enum Event {
        case started
        /// The samples of what was said.
        case stopped([Int16])
    }

    /// Half a second from before the voice begins is enough for a recogniser. [samples]
    private static let lead = 4_000

    private let detector: SpeechDetector
    private var utterance: [Int16] = []
    private let keepsSamples: Bool

    /// - Parameter keepsSamples: Whether somebody wants the samples.
    /// - Throws: `VoiceActivityDetector.Failure`.
    init(keepsSamples: Bool) throws {
        var settings = SpeechSegmenter.Settings()
        settings.silenceDuration = .milliseconds(700)
        detector = try SpeechDetector(settings: settings)
        self.keepsSamples = keepsSamples
    }

    func hear(_ payload: UnsafeRawBufferPointer, _ law: G711.Law) -> [Event] {
        let samples = G711.decode(payload, law)
        if keepsSamples {
            if !detector.isSpeaking, utterance.count > Self.lead {
                utterance.removeFirst(utterance.count - Self.lead)
            }
            utterance += samples
        }
        return detector.process(samples).map { event in
            switch event {
            case .speechStarted: return .started
            case .speechStopped:
                defer { utterance.removeAll(keepingCapacity: true) }
                return .stopped(utterance)
            }
        }
    }
}
