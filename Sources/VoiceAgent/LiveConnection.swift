public import Conversation
import SansIO
import Synchronization

/// The socket between one call and OpenAI's Live API.
///
/// Hands the server's events on in the order in which they came, one closure call each, on the connection's event
/// loop. Everything here may be called from any thread and returns at once, but for ``connect()``.
public final class LiveConnection: Sendable {
    /// What the socket tells the call.
    public typealias Event = ModelSocketEvent<LiveServerEvent>

    private struct Listening {
        var clock: InputClock
        let ticks: Task<Void, Never>
    }

    private let socket: ModelSocket<LiveServerEvent>
    private let listening = Mutex<Listening?>(nil)
    private let began = ContinuousClock.now

    private static let audio = AudioFrame(type: "session.input_audio.append")

    /// - Parameters:
    ///   - configuration: Server and key; the model's name is the session's affair.
    ///   - onEvent: Called in order, never twice at once. It must only pass the event on: calling back into the
    ///     connection from it is a deadlock.
    public init(configuration: RealtimeConfiguration, onEvent: @escaping @Sendable (Event) -> Void) {
        socket = ModelSocket(
            url: configuration.liveURL, configuration: configuration, parse: LiveConnection.parse, onEvent: onEvent)
    }

    deinit {
        listening.withLock { $0?.ticks.cancel() }
    }

    /// Opens the socket; the outcome comes as an event.
    public func connect() async {
        await socket.connect()
    }

    /// Sends an event of the conversation.
    public func send(_ event: LiveClientEvent) {
        socket.send(event.json.bytes)
    }

    /// From here on the session hears without a break: what the far end leaves out is silence.
    public func listen() {
        let now = self.now
        listening.withLock { listening in
            guard listening == nil else { return }
            let ticks = Task { [weak self] in
                let ticker = ContinuousClock()
                while true {
                    do {
                        try await ticker.sleep(for: InputClock.tick)
                    } catch {
                        return  // Cancelled: the connection is closed.
                    }
                    guard let self else { return }
                    self.fill()
                }
            }
            listening = Listening(clock: InputClock(from: now), ticks: ticks)
        }
    }

    /// Sends the caller's audio: `session.input_audio.append`.
    ///
    /// - Parameter payload: µ-law bytes; any length, copied before return.
    public func append(_ payload: UnsafeRawBufferPointer) {
        guard !payload.isEmpty else { return }
        let now = self.now
        listening.withLock { $0?.clock.appended(at: now) }
        socket.send(payload, in: LiveConnection.audio)
    }

    private var now: Instant { .zero + (ContinuousClock.now - began) }

    private func fill() {
        let now = self.now
        let silence = listening.withLock { $0?.clock.silence(at: now) ?? [] }
        silence.withUnsafeBytes { socket.send($0, in: LiveConnection.audio) }
    }

    /// The message of ``append(_:)``.
    package static func appendMessage(_ payload: UnsafeRawBufferPointer) -> [UInt8] {
        audio.message(payload)
    }

    /// Ends the session; no event follows.
    public func close() {
        listening.withLock { listening in
            listening?.ticks.cancel()
            listening = nil
        }
        socket.send(LiveClientEvent(eventID: "close", body: .close).json.bytes)
        socket.close()
    }

    /// What a text message of the server stands for.
    @Sendable
    package static func parse(_ bytes: [UInt8]) -> Event {
        do {
            return .event(try LiveServerEvent(parsing: bytes))
        } catch {
            return .malformed(error.description)
        }
    }
}
