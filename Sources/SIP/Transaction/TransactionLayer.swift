import SansIO

/// All transactions of a user agent: matches messages to them, keeps their deadlines, and knows where each one's
/// messages go.
struct TransactionLayer: Sendable {
    enum Output: Equatable, Sendable {
        case send([UInt8], to: TransportAddress)
        /// A response for the transaction user.
        case response(Response, ClientTransactionID)
        case clientFinished(ClientTransactionID, TransactionOutcome)
        case serverFinished(ServerTransactionID, TransactionOutcome)
    }

    private enum Client: Sendable {
        case invite(InviteClientTransaction)
        case nonInvite(NonInviteClientTransaction)
    }

    private enum Server: Sendable {
        case invite(InviteServerTransaction)
        case nonInvite(NonInviteServerTransaction)
    }

    private enum ID: Hashable, Sendable {
        case client(ClientTransactionID)
        case server(ServerTransactionID)
    }

    let timers: TransactionTimers
    private var clients: [ClientTransactionID: (machine: Client, destination: TransportAddress)] = [:]
    private var servers: [ServerTransactionID: (machine: Server, destination: TransportAddress)] = [:]
    private var deadlines = DeadlineQueue<ID>()

    init(timers: TransactionTimers) {
        self.timers = timers
    }

    var nextDeadline: Instant? { deadlines.next }
    var clientCount: Int { clients.count }
    var serverCount: Int { servers.count }

    /// Whether a request of ours has not been answered finally.
    var awaitsResponses: Bool {
        clients.values.contains { client in
            switch client.machine {
            case .invite(let machine): machine.isPending
            case .nonInvite(let machine): machine.isPending
            }
        }
    }

    /// The request that a client transaction sent.
    func request(of id: ClientTransactionID) -> Request? {
        switch clients[id]?.machine {
        case .invite(let machine): machine.request
        case .nonInvite(let machine): machine.request
        case nil: nil
        }
    }

    /// Where a client transaction sends to.
    func destination(of id: ClientTransactionID) -> TransportAddress? { clients[id]?.destination }

    /// Whether a server transaction lives, in any state.
    func contains(_ id: ServerTransactionID) -> Bool { servers[id] != nil }

    /// Whether an INVITE server transaction has sent no final response yet.
    func isPending(_ id: ServerTransactionID) -> Bool {
        guard case .invite(let machine)? = servers[id]?.machine else { return false }
        return machine.isPending
    }
}

// MARK: Client transactions

extension TransactionLayer {
    /// Sends `request`, whose top Via holds a fresh branch, or for a CANCEL that of its INVITE.
    mutating func start(
        _ request: Request, to destination: TransportAddress, at now: Instant
    ) -> (id: ClientTransactionID, outputs: [Output]) {
        let id = ClientTransactionID(request)
        if request.method == .invite {
            let (machine, actions) = InviteClientTransaction.start(request, timers: timers, at: now)
            return (id, perform(actions, store: .invite(machine), id: id, destination: destination))
        }
        let (machine, actions) = NonInviteClientTransaction.start(request, timers: timers, at: now)
        return (id, perform(actions, store: .nonInvite(machine), id: id, destination: destination))
    }

    /// Hands a response to its transaction; a stray one leads to nothing (RFC 6026 §8.1).
    mutating func receive(_ response: Response, at now: Instant) -> [Output] {
        let id = ClientTransactionID(branch: response.topVia.branch ?? "", method: response.cseq.method)
        return update(id, invite: .response(response), nonInvite: .response(response), at: now)
    }

    /// Ends an INVITE transaction that waits in vain for its final response (RFC 3261 §9.1).
    mutating func abandon(_ id: ClientTransactionID) -> [Output] {
        guard case (.invite(var machine), let destination)? = clients[id] else { return [] }
        let actions = machine.abandon()
        return perform(actions, store: .invite(machine), id: id, destination: destination)
    }

    /// Fails every transaction that is still to reach `destination`.
    mutating func transportFailed(to destination: TransportAddress, at now: Instant) -> [Output] {
        let failedClients = clients.filter { $0.value.destination == destination }.map(\.key)
            .sorted { ($0.branch, $0.method.rawValue) < ($1.branch, $1.method.rawValue) }
        return failedClients.flatMap { update($0, invite: .transportFailed, nonInvite: .transportFailed, at: now) }
    }

    private mutating func update(
        _ id: ClientTransactionID, invite: InviteClientTransaction.Input,
        nonInvite: NonInviteClientTransaction.Input, at now: Instant
    ) -> [Output] {
        switch clients[id] {
        case (.invite(var machine), let destination)?:
            let actions = machine.receive(invite, at: now)
            return perform(actions, store: .invite(machine), id: id, destination: destination)
        case (.nonInvite(var machine), let destination)?:
            let actions = machine.receive(nonInvite, at: now)
            return perform(actions, store: .nonInvite(machine), id: id, destination: destination)
        case nil: return []
        }
    }

    private mutating func perform(
        _ actions: [InviteClientTransaction.Action], store machine: Client, id: ClientTransactionID,
        destination: TransportAddress
    ) -> [Output] {
        store(machine, id, destination)
        return actions.map { action in
            switch action {
            case .send(let request): .send(request.serialized(), to: destination)
            case .deliver(let response): .response(response, id)
            case .finish(let outcome): .clientFinished(id, outcome)
            }
        }
    }

    private mutating func perform(
        _ actions: [NonInviteClientTransaction.Action], store machine: Client, id: ClientTransactionID,
        destination: TransportAddress
    ) -> [Output] {
        store(machine, id, destination)
        return actions.map { action in
            switch action {
            case .send(let request): .send(request.serialized(), to: destination)
            case .deliver(let response): .response(response, id)
            case .finish(let outcome): .clientFinished(id, outcome)
            }
        }
    }

    private mutating func store(_ machine: Client, _ id: ClientTransactionID, _ destination: TransportAddress) {
        let (isTerminated, deadline) =
            switch machine {
            case .invite(let machine): (machine.isTerminated, machine.nextDeadline)
            case .nonInvite(let machine): (machine.isTerminated, machine.nextDeadline)
            }
        clients[id] = isTerminated ? nil : (machine, destination)
        deadlines.set(.client(id), deadline)
    }
}

// MARK: Server transactions

extension TransactionLayer {
    /// Opens the transaction of a request that ``absorb(_:at:)`` did not know.
    ///
    /// - Parameter destination: Where its responses go (RFC 3261 §18.2.2, RFC 3581 §4).
    mutating func open(_ request: Request, respondTo destination: TransportAddress, at now: Instant)
        -> ServerTransactionID
    {
        let id = ServerTransactionID(request)
        let trying = Response(to: request, statusCode: 100)
        let machine: Server =
            request.method == .invite
            ? .invite(InviteServerTransaction(trying: trying, timers: timers, at: now))
            : .nonInvite(NonInviteServerTransaction(trying: trying, timers: timers, at: now))
        store(machine, id, destination)
        return id
    }

    /// Takes a retransmission, or the ACK of a refusal.
    ///
    /// - Returns: `nil` when the request belongs to no transaction, or is the ACK of a 2xx under its INVITE's branch.
    mutating func absorb(_ request: Request, at now: Instant) -> [Output]? {
        let id = ServerTransactionID(request)
        switch servers[id]?.machine {
        case .invite(let machine)? where request.method == .ack:
            guard !machine.isAccepted else { return nil }
            return update(id, invite: .acknowledgement, nonInvite: .retransmission, at: now)
        case .invite?, .nonInvite?:
            return update(id, invite: .retransmission, nonInvite: .retransmission, at: now)
        case nil: return nil
        }
    }

    /// Answers a request; without a living transaction to nothing.
    mutating func respond(_ response: Response, to id: ServerTransactionID, at now: Instant) -> [Output] {
        update(id, invite: .respond(response), nonInvite: .respond(response), at: now)
    }

    private mutating func update(
        _ id: ServerTransactionID, invite: InviteServerTransaction.Input,
        nonInvite: NonInviteServerTransaction.Input, at now: Instant
    ) -> [Output] {
        switch servers[id] {
        case (.invite(var machine), let destination)?:
            let actions = machine.receive(invite, at: now)
            store(.invite(machine), id, destination)
            return actions.map { action in
                switch action {
                case .send(let response): .send(response.serialized(), to: destination)
                case .finish(let outcome): .serverFinished(id, outcome)
                }
            }
        case (.nonInvite(var machine), let destination)?:
            let actions = machine.receive(nonInvite, at: now)
            store(.nonInvite(machine), id, destination)
            return actions.map { action in
                switch action {
                case .send(let response): .send(response.serialized(), to: destination)
                case .finish(let outcome): .serverFinished(id, outcome)
                }
            }
        case nil: return []
        }
    }

    private mutating func store(_ machine: Server, _ id: ServerTransactionID, _ destination: TransportAddress) {
        let (isTerminated, deadline) =
            switch machine {
            case .invite(let machine): (machine.isTerminated, machine.nextDeadline)
            case .nonInvite(let machine): (machine.isTerminated, machine.nextDeadline)
            }
        servers[id] = isTerminated ? nil : (machine, destination)
        deadlines.set(.server(id), deadline)
    }
}

// MARK: Time

extension TransactionLayer {
    /// Advances the one transaction whose deadline is the earliest.
    ///
    /// - Returns: `nil` when none is due.
    mutating func advance(at now: Instant) -> [Output]? {
        switch deadlines.popDue(at: now) {
        case .client(let id)?: update(id, invite: .deadline, nonInvite: .deadline, at: now)
        case .server(let id)?: update(id, invite: .deadline, nonInvite: .deadline, at: now)
        case nil: nil
        }
    }
}
