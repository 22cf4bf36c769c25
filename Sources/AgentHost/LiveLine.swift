import Conversation
import Synchronization
import VoiceAgent

/// The connections of one call to a Live server, one at a time: the next when the last one is lost. Hears where the
/// caller's voice is in what goes up.
///
/// Each connection has a number, from 1, that its events carry: what is still on its way from an older one is known by
/// it.
final class LiveLine: Sendable {
    private struct State {
        var number = 0
        var connection: LiveConnection?
        var ears: CallerAudio?
    }

    private let configuration: RealtimeConfiguration
    private let settings: CallerAudio.Settings
    private let mailbox: AsyncStream<CallSession.Event>.Continuation
    private let state = Mutex(State())

    init(
        configuration: RealtimeConfiguration, options: LiveOptions,
        mailbox: AsyncStream<CallSession.Event>.Continuation
    ) {
        self.configuration = configuration
        settings = CallerAudio.Settings(live: options)
        self.mailbox = mailbox
    }

    /// Makes the next connection; it is still to be opened.
    ///
    /// - Returns: `nil` when it cannot be made, which is told as its failure.
    func next() -> LiveConnection? {
        state.withLock { state in
            state.connection?.close()
            state.connection = nil
            state.number += 1
            let number = state.number
            do throws(StageFailure) {
                state.ears = try CallerAudio(settings: settings)
            } catch {
                mailbox.yield(.model(.failed(message: error.message), connection: number))
                return nil
            }
            let connection = LiveConnection(configuration: configuration) { [mailbox] event in
                mailbox.yield(.model(ModelEvent(event), connection: number))
            }
            state.connection = connection
            return connection
        }
    }

    func send(_ event: LiveClientEvent) {
        connection?.send(event)
    }

    /// From here on the far end is heard.
    func listen() {
        connection?.listen()
    }

    /// Sends the far end's audio.
    func append(_ payload: UnsafeRawBufferPointer) {
        let lent = LentAudio(payload)
        let connection = state.withLock { state -> LiveConnection? in
            for event in state.ears?.append(lent.bytes) ?? [] { mailbox.yield(.pipeline(event)) }
            return state.connection
        }
        connection?.append(payload)
    }

    func close() {
        state.withLock { state in
            state.connection?.close()
            state.connection = nil
            state.ears = nil
        }
    }

    private var connection: LiveConnection? { state.withLock { $0.connection } }
}
