public import Logging
public import MediaEngine
import Net
import SDP
import SIP
public import SansIO

/// The telephone side of this program: one UDP port of SIP, and the calls on it.
///
/// Drives a `UserAgentCore`: datagrams, commands and deadlines go in, one at a time; what it decides is done in order.
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

    private enum Work: Sendable {
        case input(UserAgentCore.Input)
        case answerIncoming(CallHandle)
    }

    /// Datagrams that may wait to be read before more are dropped, as a full socket buffer would drop them.
    private static let backlog = 8_192

    /// The address in Via, Contact and SDP, with the port of SIP.
    public nonisolated let address: TransportAddress

    private let media: MediaEngine
    private let logger: Logger
    private let onIncoming: IncomingHandler?
    private let work: AsyncStream<Work>.Continuation
    private let timer: DeadlineTimer
    private let socket: DatagramSocket
    private var core: UserAgentCore
    private var entries: [CallHandle: CallEntry] = [:]
    private var random = SystemRandomNumberGenerator()
    private var loop: Task<Void, Never>?
    private var isShutDown = false

    /// Binds the port and begins to serve.
    ///
    /// - Throws: ``TelephonyError/Code/cannotBind``.
    public static func start(
        _ configuration: Configuration, media: MediaEngine, logger: Logger, onIncoming: IncomingHandler? = nil
    ) async throws(TelephonyError) -> UserAgent {
        let (stream, continuation) = AsyncStream<Work>.makeStream()
        let waiting = WaitingDatagrams()
        let socket: DatagramSocket
        do {
            socket = try await DatagramSocket.bind(host: configuration.bindAddress, port: configuration.port) {
                if waiting.admit(limit: backlog) { continuation.yield(.input(.datagram($0, from: $1))) }
            } onError: { error, destination in
                logger.debug("SIP socket: \(error.message)")
                // A full buffer or an oversize datagram loses one message, as the network may; timers do the rest.
                guard let destination, error.code != .system, error.code != .messageTooLarge,
                    error.code != .connectionLost
                else { return }
                continuation.yield(.input(.transportFailed(to: destination)))
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
        work: AsyncStream<Work>.Continuation, onIncoming: IncomingHandler?
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
        timer = DeadlineTimer { work.yield(.input(.deadline)) }
        core = UserAgentCore(
            configuration: UserAgentCore.Configuration(
                address: address, userAgent: configuration.name,
                limits: UserAgentCore.Limits(calls: configuration.maximumCalls)),
            seed: random.next())
    }

    private func run(_ stream: AsyncStream<Work>, _ waiting: WaitingDatagrams) {
        loop = Task { [weak self] in
            for await work in stream {
                guard let self else { return }
                if case .input(.datagram) = work { waiting.leave() }
                await self.process(work)
            }
        }
    }

    /// Calls that have not ended.
    public var callCount: Int { core.callCount }

    /// Ends all calls, waits briefly for their BYEs to be answered, and closes the port.
    public func shutDown(patience: Duration = .seconds(2)) async {
        isShutDown = true
        for handle in entries.keys { await receive(.command(handle, .hangUp(reasons: []))) }
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
        entries.removeAll()
    }

    // MARK: Calls

    /// Places a call.
    ///
    /// - Returns: When the INVITE is on its way. What becomes of it comes as events.
    /// - Throws: ``TelephonyError``: no such host, no free media port, a target that is no URI.
    public func place(_ call: OutgoingCall, handlers: PhoneCallHandlers) async throws(TelephonyError) -> PhoneCall {
        let uri = try call.requestURI()
        let destination = try await resolve(host: call.trunk?.host ?? uri.host, port: call.trunk?.port ?? uri.port)
        guard !isShutDown else { throw TelephonyError(.shutDown, "The host is shutting down.") }
        let stream = try open(handlers.media)
        var session = makeSession(stream)
        let offer = session.makeOffer()
        let handle = core.makeHandle()
        entries[handle] = CallEntry(handlers: handlers, media: stream, isOutgoing: true, session: session)
        var headers = Headers()
        for (name, value) in call.headers.sorted(by: { $0.key < $1.key }) { headers.append(HeaderName(name), value) }
        let from = call.callerURI(ownHost: address.host)
        var credentials: Credentials?
        if let username = call.trunk?.username, let password = call.trunk?.password {
            credentials = Credentials(username: username, password: password)
        }
        await receive(
            .command(
                handle,
                .invite(
                    OutgoingInvite(
                        requestURI: .sip(uri), from: NameAddress(uri: .sip(from)), headers: headers, offer: offer.bytes,
                        destination: destination, credentials: credentials, ringTimeout: call.ringTimeout))))
        return PhoneCall(handle: handle, media: stream, agent: self)
    }

    nonisolated func perform(_ command: UserAgentCore.Command, on handle: CallHandle) {
        work.yield(.input(.command(handle, command)))
    }

    nonisolated func answerIncoming(_ handle: CallHandle) {
        work.yield(.answerIncoming(handle))
    }

    private func resolve(host: String, port: UInt16?) async throws(TelephonyError) -> TransportAddress {
        do {
            if let address = try await Resolver.resolve(host: host, port: port ?? 5060).first { return address }
        } catch {
            throw TelephonyError(.hostNotFound, "The trunk's address cannot be used: \(error.message)")
        }
        throw TelephonyError(.hostNotFound, "The trunk's host “\(host)” has no address.")
    }

    private func open(_ handlers: MediaStream.Handlers) throws(TelephonyError) -> MediaStream {
        do {
            return try media.open(handlers: handlers)
        } catch {
            throw TelephonyError(.media, error.message)
        }
    }

    private func makeSession(_ stream: MediaStream) -> OfferAnswer {
        OfferAnswer(address: address.host, port: stream.localPort, sessionID: random.next())
    }

    // MARK: The core

    private func process(_ work: Work) async {
        switch work {
        case .input(let input): await receive(input)
        case .answerIncoming(let handle): await answer(handle)
        }
    }

    private func receive(_ input: UserAgentCore.Input) async {
        let now = MonotonicClock.now()
        let actions = core.receive(input, at: now)
        timer.arm(after: core.nextDeadline.map { $0 - now })
        for action in actions {
            switch action {
            case .send(let bytes, let destination): socket.send(bytes, to: destination)
            case .event(let handle, let event): await report(event, of: handle)
            case .pinged: break
            }
        }
    }

    private func report(_ event: CallEvent, of handle: CallHandle) async {
        if case .incoming(let incoming) = event { return await offer(incoming, handle) }
        guard let entry = entries[handle] else { return }
        switch event {
        case .incoming, .trying, .offerWithdrawn, .offerRefused: break
        case .provisional(let response): await provisional(response, handle)
        case .answered(let body, let headers): await answered(body, headers, handle)
        case .offer(let body): await reoffer(body, handle)
        case .offerAnswered(let body): await agree(body, handle)
        case .info(let contentType, let body):
            if let key = DTMFInfo(contentType: contentType, body: body) {
                tell(.digit(key.digit, durationMilliseconds: key.durationMilliseconds), handle)
            }
        case .transferAccepted: tell(.transferAccepted, handle)
        case .transferProgress(let status, let reason): tell(.transferProgress(status: status, reason: reason), handle)
        case .transferEnded(let status, let reason): tell(.transferEnded(status: status, reason: reason), handle)
        case .referred(let target, _): tell(.transferRequested(to: "\(target.uri)"), handle)
        case .failed(let failure):
            if !entry.isClosed { tell(PhoneCallEvent(failure), handle) }
            entries[handle] = nil
        case .ended(let end):
            if !entry.isClosed { tell(.ended(byRemote: end.by == .remote, reason: end.text), handle) }
            entries[handle] = nil
        }
    }

    private func tell(_ event: PhoneCallEvent, _ handle: CallHandle) {
        entries[handle]?.handlers.event(event)
    }

    // MARK: Outgoing calls

    private func provisional(_ response: ProvisionalResponse, _ handle: CallHandle) async {
        guard response.status != 181 || !response.body.isEmpty else { return }
        var hasEarlyMedia = entries[handle]?.audio != nil
        if !response.body.isEmpty, var entry = entries[handle] {
            // Each fork answers our offer for itself: a copy for each, so that the next answer fits as well.
            do {
                let audio = try entry.session.receiveAnswer(SessionDescription(parsing: response.body))
                try entry.start(audio)
                entries[handle] = entry
                hasEarlyMedia = true
            } catch {
                logger.notice("early media cannot be used: \(describe(error))")
            }
        }
        tell(.ringing(earlyMedia: hasEarlyMedia), handle)
    }

    private func answered(_ body: [UInt8], _ headers: Headers, _ handle: CallHandle) async {
        guard var entry = entries[handle], !entry.isClosed else { return }
        entry.isAnswered = true
        entries[handle] = entry
        if entry.isOutgoing || !body.isEmpty {
            guard await agree(body, handle) else { return }
        }
        tell(.answered(codec: entries[handle]?.codec ?? .pcmu, headers: headers.lowercased), handle)
    }

    /// Takes the answer to our offer; hangs up when the call could not have audio.
    @discardableResult
    private func agree(_ body: [UInt8], _ handle: CallHandle) async -> Bool {
        guard var entry = entries[handle] else { return false }
        do {
            // Some gateways answer in an unreliable 183 and leave the 200 empty.
            if body.isEmpty, let audio = entry.audio {
                try entry.start(audio)
                return true
            }
            if body.isEmpty {
                throw TelephonyError(.media, "The far end answered without a session description.")
            }
            let audio = try entry.session.receiveAnswer(SessionDescription(parsing: body))
            let wasHeld = entry.audio?.isHeld ?? false
            try entry.start(audio)
            entries[handle] = entry
            if audio.isHeld != wasHeld { tell(.held(audio.isHeld), handle) }
            return true
        } catch {
            let sentence = describe(error)
            entries[handle]?.isClosed = true
            entry.handlers.event(.failed(status: 488, reason: "Not Acceptable Here", sentence: sentence))
            await receive(.command(handle, .hangUp(reasons: ["SIP;cause=488;text=\"Not Acceptable Here\""])))
            return false
        }
    }

    // MARK: Incoming calls

    private func offer(_ incoming: IncomingCall, _ handle: CallHandle) async {
        let call = IncomingPhoneCall(
            from: incoming.from.uri.userOrWhole, to: incoming.requestURI.userOrWhole,
            headers: incoming.request.headers.lowercased)
        guard let decision = onIncoming?(call) else {
            return await receive(.command(handle, .reject(status: 480, reason: nil, headers: Headers())))
        }
        do {
            let stream = try open(decision.handlers.media)
            entries[handle] = CallEntry(
                handlers: decision.handlers, media: stream, isOutgoing: false, session: makeSession(stream),
                remoteOffer: incoming.offer)
            decision.accept(PhoneCall(handle: handle, media: stream, agent: self))
        } catch {
            logger.error("an incoming call is refused: \(error.message)")
            await receive(.command(handle, .reject(status: 503, reason: nil, headers: Headers())))
        }
    }

    private func answer(_ handle: CallHandle) async {
        guard var entry = entries[handle], !entry.isOutgoing, !entry.isAnswered else { return }
        do {
            let body: [UInt8]
            if let offer = entry.remoteOffer {
                let (description, audio) = try entry.session.answer(SessionDescription(parsing: offer))
                try entry.start(audio)
                body = description.bytes
            } else {
                body = entry.session.makeOffer().bytes
            }
            entry.isAnswered = true
            entries[handle] = entry
            await receive(.command(handle, .answer(body: body)))
        } catch {
            logger.notice("an incoming call cannot be answered: \(describe(error))")
            await receive(.command(handle, .reject(status: 488, reason: nil, headers: Headers())))
        }
    }

    // MARK: Re-INVITE

    private func reoffer(_ body: [UInt8]?, _ handle: CallHandle) async {
        guard var entry = entries[handle] else { return }
        do {
            guard let body else {
                let offer = entry.session.makeOffer()
                entries[handle] = entry
                return await receive(.command(handle, .answerOffer(body: offer.bytes)))
            }
            let (description, audio) = try entry.session.answer(SessionDescription(parsing: body))
            let wasHeld = entry.audio?.isHeld ?? false
            try entry.start(audio)
            entries[handle] = entry
            await receive(.command(handle, .answerOffer(body: description.bytes)))
            if audio.isHeld != wasHeld { tell(.held(audio.isHeld), handle) }
        } catch {
            logger.notice("a re-INVITE is refused: \(describe(error))")
            await receive(.command(handle, .refuseOffer(status: 488)))
        }
    }

    private func describe(_ error: any Error) -> String {
        (error as? SDPError)?.sentence ?? "\(error)"
    }
}
