public import SansIO

/// What a call begins with.
public struct OutgoingInvite: Equatable, Sendable {
    /// Request-URI: whom to call. With a SIP trunk its host is the trunk's own domain.
    public var requestURI: URI
    /// The caller; its tag is set by the core.
    public var from: NameAddress
    /// The callee; `nil` for the Request-URI.
    public var to: NameAddress?
    /// Further fields, such as P-Asserted-Identity, Route or X- fields. Fields that the core writes itself are dropped.
    public var headers: Headers
    /// The session description that is offered. Empty to let the callee make the offer: ``CallEvent/answered`` then
    /// brings it, and ``UserAgentCore/Command/answerOffer(body:)`` must follow (RFC 3261 §13.2.2.4).
    public var offer: [UInt8]
    /// Where the INVITE is sent to, already resolved.
    public var destination: TransportAddress
    /// Answers challenges of the INVITE and of all later requests; `nil` to take a challenge as a refusal.
    public var credentials: Credentials?
    /// How long the callee may ring before the call is cancelled; `nil` for the configured limit.
    public var ringTimeout: Duration?

    public init(
        requestURI: URI, from: NameAddress, to: NameAddress? = nil, headers: Headers = Headers(), offer: [UInt8],
        destination: TransportAddress, credentials: Credentials? = nil, ringTimeout: Duration? = nil
    ) {
        self.requestURI = requestURI
        self.from = from
        self.to = to
        self.headers = headers
        self.offer = offer
        self.destination = destination
        self.credentials = credentials
        self.ringTimeout = ringTimeout
    }
}
