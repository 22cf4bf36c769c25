import SIP
import SansIO

/// Messages for tests of the transaction machines and dialogs.
enum SampleMessages {
    static let alice = URI.sip(SIPURI(user: "alice", host: "192.0.2.1"))
    static let bob = URI.sip(SIPURI(user: "bob", host: "192.0.2.2"))

    static func request(
        _ method: Method, branch: String = "z9hG4bK1", toTag: String? = nil, number: UInt32 = 1,
        headers: Headers = Headers()
    ) -> Request {
        var from = NameAddress(uri: alice)
        from.tag = "a"
        var to = NameAddress(uri: bob)
        to.tag = toTag
        return Request(
            method: method, uri: bob, via: Via(transport: "UDP", host: "192.0.2.1", port: 5060, branch: branch),
            from: from, to: to, callID: "call-1", sequenceNumber: number, headers: headers)
    }

    static func response(_ status: Int, to request: Request, tag: String? = "b") -> Response {
        Response(to: request, statusCode: status, toTag: tag)
    }
}

extension Instant {
    /// So many milliseconds after the origin.
    static func milliseconds(_ count: Int64) -> Instant { .zero + .milliseconds(count) }
}
