public import SansIO

/// A whole SIP user agent over UDP as one value: transactions, dialogs and calls, both calling and called.
///
/// It owns neither socket nor clock. The driver hands it datagrams, commands and the time, performs the actions in
/// order, and calls back at ``nextDeadline``. Equal inputs, times and seed lead to equal actions.
public struct UserAgentCore: Sendable {
    /// What the driver reports.
    public enum Input: Equatable, Sendable {
        case datagram([UInt8], from: TransportAddress)
        /// Nothing sent to that address can arrive: ICMP, no route.
        case transportFailed(to: TransportAddress)
        /// ``UserAgentCore/nextDeadline`` has come.
        case deadline
        case command(CallHandle, Command)
        /// Asks a peer whether it is there, by OPTIONS outside of any call.
        ///
        /// - Parameters:
        ///   - id: Names the question in ``Action/pinged(id:status:)``.
        ///   - target: Request-URI.
        case ping(id: UInt64, target: URI, destination: TransportAddress)
    }

    public enum Action: Equatable, Sendable {
        case send([UInt8], to: TransportAddress)
        case event(CallHandle, CallEvent)
        /// The final response to a ping; 408 without one, 503 when the transport failed.
        case pinged(id: UInt64, status: Int)
    }

    public let configuration: Configuration
    /// Makes tags, branches, Call-IDs and delays. Not a source of secrets.
    var random: SeededRandom
    var transactions: TransactionLayer
    var calls: [CallHandle: Call] = [:]
    var dialogs: [Dialog.ID: CallHandle] = [:]
    var errands: [ClientTransactionID: Errand] = [:]
    /// INVITE transactions of the peers that may be cancelled.
    var cancellable: [ServerTransactionID: CallHandle] = [:]
    var merges = MergeDetector()
    var callDeadlines = DeadlineQueue<CallHandle>()
    var digestClients: [AuthenticationKey: DigestClient] = [:]
    /// What the current input has led to; empty between inputs.
    var actions: [Action] = []
    private var lastHandle: UInt64 = 0
    /// Mixed into To tags of stateless responses.
    let tagSalt: UInt64

    public init(configuration: Configuration, seed: UInt64) {
        self.configuration = configuration
        random = SeededRandom(seed: seed)
        tagSalt = random.next()
        transactions = TransactionLayer(timers: configuration.timers)
    }

    /// A handle that no call has had: for ``Command/invite(_:)``.
    public mutating func makeHandle() -> CallHandle {
        lastHandle += 1
        return CallHandle(number: lastHandle)
    }

    /// When to call back with ``Input/deadline``; `nil` when only the network or the application can move us.
    public var nextDeadline: Instant? {
        switch (transactions.nextDeadline, callDeadlines.next) {
        case (let left?, let right?): min(left, right)
        case (let left, let right): left ?? right
        }
    }

    /// Calls that the application has not heard the end of.
    public internal(set) var callCount = 0

    /// The Call-ID of a call, for logs; `nil` when the call is unknown or forgotten.
    public func callID(of handle: CallHandle) -> String? { calls[handle]?.callID }

    /// Whether a request of ours, such as a BYE, has not been answered finally. A driver that ends may stop when none
    /// has: what is left are transactions that only absorb retransmissions.
    public var awaitsResponses: Bool { transactions.awaitsResponses }

    /// Whether nothing is left: no call, dialog or transaction.
    public var isIdle: Bool {
        calls.isEmpty && dialogs.isEmpty && errands.isEmpty && cancellable.isEmpty && merges.isEmpty
            && transactions.clientCount == 0 && transactions.serverCount == 0
    }

    /// Advances the user agent by one event. Total: every input is legal at every time.
    public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
        switch input {
        case .datagram(let bytes, let source): receive(bytes, from: source, at: now)
        case .transportFailed(let destination):
            handle(transactions.transportFailed(to: destination, at: now), at: now)
        case .deadline: advance(at: now)
        case .command(let handle, let command): perform(command, of: handle, at: now)
        case .ping(let id, let target, let destination): ping(id, target, destination, at: now)
        }
        defer { actions = [] }
        return actions
    }

    private mutating func advance(at now: Instant) {
        while let outputs = transactions.advance(at: now) { handle(outputs, at: now) }
        var due: [CallHandle] = []
        while let handle = callDeadlines.popDue(at: now) { due.append(handle) }
        for handle in due {
            guard var call = calls[handle] else { continue }
            let abandoned = advance(&call, at: now)
            store(call)
            for id in abandoned { self.handle(transactions.abandon(id), at: now) }
        }
    }

    // MARK: Calls

    /// Puts a changed call back, or forgets it when nothing can happen to it any more.
    mutating func store(_ call: Call) {
        if call.isForgettable {
            calls[call.handle] = nil
            for leg in call.legs { dialogs[leg.dialog.id] = nil }
            callDeadlines.set(call.handle, nil)
        } else {
            calls[call.handle] = call
            callDeadlines.set(call.handle, call.nextDeadline)
        }
    }

    /// Tells the application, unless it has already been told of the end.
    mutating func emit(_ event: CallEvent, _ call: inout Call) {
        guard !call.isOver else { return }
        if event.isLast {
            if call.outgoingTransfer != nil { endTransferWithCall(event, &call) }
            call.isOver = true
            callCount -= 1
        }
        actions.append(.event(call.handle, event))
    }

    // MARK: Transactions

    /// Performs what transactions put out.
    mutating func handle(_ outputs: [TransactionLayer.Output], at now: Instant) {
        for output in outputs {
            switch output {
            case .send(let bytes, let destination): actions.append(.send(bytes, to: destination))
            case .response(let response, let id): receive(response, of: id, at: now)
            case .clientFinished(let id, let outcome): finished(id, outcome, at: now)
            case .serverFinished(let id, _):
                merges.remove(id)
                cancellable[id] = nil
            }
        }
    }

    /// Starts a client transaction of a call.
    mutating func start(
        _ request: Request, to destination: TransportAddress, for errand: Errand, _ call: inout Call, at now: Instant
    ) -> ClientTransactionID {
        let (id, outputs) = transactions.start(request, to: destination, at: now)
        errands[id] = errand
        call.transactions.insert(id)
        handle(outputs, at: now)
        return id
    }

    private mutating func ping(_ id: UInt64, _ target: URI, _ destination: TransportAddress, at now: Instant) {
        let tag = random.token(length: 10)
        let local = NameAddress(uri: contactURI(user: nil), parameters: Parameters([("tag", tag)]))
        var headers = agentHeaders()
        headers.append(.contact, NameAddress(uri: contactURI(user: nil)).description)
        headers.append(.accept, Self.acceptedBodies)
        let request = Request(
            method: .options, uri: target, via: makeVia(), from: local, to: NameAddress(uri: target),
            callID: random.token(length: 20), sequenceNumber: 1, headers: headers)
        let (transaction, outputs) = transactions.start(request, to: destination, at: now)
        errands[transaction] = .ping(id)
        handle(outputs, at: now)
    }
}
