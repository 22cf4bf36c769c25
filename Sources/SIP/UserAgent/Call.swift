import SansIO

/// One call of a user agent, with all its dialogs.
struct Call: Sendable {
    enum Phase: Sendable {
        /// We called; no final response yet. Next: confirmed, closed.
        case calling(PendingInvite, ringUntil: Instant)
        /// We are called; no final response yet. Next: answered, closed.
        case ringing(IncomingAttempt)
        /// Our 2xx awaits its ACK. Next: confirmed, closed.
        case answered
        case confirmed
        /// Nothing is left but to see the open transactions end.
        case closed
    }

    let handle: CallHandle
    let isOutgoing: Bool
    let callID: String
    let localTag: String
    var phase: Phase
    /// Whether the application has been told of the end; it hears nothing more.
    var isOver = false
    /// The dialogs, of which forking makes several.
    var legs: [Leg]
    /// The remote tag of the leg that is the call; `nil` before an answer.
    var activeTag: String?
    /// What answers challenges.
    var authentication: AuthenticationKey?
    /// Where the peer's latest message came from, or the INVITE went to.
    var peer: TransportAddress
    /// Client transactions that are still alive.
    var transactions: Set<ClientTransactionID> = []

    /// Our INVITE without offer, whose 2xx made one: its ACK waits for our answer.
    var unansweredInvite: Request?
    /// Our 2xx to an INVITE or re-INVITE that awaits its ACK.
    var unacknowledged: UnacknowledgedAnswer?
    var incomingOffer: IncomingOffer?
    var outgoingOffer: OutgoingOffer?
    var outgoingTransfer: OutgoingTransfer?
    var incomingTransfer: IncomingTransfer?
    /// Whether 100 was reported.
    var hasTrying = false
    /// How often credentials were sent since the last response that was no challenge.
    var challenges = 0
    /// Whether a REFER was sent, so that NOTIFYs of its subscription may still come.
    var hasTransferred = false
    /// How many REFERs came.
    var referCount = 0

    init(
        handle: CallHandle, isOutgoing: Bool, callID: String, localTag: String, phase: Phase, legs: [Leg] = [],
        authentication: AuthenticationKey?, peer: TransportAddress
    ) {
        self.handle = handle
        self.isOutgoing = isOutgoing
        self.callID = callID
        self.localTag = localTag
        self.phase = phase
        self.legs = legs
        self.authentication = authentication
        self.peer = peer
    }

    /// Index in ``legs`` of the dialog with a remote tag.
    func leg(_ remoteTag: String) -> Int? { legs.firstIndex { $0.dialog.id.remoteTag == remoteTag } }

    /// Index in ``legs`` of the dialog that is the call.
    var activeLeg: Int? { activeTag.flatMap { leg($0) } }

    var isConfirmed: Bool {
        if case .confirmed = phase { !isOver } else { false }
    }

    /// Whether nothing can happen to the call any more, so that it may be forgotten.
    var isForgettable: Bool {
        guard isOver, transactions.isEmpty, unacknowledged == nil else { return false }
        if case .closed = phase { return true }
        return false
    }

    /// When the call has to be looked at without any input.
    var nextDeadline: Instant? {
        var deadlines: [Instant?] = [unacknowledged?.nextDeadline, outgoingOffer?.nextDeadline]
        deadlines.append(outgoingTransfer?.until)
        switch phase {
        case .calling(let invite, let ringUntil): deadlines.append(isOver ? invite.giveUpAt : ringUntil)
        case .ringing(let attempt): deadlines.append(attempt.nextDeadline)
        case .answered, .confirmed, .closed: break
        }
        return deadlines.compactMap { $0 }.min()
    }
}

/// A dialog of a call, with what belongs to it alone.
struct Leg: Sendable {
    /// An ACK to a 2xx, kept to be sent again.
    struct Acknowledgement: Sendable {
        let request: Request
        let destination: TransportAddress
    }

    var dialog: Dialog
    var acknowledgement: Acknowledgement?
    /// Whether a BYE was sent or came.
    var isEnded = false
}

/// An INVITE of ours without final response.
struct PendingInvite: Sendable {
    enum Cancellation: Hashable, Sendable {
        case none
        /// To be sent as soon as a provisional response comes (RFC 3261 §9.1).
        case queued(reasons: [String])
        case sent
    }

    var request: Request
    var hasProvisional = false
    var cancellation = Cancellation.none
    /// When to stop waiting for the final response to a cancelled INVITE.
    var giveUpAt: Instant?

    var id: ClientTransactionID { ClientTransactionID(request) }
}

/// An INVITE that waits for the application.
struct IncomingAttempt: Sendable {
    let incoming: IncomingRequest
    /// The latest provisional response, and when it is sent again so that proxies keep the call (RFC 3261 §13.3.1.1).
    var provisional: (response: Response, repeatAt: Instant)?
    /// When the application is given up.
    let until: Instant

    var request: Request { incoming.request }
    var nextDeadline: Instant { min(until, provisional?.repeatAt ?? until) }
}

/// A 2xx of ours that is sent again until its ACK comes (RFC 3261 §13.3.1.4).
struct UnacknowledgedAnswer: Sendable {
    let incoming: IncomingRequest
    let response: Response
    /// Whether it accepted the call, not a re-INVITE.
    let isFirst: Bool
    /// Whether it made an offer, which the ACK answers.
    let isOffer: Bool
    var resendAt: Instant
    var interval: Duration
    let giveUpAt: Instant
    /// Reasons of the BYE that is sent when the ACK comes, because the application has hung up; no caller gets a BYE
    /// before (RFC 3261 §15).
    var bye: [String]?

    var nextDeadline: Instant { min(resendAt, giveUpAt) }
}

/// A re-INVITE or UPDATE of the peer that waits for the application.
struct IncomingOffer: Sendable {
    let incoming: IncomingRequest
    var request: Request { incoming.request }
}

/// A re-INVITE of ours.
enum OutgoingOffer: Sendable {
    /// `giveUpAt` of the invite is always set; by then it is cancelled, and after as long again abandoned.
    case sent(PendingInvite, body: [UInt8], attempt: Int)
    /// The peer offered at the same time; to be tried again (RFC 3261 §14.1).
    case waiting(until: Instant, body: [UInt8], attempt: Int)

    var nextDeadline: Instant? {
        switch self {
        case .sent(let invite, _, _): invite.giveUpAt
        case .waiting(let until, _, _): until
        }
    }
}

/// A REFER of ours.
struct OutgoingTransfer: Sendable {
    /// The number of the REFER, which names its subscription (RFC 3515 §2.4.6).
    var number: UInt32
    var isAccepted = false
    /// When the peer has been silent too long.
    var until: Instant?
}

/// A REFER of the peer.
struct IncomingTransfer: Sendable {
    struct Progress: Equatable, Sendable {
        let line: StatusLine
        var isFinal: Bool { line.statusCode >= 200 }
    }

    enum State: Sendable {
        /// The application has not decided.
        case asked(IncomingRequest)
        /// Its NOTIFYs are sent one at a time, so that they arrive in order; only the latest waits.
        case accepted(isSending: Bool, waiting: Progress?)
    }

    /// The number of the REFER.
    let number: UInt32
    /// Whether the peer wants NOTIFYs (RFC 4488).
    let isSubscribed: Bool
    var state: State
}

/// A request with what is needed to answer it.
struct IncomingRequest: Sendable {
    /// As received, with `received` and `rport` in its top Via.
    let request: Request
    let source: TransportAddress
    /// `nil` when it is answered statelessly.
    let transaction: ServerTransactionID?
}

/// What a client transaction was started for.
enum Errand: Sendable {
    case invite(CallHandle)
    case cancel(CallHandle)
    /// In the dialog with that remote tag.
    case inDialog(CallHandle, remoteTag: String, InDialogPurpose)
    case ping(UInt64)

    var call: CallHandle? {
        switch self {
        case .invite(let handle), .cancel(let handle), .inDialog(let handle, _, _): handle
        case .ping: nil
        }
    }
}

enum InDialogPurpose: Hashable, Sendable {
    case bye
    case reinvite
    case refer
    /// `isFinal`: the last of its subscription.
    case notify(isFinal: Bool)
    case info
}
