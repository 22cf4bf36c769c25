import Synchronization

/// The ``UplinkGate`` between the media stream's pump thread and the model.
final class AudioGate: Sendable {
    private struct State {
        var gate = UplinkGate()
        /// Who hears what passes; nobody before the call's mode is known.
        var hear: @Sendable (UnsafeRawBufferPointer) -> Void = { _ in }
    }

    private let state = Mutex(State())

    /// From here on what passes is heard.
    func connect(_ hear: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) {
        state.withLock { $0.hear = hear }
    }

    /// The call is answered.
    func keep(isALaw: Bool) {
        state.withLock { $0.gate.keep(isALaw: isALaw) }
    }

    /// The model is to hear, beginning with what was kept.
    func open() {
        state.withLock { $0.gate.open($0.hear) }
    }

    /// The model is away: what comes is kept, with what came in the last so long.
    func keep(last duration: Duration) {
        state.withLock { $0.gate.keep(last: duration) }
    }

    /// Whether the model hears silence in place of the far end.
    func mute(_ isMuted: Bool) {
        state.withLock { $0.gate.mute(isMuted) }
    }

    func shut() {
        state.withLock { state in
            state.gate.shut()
            state.hear = { _ in }
        }
    }

    /// Takes audio of the far end. Called on the pump thread.
    func receive(_ payload: UnsafeRawBufferPointer) {
        state.withLock { $0.gate.receive(payload, hear: $0.hear) }
    }

    /// Audio of the model in the line's law.
    func toLine(_ audio: [UInt8]) -> [UInt8] {
        state.withLock { $0.gate.toLine(audio) }
    }
}
