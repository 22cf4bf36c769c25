import CWebRTCVAD

/// Tells frames with a voice from frames without: WebRTC's Gaussian-mixture detector.
///
/// It judges each frame alone, with a short memory, and takes clicks and hum for a voice now and then;
/// ``SpeechDetector`` smooths that out. Owned by one task or thread at a time.
public final class VoiceActivityDetector {
    /// How much it takes for a frame to count as a voice.
    public enum Aggressiveness: CInt, Sendable, CaseIterable {
        case quality, lowBitrate, aggressive, veryAggressive
    }

    /// Why a detector can't be made.
    public enum Failure: Error, Equatable {
        /// A rate other than 8, 16, 32 and 48 kHz. [Hz]
        case unsupportedRate(Int)
        case outOfMemory
    }

    /// [Hz]
    public let sampleRate: Int
    private let state: OpaquePointer

    /// - Parameters:
    ///   - sampleRate: 8,000, 16,000, 32,000 or 48,000. [Hz]
    ///   - aggressiveness: The strictest, which suits telephone lines best, unless told.
    /// - Throws: ``Failure``.
    public init(
        sampleRate: Int = G711.sampleRate, aggressiveness: Aggressiveness = .veryAggressive
    ) throws(Failure) {
        guard [8_000, 16_000, 32_000, 48_000].contains(sampleRate) else { throw .unsupportedRate(sampleRate) }
        guard let state = WebRtcVad_Create() else { throw .outOfMemory }
        self.sampleRate = sampleRate
        self.state = state
        WebRtcVad_Init(state)
        WebRtcVad_set_mode(state, aggressiveness.rawValue)
    }

    deinit {
        WebRtcVad_Free(state)
    }

    /// Whether `frame` holds a voice.
    ///
    /// - Parameter frame: 10, 20 or 30 ms of samples; no other length counts as a voice.
    /// - Complexity: about 1 µs; neither allocates nor locks.
    public func isSpeech(_ frame: UnsafeBufferPointer<Int16>) -> Bool {
        guard let samples = frame.baseAddress else { return false }
        return WebRtcVad_Process(state, CInt(sampleRate), samples, frame.count) == 1
    }

    /// Whether `frame` holds a voice; see the buffer version.
    public func isSpeech(_ frame: [Int16]) -> Bool {
        frame.withUnsafeBufferPointer { isSpeech($0) }
    }
}
