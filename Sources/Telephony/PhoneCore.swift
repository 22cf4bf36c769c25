public import MediaEngine
import SDP
public import SIP
public import SansIO

/// A user agent's signalling as one value: `UserAgentCore`, the session descriptions of its calls, and what their owners
/// are told.
///
/// It owns neither socket, clock nor media. The driver hands it datagrams, commands and the time, performs the actions
/// in order, and calls back at ``nextDeadline``. Equal inputs, times and seed lead to equal actions.
public struct PhoneCore: Sendable {
    public struct Configuration: Sendable {
        /// Where peers reach the socket: in Via and Contact. Its host is also where audio is asked for, in SDP.
        public var address: TransportAddress
        /// Goes into the User-Agent header.
        public var name: String
        /// Calls at a time, in both directions.
        public var maximumCalls: Int

        public init(
            address: TransportAddress, name: String = "Moonline", maximumCalls: Int = UserAgentCore.Limits().calls
        ) {
            self.address = address
            self.name = name
            self.maximumCalls = maximumCalls
        }
    }

    /// What the driver reports.
    public enum Input: Equatable, Sendable {
        case datagram([UInt8], from: TransportAddress)
        /// Nothing sent to that address can arrive: ICMP, no route.
        case transportFailed(to: TransportAddress)
        /// ``PhoneCore/nextDeadline`` has come.
        case deadline
        case command(CallHandle, PhoneCommand)
    }

    public enum Action: Equatable, Sendable {
        case send([UInt8], to: TransportAddress)
        /// Somebody calls. Answer with ``PhoneCore/accept(_:mediaPort:at:)`` or ``PhoneCore/refuse(_:status:at:)``.
        case incoming(CallHandle, IncomingPhoneCall)
        /// Start the call's audio, or take over what a later offer and answer have changed.
        case startMedia(CallHandle, MediaParameters)
        /// Tell the call's owner. After an event that ``PhoneCallEvent/isLast``, no action names the call.
        case event(CallHandle, PhoneCallEvent)
        /// What an operator may want to read in a log, and no owner is told.
        case notice(String)
    }

    public let configuration: Configuration
    var core: UserAgentCore
    /// Calls that came in and wait for ``accept(_:mediaPort:at:)`` or ``refuse(_:status:at:)``.
    var offered: [CallHandle: IncomingCall] = [:]
    /// Calls that have a media port and have not ended.
    var entries: [CallHandle: CallEntry] = [:]
    /// What the current input has led to; empty between inputs.
    var actions: [Action] = []
    /// Makes the numbers of SDP sessions.
    private var random: SeededRandom

    public init(configuration: Configuration, seed: UInt64) {
        self.configuration = configuration
        random = SeededRandom(seed: seed)
        core = UserAgentCore(
            configuration: UserAgentCore.Configuration(
                address: configuration.address, userAgent: configuration.name,
                limits: UserAgentCore.Limits(calls: configuration.maximumCalls)),
            seed: random.next())
    }

    /// When to call back with ``Input/deadline``; `nil` when only the network or an owner can move us.
    public var nextDeadline: Instant? { core.nextDeadline }

    /// Calls that have not ended.
    public var callCount: Int { core.callCount }

    /// Whether a request of ours, such as a BYE, has not been answered finally.
    public var awaitsResponses: Bool { core.awaitsResponses }

    /// Whether nothing is left: no call, dialog or transaction.
    public var isIdle: Bool { core.isIdle && offered.isEmpty && entries.isEmpty }

    /// The Call-ID of a call, for logs; `nil` when the call is unknown or forgotten.
    public func callID(of handle: CallHandle) -> String? { core.callID(of: handle) }

    /// Advances the user agent by one event. Total: every input is legal at every time.
    public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
        switch input {
        case .datagram(let bytes, let source): advance(.datagram(bytes, from: source), at: now)
        case .transportFailed(let destination): advance(.transportFailed(to: destination), at: now)
        case .deadline: advance(.deadline, at: now)
        case .command(let handle, let command): perform(command, on: handle, at: now)
        }
        return takeActions()
    }

    // MARK: Calls

    /// Places a call.
    ///
    /// - Parameters:
    ///   - destination: Where the INVITE is sent to: ``OutgoingCall/nextHop()``, resolved.
    ///   - mediaPort: Where the call's audio is received, at the host of ``Configuration/address``.
    /// - Returns: The call, and what to do, in order. The owner's events come among these actions and later ones.
    /// - Throws: ``TelephonyError/Code/invalidTarget``.
    public mutating func place(
        _ call: OutgoingCall, destination: TransportAddress, mediaPort: UInt16, at now: Instant
    ) throws(TelephonyError) -> (CallHandle, [Action]) {
        let uri = try call.requestURI()
        var session = makeSession(mediaPort)
        let offer = session.makeOffer()
        let handle = core.makeHandle()
        entries[handle] = CallEntry(isOutgoing: true, session: session)
        var headers = Headers()
        for (name, value) in call.headers.sorted(by: { $0.key < $1.key }) { headers.append(HeaderName(name), value) }
        let from = call.callerURI(ownHost: configuration.address.host)
        var credentials: Credentials?
        if let username = call.trunk?.username, let password = call.trunk?.password {
            credentials = Credentials(username: username, password: password)
        }
        ask(
            .invite(
                OutgoingInvite(
                    requestURI: .sip(uri), from: NameAddress(uri: .sip(from)), headers: headers, offer: offer.bytes,
                    destination: destination, credentials: credentials, ringTimeout: call.ringTimeout)),
            of: handle, at: now)
        return (handle, takeActions())
    }

    /// Gives an incoming call its media port; ``PhoneCommand/ring``, ``PhoneCommand/answer`` and
    /// ``PhoneCommand/reject(status:)`` are its owner's.
    ///
    /// Does nothing when the call has ended meanwhile: its last event has been told.
    public mutating func accept(_ handle: CallHandle, mediaPort: UInt16, at now: Instant) -> [Action] {
        guard let incoming = offered.removeValue(forKey: handle) else { return [] }
        entries[handle] = CallEntry(
            isOutgoing: false, session: makeSession(mediaPort), remoteOffer: incoming.offer)
        return []
    }

    /// Refuses an incoming call that nobody takes; no event of it comes.
    ///
    /// - Parameter status: 300–699; other codes become 480.
    public mutating func refuse(_ handle: CallHandle, status: Int, at now: Instant) -> [Action] {
        guard offered.removeValue(forKey: handle) != nil else { return [] }
        ask(.reject(status: status, reason: nil, headers: Headers()), of: handle, at: now)
        return takeActions()
    }

    /// Ends all calls, without telling the peers a reason.
    public mutating func hangUpAll(at now: Instant) -> [Action] {
        for handle in (Array(entries.keys) + Array(offered.keys)).sorted() {
            ask(.hangUp(reasons: []), of: handle, at: now)
        }
        return takeActions()
    }

    private mutating func makeSession(_ mediaPort: UInt16) -> OfferAnswer {
        OfferAnswer(address: configuration.address.host, port: mediaPort, sessionID: random.next())
    }

    private mutating func takeActions() -> [Action] {
        defer { actions = [] }
        return actions
    }

    // MARK: The core

    /// Hands the core a command for a call, and reports what comes of it.
    mutating func ask(_ command: UserAgentCore.Command, of handle: CallHandle, at now: Instant) {
        advance(.command(handle, command), at: now)
    }

    private mutating func advance(_ input: UserAgentCore.Input, at now: Instant) {
        for action in core.receive(input, at: now) {
            switch action {
            case .send(let bytes, let destination): actions.append(.send(bytes, to: destination))
            case .event(let handle, let event): report(event, of: handle, at: now)
            case .pinged: break
            }
        }
    }
}
