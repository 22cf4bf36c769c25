import SIP
import SansIO
import Testing

/// Session changes by re-INVITE and UPDATE, and glare (RFC 3261 §14, RFC 3311).
@Suite struct OfferTests {
    @Test("A re-INVITE is offered to the application; its answer is a 200 that waits for the ACK")
    func reinvite() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        let reinvite = fixture.request(.invite, inDialogOf: invite, number: 5, body: Array("hold".utf8))
        fixture.receive(reinvite)
        fixture.receive(reinvite)
        #expect(fixture.takeEvents() == [.offer(body: Array("hold".utf8))])
        fixture.command(.answerOffer(body: Array("held".utf8)))
        fixture.advance(by: .milliseconds(500))
        let answers = fixture.takeResponses().filter { $0.statusCode == 200 }
        #expect(answers.count == 2)
        #expect(answers.first?.body == Array("held".utf8))
        #expect(answers.first?.contact != nil)
        fixture.receive(fixture.request(.ack, inDialogOf: invite, number: 5))
        fixture.advance(by: .seconds(60))
        #expect(fixture.takeResponses().isEmpty && fixture.takeEvents().isEmpty)
    }

    @Test("A re-INVITE without offer asks for ours, and its ACK brings the answer")
    func lateOffer() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.receive(fixture.request(.invite, inDialogOf: invite, number: 5))
        #expect(fixture.takeEvents() == [.offer(body: nil)])
        fixture.command(.answerOffer(body: Array("full offer".utf8)))
        fixture.receive(fixture.request(.ack, inDialogOf: invite, number: 5, body: Array("answer".utf8)))
        #expect(fixture.takeEvents() == [.offerAnswered(body: Array("answer".utf8))])
    }

    @Test("A refused offer, such as T.38, leaves the call as it was")
    func refused() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.receive(fixture.request(.invite, inDialogOf: invite, number: 5, body: Array("m=image".utf8)))
        fixture.command(.refuseOffer(status: 488))
        #expect(fixture.takeResponses().map(\.statusCode) == [488])
        fixture.command(.info(contentType: "a/b", body: [1]))
        #expect(fixture.takeRequests(.info).count == 1)
    }

    @Test("UPDATE without offer is answered at once and moves the target; with one the application is asked")
    func update() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        var refresh = fixture.request(.update, inDialogOf: invite, number: 2, headers: [("Session-Expires", "1800")])
        refresh.headers.set(.contact, "<sip:bob@192.0.2.44:5070>")
        fixture.receive(refresh)
        #expect(fixture.takeResponses().map(\.statusCode) == [200])
        #expect(fixture.takeEvents().isEmpty)
        fixture.receive(fixture.request(.update, inDialogOf: invite, number: 3, body: [1]))
        #expect(fixture.takeEvents() == [.offer(body: [1])])
        fixture.command(.answerOffer(body: [2]))
        let answer = try #require(fixture.takeResponses().first)
        #expect(answer.statusCode == 200 && answer.body == [2])
        fixture.advance(by: .seconds(1))
        #expect(fixture.takeResponses().isEmpty)
        var moved = fixture.request(.update, inDialogOf: invite, number: 4)
        moved.headers.set(.contact, "<sip:bob@192.0.2.45:5070>")
        fixture.receive(moved)
        _ = fixture.takeSent()
        fixture.command(.hangUp(reasons: []))
        let bye = try #require(fixture.takeSent().first)
        #expect(bye.destination == TransportAddress(host: "192.0.2.45", port: 5070))
    }

    @Test("A second offer before the first is answered gets 500 with Retry-After (RFC 3261 §14.2)")
    func secondOffer() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.receive(fixture.request(.invite, inDialogOf: invite, number: 5, body: [1]))
        fixture.receive(fixture.request(.invite, inDialogOf: invite, number: 6, body: [2]))
        let response = try #require(fixture.takeResponses().first)
        #expect(response.statusCode == 500)
        #expect((0...10).contains(try #require(response.retryAfter).seconds))
        #expect(fixture.takeEvents() == [.offer(body: [1])])
    }

    @Test("An offer that crosses ours gets 491 (RFC 3261 §14.2)")
    func glareReceived() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.command(.offer(body: [1]))
        fixture.receive(fixture.request(.invite, inDialogOf: invite, number: 5, body: [2]))
        #expect(fixture.takeResponses().map(\.statusCode) == [491])
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("491 to ours is followed by another try after 2.1–4 s, as we own the Call-ID (RFC 3261 §14.1)")
    func glareSent() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.command(.offer(body: [1]))
        let first = try #require(fixture.takeRequests(.invite).first)
        fixture.reply(491, to: first)
        fixture.advance(by: .milliseconds(2_099))
        #expect(fixture.takeRequests(.invite).isEmpty)
        // Between the tries the peer may offer.
        fixture.receive(fixture.request(.invite, inDialogOf: invite, number: 5, body: [9]))
        fixture.command(.answerOffer(body: [8]))
        fixture.receive(fixture.request(.ack, inDialogOf: invite, number: 5))
        fixture.advance(by: .milliseconds(1_901))
        let second = try #require(fixture.takeRequests(.invite).first)
        #expect(second.body == [1] && second.cseq.number == first.cseq.number + 1)
        fixture.reply(200, to: second, body: [3])
        #expect(fixture.takeEvents() == [.offer(body: [9]), .offerAnswered(body: [3])])
    }

    @Test("As callee we try again within 2 s")
    func glareAsCallee() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.accept()
        fixture.command(.offer(body: [1]))
        fixture.reply(491, to: try #require(fixture.takeRequests(.invite).first))
        _ = fixture.takeSent()
        fixture.advance(by: .seconds(2))
        #expect(fixture.takeRequests(.invite).isEmpty == false)
    }

    @Test("Our refused re-INVITE leaves the call; 481 and 408 end it (RFC 3261 §14.1)", arguments: [488, 481, 408])
    func offerRefused(status: Int) throws {
        var fixture = UserAgentFixture()
        _ = try fixture.establish()
        fixture.command(.offer(body: [1]))
        let reinvite = try #require(fixture.takeRequests(.invite).first)
        fixture.reply(status, to: reinvite)
        let events = fixture.takeEvents()
        if status == 488 {
            #expect(events == [.offerRefused(status: 488, reason: "Not Acceptable Here")])
        } else {
            #expect(events == [.ended(CallEnd(by: .remote, cause: .dialogLost(status)))])
        }
    }

    @Test("A retransmitted 200 to our re-INVITE gets its ACK again")
    func acknowledgedAgain() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.establish()
        fixture.command(.offer(body: [1]))
        let reinvite = try #require(fixture.takeRequests(.invite).first)
        fixture.reply(200, to: reinvite, body: [2])
        fixture.reply(200, to: reinvite, body: [2])
        let acks = fixture.takeRequests(.ack)
        #expect(acks.count == 2 && acks[0] == acks[1])
        #expect(acks[0].cseq.number == reinvite.cseq.number)
        #expect(fixture.takeEvents() == [.offerAnswered(body: [2])])
    }

    @Test("A re-INVITE that is only ever answered 100 is cancelled and given up, and the call with it")
    func neverAnswered() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.establish()
        fixture.command(.offer(body: [1]))
        let reinvite = try #require(fixture.takeRequests(.invite).first)
        fixture.reply(100, to: reinvite)
        fixture.advance(by: .seconds(32))
        #expect(fixture.takeRequests(.cancel).count == 1)
        fixture.drain()
        #expect(fixture.takeEvents() == [.ended(CallEnd(by: .remote, cause: .dialogLost(408)))])
        #expect(fixture.core.isIdle)
    }

    @Test("A cancelled re-INVITE gets 487, and its offer is withdrawn")
    func cancelled() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        let reinvite = fixture.request(.invite, inDialogOf: invite, number: 5, body: [1])
        fixture.receive(reinvite)
        var cancel = reinvite
        cancel.method = .cancel
        cancel.cseq.method = .cancel
        cancel.body = []
        fixture.receive(cancel)
        #expect(fixture.takeResponses().map(\.statusCode) == [200, 487])
        #expect(fixture.takeEvents() == [.offer(body: [1]), .offerWithdrawn])
        fixture.command(.answerOffer(body: [2]))
        #expect(fixture.takeSent().isEmpty)
    }

    @Test("Offers while the call is not yet answered are refused")
    func tooEarly() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(180, to: invite)
        fixture.receive(fixture.request(.update, inDialogOf: invite, number: 1, body: [1]))
        #expect(fixture.takeResponses().map(\.statusCode) == [491])
        fixture.command(.offer(body: [1]))
        #expect(fixture.takeEvents().last == .offerRefused(status: 491, reason: "Request Pending"))
    }
}
