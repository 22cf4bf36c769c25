import SIP
import SansIO

/// Several user agents on a network that loses, delays, reorders and duplicates by seed, in virtual time.
struct VirtualNetwork {
    struct Conditions {
        /// Probability that a datagram is lost.
        var loss = 0.0
        /// Probability that it arrives twice.
        var duplication = 0.0
        /// Each datagram's own delay; a wide range reorders. [ms]
        var delay: ClosedRange<Int> = 5...20
    }

    struct LoggedEvent {
        let at: Instant
        let agent: Int
        let handle: CallHandle
        let callID: String
        let event: CallEvent
    }

    private struct Datagram {
        let arrival: Instant
        let order: Int
        let source: TransportAddress
        let destination: TransportAddress
        let bytes: [UInt8]
    }

    private(set) var now = Instant.zero
    private(set) var agents: [UserAgentCore] = []
    private(set) var log: [LoggedEvent] = []
    private(set) var pings: [(id: UInt64, status: Int)] = []
    /// Every datagram sent, lost ones too.
    private(set) var sent: [(at: Instant, from: TransportAddress, to: TransportAddress, bytes: [UInt8])] = []
    var conditions: Conditions
    var random: SeededRandom
    /// The Call-ID of each agent's calls.
    private var callIDs: [Int: [CallHandle: String]] = [:]
    private var inFlight: [Datagram] = []
    private var order = 0
    /// Things to do later, in order of time.
    private var agenda: [(at: Instant, order: Int, action: (inout VirtualNetwork) -> Void)] = []

    /// What the applications do when they hear of something.
    var react: (inout VirtualNetwork, Int, CallHandle, CallEvent) -> Void = { _, _, _, _ in }

    init(seed: UInt64, agents count: Int, conditions: Conditions = Conditions()) {
        random = SeededRandom(seed: seed)
        self.conditions = conditions
        for index in 0..<count {
            let configuration = UserAgentCore.Configuration(
                address: VirtualNetwork.address(index), userAgent: "agent \(index)")
            agents.append(UserAgentCore(configuration: configuration, seed: random.next()))
        }
    }

    static func address(_ agent: Int) -> TransportAddress { TransportAddress(host: "192.0.2.\(agent + 1)", port: 5060) }

    static func uri(_ agent: Int) -> URI {
        .sip(SIPURI(user: "user\(agent)", host: "192.0.2.\(agent + 1)", port: 5060))
    }

    // MARK: Inputs

    mutating func makeHandle(_ agent: Int) -> CallHandle { agents[agent].makeHandle() }

    mutating func command(_ agent: Int, _ handle: CallHandle, _ command: UserAgentCore.Command) {
        input(agent, .command(handle, command))
    }

    mutating func input(_ agent: Int, _ input: UserAgentCore.Input) {
        let actions = agents[agent].receive(input, at: now)
        if case .command(let handle, .invite) = input {
            callIDs[agent, default: [:]][handle] = agents[agent].callID(of: handle)
        }
        for action in actions {
            switch action {
            case .send(let bytes, let destination): send(bytes, from: Self.address(agent), to: destination)
            case .event(let handle, let event):
                if case .incoming(let call) = event { callIDs[agent, default: [:]][handle] = call.request.callID }
                let callID = callIDs[agent]?[handle] ?? ""
                log.append(LoggedEvent(at: now, agent: agent, handle: handle, callID: callID, event: event))
                react(&self, agent, handle, event)
            case .pinged(let id, let status): pings.append((id, status))
            }
        }
    }

    mutating func after(_ delay: Duration, _ action: @escaping (inout VirtualNetwork) -> Void) {
        order += 1
        agenda.append((now + delay, order, action))
    }

    mutating func send(_ bytes: [UInt8], from source: TransportAddress, to destination: TransportAddress) {
        sent.append((now, source, destination, bytes))
        guard !random.chance(conditions.loss) else { return }
        for _ in 0..<(random.chance(conditions.duplication) ? 2 : 1) {
            order += 1
            let delay = Duration.milliseconds(Int.random(in: conditions.delay, using: &random))
            inFlight.append(
                Datagram(
                    arrival: now + delay, order: order, source: source, destination: destination, bytes: bytes))
        }
    }

    /// Whether no user agent keeps a call, dialog or transaction.
    var isIdle: Bool { agents.allSatisfy { $0.isIdle } }

    // MARK: Time

    /// Runs until nothing is left to happen, or until `limit`.
    ///
    /// - Returns: Whether nothing was left.
    mutating func run(until limit: Instant = Instant.zero + .seconds(3600)) -> Bool {
        while let next = nextInstant {
            guard next <= limit else {
                now = limit
                return false
            }
            now = max(now, next)
            step()
        }
        return true
    }

    private var nextInstant: Instant? {
        let instants: [Instant?] =
            [inFlight.map(\.arrival).min(), agenda.map(\.at).min()] + agents.map(\.nextDeadline)
        return instants.compactMap { $0 }.min()
    }

    private mutating func step() {
        if let index = agenda.indices.filter({ agenda[$0].at <= now }).min(by: { agenda[$0].order < agenda[$1].order })
        {
            agenda.remove(at: index).action(&self)
            return
        }
        let due = inFlight.indices.filter { inFlight[$0].arrival <= now }
        if let index = due.min(by: { inFlight[$0].order < inFlight[$1].order }) {
            let datagram = inFlight.remove(at: index)
            for agent in agents.indices where Self.address(agent) == datagram.destination {
                input(agent, .datagram(datagram.bytes, from: datagram.source))
            }
            return
        }
        for agent in agents.indices where agents[agent].nextDeadline.map({ $0 <= now }) ?? false {
            input(agent, .deadline)
        }
    }
}
