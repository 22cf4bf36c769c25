import Audio
import Conversation
import SansIO

/// Between the far end's audio and the model's ears: what the caller says goes up only from the answer on, and then
/// from its first byte.
package struct UplinkGate: Sendable {
    private enum State {
        /// Not answered: what is heard is ringing, and nobody's words.
        case shut
        /// Answered, but the model is not to hear yet: what comes is kept.
        case keeping
        case open
    }

    /// Half a minute of G.711. What is older is given up. [byte]
    private static let capacity = 240_000
    /// What was handed on of late: ten seconds, which may have to be heard again. [byte]
    private static let memory = 80_000

    private var state = State.shut
    /// What the model is to hear when it is there.
    private var kept = ByteRing(capacity: UplinkGate.capacity)
    /// What was handed on last.
    private var heard = ByteRing(capacity: UplinkGate.memory)
    /// Whether the line speaks A-law while the model was told µ-law.
    private var isALaw = false
    /// The model hears silence.
    private var isMuted = false

    package init() {}

    /// The call is answered.
    package mutating func keep(isALaw: Bool) {
        self.isALaw = isALaw
        if case .shut = state { state = .keeping }
    }

    /// The model is to hear, beginning with what was kept.
    package mutating func open(_ hear: (UnsafeRawBufferPointer) -> Void) {
        kept.suffix(kept.count).withUnsafeBytes { if !$0.isEmpty { handOn($0, hear) } }
        kept.removeAll()
        state = .open
    }

    /// The model is away: until ``open(_:)`` what comes is kept, with what came in the last so long.
    package mutating func keep(last duration: Duration) {
        guard case .open = state else { return }
        let count = Int(clamping: max(.zero, duration).milliseconds) * G711Law.bytesPerMillisecond
        heard.suffix(count).withUnsafeBytes { kept.append($0) }
        heard.removeAll()
        state = .keeping
    }

    private mutating func handOn(_ payload: UnsafeRawBufferPointer, _ hear: (UnsafeRawBufferPointer) -> Void) {
        hear(payload)
        heard.append(payload)
    }

    /// Whether the model hears silence in place of the far end.
    package mutating func mute(_ isMuted: Bool) {
        self.isMuted = isMuted
    }

    package mutating func shut() {
        state = .shut
        kept.removeAll()
        heard.removeAll()
    }

    /// Takes audio of the far end, and hands on what the model hears of it.
    package mutating func receive(_ payload: UnsafeRawBufferPointer, hear: (UnsafeRawBufferPointer) -> Void) {
        switch state {
        case .shut: break
        case .open where isMuted:
            // The model was told µ-law, whatever the line speaks.
            UplinkGate.silence(payload.count).withUnsafeBytes { handOn($0, hear) }
        case .keeping where isMuted: UplinkGate.silence(payload.count).withUnsafeBytes { kept.append($0) }
        case .keeping where isALaw: UplinkGate.toMuLaw(payload).withUnsafeBytes { kept.append($0) }
        case .keeping: kept.append(payload)
        case .open:
            if isALaw {
                UplinkGate.toMuLaw(payload).withUnsafeBytes { handOn($0, hear) }
            } else {
                handOn(payload, hear)
            }
        }
    }

    /// Audio of the model in the line's law.
    package func toLine(_ audio: [UInt8]) -> [UInt8] {
        isALaw ? audio.map { G711.transcode($0, from: .mu) } : audio
    }

    /// G.711 µ-law has silence as `0xFF` (ITU-T G.711 table 2a).
    private static func silence(_ count: Int) -> [UInt8] { [UInt8](repeating: 0xFF, count: count) }

    private static func toMuLaw(_ payload: UnsafeRawBufferPointer) -> [UInt8] {
        payload.map { G711.transcode($0, from: .a) }
    }
}
