import Synchronization
import VoiceAgent

/// The ``UplinkGate`` between the media stream's pump thread and the model's socket.
final class AudioGate: Sendable {
    private let gate = Mutex(UplinkGate())
    private let model: RealtimeConnection

    init(model: RealtimeConnection) {
        self.model = model
    }

    /// The call is answered.
    func keep(isALaw: Bool) {
        gate.withLock { $0.keep(isALaw: isALaw) }
    }

    /// The model is to hear, beginning with what was kept.
    func open() {
        gate.withLock { $0.open(model.append) }
    }

    /// Whether the model hears silence in place of the far end.
    func mute(_ isMuted: Bool) {
        gate.withLock { $0.mute(isMuted) }
    }

    func shut() {
        gate.withLock { $0.shut() }
    }

    /// Takes audio of the far end. Called on the pump thread.
    func receive(_ payload: UnsafeRawBufferPointer) {
        gate.withLock { $0.receive(payload, hear: model.append) }
    }

    /// Audio of the model in the line's law.
    func toLine(_ audio: [UInt8]) -> [UInt8] {
        gate.withLock { $0.toLine(audio) }
    }
}
