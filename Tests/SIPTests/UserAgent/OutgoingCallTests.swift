import SIP
import SansIO
import Testing

/// Calls that we place: the INVITE, its responses, forks and the ACK (RFC 3261 §13.2).
@Suite struct OutgoingCallTests {
    @Test("The INVITE has all that RFC 3261 §8.1.1 asks for, and our fields can't be overridden")
    func invite() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        #expect(invite.uri == UserAgentFixture.peerURI)
        #expect(invite.maxForwards == 70)
        #expect(invite.contact?.uri.description == "sip:alice@192.0.2.1:5060")
        #expect(invite.headers.all(.contact).count == 1)
        #expect(invite.headers["X-Test"] == "1")
        #expect(invite.allow.contains(.refer) && invite.allow.contains(.update))
        #expect(invite.headers.contains(.supported) && invite.headers.contains(.userAgent))
        #expect(invite.contentType == .sdp)
        #expect(invite.body == UserAgentFixture.offer)
        #expect(invite.topVia.hasRFC3261Branch && invite.topVia.asksForResponsePort)
        #expect(invite.topVia.sentBy == "192.0.2.1:5060")
        #expect(invite.from.tag != nil && invite.to.tag == nil)
    }

    @Test("Each provisional response is reported with its dialog; an answer is acknowledged and reported once")
    func answered() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(100, to: invite)
        fixture.reply(100, to: invite)
        fixture.reply(183, to: invite, body: [1])
        fixture.reply(180, to: invite)
        fixture.reply(200, to: invite, body: [2])
        let events = fixture.takeEvents()
        #expect(events.count == 4)
        #expect(events[0] == .trying)
        guard case .provisional(let early) = events[1], case .provisional(let ringing) = events[2],
            case .answered(let body, _) = events[3]
        else {
            Issue.record("\(events)")
            return
        }
        #expect(early.status == 183 && early.body == [1] && early.dialogTag == "b")
        #expect(ringing.status == 180 && ringing.body.isEmpty)
        #expect(body == [2])
        #expect(fixture.takeRequests().map(\.method) == [.ack])
    }

    @Test("The ACK goes to the first Record-Route hop with the Contact as Request-URI, again for each 2xx")
    func acknowledgement() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        // A trunk: its proxy has a public address, the Contact a private one, which stays as it is.
        var answer = Response(to: invite, statusCode: 200, toTag: "b")
        answer.headers.append(.recordRoute, "<sip:10.0.0.9;lr>, <sip:203.0.113.5:5080;lr>")
        answer.headers.append(.contact, "<sip:bob@172.25.1.1:5060>")
        fixture.receive(answer)
        fixture.advance(by: .milliseconds(500))
        fixture.receive(answer)
        let sent = fixture.takeSent()
        #expect(sent.count == 2)
        let acks = sent.compactMap(\.message.request)
        #expect(acks.first?.method == .ack && acks.first == acks.last)
        #expect(acks.first?.uri.description == "sip:bob@172.25.1.1:5060")
        #expect(
            acks.first?.route.map(\.uri.description) == ["sip:203.0.113.5:5080;lr", "sip:10.0.0.9;lr"])
        #expect(acks.first?.topVia.branch != invite.topVia.branch)
        #expect(acks.first?.cseq.number == invite.cseq.number)
        #expect(sent.allSatisfy { $0.destination == TransportAddress(host: "203.0.113.5", port: 5080) })
    }

    @Test("A private Contact without Record-Route is reached where the call was placed to")
    func privateContact() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        var answer = Response(to: invite, statusCode: 200, toTag: "b")
        answer.headers.append(.contact, "<sip:bob@192.168.1.20:5060>")
        fixture.receive(answer)
        let ack = try #require(fixture.takeSent().first)
        #expect(ack.destination == UserAgentFixture.peer)
        #expect(ack.message.request?.uri.description == "sip:bob@192.168.1.20:5060")
    }

    @Test("A second 2xx of another fork is acknowledged and hung up; the call goes on (RFC 3261 §13.2.2.4)")
    func forkedAnswers() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(180, to: invite, tag: "x")
        fixture.reply(180, to: invite, tag: "y")
        fixture.reply(200, to: invite, tag: "y")
        _ = fixture.takeSent()
        fixture.reply(200, to: invite, tag: "x")
        let requests = fixture.takeRequests()
        #expect(requests.map(\.method) == [.ack, .bye])
        #expect(requests.allSatisfy { $0.to.tag == "x" })
        fixture.reply(200, to: requests[1], tag: "x")
        fixture.reply(200, to: invite, tag: "x")
        #expect(fixture.takeRequests().map(\.method) == [.ack])
        let tags = fixture.takeEvents().compactMap { event -> String? in
            if case .provisional(let provisional) = event { provisional.dialogTag } else { nil }
        }
        #expect(tags == ["x", "y"])
        fixture.command(.hangUp(reasons: []))
        #expect(fixture.takeRequests(.bye).first?.to.tag == "y")
        #expect(fixture.takeEvents() == [.ended(CallEnd(by: .local, cause: .bye))])
    }

    @Test("An INVITE without offer is acknowledged with our answer, once we have it (RFC 3261 §13.2.2.4)")
    func lateOffer() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place(offer: [])
        #expect(invite.body.isEmpty && invite.contentType == nil)
        fixture.reply(200, to: invite, body: Array("their offer".utf8))
        fixture.reply(200, to: invite, body: Array("their offer".utf8))
        #expect(fixture.takeSent().isEmpty)
        fixture.command(.answerOffer(body: Array("our answer".utf8)))
        fixture.reply(200, to: invite, body: Array("their offer".utf8))
        let acks = fixture.takeRequests(.ack)
        #expect(acks.count == 2 && acks[0] == acks[1])
        #expect(acks[0].body == Array("our answer".utf8) && acks[0].contentType == .sdp)
        #expect(fixture.core.callID(of: fixture.handle) == invite.callID)
    }

    @Test("A hang-up instead of an answer to a late offer is an ACK and a BYE")
    func lateOfferNotAnswered() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place(offer: [])
        fixture.reply(200, to: invite, body: Array("their offer".utf8))
        fixture.command(.hangUp(reasons: []))
        let requests = fixture.takeRequests()
        #expect(requests.map(\.method) == [.ack, .bye])
        #expect(requests[0].body.isEmpty)
    }

    @Test(
        "Every refusal ends the call with its code, words and fields",
        arguments: [302, 403, 404, 480, 486, 488, 503, 600, 603])
    func refused(status: Int) throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(100, to: invite)
        fixture.reply(status, to: invite, headers: [("X-Twilio-Error", "32203"), (.retryAfter, "10")])
        #expect(fixture.takeRequests().map(\.method) == [.ack])
        guard case .failed(let failure)? = fixture.takeEvents().last else {
            Issue.record("no failure")
            return
        }
        #expect(failure.cause == .refused && failure.status == status)
        #expect(failure.headers["X-Twilio-Error"] == "32203")
        #expect(failure.headers[.retryAfter] == "10")
        fixture.drain()
        #expect(fixture.core.isIdle)
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("An INVITE that nobody answers fails with 408 after 64·T1 (Timer B)")
    func noResponse() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.place()
        fixture.advance(by: .milliseconds(31_999))
        #expect(fixture.takeEvents().isEmpty)
        #expect(fixture.takeRequests(.invite).count == 6)
        fixture.advance(by: .milliseconds(1))
        let reason = "Request Timeout"
        #expect(fixture.takeEvents() == [.failed(CallFailure(cause: .noResponse, status: 408, reason: reason))])
        #expect(fixture.core.isIdle)
    }

    @Test("A transport failure ends the call with 503")
    func transportFailed() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.place()
        fixture.input(.transportFailed(to: TransportAddress(host: "192.0.2.99", port: 5060)))
        #expect(fixture.takeEvents().isEmpty)
        fixture.input(.transportFailed(to: UserAgentFixture.peer))
        guard case .failed(let failure)? = fixture.takeEvents().last else {
            Issue.record("no failure")
            return
        }
        #expect(failure.cause == .transportFailed && failure.status == 503)
        #expect(fixture.core.isIdle)
    }

    @Test("A call beyond the limit fails at once")
    func tooManyCalls() throws {
        var fixture = UserAgentFixture { $0.limits.calls = 1 }
        let invite = try fixture.place()
        let surplus = OutgoingInvite(
            requestURI: UserAgentFixture.peerURI, from: NameAddress(uri: SampleMessages.alice), offer: [],
            destination: UserAgentFixture.peer)
        fixture.input(.command(fixture.core.makeHandle(), .invite(surplus)))
        guard case .failed(let failure)? = fixture.takeEvents().last else {
            Issue.record("no failure")
            return
        }
        #expect(failure.cause == .tooManyCalls)
        fixture.reply(200, to: invite)
        guard case .answered? = fixture.takeEvents().last else {
            Issue.record("the first call is lost")
            return
        }
    }

    @Test("199 ends one early dialog, the others go on (RFC 6228)")
    func earlyDialogEnds() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(180, to: invite, tag: "x")
        fixture.reply(183, to: invite, tag: "y")
        fixture.reply(199, to: invite, tag: "x")
        fixture.receive(fixture.request(.options, inDialogOf: invite, tag: "x"))
        fixture.receive(fixture.request(.options, inDialogOf: invite, tag: "y"))
        #expect(fixture.takeResponses().map(\.statusCode) == [481, 200])
    }

    @Test("Early dialogs beyond the limit are ignored")
    func manyForks() throws {
        var fixture = UserAgentFixture { $0.limits.earlyDialogs = 3 }
        let invite = try fixture.place()
        for fork in 0..<10 { fixture.reply(180, to: invite, tag: "fork\(fork)") }
        #expect(fixture.takeEvents().count == 3)
        fixture.reply(200, to: invite, tag: "fork9")
        guard case .answered? = fixture.takeEvents().last else {
            Issue.record("not answered")
            return
        }
    }

    @Test("Responses with a stranger's Via, several Vias or an unknown branch are dropped (RFC 3261 §8.1.3.3)")
    func strayResponses() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        var foreign = fixture.response(200, to: invite)
        foreign.topVia.host = "198.51.100.1"
        fixture.receive(foreign)
        var several = fixture.response(200, to: invite)
        several.lowerVias = [invite.topVia]
        fixture.receive(several)
        var unknown = fixture.response(200, to: invite)
        unknown.topVia.branch = "z9hG4bKother"
        fixture.receive(unknown)
        #expect(fixture.takeSent().isEmpty && fixture.takeEvents().isEmpty)
    }
}
