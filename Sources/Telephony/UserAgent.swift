public import Logging
public import MediaEngine
import Net
import SIP
public import SansIO

/// The telephone side of this program: one UDP port of SIP, and the calls on it.
///
/// Drives a ``PhoneCore``: datagrams, commands and deadlines go in, one at a time; what it decides is done in order.
public actor UserAgent {
    public struct Configuration: Sendable {
        /// Where SIP is received; `0.0.0.0` for all addresses of this machine.
        public var bindAddress = "0.0.0.0"
        /// 0 lets the kernel choose.
        public var port: UInt16 = 5060
        /// The address that peers reach us by, in Via, Contact and SDP; `nil` for this machine's own.
        public var publicAddress: String?
        /// Goes into the User-Agent header.
        public var name = "Moonline"
        /// Calls at a time, in both directions.
        public var maximumCalls = UserAgentCore.Limits().calls

        public init() {}
    }

    /// Decides on a call that came in: its owner's handlers, or `nil` to refuse it with 480.
    public typealias IncomingHandler = @Sendable (IncomingPhoneCall) -> IncomingDecision?

    /// Who takes an incoming call.
    public struct IncomingDecision: Sendable {
        var handlers: PhoneCallHandlers
        var accept: @Sendable (PhoneCall) -> Void

        /// - Parameter accept: Gets the call; it rings or answers it.
        public init(handlers: PhoneCallHandlers, accept: @escaping @Sendable (PhoneCall) -> Void) {
            self.handlers = handlers
            self.accept = accept
        }
    }

    /// Who has a call.
    private struct Owner {
        let media: MediaStream
        let event: @Sendable (PhoneCallEvent) -> Void
    }

    /// Datagrams that may wait to be read before more are dropped, as a full socket buffer would drop them.
    private static let backlog = 8_192

    /// The address in Via, Contact and SDP, with the port of SIP.
    public nonisolated let address: TransportAddress

    private let media: MediaEngine
    private let logger: Logger
    private let onIncoming: IncomingHandler?
    private let work: AsyncStream<PhoneCore.Input>.Continuation
    private let timer: DeadlineTimer
    private let socket: DatagramSocket
    private var core: PhoneCore
    private var owners: [CallHandle: Owner] = [:]
    private var loop: Task<Void, Never>?
    private var isShutDown = false

    /// Binds the port and begins to serve.
    ///
    /// - Throws: ``TelephonyError/Code/cannotBind``.
    public static func start(
        _ configuration: Configuration, media: MediaEngine, logger: Logger, onIncoming: IncomingHandler? = nil
    ) async throws(TelephonyError) -> UserAgent {
        let (stream, continuation) = AsyncStream<PhoneCore.Input>.makeStream()
        let waiting = WaitingDatagrams()
        let socket: DatagramSocket
        do {
            socket = try await DatagramSocket.bind(host: configuration.bindAddress, port: configuration.port) {
                if waiting.admit(limit: backlog) { continuation.yield(.datagram($0, from: $1)) }
            } onError: { error, destination in
                logger.debug("SIP socket: \(error.message)")
                // A full buffer or an oversize datagram loses one message, as the network may; timers do the rest.
                guard let destination, error.code != .system, error.code != .messageTooLarge,
                    error.code != .connectionLost
                else { return }
                continuation.yield(.transportFailed(to: destination))
            }
        } catch {
            throw TelephonyError(
                .cannotBind, "Cannot serve SIP: \(error.message) Another port can be set with MOONLINE_SIP_PORT.")
        }
        let agent = UserAgent(
            configuration, media: media, logger: logger, socket: socket, work: continuation, onIncoming: onIncoming)
        await agent.run(stream, waiting)
        return agent
    }

    private init(
        _ configuration: Configuration, media: MediaEngine, logger: Logger, socket: DatagramSocket,
        work: AsyncStream<PhoneCore.Input>.Continuation, onIncoming: IncomingHandler?
    ) {
        let isWildcard = ["0.0.0.0", "::"].contains(configuration.bindAddress)
        let host =
            configuration.publicAddress
            ?? (isWildcard ? LocalRoute.defaultSourceAddress() : configuration.bindAddress)
        address = TransportAddress(host: host, port: socket.localAddress.port)
        self.media = media
        self.logger = logger
        self.onIncoming = onIncoming
        self.work = work
        self.socket = socket
        timer = DeadlineTimer { work.yield(.deadline) }
        core = PhoneCore(
            configuration: PhoneCore.Configuration(
                address: address, name: configuration.name, maximumCalls: configuration.maximumCalls),
            seed: .random(in: .min ... .max))
    }

    private func run(_ inputs: AsyncStream<PhoneCore.Input>, _ waiting: WaitingDatagrams) {
        loop = Task { [weak self] in
            for await input in inputs {
                guard let self else { return }
                if case .datagram = input { waiting.leave() }
                await self.receive(input)
            }
        }
    }

    /// Calls that have not ended.
    public var callCount: Int { core.callCount }

    /// Ends all calls, waits briefly for their BYEs to be answered, and closes the port.
    public func shutDown(patience: Duration = .seconds(2)) async {
        isShutDown = true
        advance { core, now in core.hangUpAll(at: now) }
        let giveUp = ContinuousClock.now + patience
        while core.awaitsResponses, ContinuousClock.now < giveUp {
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                break  // The shutdown itself is hurried.
            }
        }
        timer.stop()
        work.finish()
        loop?.cancel()
        await socket.shutdown()
        owners.removeAll()
    }

    // MARK: Calls

    /// Places a call.
    ///
    /// - Returns: When the INVITE is on its way. What becomes of it comes as events.
    /// - Throws: ``TelephonyError``: no such host, no free media port, a target that is no URI.
    public func place(_ call: OutgoingCall, handlers: PhoneCallHandlers) async throws(TelephonyError) -> PhoneCall {
        let destination = try await resolve(call.nextHop())
        guard !isShutDown else { throw TelephonyError(.shutDown, "The host is shutting down.") }
        let stream = try open(handlers.media)
        let now = MonotonicClock.now()
        do {
            let (handle, actions) = try core.place(
                call, destination: destination, mediaPort: stream.localPort, at: now)
            owners[handle] = Owner(media: stream, event: handlers.event)
            perform(actions, at: now)
            return PhoneCall(handle: handle, media: stream, agent: self)
        } catch {
            stream.close()
            throw error
        }
    }

    nonisolated func perform(_ command: PhoneCommand, on handle: CallHandle) {
        work.yield(.command(handle, command))
    }

    private func resolve(_ hop: (host: String, port: UInt16)) async throws(TelephonyError) -> TransportAddress {
        do {
            if let address = try await Resolver.resolve(host: hop.host, port: hop.port).first { return address }
        } catch {
            throw TelephonyError(.hostNotFound, "The trunk's address cannot be used: \(error.message)")
        }
        throw TelephonyError(.hostNotFound, "The trunk's host “\(hop.host)” has no address.")
    }

    private func open(_ handlers: MediaStream.Handlers) throws(TelephonyError) -> MediaStream {
        do {
            return try media.open(handlers: handlers)
        } catch {
            throw TelephonyError(.media, error.message)
        }
    }

    /// Asks the owner that an incoming call is for.
    private func offer(_ call: IncomingPhoneCall, _ handle: CallHandle) {
        guard let decision = onIncoming?(call) else {
            return advance { core, now in core.refuse(handle, status: 480, at: now) }
        }
        do {
            let stream = try open(decision.handlers.media)
            owners[handle] = Owner(media: stream, event: decision.handlers.event)
            advance { core, now in core.accept(handle, mediaPort: stream.localPort, at: now) }
            decision.accept(PhoneCall(handle: handle, media: stream, agent: self))
        } catch {
            logger.error("an incoming call is refused: \(error.message)")
            advance { core, now in core.refuse(handle, status: 503, at: now) }
        }
    }

    // MARK: The core

    private func receive(_ input: PhoneCore.Input) {
        advance { core, now in core.receive(input, at: now) }
    }

    /// Moves the core, and performs what it decides.
    private func advance(_ step: (inout PhoneCore, Instant) -> [PhoneCore.Action]) {
        let now = MonotonicClock.now()
        perform(step(&core, now), at: now)
    }

    private func perform(_ actions: [PhoneCore.Action], at now: Instant) {
        timer.arm(after: core.nextDeadline.map { $0 - now })
        for action in actions {
            switch action {
            case .send(let bytes, let destination): socket.send(bytes, to: destination)
            case .incoming(let handle, let call): offer(call, handle)
            case .startMedia(let handle, let parameters): owners[handle]?.media.start(parameters)
            case .event(let handle, let event):
                owners[handle]?.event(event)
                if event.isLast { owners[handle] = nil }
            case .notice(let text): logger.notice("\(text)")
            }
        }
    }
}
