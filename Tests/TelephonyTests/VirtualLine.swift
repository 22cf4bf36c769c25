import MediaEngine
import SIP
import SansIO
import Telephony
import Testing

/// Two parties in virtual time, 10 ms apart: phones, or a stranger that says what no phone of ours would.
struct VirtualLine {
    enum Party {
        case phone(PhoneCore)
        case stranger(UserAgentCore)
    }

    /// What a phone decided.
    struct Step: Equatable {
        let at: Instant
        let party: Int
        let action: PhoneCore.Action
    }

    private struct Datagram {
        let arrival: Instant
        let source: TransportAddress
        let destination: TransportAddress
        let bytes: [UInt8]
    }

    private(set) var now = Instant.zero
    private(set) var steps: [Step] = []
    private(set) var strangerEvents: [CallEvent] = []
    /// The latest call of each party.
    private(set) var calls = [CallHandle(number: 0), CallHandle(number: 0)]
    /// The share of datagrams that is lost.
    var loss = 0.0
    /// How many of the next datagrams that begin so are lost.
    var doomed: [String: Int] = [:]
    /// What a phone's owner does. By itself it takes every call, and leaves it waiting.
    var react: (inout VirtualLine, Int, PhoneCore.Action) -> Void = { line, party, action in
        if case .incoming(let handle, _) = action { line.accept(handle, by: party) }
    }

    private var parties: [Party]
    private var random: SeededRandom
    /// In order of arrival, for all take the same time.
    private var inFlight: [Datagram] = []
    private var agenda: [(at: Instant, action: (inout VirtualLine) -> Void)] = []
    private var openedPorts: UInt16 = 0

    /// Party 0 is a phone; party 1 is one too, or a stranger.
    init(seed: UInt64 = 1, withStranger: Bool = false) {
        random = SeededRandom(seed: seed)
        let phones = (0..<2).map { party in
            PhoneCore(
                configuration: PhoneCore.Configuration(address: Self.address(party)), seed: seed &* 2 &+ UInt64(party))
        }
        let stranger = UserAgentCore(
            configuration: UserAgentCore.Configuration(address: Self.address(1)), seed: seed)
        parties = [.phone(phones[0]), withStranger ? .stranger(stranger) : .phone(phones[1])]
    }

    static func address(_ party: Int) -> TransportAddress { TransportAddress(host: "192.0.2.\(party + 1)", port: 5060) }

    /// A session description of the stranger's.
    static func description(formats: String = "0 101", port: Int = 7_000, direction: String = "sendrecv") -> [UInt8] {
        Array(
            """
            v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
            m=audio \(port) RTP/AVP \(formats)\r\na=rtpmap:101 telephone-event/8000\r\na=\(direction)\r\n
            """.utf8)
    }

    // MARK: Inputs

    /// Lets a phone call the other party.
    mutating func place(from party: Int = 0, _ adjust: (inout OutgoingCall) -> Void = { _ in }) throws {
        guard case .phone(var phone) = parties[party] else { return }
        var call = OutgoingCall(target: "sip:bob@\(Self.address(1 - party))", callerID: "alice")
        adjust(&call)
        let hop = try call.nextHop()
        let (handle, actions) = try phone.place(
            call, destination: TransportAddress(host: hop.host, port: hop.port), mediaPort: openPort(party), at: now)
        parties[party] = .phone(phone)
        calls[party] = handle
        perform(actions, of: party)
    }

    /// Gives a phone's call a command, by itself the latest call.
    mutating func command(_ party: Int, _ command: PhoneCommand, _ handle: CallHandle? = nil) {
        let handle = handle ?? calls[party]
        move(party) { phone, now in phone.receive(.command(handle, command), at: now) }
    }

    mutating func accept(_ handle: CallHandle, by party: Int) {
        let port = openPort(party)
        move(party) { phone, now in phone.accept(handle, mediaPort: port, at: now) }
    }

    mutating func refuse(_ handle: CallHandle, by party: Int, status: Int = 480) {
        move(party) { phone, now in phone.refuse(handle, status: status, at: now) }
    }

    /// Lets the stranger place a call.
    mutating func strangerCalls(offer: [UInt8]) {
        guard case .stranger(var core) = parties[1] else { return }
        calls[1] = core.makeHandle()
        parties[1] = .stranger(core)
        stranger(
            .invite(
                OutgoingInvite(
                    requestURI: .sip(SIPURI(user: "bob", host: Self.address(0).host)),
                    from: NameAddress(uri: .sip(SIPURI(user: "stranger", host: Self.address(1).host))), offer: offer,
                    destination: Self.address(0))))
    }

    mutating func stranger(_ command: UserAgentCore.Command) { input(1, .command(calls[1], command)) }

    /// Reports that nobody listens at the other party's address.
    mutating func transportFails(for party: Int) {
        move(party) { phone, now in phone.receive(.transportFailed(to: Self.address(1 - party)), at: now) }
    }

    mutating func hangUpAll(_ party: Int) {
        move(party) { phone, now in phone.hangUpAll(at: now) }
    }

    mutating func after(_ delay: Duration, _ action: @escaping (inout VirtualLine) -> Void) {
        agenda.append((now + delay, action))
    }

    // MARK: Outputs

    /// What a phone did, in order, in words.
    func story(_ party: Int) -> [String] {
        steps.filter { $0.party == party }.map { words(for: $0.action) }
    }

    /// What a phone's owners were told.
    func events(_ party: Int) -> [PhoneCallEvent] {
        steps.compactMap { step in
            guard step.party == party, case .event(_, let event) = step.action else { return nil }
            return event
        }
    }

    /// Whether no party keeps a call, dialog or transaction.
    var isIdle: Bool {
        parties.allSatisfy { party in
            switch party {
            case .phone(let phone): phone.isIdle
            case .stranger(let core): core.isIdle
            }
        }
    }

    // MARK: Time

    /// Runs for a while, or until nothing is left to happen.
    mutating func run(for duration: Duration = .seconds(3_600)) {
        let end = now + duration
        while let next = nextInstant, next <= end {
            now = max(now, next)
            step()
        }
        if nextInstant != nil { now = end }
    }

    private var nextInstant: Instant? {
        let instants: [Instant?] =
            [inFlight.first?.arrival, agenda.map(\.at).min()] + parties.map(deadline)
        return instants.compactMap { $0 }.min()
    }

    private func deadline(of party: Party) -> Instant? {
        switch party {
        case .phone(let phone): phone.nextDeadline
        case .stranger(let core): core.nextDeadline
        }
    }

    private mutating func step() {
        if let index = agenda.indices.first(where: { agenda[$0].at <= now }) {
            agenda.remove(at: index).action(&self)
        } else if let datagram = inFlight.first, datagram.arrival <= now {
            inFlight.removeFirst()
            for party in parties.indices where Self.address(party) == datagram.destination {
                switch parties[party] {
                case .phone:
                    move(party) { phone, now in
                        phone.receive(.datagram(datagram.bytes, from: datagram.source), at: now)
                    }
                case .stranger: input(party, .datagram(datagram.bytes, from: datagram.source))
                }
            }
        } else {
            for party in parties.indices where deadline(of: parties[party]).map({ $0 <= now }) ?? false {
                switch parties[party] {
                case .phone: move(party) { phone, now in phone.receive(.deadline, at: now) }
                case .stranger: input(party, .deadline)
                }
            }
        }
    }

    // MARK: Actions

    private mutating func move(_ party: Int, _ input: (inout PhoneCore, Instant) -> [PhoneCore.Action]) {
        guard case .phone(var phone) = parties[party] else { return }
        let actions = input(&phone, now)
        parties[party] = .phone(phone)
        perform(actions, of: party)
    }

    private mutating func perform(_ actions: [PhoneCore.Action], of party: Int) {
        let react = react
        for action in actions {
            steps.append(Step(at: now, party: party, action: action))
            switch action {
            case .send(let bytes, let destination): send(bytes, from: party, to: destination)
            case .incoming(let handle, _): calls[party] = handle
            case .startMedia, .event, .notice: break
            }
            react(&self, party, action)
        }
    }

    private mutating func input(_ party: Int, _ input: UserAgentCore.Input) {
        guard case .stranger(var core) = parties[party] else { return }
        let actions = core.receive(input, at: now)
        parties[party] = .stranger(core)
        for action in actions {
            switch action {
            case .send(let bytes, let destination): send(bytes, from: party, to: destination)
            case .event(let handle, let event):
                calls[party] = handle
                strangerEvents.append(event)
            case .pinged: break
            }
        }
    }

    private mutating func send(_ bytes: [UInt8], from party: Int, to destination: TransportAddress) {
        let text = String(decoding: bytes.prefix(16), as: UTF8.self)
        if let doom = doomed.first(where: { $0.value > 0 && text.hasPrefix($0.key) }) {
            doomed[doom.key] = doom.value - 1
            return
        }
        guard !random.chance(loss) else { return }
        inFlight.append(
            Datagram(
                arrival: now + .milliseconds(10), source: Self.address(party), destination: destination, bytes: bytes))
    }

    private mutating func openPort(_ party: Int) -> UInt16 {
        openedPorts += 1
        return UInt16(4_000 + 1_000 * party) + 2 * openedPorts
    }

    private func words(for action: PhoneCore.Action) -> String {
        switch action {
        case .send(let bytes, _):
            let words = String(decoding: bytes.prefix(16), as: UTF8.self).split(separator: " ")
            return "send " + (words[0] == "SIP/2.0" ? words[1] : words[0])
        case .incoming(_, let call): return "\(call.from) calls \(call.to)"
        case .startMedia(_, let media): return "media \(media.remote) \(media.codec) \(media.direction)"
        case .notice(let text): return "notice: \(text)"
        case .event(_, .ringing(let hasMedia)): return hasMedia ? "rings with early media" : "rings"
        case .event(_, .answered(let codec, _)): return "answered in \(codec)"
        case .event(_, .failed(let status, let reason, _)): return "failed: \(status ?? 0) \(reason)"
        case .event(_, .ended(let byRemote, let reason)): return "ended by \(byRemote ? "them" : "us"): \(reason)"
        case .event(_, let event): return "\(event)"
        }
    }
}
