/// A SIP response (RFC 3261 §7.2). The version is always `SIP/2.0`.
public struct Response: SIPMessage {
    /// 100…699.
    public var statusCode: Int
    /// The words behind the code; may be empty.
    public var reason: String
    public var topVia: Via
    public var lowerVias: [Via]
    public var from: NameAddress
    public var to: NameAddress
    public var callID: String
    public var cseq: CSeq
    public var headers: Headers
    public var body: [UInt8]

    /// The answer to a request, with its Via values, From, To, Call-ID and CSeq (RFC 3261 §8.2.6.2).
    ///
    /// A 100 copies the Timestamp too (§8.2.6.1). Record-Route, which answers that make a dialog need (§12.1.1), is
    /// copied by ``copyRecordRoute(of:)``.
    /// - Parameters:
    ///   - statusCode: 100…699.
    ///   - reason: `nil` for the code's usual words.
    ///   - toTag: The tag to add when the request's To has none; `nil` for a 100.
    public init(
        to request: Request, statusCode: Int, reason: String? = nil, toTag: String? = nil,
        headers: Headers = Headers(), body: [UInt8] = []
    ) {
        self.statusCode = statusCode
        self.reason = reason ?? Response.reasonPhrase(for: statusCode)
        topVia = request.topVia
        lowerVias = request.lowerVias
        from = request.from
        to = request.to
        callID = request.callID
        cseq = request.cseq
        self.headers = headers
        self.body = body
        if let toTag, to.tag == nil { to.tag = toTag }
        if statusCode == 100, let timestamp = request.headers[.timestamp] { self.headers.set(.timestamp, timestamp) }
    }

    init(statusCode: Int, reason: String, identity: MessageIdentity, headers: Headers, body: [UInt8]) {
        self.statusCode = statusCode
        self.reason = reason
        topVia = identity.topVia
        lowerVias = identity.lowerVias
        from = identity.from
        to = identity.to
        callID = identity.callID
        cseq = identity.cseq
        self.headers = headers
        self.body = body
    }

    public var startLine: String { "SIP/2.0 \(statusCode) \(reason)" }

    public var isProvisional: Bool { statusCode < 200 }
    public var isFinal: Bool { statusCode >= 200 }
    public var isSuccess: Bool { (200..<300).contains(statusCode) }
    /// 1…6.
    public var statusClass: Int { statusCode / 100 }

    /// Copies all Record-Route fields of a request in front of the other fields (RFC 3261 §12.1.1).
    public mutating func copyRecordRoute(of request: Request) {
        headers.remove(.recordRoute)
        for value in request.headers.all(.recordRoute).reversed() { headers.prepend(.recordRoute, value) }
    }

    /// The words that the code's RFC gives it, or those of its class.
    public static func reasonPhrase(for statusCode: Int) -> String {
        switch statusCode {
        case 100: "Trying"
        case 180: "Ringing"
        case 181: "Call Is Being Forwarded"
        case 182: "Queued"
        case 183: "Session Progress"
        case 199: "Early Dialog Terminated"
        case 200: "OK"
        case 202: "Accepted"
        case 204: "No Notification"
        case 300: "Multiple Choices"
        case 301: "Moved Permanently"
        case 302: "Moved Temporarily"
        case 305: "Use Proxy"
        case 380: "Alternative Service"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 407: "Proxy Authentication Required"
        case 408: "Request Timeout"
        case 410: "Gone"
        case 413: "Request Entity Too Large"
        case 414: "Request-URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Unsupported URI Scheme"
        case 420: "Bad Extension"
        case 421: "Extension Required"
        case 422: "Session Interval Too Small"
        case 423: "Interval Too Brief"
        case 433: "Anonymity Disallowed"
        case 469: "Bad Info Package"
        case 480: "Temporarily Unavailable"
        case 481: "Call/Transaction Does Not Exist"
        case 482: "Loop Detected"
        case 483: "Too Many Hops"
        case 484: "Address Incomplete"
        case 485: "Ambiguous"
        case 486: "Busy Here"
        case 487: "Request Terminated"
        case 488: "Not Acceptable Here"
        case 489: "Bad Event"
        case 491: "Request Pending"
        case 493: "Undecipherable"
        case 494: "Security Agreement Required"
        case 500: "Server Internal Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Server Time-out"
        case 505: "Version Not Supported"
        case 513: "Message Too Large"
        case 580: "Precondition Failure"
        case 600: "Busy Everywhere"
        case 603: "Decline"
        case 604: "Does Not Exist Anywhere"
        case 606: "Not Acceptable"
        case 607: "Unwanted"
        default:
            switch statusCode / 100 {
            case 1: "Session Progress"
            case 2: "OK"
            case 3: "Multiple Choices"
            case 4: "Bad Request"
            case 5: "Server Internal Error"
            default: "Global Failure"
            }
        }
    }
}
