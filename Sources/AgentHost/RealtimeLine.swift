import Conversation
import Synchronization
import VoiceAgent

/// The connections of one call to a Realtime server: one at a time, the next when the last one is lost.
///
/// Each has a number, from 1, that its events carry: what is still on its way from an older one is known by it.
final class RealtimeLine: Sendable {
    private struct State {
        var number = 0
        var connection: RealtimeConnection?
    }

    private let configuration: RealtimeConfiguration
    private let mailbox: AsyncStream<CallSession.Event>.Continuation
    private let state = Mutex(State())

    init(configuration: RealtimeConfiguration, mailbox: AsyncStream<CallSession.Event>.Continuation) {
        self.configuration = configuration
        self.mailbox = mailbox
    }

    /// Makes the next connection; it is still to be opened.
    func next() -> RealtimeConnection {
        state.withLock { state in
            state.connection?.close()
            state.number += 1
            let number = state.number
            let connection = RealtimeConnection(configuration: configuration) { [mailbox] event in
                mailbox.yield(.model(ModelEvent(event), connection: number))
            }
            state.connection = connection
            return connection
        }
    }

    func send(_ event: RealtimeClientEvent) {
        connection?.send(event)
    }

    /// Sends the far end's audio.
    func append(_ payload: UnsafeRawBufferPointer) {
        connection?.append(payload)
    }

    func close() {
        state.withLock { state in
            state.connection?.close()
            state.connection = nil
        }
    }

    private var connection: RealtimeConnection? { state.withLock { $0.connection } }
}
