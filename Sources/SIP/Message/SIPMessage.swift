/// What requests and responses have in common (RFC 3261 §7).
///
/// Via, From, To, Call-ID and CSeq are properties of their own, so that reading them can't fail: the parser refuses a
/// message that lacks one. ``headers`` holds all other fields, without Content-Length, which follows from ``body``.
public protocol SIPMessage: Hashable, Sendable {
    /// The Via on top: of a request, where it comes from; of a response, whom it is for.
    var topVia: Via { get set }
    /// The other Via values, from top to bottom.
    var lowerVias: [Via] { get set }
    var from: NameAddress { get set }
    var to: NameAddress { get set }
    var callID: String { get set }
    var cseq: CSeq { get set }
    var headers: Headers { get set }
    var body: [UInt8] { get set }
    /// Request line or status line, without line end.
    var startLine: String { get }
}

extension SIPMessage {
    /// All Via values, from top to bottom; never empty.
    public var vias: [Via] { [topVia] + lowerVias }

    /// The length of ``body``, which is what the Content-Length field says. [bytes]
    public var contentLength: Int { body.count }
}
