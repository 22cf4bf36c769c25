import SIP
import SansIO
import Testing

/// Transfers by REFER, from both sides (RFC 3515, RFC 6665).
@Suite struct TransferTests {
    // MARK: We transfer the peer

    private func notify(
        _ line: String, _ state: String, number: UInt32, event: String = "refer", _ fixture: inout UserAgentFixture,
        _ invite: Request
    ) {
        fixture.receive(
            fixture.request(
                .notify, inDialogOf: invite, number: number, body: Array("\(line)\r\n".utf8),
                headers: [
                    (.event, event), (.subscriptionState, state), (.contentType, "message/sipfrag;version=2.0"),
                ]))
    }

    private func transfer(_ fixture: inout UserAgentFixture) throws -> Request {
        let target = URI.tel(try TelURI(number: "+1-510-555-0199"))
        fixture.command(.transfer(to: target, headers: Headers([Headers.Field("X-Case", "7")])))
        return try #require(fixture.takeRequests(.refer).first)
    }

    @Test("REFER is sent in the dialog, and a tel: target stays as it is")
    func refer() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        let refer = try transfer(&fixture)
        #expect(refer.headers[.referTo] == "<tel:+1-510-555-0199>")
        #expect(refer.referredBy?.uri == SampleMessages.alice && refer.referredBy?.tag == nil)
        #expect(refer.headers["X-Case"] == "7")
        #expect(refer.to.tag == "b" && refer.callID == invite.callID && refer.contact != nil)
    }

    @Test("The NOTIFYs of an accepted transfer are answered and reported to the final one", arguments: [200, 202])
    func success(status: Int) throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.reply(status, to: try transfer(&fixture))
        notify("SIP/2.0 100 Trying", "active;expires=60", number: 1, &fixture, invite)
        notify("SIP/2.0 180 Ringing", "active;expires=50", number: 2, &fixture, invite)
        notify("SIP/2.0 200 OK", "terminated;reason=noresource", number: 3, &fixture, invite)
        #expect(fixture.takeResponses().map(\.statusCode) == [200, 200, 200])
        #expect(
            fixture.takeEvents() == [
                .transferAccepted, .transferProgress(status: 100, reason: "Trying"),
                .transferProgress(status: 180, reason: "Ringing"), .transferEnded(status: 200, reason: "OK"),
            ])
        fixture.command(.hangUp(reasons: []))
        #expect(fixture.takeRequests(.bye).count == 1)
    }

    @Test("A NOTIFY may overtake the response to its REFER")
    func overtaking() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        let refer = try transfer(&fixture)
        notify("SIP/2.0 100 Trying", "active", number: 1, &fixture, invite)
        fixture.reply(202, to: refer)
        notify("SIP/2.0 486 Busy Here", "terminated;reason=noresource", number: 2, &fixture, invite)
        #expect(fixture.takeEvents().last == .transferEnded(status: 486, reason: "Busy Here"))
        // The call goes on.
        fixture.command(.info(contentType: "a/b", body: [1]))
        #expect(fixture.takeRequests(.info).count == 1)
    }

    @Test("A refused REFER ends the transfer with the refusal, and the call goes on", arguments: [403, 405, 603])
    func refused(status: Int) throws {
        var fixture = UserAgentFixture()
        _ = try fixture.establish()
        fixture.reply(status, to: try transfer(&fixture))
        #expect(
            fixture.takeEvents() == [.transferEnded(status: status, reason: Response.reasonPhrase(for: status))])
        fixture.command(.transfer(to: UserAgentFixture.peerURI, headers: Headers()))
        #expect(fixture.takeRequests(.refer).count == 1)
    }

    @Test("A transfer without any NOTIFY ends with 408 after 32 s; a ringing target may take longer")
    func silent() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.reply(202, to: try transfer(&fixture))
        fixture.advance(by: .milliseconds(31_999))
        #expect(fixture.takeEvents() == [.transferAccepted])
        fixture.advance(by: .milliseconds(1))
        #expect(fixture.takeEvents() == [.transferEnded(status: 408, reason: "No NOTIFY")])
        fixture.reply(202, to: try transfer(&fixture))
        notify("SIP/2.0 180 Ringing", "active;expires=100", number: 1, &fixture, invite)
        _ = fixture.takeEvents()
        fixture.advance(by: .milliseconds(99_999))
        #expect(fixture.takeEvents().isEmpty)
        fixture.advance(by: .milliseconds(1))
        #expect(fixture.takeEvents() == [.transferEnded(status: 408, reason: "No NOTIFY")])
    }

    @Test("A REFER that nobody answers ends with 408")
    func unanswered() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.establish()
        _ = try transfer(&fixture)
        fixture.advance(by: .seconds(33))
        #expect(fixture.takeEvents().last == .transferEnded(status: 408, reason: "Request Timeout"))
    }

    @Test("A subscription that ends without result ends the transfer with 487")
    func terminated() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.reply(202, to: try transfer(&fixture))
        notify("SIP/2.0 100 Trying", "terminated;reason=timeout", number: 1, &fixture, invite)
        #expect(fixture.takeEvents().last == .transferEnded(status: 487, reason: "Subscription Terminated (timeout)"))
    }

    @Test("A peer that hangs up after it took the REFER has gone to the target")
    func peerHangsUp() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.reply(202, to: try transfer(&fixture))
        fixture.receive(fixture.request(.bye, inDialogOf: invite, number: 9))
        let events = fixture.takeEvents()
        #expect(events.count == 3)
        #expect(events[1] == .transferEnded(status: 200, reason: "Peer Hung Up After Accepting"))
        #expect(events[2] == .ended(CallEnd(by: .remote, cause: .bye)))
    }

    @Test("Other event packages get 489, NOTIFYs of no transfer 481, of an older one 481 or 200")
    func foreignNotify() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        notify("SIP/2.0 200 OK", "active", number: 1, event: "presence", &fixture, invite)
        notify("SIP/2.0 200 OK", "active", number: 2, &fixture, invite)
        let responses = fixture.takeResponses()
        #expect(responses.map(\.statusCode) == [489, 481])
        #expect(responses.first?.headers[.allowEvents] == "refer")
        let refer = try transfer(&fixture)
        fixture.reply(202, to: refer)
        notify("SIP/2.0 200 OK", "active", number: 3, event: "refer;id=\(refer.cseq.number)", &fixture, invite)
        #expect(fixture.takeEvents().last == .transferEnded(status: 200, reason: "OK"))
        notify("SIP/2.0 200 OK", "terminated", number: 4, &fixture, invite)
        #expect(fixture.takeResponses().map(\.statusCode) == [200, 200])
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("Only one transfer at a time, and only in an answered call")
    func oneAtATime() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.place()
        fixture.command(.transfer(to: UserAgentFixture.peerURI, headers: Headers()))
        #expect(fixture.takeEvents() == [.transferEnded(status: 491, reason: "Request Pending")])
        #expect(fixture.takeSent().isEmpty)
    }

    // MARK: The peer transfers us

    @Test("An accepted REFER gets 202 and NOTIFYs, one at a time, to the final one")
    func referred() throws {
        var fixture = UserAgentFixture()
        let (_, tag) = try fixture.accept()
        fixture.receive(
            fixture.request(
                .refer, toTag: tag, number: 2,
                headers: [(.referTo, "<tel:+15105550199>"), (.referredBy, "<sip:bob@192.0.2.2>")]))
        guard case .referred(let target, let referredBy)? = fixture.takeEvents().first else {
            Issue.record("not referred")
            return
        }
        #expect(target.uri.description == "tel:+15105550199")
        #expect(referredBy?.uri == UserAgentFixture.peerURI)
        fixture.command(.acceptRefer)
        fixture.command(.referProgress(status: 180, reason: nil))
        fixture.command(.referProgress(status: 183, reason: nil))
        let sent = fixture.takeSent().map(\.message)
        #expect(sent.compactMap(\.response).map(\.statusCode) == [202])
        let first = try #require(sent.compactMap(\.request).first)
        #expect(sent.count == 2)
        #expect(first.event == .refer && first.contentType?.matches(.sipfrag) == true)
        #expect(String(decoding: first.body, as: UTF8.self) == "SIP/2.0 100 Trying\r\n")
        #expect(first.subscriptionState?.phase == .active)
        fixture.reply(200, to: first)
        let second = try #require(fixture.takeRequests(.notify).first)
        #expect(String(decoding: second.body, as: UTF8.self).hasPrefix("SIP/2.0 183"))
        fixture.command(.referProgress(status: 200, reason: nil))
        fixture.command(.referProgress(status: 486, reason: nil))
        fixture.reply(200, to: second)
        let last = try #require(fixture.takeRequests(.notify).first)
        #expect(String(decoding: last.body, as: UTF8.self) == "SIP/2.0 200 OK\r\n")
        #expect(last.subscriptionState?.phase == .terminated)
        #expect(last.subscriptionState?.reason == "noresource")
        fixture.reply(200, to: last)
        #expect(fixture.takeRequests().isEmpty)
    }

    @Test("A second REFER while one is under way gets 491, a later one is told apart by its number")
    func secondRefer() throws {
        var fixture = UserAgentFixture()
        let (_, tag) = try fixture.accept()
        fixture.receive(fixture.request(.refer, toTag: tag, number: 2, headers: [(.referTo, "<tel:+1>")]))
        fixture.receive(fixture.request(.refer, toTag: tag, number: 3, headers: [(.referTo, "<tel:+2>")]))
        #expect(fixture.takeResponses().map(\.statusCode) == [491])
        fixture.command(.refuseRefer(status: 603))
        #expect(fixture.takeResponses().map(\.statusCode) == [603])
        fixture.receive(fixture.request(.refer, toTag: tag, number: 4, headers: [(.referTo, "<tel:+2>")]))
        fixture.command(.acceptRefer)
        #expect(fixture.takeRequests(.notify).first?.event?.id == "4")
    }

    @Test("Without subscription (RFC 4488) no NOTIFY is sent")
    func withoutSubscription() throws {
        var fixture = UserAgentFixture()
        let (_, tag) = try fixture.accept()
        fixture.receive(
            fixture.request(
                .refer, toTag: tag, number: 2, headers: [(.referTo, "<tel:+1>"), ("Refer-Sub", "false")]))
        fixture.command(.acceptRefer)
        fixture.command(.referProgress(status: 200, reason: nil))
        let sent = fixture.takeSent().map(\.message)
        #expect(sent.compactMap(\.response).map(\.statusCode) == [202])
        #expect(sent.compactMap(\.request).isEmpty)
    }

    @Test("A REFER without or with several targets gets 400; outside of a call 403")
    func badRefer() throws {
        var fixture = UserAgentFixture()
        let (_, tag) = try fixture.accept()
        fixture.receive(fixture.request(.refer, toTag: tag, number: 2))
        fixture.receive(
            fixture.request(.refer, toTag: tag, number: 3, headers: [(.referTo, "<tel:+1>"), (.referTo, "<tel:+2>")]))
        fixture.receive(fixture.request(.refer, callID: "other", headers: [(.referTo, "<tel:+1>")]))
        #expect(fixture.takeResponses().map(\.statusCode) == [400, 400, 403])
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("A NOTIFY that is refused ends the subscription, not the call")
    func notifyRefused() throws {
        var fixture = UserAgentFixture()
        let (_, tag) = try fixture.accept()
        fixture.receive(fixture.request(.refer, toTag: tag, number: 2, headers: [(.referTo, "<tel:+1>")]))
        fixture.command(.acceptRefer)
        fixture.reply(481, to: try #require(fixture.takeRequests(.notify).first))
        fixture.command(.referProgress(status: 200, reason: nil))
        #expect(fixture.takeRequests(.notify).isEmpty)
        fixture.command(.hangUp(reasons: []))
        #expect(fixture.takeRequests(.bye).count == 1)
    }
}
