import SIP
import SansIO
import Testing

/// BYE, from either side and from both (RFC 3261 §15).
@Suite struct EndingTests {
    private let byUs = CallEvent.ended(CallEnd(by: .local, cause: .bye))

    @Test(
        "A hang-up sends one BYE; however it is answered, the call is over and leaves nothing",
        arguments: [
            200, 408, 481, 500,
        ])
    func answeredBye(status: Int) throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.command(.hangUp(reasons: []))
        fixture.command(.hangUp(reasons: []))
        #expect(fixture.takeEvents() == [byUs])
        let byes = fixture.takeRequests(.bye)
        #expect(byes.count == 1)
        #expect(byes.first?.cseq.number == invite.cseq.number + 1)
        fixture.reply(status, to: byes[0])
        fixture.drain()
        #expect(fixture.core.isIdle && fixture.takeEvents().isEmpty)
    }

    @Test("A BYE that nobody answers is given up after 64·T1")
    func unansweredBye() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.establish()
        fixture.command(.hangUp(reasons: []))
        fixture.drain()
        #expect(fixture.takeRequests(.bye).count == 11)
        #expect(fixture.core.isIdle)
        #expect(fixture.takeEvents() == [byUs])
    }

    @Test("The peer's BYE gets 200 and ends the call with its Reason; retransmissions get 200 again")
    func remoteBye() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        let bye = fixture.request(.bye, inDialogOf: invite, headers: [(.reason, "Q.850;cause=16;text=\"Normal\"")])
        fixture.receive(bye)
        fixture.receive(bye)
        #expect(fixture.takeResponses().map(\.statusCode) == [200, 200])
        let end = CallEnd(by: .remote, cause: .bye, reasons: ["Q.850;cause=16;text=\"Normal\""])
        #expect(fixture.takeEvents() == [.ended(end)])
        fixture.command(.hangUp(reasons: []))
        #expect(fixture.takeSent().isEmpty)
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("BYEs that cross are both answered with 200, and the call ends once")
    func crossingByes() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.command(.hangUp(reasons: []))
        let ours = try #require(fixture.takeRequests(.bye).first)
        fixture.receive(fixture.request(.bye, inDialogOf: invite))
        #expect(fixture.takeResponses().map(\.statusCode) == [200])
        fixture.reply(200, to: ours)
        #expect(fixture.takeEvents() == [byUs])
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("The peer's BYE refuses what waits in the dialog with 487 (RFC 3261 §15.1.2)")
    func pendingRequests() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.receive(fixture.request(.invite, inDialogOf: invite, number: 1, body: [1]))
        fixture.receive(fixture.request(.refer, inDialogOf: invite, number: 2, headers: [(.referTo, "<tel:+1555>")]))
        fixture.receive(fixture.request(.bye, inDialogOf: invite, number: 3))
        let responses = fixture.takeResponses()
        #expect(responses.map(\.statusCode) == [200, 487, 487])
        #expect(responses.map(\.cseq.method) == [.bye, .invite, .refer])
    }

    @Test("A BYE that overtakes the ACK of our answer ends the call")
    func byeBeforeAcknowledgement() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.invite, body: [1]))
        fixture.command(.answer(body: [2]))
        let tag = try #require(fixture.takeResponses().first?.to.tag)
        fixture.receive(fixture.request(.bye, toTag: tag, number: 2))
        fixture.receive(fixture.request(.ack, toTag: tag))
        #expect(fixture.takeResponses().map(\.statusCode) == [200])
        #expect(fixture.takeEvents().count == 2)
        fixture.drain()
        #expect(fixture.takeSent().isEmpty && fixture.core.isIdle)
    }

    @Test("A BYE in the only early dialog ends a call whose 2xx were all lost")
    func byeInEarlyDialog() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(180, to: invite)
        fixture.receive(fixture.request(.bye, inDialogOf: invite))
        let sent = fixture.takeSent().map(\.message)
        #expect(sent.compactMap(\.response).map(\.statusCode) == [200])
        #expect(sent.compactMap(\.request).map(\.method) == [.cancel])
        #expect(fixture.takeEvents().last == .ended(CallEnd(by: .remote, cause: .bye)))
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("481 to a request in the dialog ends the call (RFC 3261 §12.2.1.2)")
    func dialogLost() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.establish()
        fixture.command(.info(contentType: "application/dtmf-relay", body: Array("Signal=5".utf8)))
        let info = try #require(fixture.takeRequests(.info).first)
        #expect(info.headers[.contentType] == "application/dtmf-relay")
        fixture.reply(481, to: info)
        #expect(fixture.takeEvents() == [.ended(CallEnd(by: .remote, cause: .dialogLost(481)))])
        #expect(fixture.takeRequests(.bye).count == 1)
    }
}
