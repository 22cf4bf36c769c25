import SIP
import SansIO
import Testing

/// Calls that come in: responses, the 2xx and its ACK (RFC 3261 §13.3).
@Suite struct IncomingCallTests {
    @Test("The application gets the INVITE; 100 follows within 200 ms when it says nothing")
    func incoming() throws {
        var fixture = UserAgentFixture()
        let invite = fixture.request(.invite, body: Array("offer".utf8), headers: [("X-Twilio-CallSid", "CA1")])
        fixture.receive(invite)
        guard case .incoming(let call)? = fixture.takeEvents().first else {
            Issue.record("no call")
            return
        }
        #expect(call.offer == Array("offer".utf8))
        #expect(call.request.headers["X-Twilio-CallSid"] == "CA1")
        #expect(call.from.tag == "b" && call.source == UserAgentFixture.peer)
        #expect(fixture.takeSent().isEmpty)
        fixture.advance(by: .milliseconds(200))
        let responses = fixture.takeResponses()
        #expect(responses.map(\.statusCode) == [100])
        #expect(responses.first?.to.tag == nil)
    }

    @Test("Responses carry Record-Route, one To tag, Contact, and received and rport in the Via (RFC 3581)")
    func responses() throws {
        var fixture = UserAgentFixture()
        var invite = fixture.request(.invite, body: [1], headers: [(.recordRoute, "<sip:203.0.113.1;lr>")])
        invite.topVia.host = "10.1.1.1"
        let source = TransportAddress(host: "198.51.100.3", port: 40_000)
        fixture.receive(invite, from: source)
        fixture.command(.ring(status: 183, body: [7]))
        fixture.command(.answer(body: [8]))
        let sent = fixture.takeSent()
        #expect(sent.allSatisfy { $0.destination == source })
        let responses = sent.compactMap(\.message.response)
        #expect(responses.map(\.statusCode) == [183, 200])
        #expect(responses.map(\.body) == [[7], [8]])
        #expect(Set(responses.map(\.to.tag)).count == 1)
        for response in responses {
            #expect(response.headers.all(.recordRoute) == ["<sip:203.0.113.1;lr>"])
            #expect(response.contact != nil && response.contentType == .sdp)
            #expect(response.topVia.received == "198.51.100.3" && response.topVia.responsePort == 40_000)
            #expect(response.topVia.host == "10.1.1.1")
        }
    }

    @Test("Without rport responses go to the source's host and the Via's port (RFC 3261 §18.2.2)")
    func withoutResponsePort() throws {
        var fixture = UserAgentFixture()
        var options = fixture.request(.options)
        options.topVia.parameters.remove("rport")
        options.topVia.port = 5090
        fixture.receive(options, from: TransportAddress(host: "198.51.100.3", port: 40_000))
        #expect(fixture.takeSent().map(\.destination) == [TransportAddress(host: "198.51.100.3", port: 5090)])
    }

    @Test("The 200 is sent at T1, doubling to T2, until its ACK (RFC 3261 §13.3.1.4)")
    func answerIsRepeated() throws {
        var fixture = UserAgentFixture()
        let invite = fixture.request(.invite, body: [1])
        fixture.receive(invite)
        fixture.command(.answer(body: [2]))
        fixture.advance(by: .seconds(12))
        let sent = fixture.takeSent()
        #expect(sent.map { ($0.at - .zero).milliseconds } == [0, 500, 1_500, 3_500, 7_500, 11_500])
        #expect(Set(sent.map(\.message)).count == 1)
        let tag = try #require(sent.first?.message.response?.to.tag)
        #expect(fixture.takeEvents().count == 1)
        fixture.receive(fixture.request(.ack, toTag: tag))
        fixture.receive(fixture.request(.ack, toTag: tag))
        #expect(fixture.takeEvents() == [.answered(body: [], headers: Headers([Headers.Field(.maxForwards, "70")]))])
        fixture.advance(by: .seconds(60))
        #expect(fixture.takeSent().isEmpty)
    }

    @Test("Without an ACK the call ends after 64·T1 with a BYE")
    func noAcknowledgement() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.invite, body: [1]))
        fixture.command(.answer(body: [2]))
        _ = fixture.takeEvents()
        fixture.advance(by: .milliseconds(31_999))
        #expect(fixture.takeEvents().isEmpty)
        _ = fixture.takeSent()
        fixture.advance(by: .milliseconds(1))
        #expect(fixture.takeEvents() == [.ended(CallEnd(by: .local, cause: .noAcknowledgement))])
        let bye = try #require(fixture.takeRequests(.bye).first)
        #expect(bye.to.tag == "b" && bye.cseq.number == 1)
        fixture.reply(200, to: bye)
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("An INVITE without offer is answered with ours, and the ACK brings the answer (RFC 3261 §13.2.1)")
    func lateOffer() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.invite))
        guard case .incoming(let call)? = fixture.takeEvents().first else {
            Issue.record("no call")
            return
        }
        #expect(call.offer == nil)
        fixture.command(.answer(body: Array("our offer".utf8)))
        let tag = try #require(fixture.takeResponses().first?.to.tag)
        fixture.receive(fixture.request(.ack, toTag: tag, body: Array("their answer".utf8)))
        guard case .answered(let body, _)? = fixture.takeEvents().first else {
            Issue.record("not answered")
            return
        }
        #expect(body == Array("their answer".utf8))
    }

    @Test("A retransmitted INVITE gets the latest response again, and makes no second call")
    func retransmission() throws {
        var fixture = UserAgentFixture()
        let invite = fixture.request(.invite, body: [1])
        fixture.receive(invite)
        fixture.command(.ring(status: 180, body: nil))
        fixture.receive(invite)
        #expect(fixture.takeResponses().map(\.statusCode) == [180, 180])
        fixture.command(.reject(status: 486, reason: "Busy Elsewhere", headers: Headers()))
        fixture.receive(invite)
        let refusals = fixture.takeResponses()
        #expect(refusals.map(\.statusCode) == [486, 486])
        #expect(refusals.first?.reason == "Busy Elsewhere")
        fixture.receive(fixture.request(.ack, toTag: refusals.first?.to.tag))
        #expect(fixture.takeEvents().count == 2)
    }

    @Test("The ACK of a refusal stops it; the refused call leaves nothing")
    func refusalAcknowledged() throws {
        var fixture = UserAgentFixture()
        let invite = fixture.request(.invite, body: [1])
        fixture.receive(invite)
        fixture.command(.hangUp(reasons: []))
        let refusal = try #require(fixture.takeResponses().first)
        #expect(refusal.statusCode == 480)
        var ack = invite
        ack.method = .ack
        ack.cseq.method = .ack
        ack.to = refusal.to
        fixture.receive(ack)
        fixture.advance(by: .seconds(5))
        #expect(fixture.takeSent().isEmpty)
        #expect(fixture.core.isIdle)
        #expect(fixture.takeEvents().last == .ended(CallEnd(by: .local, cause: .rejected(480))))
    }

    @Test("A ringing response is repeated each minute, and a call that nobody answers gets 480")
    func unanswered() throws {
        var fixture = UserAgentFixture { $0.answerTimeout = .seconds(150) }
        fixture.receive(fixture.request(.invite, body: [1]))
        fixture.command(.ring(status: 180, body: nil))
        _ = fixture.takeSent()
        fixture.advance(by: .milliseconds(149_999))
        #expect(fixture.takeResponses().map(\.statusCode) == [180, 180])
        fixture.advance(by: .milliseconds(1))
        #expect(fixture.takeResponses().map(\.statusCode) == [480])
        #expect(fixture.takeEvents().last == .ended(CallEnd(by: .local, cause: .unanswered)))
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("A hang-up before the ACK waits for it with the BYE (RFC 3261 §15)")
    func hangUpBeforeAcknowledgement() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.invite, body: [1]))
        fixture.command(.answer(body: [2]))
        let tag = try #require(fixture.takeResponses().first?.to.tag)
        fixture.command(.hangUp(reasons: ["Q.850;cause=16"]))
        #expect(fixture.takeSent().isEmpty)
        #expect(fixture.takeEvents().last == .ended(CallEnd(by: .local, cause: .bye, reasons: ["Q.850;cause=16"])))
        fixture.receive(fixture.request(.ack, toTag: tag))
        let bye = try #require(fixture.takeRequests(.bye).first)
        #expect(bye.headers[.reason] == "Q.850;cause=16")
    }

    @Test("A BYE in the early dialog ends the INVITE with 487")
    func earlyBye() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.invite, body: [1]))
        fixture.command(.ring(status: 180, body: nil))
        let tag = try #require(fixture.takeResponses().first?.to.tag)
        fixture.receive(fixture.request(.bye, toTag: tag, number: 2))
        let responses = fixture.takeResponses()
        #expect(responses.map(\.statusCode) == [200, 487])
        #expect(responses.map(\.cseq.method) == [.bye, .invite])
        #expect(fixture.takeEvents().last == .ended(CallEnd(by: .remote, cause: .cancelled)))
    }
}
