import Audio
import Synchronization
import VoiceAgent

/// Between the media stream's pump thread and the model's socket: what the caller says goes up only from the answer on,
/// and then from its first byte.
final class AudioGate: Sendable {
    private enum State {
        /// Not answered: what is heard is ringing, and nobody's words.
        case shut
        /// Answered, but the model is not to hear yet; what comes is kept.
        case keeping([UInt8])
        case open
    }

    /// Ten seconds of G.711. What is older is given up. [byte]
    private static let capacity = 80_000

    private struct Gate {
        var state = State.shut
        /// Whether the line speaks A-law while the model was told µ-law.
        var isALaw = false
        /// The model hears silence.
        var isMuted = false
    }

    private let gate = Mutex(Gate())
    private let model: RealtimeConnection

    init(model: RealtimeConnection) {
        self.model = model
    }

    /// The call is answered.
    func keep(isALaw: Bool) {
        gate.withLock { gate in
            gate.isALaw = isALaw
            if case .shut = gate.state { gate.state = .keeping([]) }
        }
    }

    /// The model is to hear, beginning with what was kept.
    func open() {
        gate.withLock { gate in
            if case .keeping(let bytes) = gate.state { bytes.withUnsafeBytes { model.append($0) } }
            gate.state = .open
        }
    }

    /// Whether the model hears silence in place of the far end.
    func mute(_ isMuted: Bool) {
        gate.withLock { $0.isMuted = isMuted }
    }

    func shut() {
        gate.withLock { $0.state = .shut }
    }

    /// Takes audio of the far end. Called on the pump thread.
    func receive(_ payload: UnsafeRawBufferPointer) {
        gate.withLock { gate in
            switch gate.state {
            case .shut: break
            case .open where gate.isMuted:
                // The model was told µ-law, whatever the line speaks.
                AudioGate.silence(payload.count).withUnsafeBytes { model.append($0) }
            case .keeping(let kept):
                let heard =
                    gate.isMuted ? AudioGate.silence(payload.count) : AudioGate.converted(payload, gate.isALaw)
                let bytes = kept + heard
                gate.state = .keeping(Array(bytes.suffix(AudioGate.capacity)))
            case .open:
                if gate.isALaw {
                    AudioGate.converted(payload, true).withUnsafeBytes { model.append($0) }
                } else {
                    model.append(payload)
                }
            }
        }
    }

    /// Audio of the model in the line's law.
    func toLine(_ audio: [UInt8]) -> [UInt8] {
        gate.withLock { $0.isALaw } ? audio.map { G711.transcode($0, from: .mu) } : audio
    }

    /// G.711 µ-law has silence as `0xFF` (ITU-T G.711 table 2a).
    private static func silence(_ count: Int) -> [UInt8] { [UInt8](repeating: 0xFF, count: count) }

    private static func converted(_ payload: UnsafeRawBufferPointer, _ isALaw: Bool) -> [UInt8] {
        isALaw ? payload.map { G711.transcode($0, from: .a) } : Array(payload)
    }
}
