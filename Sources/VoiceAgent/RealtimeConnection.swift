public import Conversation
import Net
import SansIO
import Synchronization

/// The socket between one call and OpenAI's Realtime API.
///
/// Hands the server's events on in the order in which they came, one closure call each, on the connection's event
/// loop. Everything here may be called from any thread and returns at once, but for ``connect()``.
public final class RealtimeConnection: Sendable {
    /// What the socket tells the call.
    public enum Event: Sendable {
        case connected
        case event(RealtimeServerEvent)
        /// A message that is no event; the sentence says what is wrong with it.
        case malformed(String)
        /// The socket has ended; comes at most once, and last. No code: the connection was lost.
        case closed(code: UInt16?, reason: String)
        /// The connection could not be made; comes instead of all others.
        case failed(message: String)
    }

    private enum State {
        /// Not connected yet. `early` came before the upgrade was reported, and is handed on behind `connected`.
        case connecting(early: [Event])
        case open(WebSocketConnection)
        case closed
    }

    private let configuration: RealtimeConfiguration
    private let onEvent: @Sendable (Event) -> Void
    private let state = Mutex(State.connecting(early: []))

    private static let appendPrefix = Array(#"{"type":"input_audio_buffer.append","audio":""#.utf8)
    private static let appendSuffix = Array(#""}"#.utf8)

    /// - Parameter onEvent: Called in order, never twice at once. It must only pass the event on: calling back into the
    ///   connection from it is a deadlock.
    public init(configuration: RealtimeConfiguration, onEvent: @escaping @Sendable (Event) -> Void) {
        self.configuration = configuration
        self.onEvent = onEvent
    }

    /// Opens the socket; the outcome comes as an event.
    ///
    /// The upgrade succeeds even with a bad key: OpenAI says so in an `error` event, and closes.
    public func connect() async {
        var options = WebSocketOptions()
        options.connectTimeout = configuration.connectTimeout
        // A call notices within seconds that nobody is there any more.
        options.pingInterval = .seconds(5)
        options.pongTimeout = .seconds(5)
        options.trustedCertificatesFile = configuration.trustedCertificatesFile
        do {
            let socket = try await WebSocketClient.connect(
                url: configuration.url, headers: ["Authorization": "Bearer \(configuration.apiKey)"], options: options
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

    /// Sends an event of the conversation.
    public func send(_ event: RealtimeClientEvent) {
        socket?.send(text: event.json.bytes)
    }

    /// Sends the caller's audio: `input_audio_buffer.append`.
    ///
    /// - Parameter payload: G.711 bytes as they came by RTP; any length, copied before return.
    public func append(_ payload: UnsafeRawBufferPointer) {
        guard !payload.isEmpty, let socket else { return }
        socket.send(text: RealtimeConnection.appendMessage(payload))
    }

    /// The message of ``append(_:)``.
    package static func appendMessage(_ payload: UnsafeRawBufferPointer) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(appendPrefix.count + (payload.count + 2) / 3 * 4 + appendSuffix.count)
        message.append(contentsOf: appendPrefix)
        Base64.append(payload, to: &message)
        message.append(contentsOf: appendSuffix)
        return message
    }

    /// Ends the session; no event follows.
    public func close() {
        let open = state.withLock { state -> WebSocketConnection? in
            defer { state = .closed }
            if case .open(let socket) = state { return socket }
            return nil
        }
        open?.close()
    }

    private var socket: WebSocketConnection? {
        state.withLock { if case .open(let socket) = $0 { socket } else { nil } }
    }

    private var isClosed: Bool {
        state.withLock { if case .closed = $0 { true } else { false } }
    }

    private func receive(_ event: WebSocketEvent) {
        let parsed: Event =
            switch event {
            case .text(let bytes): RealtimeConnection.parse(bytes)
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

    /// What a text message of the server stands for.
    package static func parse(_ bytes: [UInt8]) -> Event {
        do {
            return .event(try RealtimeServerEvent(parsing: bytes))
        } catch {
            return .malformed(error.description)
        }
    }
}
