/// A SIP request (RFC 3261 §7.1). The version is always `SIP/2.0`.
public struct Request: SIPMessage {
    public var method: Method
    /// The Request-URI.
    public var uri: URI
    public var topVia: Via
    public var lowerVias: [Via] = []
    public var from: NameAddress
    public var to: NameAddress
    public var callID: String
    public var cseq: CSeq
    public var headers: Headers
    public var body: [UInt8]

    /// A request with one Via; Max-Forwards is 70 (RFC 3261 §8.1.1.6) unless `headers` says otherwise.
    ///
    /// - Parameter sequenceNumber: At most ``CSeq/maximumNumber``.
    public init(
        method: Method, uri: URI, via: Via, from: NameAddress, to: NameAddress, callID: String,
        sequenceNumber: UInt32, headers: Headers = Headers(), body: [UInt8] = []
    ) {
        self.method = method
        self.uri = uri
        topVia = via
        self.from = from
        self.to = to
        self.callID = callID
        cseq = CSeq(number: sequenceNumber, method: method)
        self.headers = headers
        self.body = body
        if !headers.contains(.maxForwards) { self.headers.prepend(.maxForwards, "70") }
    }

    init(method: Method, uri: URI, identity: MessageIdentity, headers: Headers, body: [UInt8]) {
        self.method = method
        self.uri = uri
        topVia = identity.topVia
        lowerVias = identity.lowerVias
        from = identity.from
        to = identity.to
        callID = identity.callID
        cseq = identity.cseq
        self.headers = headers
        self.body = body
    }

    public var startLine: String { "\(method) \(uri) SIP/2.0" }
}
