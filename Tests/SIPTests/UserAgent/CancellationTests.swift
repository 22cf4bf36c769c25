import SIP
import SansIO
import Testing

/// CANCEL and its races (RFC 3261 §9, RFC 5407).
@Suite struct CancellationTests {
    private let cancelled = CallEvent.ended(CallEnd(by: .local, cause: .cancelled))

    @Test("CANCEL has the INVITE's branch, Request-URI and number, one Via, and no other method's fields")
    func cancel() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(180, to: invite)
        fixture.command(.hangUp(reasons: ["SIP;cause=487"]))
        let cancel = try #require(fixture.takeRequests(.cancel).first)
        #expect(cancel.topVia == invite.topVia && cancel.lowerVias.isEmpty)
        #expect(cancel.uri == invite.uri && cancel.callID == invite.callID)
        #expect(cancel.from == invite.from && cancel.to == invite.to)
        #expect(cancel.cseq == CSeq(number: invite.cseq.number, method: .cancel))
        #expect(cancel.require.isEmpty && cancel.headers[.reason] == "SIP;cause=487")
        fixture.reply(200, to: cancel)
        fixture.reply(487, to: invite)
        #expect(fixture.takeRequests().map(\.method) == [.ack])
        #expect(fixture.takeEvents().last == .ended(CallEnd(by: .local, cause: .cancelled, reasons: ["SIP;cause=487"])))
        fixture.drain()
        #expect(fixture.core.isIdle && fixture.takeEvents().isEmpty)
    }

    @Test("CANCEL waits for the first provisional response")
    func queued() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.command(.hangUp(reasons: []))
        #expect(fixture.takeEvents() == [cancelled])
        #expect(fixture.takeRequests(.cancel).isEmpty)
        fixture.reply(100, to: invite)
        #expect(fixture.takeRequests(.cancel).count == 1)
        fixture.reply(180, to: invite)
        #expect(fixture.takeRequests(.cancel).isEmpty)
        fixture.reply(487, to: invite)
        fixture.drain()
        #expect(fixture.core.isIdle && fixture.takeEvents().isEmpty)
    }

    @Test("A queued CANCEL is not sent when no response comes at all")
    func queuedForever() throws {
        var fixture = UserAgentFixture()
        _ = try fixture.place()
        fixture.command(.hangUp(reasons: []))
        fixture.drain()
        #expect(fixture.takeRequests(.cancel).isEmpty)
        #expect(fixture.core.isIdle)
        #expect(fixture.takeEvents() == [cancelled])
    }

    @Test("An answer that crosses the CANCEL is acknowledged and hung up")
    func crossingAnswer() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(180, to: invite)
        fixture.command(.hangUp(reasons: []))
        _ = fixture.takeSent()
        fixture.reply(200, to: invite)
        let requests = fixture.takeRequests()
        #expect(requests.map(\.method) == [.ack, .bye])
        #expect(requests[1].cseq.number == invite.cseq.number + 1)
        fixture.reply(200, to: requests[1])
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("A refusal that crosses the CANCEL is acknowledged and nothing else")
    func crossingRefusal() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(180, to: invite)
        fixture.command(.hangUp(reasons: []))
        _ = fixture.takeEvents()
        _ = fixture.takeSent()
        fixture.reply(486, to: invite)
        #expect(fixture.takeRequests().map(\.method) == [.ack])
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("Without a final response the INVITE is given up 64·T1 after its CANCEL")
    func noFinalResponse() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(180, to: invite)
        fixture.advance(by: .seconds(10))
        fixture.command(.hangUp(reasons: []))
        let cancel = try #require(fixture.takeRequests(.cancel).first)
        fixture.reply(200, to: cancel)
        fixture.advance(by: .milliseconds(31_999))
        #expect(!fixture.core.isIdle)
        fixture.advance(by: .milliseconds(1))
        #expect(fixture.core.isIdle)
    }

    @Test("A challenge that crosses a queued CANCEL is not answered")
    func challengeAfterHangUp() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place(credentials: Credentials(username: "u", password: "p"))
        fixture.command(.hangUp(reasons: []))
        _ = fixture.takeSent()
        fixture.reply(407, to: invite, headers: [(.proxyAuthenticate, #"Digest realm="r", nonce="n""#)])
        #expect(fixture.takeRequests().map(\.method) == [.ack])
    }

    @Test("The ring time-out cancels and fails the call, whatever keeps ringing")
    func ringTimeout() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place(ringTimeout: .seconds(20))
        fixture.reply(180, to: invite)
        fixture.advance(by: .milliseconds(19_999))
        #expect(fixture.takeEvents().count == 1)
        fixture.advance(by: .milliseconds(1))
        guard case .failed(let failure)? = fixture.takeEvents().last else {
            Issue.record("no failure")
            return
        }
        #expect(failure.cause == .ringTimeout && failure.status == 408)
        #expect(fixture.takeRequests(.cancel).count == 1)
        fixture.reply(487, to: invite)
        fixture.drain()
        #expect(fixture.core.isIdle && fixture.takeEvents().isEmpty)
    }

    @Test("As callee: CANCEL gets 200, the INVITE 487, and the application hears why")
    func cancelled487() throws {
        var fixture = UserAgentFixture()
        let invite = fixture.request(.invite, body: [1])
        fixture.receive(invite)
        var cancel = invite
        cancel.method = .cancel
        cancel.cseq.method = .cancel
        cancel.body = []
        cancel.headers.append(.reason, "SIP;cause=200;text=\"Call completed elsewhere\"")
        fixture.receive(cancel)
        let responses = fixture.takeResponses()
        #expect(responses.map(\.statusCode) == [200, 487])
        #expect(responses.map(\.cseq.method) == [.cancel, .invite])
        #expect(responses[0].to.tag == responses[1].to.tag)
        guard case .ended(let end)? = fixture.takeEvents().last else {
            Issue.record("not ended")
            return
        }
        #expect(end.by == .remote && end.cause == .cancelled && end.reasons.count == 1)
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("As callee: CANCEL after the final response changes nothing; one that matches nothing gets 481")
    func lateCancel() throws {
        var fixture = UserAgentFixture()
        let invite = fixture.request(.invite, body: [1])
        fixture.receive(invite)
        fixture.command(.answer(body: [2]))
        _ = fixture.takeSent()
        var cancel = invite
        cancel.method = .cancel
        cancel.cseq.method = .cancel
        fixture.receive(cancel)
        #expect(fixture.takeResponses().map(\.statusCode) == [200])
        cancel.topVia.branch = "z9hG4bKelse"
        fixture.receive(cancel)
        #expect(fixture.takeResponses().map(\.statusCode) == [481])
        #expect(fixture.takeEvents().count == 1)
    }
}
