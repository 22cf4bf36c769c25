import Net
import Synchronization

/// What the socket between a call and its model tells.
public enum ModelSocketEvent<Message: Sendable>: Sendable {
    case connected
    case event(Message)
    /// A message that is no event; the sentence says what is wrong with it.
    case malformed(String)
    /// The socket has ended; comes at most once, and last. No code: the connection was lost.
    case closed(code: UInt16?, reason: String)
    /// The connection could not be made; comes instead of all others.
    case failed(message: String)
}

/// A WebSocket to a model's server: what comes is read and handed on in order, one closure call each, on the
/// connection's event loop. Everything may be called from any thread and returns at once, but for ``connect()``.
final class ModelSocket<Message: Sendable>: Sendable {
    typealias Event = ModelSocketEvent<Message>

    private enum State {
        /// Not connected yet. `early` came before the upgrade was reported, and is handed on behind `connected`.
        case connecting(early: [Event])
        case open(WebSocketConnection)
        case closed
    }

    private let url: String
    private let configuration: RealtimeConfiguration
    private let parse: @Sendable ([UInt8]) -> Event
    private let onEvent: @Sendable (Event) -> Void
    private let state = Mutex(State.connecting(early: []))

    /// - Parameters:
    ///   - url: Of the socket; of the configuration the key and the rest is used.
    ///   - parse: Reads a text message.
    ///   - onEvent: Called in order, never twice at once. It must only pass the event on: calling back into the socket
    ///     from it is a deadlock.
    init(
        url: String, configuration: RealtimeConfiguration, parse: @escaping @Sendable ([UInt8]) -> Event,
        onEvent: @escaping @Sendable (Event) -> Void
    ) {
        self.url = url
        self.configuration = configuration
        self.parse = parse
        self.onEvent = onEvent
    }

    /// Opens the socket; the outcome comes as an event.
    ///
    /// The upgrade succeeds even with a bad key: OpenAI says so in an `error` event, and closes.
    func connect() async {
        var options = WebSocketOptions()
        options.connectTimeout = configuration.connectTimeout
        // A call notices within seconds that nobody is there any more.
        options.pingInterval = .seconds(5)
        options.pongTimeout = .seconds(5)
        options.trustedCertificatesFile = configuration.trustedCertificatesFile
        do {
            let socket = try await WebSocketClient.connect(
                url: url, headers: ["Authorization": "Bearer \(configuration.apiKey)"], options: options
            ) { [weak self] in self?.receive($0) }
            let wasClosed = state.withLock { state in
                guard case .connecting(let early) = state else { return true }
                state = .open(socket)
                onEvent(.connected)
                for event in early {
                    onEvent(event)
                    if case .closed = event { state = .closed }
                }
                return false
            }
            if wasClosed { socket.close() }
        } catch {
            guard !isClosed else { return }
            onEvent(.failed(message: error.message))
        }
    }

    /// Sends a text message; without effect while there is no connection.
    func send(_ message: [UInt8]) {
        open?.send(text: message)
    }

    /// Sends G.711 bytes as the base64 text of a message, between the given halves of it.
    ///
    /// - Parameter payload: Any length, copied before return.
    func send(_ payload: UnsafeRawBufferPointer, in frame: AudioFrame) {
        guard !payload.isEmpty, let open else { return }
        open.send(text: frame.message(payload))
    }

    /// Closes the socket; no event follows.
    func close() {
        let socket = state.withLock { state -> WebSocketConnection? in
            defer { state = .closed }
            if case .open(let socket) = state { return socket }
            return nil
        }
        socket?.close()
    }

    private var open: WebSocketConnection? {
        state.withLock { if case .open(let socket) = $0 { socket } else { nil } }
    }

    private var isClosed: Bool {
        state.withLock { if case .closed = $0 { true } else { false } }
    }

    private func receive(_ event: WebSocketEvent) {
        let parsed: Event =
            switch event {
            case .text(let bytes): parse(bytes)
            case .binary: .malformed("a binary message, where OpenAI sends text alone")
            case .closed(let code, let reason): .closed(code: code, reason: reason)
            }
        state.withLock { state in
            switch state {
            case .connecting(let early): state = .connecting(early: early + [parsed])
            case .open:
                if case .closed = parsed { state = .closed }
                onEvent(parsed)
            case .closed: break
            }
        }
    }
}
