import SIP
import SansIO
import Testing

@Suite struct TransactionIDTests {
    @Test("A request belongs to the transaction with its branch, sent-by and method; ACK counts as INVITE")
    func branch() {
        let invite = SampleMessages.request(.invite)
        #expect(ServerTransactionID(invite) == ServerTransactionID(SampleMessages.request(.ack, toTag: "b")))
        #expect(ServerTransactionID(invite) != ServerTransactionID(SampleMessages.request(.cancel)))
        #expect(ServerTransactionID(invite) == ServerTransactionID(cancelledBy: SampleMessages.request(.cancel)))
        #expect(ServerTransactionID(invite) != ServerTransactionID(SampleMessages.request(.invite, branch: "z9hG4bK2")))
        var stranger = invite
        stranger.topVia.host = "198.51.100.1"
        #expect(ServerTransactionID(invite) != ServerTransactionID(stranger))
    }

    @Test("Without the magic cookie Request-URI, From tag, Call-ID, number and top Via are compared (RFC 3261 §17.2.3)")
    func legacy() {
        let invite = SampleMessages.request(.invite, branch: "1")
        #expect(
            ServerTransactionID(invite) == ServerTransactionID(SampleMessages.request(.ack, branch: "1", toTag: "b")))
        #expect(
            ServerTransactionID(invite) != ServerTransactionID(SampleMessages.request(.invite, branch: "1", number: 2)))
        var other = invite
        other.callID = "call-2"
        #expect(ServerTransactionID(invite) != ServerTransactionID(other))
        other = invite
        other.uri = SampleMessages.alice
        #expect(ServerTransactionID(invite) != ServerTransactionID(other))
    }

    @Test("A branch that is the cookie and nothing else identifies nothing")
    func bareCookie() {
        let first = SampleMessages.request(.options, branch: "z9hG4bK", number: 1)
        let second = SampleMessages.request(.options, branch: "z9hG4bK", number: 2)
        #expect(ServerTransactionID(first) != ServerTransactionID(second))
    }
}
