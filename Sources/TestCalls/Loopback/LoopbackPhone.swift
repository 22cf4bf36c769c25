import Audio
import MediaEngine
import Net
import SIP
import SansIO
import Telephony

/// The callee's telephone: one call, on a socket and a media stream of its own. Belongs to one executor at a time.
///
/// It drives the `PhoneCore` of production. A bad line is between the core and its socket for signalling, and in a
/// ``MediaRelay`` for audio.
final class LoopbackPhone {
    /// What comes from other threads, to be handed to ``receive(_:at:)``.
    enum Input: Sendable {
        case datagram([UInt8], from: TransportAddress)
        case transportFailed(to: TransportAddress)
    }

    enum Event {
        /// The call has come in, and rings.
        case incoming
        case call(PhoneCallEvent)
    }

    private enum Transit {
        case arriving([UInt8], from: TransportAddress)
        case leaving([UInt8], to: TransportAddress)
    }

    private let socket: DatagramSocket
    let stream: MediaStream
    private let relay: MediaRelay?
    private var core: PhoneCore
    /// There from the first INVITE on.
    private var handle: CallHandle?
    private var toCallee: ImpairedLink
    private var toAgent: ImpairedLink
    private var transit = EventQueue<Transit>()
    /// Of the stream, from its start on.
    private(set) var law: G711.Law?

    /// Opens socket, stream, and what makes the line bad.
    ///
    /// - Parameters:
    ///   - pass: Takes inputs, from any thread.
    ///   - handlers: Of the stream.
    /// - Throws: `NetError`, `MediaError`.
    static func open(
        _ conditions: NetworkConditions, seed: UInt64, media: MediaEngine, handlers: MediaStream.Handlers,
        pass: @escaping @Sendable (Input) -> Void
    ) async throws -> LoopbackPhone {
        let socket = try await DatagramSocket.bind(host: LoopbackStage.address, port: 0) { bytes, source in
            pass(.datagram(bytes, from: source))
        } onError: { error, destination in
            // What is lost for another reason comes again: the timers see to it.
            guard let destination, error.code == .connectionRefused else { return }
            pass(.transportFailed(to: destination))
        }
        do {
            let stream = try media.open(handlers: handlers)
            var random = SeededRandom(seed: seed)
            let links = (toCallee: random.next(), toAgent: random.next())
            var relay: MediaRelay?
            if conditions.impairsAudio {
                relay = try await MediaRelay.open(conditions, seed: random.next(), calleePort: stream.localPort)
            }
            return LoopbackPhone(
                socket: socket, stream: stream, relay: relay, seed: random.next(),
                toCallee: ImpairedLink(conditions, seed: links.toCallee),
                toAgent: ImpairedLink(conditions, seed: links.toAgent))
        } catch {
            await socket.shutdown()
            throw error
        }
    }

    private init(
        socket: DatagramSocket, stream: MediaStream, relay: MediaRelay?, seed: UInt64, toCallee: ImpairedLink,
        toAgent: ImpairedLink
    ) {
        self.socket = socket
        self.stream = stream
        self.relay = relay
        self.toCallee = toCallee
        self.toAgent = toAgent
        core = PhoneCore(
            configuration: PhoneCore.Configuration(address: socket.localAddress, name: "Moonline test callee"),
            seed: seed)
    }

    /// Where it can be called: host and port.
    var address: String { socket.localAddress.description }

    /// Whether there is, or was, a call.
    var hasCall: Bool { handle != nil }

    /// When to call ``advance(at:)``.
    var nextDeadline: Instant? {
        guard let transit = transit.next else { return core.nextDeadline }
        return core.nextDeadline.map { min($0, transit) } ?? transit
    }

    func receive(_ input: Input, at now: Instant) -> [Event] {
        switch input {
        case .datagram(let bytes, let source):
            for arrival in toCallee.arrivals(sentAt: now) {
                transit.insert(.arriving(bytes, from: source), at: arrival)
            }
            return advance(at: now)
        case .transportFailed(let destination):
            return perform(core.receive(.transportFailed(to: destination), at: now), at: now)
        }
    }

    /// Does what is due.
    func advance(at now: Instant) -> [Event] {
        var events: [Event] = []
        while let datagram = transit.takeDue(at: now) {
            switch datagram {
            case .arriving(let bytes, let source):
                events += perform(core.receive(.datagram(bytes, from: source), at: now), at: now)
            case .leaving(let bytes, let destination): socket.send(bytes, to: destination)
            }
        }
        if let deadline = core.nextDeadline, deadline <= now {
            events += perform(core.receive(.deadline, at: now), at: now)
        }
        return events
    }

    func command(_ command: PhoneCommand, at now: Instant) -> [Event] {
        guard let handle else { return [] }
        return perform(core.receive(.command(handle, command), at: now), at: now)
    }

    /// Calls somebody.
    ///
    /// - Throws: `TelephonyError`: the target is no address.
    func place(
        _ call: OutgoingCall, to destination: TransportAddress, at now: Instant
    ) throws(TelephonyError) -> [Event] {
        let (handle, actions) = try core.place(call, destination: destination, mediaPort: mediaPort, at: now)
        self.handle = handle
        return perform(actions, at: now)
    }

    /// The call is answered: a line that dies in one direction counts from here.
    func noteAnswer(at now: Instant) {
        relay?.noteAnswer(at: now)
    }

    /// Gives everything back.
    func close() async {
        stream.close()
        await relay?.close()
        await socket.shutdown()
    }

    // MARK: Audio

    /// Queues audio in µ-law.
    func play(_ audio: [UInt8], tag: UInt32) {
        stream.play(law == .a ? audio.map { G711.transcode($0, from: .mu) } : audio, tag: tag)
    }

    // MARK: The core

    /// Where the far end is to send its audio.
    private var mediaPort: UInt16 { relay?.agentSidePort ?? stream.localPort }

    private func perform(_ actions: [PhoneCore.Action], at now: Instant) -> [Event] {
        var events: [Event] = []
        for action in actions {
            switch action {
            case .send(let bytes, let destination):
                for arrival in toAgent.arrivals(sentAt: now) {
                    if arrival <= now {
                        socket.send(bytes, to: destination)
                    } else {
                        transit.insert(.leaving(bytes, to: destination), at: arrival)
                    }
                }
            case .incoming(let incoming, _): events += take(incoming, at: now)
            case .startMedia(let call, let parameters) where call == handle: start(parameters)
            case .event(let call, let event) where call == handle: events.append(.call(event))
            case .startMedia, .event, .notice: break
            }
        }
        return events
    }

    /// Takes the first call, and no other.
    private func take(_ incoming: CallHandle, at now: Instant) -> [Event] {
        guard handle == nil else { return perform(core.refuse(incoming, status: 486, at: now), at: now) }
        handle = incoming
        let accepted = perform(core.accept(incoming, mediaPort: mediaPort, at: now), at: now)
        return accepted + command(.ring, at: now) + [.incoming]
    }

    private func start(_ parameters: MediaParameters) {
        law = law ?? parameters.codec.law
        stream.start(relay?.route(parameters) ?? parameters)
    }
}
