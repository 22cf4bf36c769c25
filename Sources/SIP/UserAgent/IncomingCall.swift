public import SansIO

/// An INVITE that waits for ``UserAgentCore/Command/ring(status:body:)``, ``UserAgentCore/Command/answer(body:)`` or
/// ``UserAgentCore/Command/reject(status:reason:headers:)``.
public struct IncomingCall: Equatable, Sendable {
    /// The INVITE as received.
    public let request: Request
    /// The datagram's source.
    public let source: TransportAddress

    public init(request: Request, source: TransportAddress) {
        self.request = request
        self.source = source
    }

    public var from: NameAddress { request.from }
    public var to: NameAddress { request.to }
    /// Whom the caller asks for.
    public var requestURI: URI { request.uri }
    /// The session description offered; `nil` when our answer has to make the offer (RFC 3261 §13.2.1).
    public var offer: [UInt8]? { request.body.isEmpty ? nil : request.body }
}
