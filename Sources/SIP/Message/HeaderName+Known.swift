/// Names of fields that this module reads or writes.
extension HeaderName {
    public static let accept: HeaderName = "Accept"
    public static let allow: HeaderName = "Allow"
    /// RFC 6665 §8.4.
    public static let allowEvents: HeaderName = "Allow-Events"
    public static let authorization: HeaderName = "Authorization"
    public static let callID: HeaderName = "Call-ID"
    public static let contact: HeaderName = "Contact"
    public static let contentEncoding: HeaderName = "Content-Encoding"
    public static let contentLength: HeaderName = "Content-Length"
    public static let contentType: HeaderName = "Content-Type"
    public static let cseq: HeaderName = "CSeq"
    public static let date: HeaderName = "Date"
    /// RFC 6665 §8.2.1.
    public static let event: HeaderName = "Event"
    public static let expires: HeaderName = "Expires"
    public static let from: HeaderName = "From"
    public static let maxForwards: HeaderName = "Max-Forwards"
    public static let minExpires: HeaderName = "Min-Expires"
    public static let proxyAuthenticate: HeaderName = "Proxy-Authenticate"
    public static let proxyAuthorization: HeaderName = "Proxy-Authorization"
    public static let proxyRequire: HeaderName = "Proxy-Require"
    /// RFC 3326.
    public static let reason: HeaderName = "Reason"
    public static let recordRoute: HeaderName = "Record-Route"
    /// RFC 3515.
    public static let referTo: HeaderName = "Refer-To"
    /// RFC 3892.
    public static let referredBy: HeaderName = "Referred-By"
    /// RFC 3891.
    public static let replaces: HeaderName = "Replaces"
    public static let require: HeaderName = "Require"
    public static let retryAfter: HeaderName = "Retry-After"
    public static let route: HeaderName = "Route"
    public static let server: HeaderName = "Server"
    public static let subject: HeaderName = "Subject"
    /// RFC 6665 §8.2.3.
    public static let subscriptionState: HeaderName = "Subscription-State"
    public static let supported: HeaderName = "Supported"
    public static let timestamp: HeaderName = "Timestamp"
    public static let to: HeaderName = "To"
    public static let unsupported: HeaderName = "Unsupported"
    public static let userAgent: HeaderName = "User-Agent"
    public static let via: HeaderName = "Via"
    public static let warning: HeaderName = "Warning"
    public static let wwwAuthenticate: HeaderName = "WWW-Authenticate"
}
