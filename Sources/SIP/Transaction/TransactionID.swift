/// What a response is matched to a client transaction by (RFC 3261 §17.1.3).
public struct ClientTransactionID: Hashable, Sendable {
    /// The branch that this element put into the top Via.
    public let branch: String
    /// The method of CSeq: CANCEL shares its branch with the INVITE.
    public let method: Method

    public init(branch: String, method: Method) {
        self.branch = branch
        self.method = method
    }

    /// The transaction of a request of ours.
    init(_ request: Request) {
        self.init(branch: request.topVia.branch ?? "", method: request.method)
    }
}

/// What a request is matched to a server transaction by (RFC 3261 §17.2.3).
public struct ServerTransactionID: Hashable, Sendable {
    private enum Key: Hashable, Sendable {
        /// The branch with the magic cookie, and the client that made it.
        case branch(String, sentBy: String)
        /// A client of RFC 2543: all that its retransmissions have in common.
        case legacy(uri: String, fromTag: String?, callID: String, sequenceNumber: UInt32, via: String)
    }

    private let key: Key
    /// INVITE for an ACK.
    public let method: Method

    /// The transaction of a received request; of an ACK, that of the INVITE which it acknowledges.
    ///
    /// Requests of RFC 2543 are compared without the To tag, which differs between an INVITE and its ACK.
    public init(_ request: Request) {
        self.init(request, method: request.method == .ack ? .invite : request.method)
    }

    /// The INVITE transaction that a CANCEL is for (RFC 3261 §9.2).
    public init(cancelledBy request: Request) {
        self.init(request, method: .invite)
    }

    private init(_ request: Request, method: Method) {
        self.method = method
        let via = request.topVia
        if via.hasRFC3261Branch, let branch = via.branch {
            // Branches are tokens, hence compared without regard to case (RFC 3261 §7.3.1).
            key = .branch(Grammar.lowercased(branch), sentBy: via.sentBy)
        } else {
            key = .legacy(
                uri: request.uri.description, fromTag: request.from.tag, callID: request.callID,
                sequenceNumber: request.cseq.number, via: via.sentBy + ";" + (via.branch ?? ""))
        }
    }
}
