import SIP

/// A call that came in and has not been answered.
public struct IncomingPhoneCall: Equatable, Sendable {
    /// The user part of the caller's address, or its whole URI.
    public let from: String
    /// Whom the caller asks for.
    public let to: String
    /// Names in lower case.
    public let headers: [String: String]
}

extension IncomingPhoneCall {
    init(_ incoming: IncomingCall) {
        self.init(
            from: incoming.from.uri.userOrWhole, to: incoming.requestURI.userOrWhole,
            headers: incoming.request.headers.lowercased)
    }
}
