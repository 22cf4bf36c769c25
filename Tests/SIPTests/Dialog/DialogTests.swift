import SIP
import SansIO
import Testing

@Suite struct DialogTests {
    private let via = Via(transport: "UDP", host: "192.0.2.1", port: 5060, branch: "z9hG4bK9")

    private func answer(
        _ status: Int = 200, to invite: Request, tag: String = "b", recordRoute: [String] = [],
        contact: String? = "<sip:bob@198.51.100.7:5070>"
    ) -> Response {
        var response = Response(to: invite, statusCode: status, toTag: tag)
        for route in recordRoute { response.headers.append(.recordRoute, route) }
        if let contact { response.headers.append(.contact, contact) }
        return response
    }

    @Test("The caller's route set is the Record-Route reversed, the target the Contact (RFC 3261 §12.1.2)")
    func callerRoutes() {
        let invite = SampleMessages.request(.invite)
        let response = answer(
            to: invite, recordRoute: ["<sip:near@203.0.113.2;lr>, <sip:near@203.0.113.1;lr>", "<sip:203.0.113.0;lr>"])
        var dialog = Dialog(inviting: invite, response: response)
        let bye = dialog.request(.bye, via: via)
        #expect(bye.uri.description == "sip:bob@198.51.100.7:5070")
        #expect(
            bye.route.map(\.uri.description) == [
                "sip:203.0.113.0;lr", "sip:near@203.0.113.1;lr", "sip:near@203.0.113.2;lr",
            ])
        #expect(dialog.nextHop.description == "sip:203.0.113.0;lr")
        #expect(bye.cseq == CSeq(number: 2, method: .bye))
        #expect(bye.from == invite.from)
        #expect(bye.to.tag == "b")
        #expect(bye.callID == invite.callID)
        #expect(bye.maxForwards == 70)
    }

    @Test("The callee's route set is the Record-Route in order, its own numbers begin at 1 (RFC 3261 §12.1.1)")
    func calleeRoutes() {
        var invite = SampleMessages.request(.invite, number: 77)
        invite.headers.append(.recordRoute, "<sip:203.0.113.1;lr>, <sip:203.0.113.2;lr>")
        invite.headers.append(.contact, "<sip:alice@192.0.2.1:5062>")
        var dialog = Dialog(invitedBy: invite, localTag: "me")
        #expect(dialog.id == Dialog.ID(callID: "call-1", localTag: "me", remoteTag: "a"))
        let bye = dialog.request(.bye, via: via)
        #expect(bye.route.map(\.uri.description) == ["sip:203.0.113.1;lr", "sip:203.0.113.2;lr"])
        #expect(bye.uri.description == "sip:alice@192.0.2.1:5062")
        #expect(bye.cseq.number == 1)
        #expect(bye.from.tag == "me")
        #expect(bye.from.uri == SampleMessages.bob)
        #expect(bye.to == invite.from)
    }

    @Test("A strict router stands in the Request-URI, and the target last in Route (RFC 3261 §12.2.1.1)")
    func strictRouter() {
        let invite = SampleMessages.request(.invite)
        let response = answer(to: invite, recordRoute: ["<sip:203.0.113.2;lr>", "<sip:203.0.113.1>"])
        var dialog = Dialog(inviting: invite, response: response)
        let bye = dialog.request(.bye, via: via)
        #expect(bye.uri.description == "sip:203.0.113.1")
        #expect(bye.route.map(\.uri.description) == ["sip:203.0.113.2;lr", "sip:bob@198.51.100.7:5070"])
    }

    @Test(
        "The ACK of a 2xx has the INVITE's number and credentials, the Contact and the route set (RFC 3261 §13.2.2.4)")
    func acknowledgement() {
        var invite = SampleMessages.request(.invite, number: 5)
        invite.headers.append(.proxyAuthorization, "Digest username=\"u\"")
        let dialog = Dialog(inviting: invite, response: answer(to: invite, recordRoute: ["<sip:203.0.113.1;lr>"]))
        let ack = dialog.acknowledgement(of: invite, via: via)
        #expect(ack.uri.description == "sip:bob@198.51.100.7:5070")
        #expect(ack.route.count == 1)
        #expect(ack.cseq == CSeq(number: 5, method: .ack))
        #expect(ack.headers[.proxyAuthorization] == "Digest username=\"u\"")
        #expect(ack.topVia.branch == "z9hG4bK9")
        #expect(dialog.localSequenceNumber == 5)
    }

    @Test("A 2xx confirms an early dialog and replaces its route set and target (RFC 3261 §13.2.2.4)")
    func confirmed() {
        let invite = SampleMessages.request(.invite)
        let ringing = answer(180, to: invite, recordRoute: ["<sip:203.0.113.1;lr>"], contact: nil)
        var dialog = Dialog(inviting: invite, response: ringing)
        #expect(dialog.state == .early)
        #expect(dialog.remoteTarget == invite.uri)
        dialog.confirm(by: answer(to: invite, recordRoute: ["<sip:203.0.113.9;lr>"]))
        #expect(dialog.state == .confirmed)
        #expect(dialog.routeSet.map(\.uri.description) == ["sip:203.0.113.9;lr"])
        #expect(dialog.remoteTarget.description == "sip:bob@198.51.100.7:5070")
    }

    @Test("A lower number than before is out of order; the same again or any gap is not (RFC 3261 §12.2.2)")
    func order() {
        var dialog = Dialog(invitedBy: SampleMessages.request(.invite, number: 10), localTag: "me")
        var admitted: [Bool] = []
        for number: UInt32 in [12, 11, 13, 13, 20] {
            admitted.append(dialog.admit(SampleMessages.request(.info, toTag: "me", number: number)))
        }
        #expect(admitted == [true, false, true, true, true])
    }

    @Test("A target refresh replaces the remote target and leaves the route set")
    func targetRefresh() {
        let invite = SampleMessages.request(.invite)
        var dialog = Dialog(inviting: invite, response: answer(to: invite, recordRoute: ["<sip:203.0.113.1;lr>"]))
        var update = SampleMessages.request(.update, toTag: "a", number: 3)
        update.headers.append(.contact, "<sip:bob@198.51.100.8>")
        update.headers.append(.recordRoute, "<sip:203.0.113.77;lr>")
        dialog.refreshTarget(by: update)
        #expect(dialog.remoteTarget.description == "sip:bob@198.51.100.8")
        #expect(dialog.routeSet.map(\.uri.description) == ["sip:203.0.113.1;lr"])
    }
}
