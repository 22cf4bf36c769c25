import SIP
import SansIO
import Testing

/// Requests that no call is behind, malformed ones, floods (RFC 3261 §8.2).
@Suite struct RefusedRequestTests {
    private func statuses(_ fixture: inout UserAgentFixture) -> [Int] { fixture.takeResponses().map(\.statusCode) }

    @Test("OPTIONS gets 200 with Allow, Accept and Supported (RFC 3261 §11.2)")
    func options() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.options))
        let response = try #require(fixture.takeResponses().first)
        #expect(response.statusCode == 200)
        #expect(Set(response.allow).isSuperset(of: [.invite, .ack, .bye, .cancel, .options, .refer, .notify, .info]))
        #expect(response.accept?.contains("application/sdp") == true)
        #expect(response.headers.contains(.supported))
        #expect(response.to.tag != nil)
    }

    @Test("Known methods that are not served get 405, unknown ones 501, both with Allow")
    func methods() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.register))
        fixture.receive(fixture.request(.subscribe))
        fixture.receive(fixture.request(.prack, toTag: "x"))
        fixture.receive(fixture.request(SIP.Method(rawValue: "BREW")))
        let responses = fixture.takeResponses()
        #expect(responses.map(\.statusCode) == [405, 405, 405, 501])
        #expect(responses.allSatisfy { $0.allow.contains(.invite) })
    }

    @Test("A required extension gets 420 with Unsupported, as 100rel does")
    func extensions() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.invite, body: [1], headers: [(.require, "100rel, norefersub")]))
        let response = try #require(fixture.takeResponses().first)
        #expect(response.statusCode == 420 && response.unsupported == ["100rel"])
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("Other schemes get 416, other bodies 415, an INVITE without Contact 400")
    func invites() throws {
        var fixture = UserAgentFixture()
        var scheme = fixture.request(.invite, callID: "1")
        scheme.uri = .other("mailto:alice@example")
        fixture.receive(scheme)
        fixture.receive(fixture.request(.invite, callID: "2", body: [1], headers: [(.contentType, "text/plain")]))
        var anonymous = fixture.request(.invite, callID: "3")
        anonymous.headers.remove(.contact)
        fixture.receive(anonymous)
        #expect(statuses(&fixture) == [416, 415, 400])
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("Requests in unknown dialogs get 481, a stray ACK nothing")
    func unknownDialogs() throws {
        var fixture = UserAgentFixture()
        fixture.receive(fixture.request(.bye, toTag: "nobody"))
        fixture.receive(fixture.request(.invite, toTag: "nobody", body: [1]))
        fixture.receive(fixture.request(.info))
        fixture.receive(fixture.request(.cancel))
        fixture.receive(fixture.request(.ack, toTag: "nobody"))
        fixture.receive(fixture.request(.ack))
        #expect(statuses(&fixture) == [481, 481, 481, 481])
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("The same INVITE by another way gets 482 while the first lives (RFC 3261 §8.2.2.2)")
    func merged() throws {
        var fixture = UserAgentFixture()
        let first = fixture.request(.invite, body: [1])
        var second = first
        second.topVia.branch = "z9hG4bKotherway"
        fixture.receive(first)
        fixture.receive(second)
        #expect(statuses(&fixture) == [482])
        #expect(fixture.takeEvents().count == 1)
        // With the next number it is another request, such as one with credentials.
        var third = second
        third.topVia.branch = "z9hG4bKthird"
        third.cseq.number += 1
        fixture.receive(third)
        #expect(fixture.takeEvents().count == 1)
    }

    @Test("A lower number in a dialog gets 500, and the request is not looked at (RFC 3261 §12.2.2)")
    func outOfOrder() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.receive(fixture.request(.info, inDialogOf: invite, number: 10, body: [1]))
        fixture.receive(fixture.request(.bye, inDialogOf: invite, number: 9))
        #expect(statuses(&fixture) == [200, 500])
        #expect(fixture.takeEvents() == [.info(contentType: "application/sdp", body: [1])])
    }

    @Test("INFO with a package gets 469 (RFC 6086), without body 200 and no event")
    func info() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        fixture.receive(fixture.request(.info, inDialogOf: invite, number: 1, headers: [("Info-Package", "foo")]))
        fixture.receive(fixture.request(.info, inDialogOf: invite, number: 2))
        #expect(statuses(&fixture) == [469, 200])
        #expect(fixture.takeEvents().isEmpty)
    }

    @Test("A peer of RFC 2543, without cookie and tags, can call, be answered and hang up")
    func legacyPeer() throws {
        var fixture = UserAgentFixture()
        var invite = fixture.request(.invite, body: [1])
        invite.topVia.branch = nil
        invite.from.tag = nil
        fixture.receive(invite)
        fixture.receive(invite)
        #expect(fixture.takeEvents().count == 1)
        fixture.command(.answer(body: [2]))
        let answer = try #require(fixture.takeResponses().last)
        var ack = invite
        ack.method = .ack
        ack.cseq.method = .ack
        ack.to = answer.to
        ack.body = []
        fixture.receive(ack)
        guard case .answered? = fixture.takeEvents().last else {
            Issue.record("not answered")
            return
        }
        var bye = ack
        bye.method = .bye
        bye.cseq = CSeq(number: 2, method: .bye)
        fixture.receive(bye)
        #expect(statuses(&fixture) == [200])
        #expect(fixture.takeEvents() == [.ended(CallEnd(by: .remote, cause: .bye))])
    }

    @Test("Malformed requests get 400, another version 505, garbage and keep-alives nothing")
    func malformed() throws {
        var fixture = UserAgentFixture()
        let text = String(decoding: fixture.request(.options).serialized(), as: UTF8.self)
        let broken = [
            text.replacing("CSeq: 1 OPTIONS", with: "CSeq: x OPTIONS"),
            text.replacing("CSeq: 1 OPTIONS", with: "CSeq: 1 INVITE"),
            text.replacing("sip:alice@192.0.2.1 SIP/2.0", with: "sip:alice@192.0.2.1 SIP/7.0"),
        ]
        var answers: [String] = []
        for message in broken {
            let input = UserAgentCore.Input.datagram(Array(message.utf8), from: UserAgentFixture.peer)
            for case .send(let bytes, let destination) in fixture.core.receive(input, at: fixture.now) {
                #expect(destination == UserAgentFixture.peer)
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(text.contains(";received=192.0.2.2") && text.contains("rport=5060"))
                answers.append(String(text.prefix(11)))
            }
        }
        #expect(answers == ["SIP/2.0 400", "SIP/2.0 400", "SIP/2.0 505"])
        for garbage in ["\r\n\r\n", "\r\n", "", "hello", "\u{0}\u{1}", "SIP/2.0 999 What\r\n\r\n"] {
            fixture.input(.datagram(Array(garbage.utf8), from: UserAgentFixture.peer))
        }
        #expect(fixture.takeSent().isEmpty && fixture.takeEvents().isEmpty)
        #expect(fixture.core.isIdle)
    }

    @Test("A stateless answer has the same tag for each retransmission (RFC 3261 §8.2.7)")
    func statelessTag() throws {
        var fixture = UserAgentFixture { $0.limits.serverTransactions = 0 }
        let options = fixture.request(.options)
        fixture.receive(options)
        fixture.receive(options)
        fixture.receive(fixture.request(.options))
        let responses = fixture.takeResponses()
        #expect(responses.map(\.statusCode) == [503, 503, 503])
        #expect(responses[0] == responses[1] && responses[0].to.tag != responses[2].to.tag)
        #expect(responses[0].retryAfter?.seconds == 5)
        #expect(fixture.core.isIdle)
    }

    @Test("A flood of INVITEs gets 503 with Retry-After beyond the limit, and takes up no room")
    func flood() throws {
        var fixture = UserAgentFixture { $0.limits.calls = 10 }
        for call in 0..<1_000 { fixture.receive(fixture.request(.invite, callID: "flood-\(call)", body: [1])) }
        let responses = fixture.takeResponses()
        #expect(responses.count == 990)
        #expect(responses.allSatisfy { $0.statusCode == 503 && $0.retryAfter != nil })
        #expect(fixture.takeEvents().count == 10)
        #expect(fixture.core.callCount == 10)
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("When no transaction is to be had, a call can still be ended")
    func byeInFlood() throws {
        var fixture = UserAgentFixture { $0.limits.serverTransactions = 2 }
        let invite = try fixture.establish()
        for call in 0..<5 { fixture.receive(fixture.request(.options, callID: "flood-\(call)")) }
        #expect(statuses(&fixture) == [200, 200, 503, 503, 503])
        fixture.receive(fixture.request(.bye, inDialogOf: invite))
        #expect(statuses(&fixture) == [200])
        #expect(fixture.takeEvents() == [.ended(CallEnd(by: .remote, cause: .bye))])
    }

    @Test("A ping asks by OPTIONS and reports the final response, or its lack")
    func ping() throws {
        var fixture = UserAgentFixture()
        fixture.input(.ping(id: 1, target: UserAgentFixture.peerURI, destination: UserAgentFixture.peer))
        let options = try #require(fixture.takeRequests(.options).first)
        #expect(options.uri == UserAgentFixture.peerURI)
        fixture.reply(200, to: options)
        fixture.input(.ping(id: 2, target: UserAgentFixture.peerURI, destination: UserAgentFixture.peer))
        fixture.drain()
        #expect(fixture.pings == [200, 408])
        #expect(fixture.core.isIdle)
    }
}
