/// What an application hears about a call.
///
/// Exactly one ``failed(_:)`` or ``ended(_:)`` comes, and it is always the last.
public enum CallEvent: Equatable, Sendable {
    // MARK: A call begins

    /// Somebody calls; the handle is new.
    case incoming(IncomingCall)
    /// 100: a proxy has taken the INVITE. Told once.
    case trying
    /// 101–199 to our INVITE; a body is early media's session description.
    case provisional(ProvisionalResponse)
    /// The call stands. Outgoing: the 2xx, with the answer as body, or the offer when the INVITE had none. Incoming: the ACK, whose body is the answer when
    /// ours made the offer; else empty.
    case answered(body: [UInt8], headers: Headers)

    // MARK: The session changes

    /// The peer's re-INVITE or UPDATE offers another session, or with `nil` asks for an offer of ours. Reply with
    /// ``UserAgentCore/Command/answerOffer(body:)`` or ``UserAgentCore/Command/refuseOffer(status:)``.
    case offer(body: [UInt8]?)
    /// The peer took its offer back before we replied.
    case offerWithdrawn
    /// The answer to our offer, or to the one that a ``offer(body:)`` of `nil` asked for.
    case offerAnswered(body: [UInt8])
    /// Our re-INVITE was refused; the session stays as it was.
    case offerRefused(status: Int, reason: String)
    /// An INFO, already answered.
    case info(contentType: String, body: [UInt8])

    // MARK: We transfer the peer

    /// The peer took our REFER.
    case transferAccepted
    /// How the peer's call to the target goes: 100–199.
    case transferProgress(status: Int, reason: String)
    /// How it went: 2xx for success. 408 when the peer was silent too long.
    case transferEnded(status: Int, reason: String)

    // MARK: The peer transfers us

    /// A REFER. Reply with ``UserAgentCore/Command/acceptRefer`` or ``UserAgentCore/Command/refuseRefer(status:)``.
    case referred(to: NameAddress, referredBy: NameAddress?)

    // MARK: The call is over

    /// A call that we placed was not answered.
    case failed(CallFailure)
    case ended(CallEnd)

    /// Whether no event of the call follows.
    public var isLast: Bool {
        switch self {
        case .failed, .ended: true
        default: false
        }
    }
}

/// A 101–199 response to our INVITE.
public struct ProvisionalResponse: Equatable, Sendable {
    public let status: Int
    public let reason: String
    public let headers: Headers
    /// Empty without early media.
    public let body: [UInt8]
    /// The callee's To tag: each fork of the call has its own (RFC 3261 §12.1). Empty for peers that send none.
    public let dialogTag: String

    public init(status: Int, reason: String, headers: Headers = Headers(), body: [UInt8] = [], dialogTag: String) {
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
        self.dialogTag = dialogTag
    }
}
