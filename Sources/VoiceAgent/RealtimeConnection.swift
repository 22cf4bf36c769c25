public import Conversation
import SansIO

/// The socket between one call and OpenAI's Realtime API.
///
/// Hands the server's events on in the order in which they came, one closure call each, on the connection's event
/// loop. Everything here may be called from any thread and returns at once, but for ``connect()``.
public final class RealtimeConnection: Sendable {
    /// What the socket tells the call.
    public typealias Event = ModelSocketEvent<RealtimeServerEvent>

    private let socket: ModelSocket<RealtimeServerEvent>

    private static let audio = AudioFrame(type: "input_audio_buffer.append")

    /// - Parameter onEvent: Called in order, never twice at once. It must only pass the event on: calling back into the
    ///   connection from it is a deadlock.
    public init(configuration: RealtimeConfiguration, onEvent: @escaping @Sendable (Event) -> Void) {
        socket = ModelSocket(
            url: configuration.url, configuration: configuration, parse: RealtimeConnection.parse, onEvent: onEvent)
    }

    /// Opens the socket; the outcome comes as an event.
    ///
    /// The upgrade succeeds even with a bad key: OpenAI says so in an `error` event, and closes.
    public func connect() async {
        await socket.connect()
    }

    /// Sends an event of the conversation.
    public func send(_ event: RealtimeClientEvent) {
        socket.send(event.json.bytes)
    }

    /// Sends the caller's audio: `input_audio_buffer.append`.
    ///
    /// - Parameter payload: G.711 bytes as they came by RTP; any length, copied before return.
    public func append(_ payload: UnsafeRawBufferPointer) {
        socket.send(payload, in: RealtimeConnection.audio)
    }

    /// The message of ``append(_:)``.
    package static func appendMessage(_ payload: UnsafeRawBufferPointer) -> [UInt8] {
        audio.message(payload)
    }

    /// Ends the session; no event follows.
    public func close() {
        socket.close()
    }

    /// What a text message of the server stands for.
    @Sendable
    package static func parse(_ bytes: [UInt8]) -> Event {
        do {
            return .event(try RealtimeServerEvent(parsing: bytes))
        } catch {
            return .malformed(error.description)
        }
    }
}
