/// A peer-to-peer relationship between two user agents (RFC 3261 §12).
public struct Dialog: Hashable, Sendable {
    /// What a message is matched to a dialog by.
    public struct ID: Hashable, Sendable {
        public let callID: String
        public let localTag: String
        /// Empty for a peer of RFC 2543, which has none.
        public let remoteTag: String

        public init(callID: String, localTag: String, remoteTag: String) {
            self.callID = callID
            self.localTag = localTag
            self.remoteTag = remoteTag
        }

        /// The dialog that a received request belongs to; `nil` when its To has no tag.
        public init?(receiving request: Request) {
            guard let localTag = request.to.tag else { return nil }
            self.init(callID: request.callID, localTag: localTag, remoteTag: request.from.tag ?? "")
        }
    }

    public enum State: Hashable, Sendable {
        /// Made by a provisional response.
        case early
        /// Made, or confirmed, by a 2xx.
        case confirmed
    }

    public let id: ID
    public private(set) var state: State
    /// Goes into From, with our tag.
    public let localAddress: NameAddress
    /// Goes into To, with the peer's tag.
    public let remoteAddress: NameAddress
    /// The number of our latest request, ACK and CANCEL not counted.
    public private(set) var localSequenceNumber: UInt32
    /// The number of the peer's latest request; `nil` before the first.
    public private(set) var remoteSequenceNumber: UInt32?
    /// The peer's Contact.
    public private(set) var remoteTarget: URI
    /// The proxies to go through, nearest first.
    public private(set) var routeSet: [NameAddress]

    /// The dialog that a 101–299 response to our INVITE makes (RFC 3261 §12.1.2).
    ///
    /// A response without Contact, which RFC 3261 allows for 1xx only, leaves the Request-URI as the target.
    public init(inviting request: Request, response: Response) {
        id = ID(callID: request.callID, localTag: request.from.tag ?? "", remoteTag: response.to.tag ?? "")
        state = response.isProvisional ? .early : .confirmed
        localAddress = request.from
        remoteAddress = response.to
        localSequenceNumber = request.cseq.number
        remoteSequenceNumber = nil
        remoteTarget = response.contact?.uri ?? request.uri
        routeSet = response.recordRoute.reversed()
    }

    /// The dialog that our 101–299 response to an INVITE makes (RFC 3261 §12.1.1).
    ///
    /// - Parameters:
    ///   - request: The INVITE. Without a Contact its From is the target.
    ///   - localTag: The tag of all our responses but 100.
    public init(invitedBy request: Request, localTag: String) {
        id = ID(callID: request.callID, localTag: localTag, remoteTag: request.from.tag ?? "")
        state = .early
        var local = request.to
        local.tag = localTag
        localAddress = local
        remoteAddress = request.from
        localSequenceNumber = 0
        remoteSequenceNumber = request.cseq.number
        remoteTarget = request.contact?.uri ?? request.from.uri
        routeSet = request.recordRoute
    }

    /// Confirms an early dialog with the 2xx that we received: its route set and target count from now on
    /// (RFC 3261 §13.2.2.4).
    public mutating func confirm(by response: Response) {
        if state == .early { routeSet = response.recordRoute.reversed() }
        state = .confirmed
        refreshTarget(by: response)
    }

    /// Confirms the dialog with the 2xx that we sent.
    public mutating func confirm() {
        state = .confirmed
    }

    /// Takes over the Contact of a target refresh request or of a 2xx to one (RFC 3261 §12.2.1.2, §12.2.2).
    public mutating func refreshTarget(by message: some SIPMessage) {
        if let contact = message.contact { remoteTarget = contact.uri }
    }

    /// Checks the order of a request of the peer, and remembers its number (RFC 3261 §12.2.2).
    ///
    /// - Returns: `false` when the number is lower than that of an earlier request: the answer is 500.
    public mutating func admit(_ request: Request) -> Bool {
        if let remoteSequenceNumber, request.cseq.number < remoteSequenceNumber { return false }
        remoteSequenceNumber = request.cseq.number
        return true
    }
}

// MARK: Requests within the dialog

extension Dialog {
    /// The next request of ours (RFC 3261 §12.2.1.1); its number is one higher than that of the last.
    ///
    /// - Parameters:
    ///   - method: Neither ACK nor CANCEL.
    ///   - via: With a fresh branch.
    ///   - headers: Without Route.
    public mutating func request(_ method: Method, via: Via, headers: Headers = Headers(), body: [UInt8] = [])
        -> Request
    {
        let number = advance()
        return request(method, number: number, via: via, headers: headers, body: body)
    }

    /// Takes the next number for a request of ours that is sent again with credentials.
    public mutating func advance() -> UInt32 {
        // Dialogs end long before the 31 bits do; starting over is all that the range leaves then.
        localSequenceNumber = localSequenceNumber < CSeq.maximumNumber ? localSequenceNumber + 1 : 1
        return localSequenceNumber
    }

    /// The ACK of a 2xx (RFC 3261 §13.2.2.4), a transaction of its own.
    ///
    /// - Parameters:
    ///   - invite: The INVITE that was accepted; its number and credentials are used again (§22.1).
    ///   - via: With a fresh branch.
    public func acknowledgement(of invite: Request, via: Via) -> Request {
        var headers = Headers()
        for name in [HeaderName.authorization, .proxyAuthorization] {
            for value in invite.headers.all(name) { headers.append(name, value) }
        }
        return request(.ack, number: invite.cseq.number, via: via, headers: headers, body: [])
    }

    /// Where requests are sent to: the nearest proxy, or without one the peer itself.
    public var nextHop: URI { routeSet.first?.uri ?? remoteTarget }

    private func request(_ method: Method, number: UInt32, via: Via, headers: Headers, body: [UInt8]) -> Request {
        var request = Request(
            method: method, uri: remoteTarget, via: via, from: localAddress, to: remoteAddress, callID: id.callID,
            sequenceNumber: number, headers: headers, body: body)
        guard let first = routeSet.first else { return request }
        if case .sip(let uri) = first.uri, !uri.isLooseRouter {
            // A strict router expects itself in the Request-URI, and the target as the last route.
            var router = uri
            router.parameters.remove("method")
            router.removeHeaders()
            request.uri = .sip(router)
            request.route = routeSet.dropFirst() + [NameAddress(uri: remoteTarget)]
        } else {
            request.route = routeSet
        }
        return request
    }
}
