import Audio

/// Between the far end's audio and the model's ears: what the caller says goes up only from the answer on, and then
/// from its first byte.
package struct UplinkGate: Sendable {
    private enum State {
        /// Not answered: what is heard is ringing, and nobody's words.
        case shut
        /// Answered, but the model is not to hear yet; what comes is kept.
        case keeping([UInt8])
        case open
    }

    /// Ten seconds of G.711. What is older is given up. [byte]
    private static let capacity = 80_000

    private var state = State.shut
    /// Whether the line speaks A-law while the model was told µ-law.
    private var isALaw = false
    /// The model hears silence.
    private var isMuted = false

    package init() {}

    /// The call is answered.
    package mutating func keep(isALaw: Bool) {
        self.isALaw = isALaw
        if case .shut = state { state = .keeping([]) }
    }

    /// The model is to hear, beginning with what was kept.
    package mutating func open(_ hear: (UnsafeRawBufferPointer) -> Void) {
        if case .keeping(let bytes) = state { bytes.withUnsafeBytes(hear) }
        state = .open
    }

    /// Whether the model hears silence in place of the far end.
    package mutating func mute(_ isMuted: Bool) {
        self.isMuted = isMuted
    }

    package mutating func shut() {
        state = .shut
    }

    /// Takes audio of the far end, and hands on what the model hears of it.
    package mutating func receive(_ payload: UnsafeRawBufferPointer, hear: (UnsafeRawBufferPointer) -> Void) {
        switch state {
        case .shut: break
        case .open where isMuted:
            // The model was told µ-law, whatever the line speaks.
            UplinkGate.silence(payload.count).withUnsafeBytes(hear)
        case .keeping(let kept):
            let heard = isMuted ? UplinkGate.silence(payload.count) : UplinkGate.converted(payload, isALaw)
            let bytes = kept + heard
            state = .keeping(Array(bytes.suffix(UplinkGate.capacity)))
        case .open:
            if isALaw {
                UplinkGate.converted(payload, true).withUnsafeBytes(hear)
            } else {
                hear(payload)
            }
        }
    }

    /// Audio of the model in the line's law.
    package func toLine(_ audio: [UInt8]) -> [UInt8] {
        isALaw ? audio.map { G711.transcode($0, from: .mu) } : audio
    }

    /// G.711 µ-law has silence as `0xFF` (ITU-T G.711 table 2a).
    private static func silence(_ count: Int) -> [UInt8] { [UInt8](repeating: 0xFF, count: count) }

    private static func converted(_ payload: UnsafeRawBufferPointer, _ isALaw: Bool) -> [UInt8] {
        isALaw ? payload.map { G711.transcode($0, from: .a) } : Array(payload)
    }
}
