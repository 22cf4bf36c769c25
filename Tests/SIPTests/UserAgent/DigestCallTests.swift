import SIP
import SansIO
import Testing

/// Challenges of requests in and out of dialogs (RFC 3261 §22, RFC 7616, RFC 8760).
@Suite struct DigestCallTests {
    private static let credentials = Credentials(username: "alice", password: "secret")

    /// A trunk that challenges, and judges what comes back.
    private struct Trunk {
        var server = DigestServer(realm: "trunk", key: [UInt8](repeating: 7, count: 32))
        let isProxy: Bool

        var status: Int { isProxy ? 407 : 401 }

        func challenge(at now: Instant, isStale: Bool = false) -> [(HeaderName, String)] {
            let name = isProxy ? HeaderName.proxyAuthenticate : .wwwAuthenticate
            return server.challenges(at: now, isStale: isStale).map { (name, $0.description) }
        }

        mutating func verdict(on request: Request, at now: Instant) -> DigestServer.Verdict {
            server.verify(request, field: isProxy ? .proxyAuthorization : .authorization, at: now) { user in
                user == "alice" ? "secret" : nil
            }
        }
    }

    @Test(
        "A challenged INVITE is repeated in the same call with the next number and a new branch",
        arguments: [
            true, false,
        ])
    func invite(isProxy: Bool) throws {
        var fixture = UserAgentFixture()
        var trunk = Trunk(isProxy: isProxy)
        let first = try fixture.place(credentials: Self.credentials)
        #expect(trunk.verdict(on: first, at: fixture.now) == .missing)
        fixture.reply(trunk.status, to: first, headers: trunk.challenge(at: fixture.now))
        let requests = fixture.takeRequests()
        #expect(requests.map(\.method) == [.ack, .invite])
        let second = requests[1]
        #expect(trunk.verdict(on: second, at: fixture.now) == .accepted(username: "alice"))
        #expect(
            second.digestCredentials(isProxy ? .proxyAuthorization : .authorization).first?.algorithmName == "SHA-256")
        #expect(second.callID == first.callID && second.from == first.from && second.to.tag == nil)
        #expect(second.cseq.number == first.cseq.number + 1)
        #expect(second.topVia.branch != first.topVia.branch)
        #expect(second.body == first.body && second.headers["X-Test"] == "1")
        fixture.reply(200, to: second)
        let ack = try #require(fixture.takeRequests(.ack).first)
        #expect(ack.headers.contains(isProxy ? .proxyAuthorization : .authorization))
        guard case .answered? = fixture.takeEvents().last else {
            Issue.record("not answered")
            return
        }
    }

    @Test("A wrong password fails with the challenge's code, and is not tried for ever")
    func wrongPassword() throws {
        var fixture = UserAgentFixture()
        let trunk = Trunk(isProxy: true)
        var invite = try fixture.place(credentials: Credentials(username: "alice", password: "wrong"))
        var attempts = 1
        while attempts < 20 {
            fixture.reply(407, to: invite, headers: trunk.challenge(at: fixture.now))
            guard let next = fixture.takeRequests(.invite).first else { break }
            invite = next
            attempts += 1
        }
        #expect(attempts == 2)
        guard case .failed(let failure)? = fixture.takeEvents().last else {
            Issue.record("no failure")
            return
        }
        #expect(failure.cause == .unauthorized && failure.status == 407)
    }

    @Test("A peer that names a new realm each time is given up")
    func endlessRealms() throws {
        var fixture = UserAgentFixture()
        var invite = try fixture.place(credentials: Self.credentials)
        for realm in 0..<100 {
            fixture.reply(401, to: invite, headers: [(.wwwAuthenticate, "Digest realm=\"\(realm)\", nonce=\"n\"")])
            guard let next = fixture.takeRequests(.invite).first else { break }
            invite = next
        }
        guard case .failed(let failure)? = fixture.takeEvents().last else {
            Issue.record("no failure")
            return
        }
        #expect(failure.cause == .unauthorized)
    }

    @Test("Without credentials a challenge is a refusal")
    func noCredentials() throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.place()
        fixture.reply(401, to: invite, headers: Trunk(isProxy: false).challenge(at: .zero))
        guard case .failed(let failure)? = fixture.takeEvents().last else {
            Issue.record("no failure")
            return
        }
        #expect(failure.cause == .unauthorized && failure.status == 401)
    }

    @Test("A stale nonce is replaced and does not count as a wrong password")
    func stale() throws {
        var fixture = UserAgentFixture()
        var trunk = Trunk(isProxy: true)
        var invite = try fixture.place(credentials: Self.credentials)
        fixture.reply(407, to: invite, headers: trunk.challenge(at: fixture.now))
        invite = try #require(fixture.takeRequests(.invite).first)
        let later = fixture.now + .seconds(3600)
        #expect(trunk.verdict(on: invite, at: later) == .stale)
        fixture.reply(407, to: invite, headers: trunk.challenge(at: later, isStale: true))
        invite = try #require(fixture.takeRequests(.invite).first)
        #expect(trunk.verdict(on: invite, at: later) == .accepted(username: "alice"))
    }

    @Test("Challenges of re-INVITE, BYE, REFER, INFO and NOTIFY are answered in the dialog")
    func inDialog() throws {
        var fixture = UserAgentFixture()
        var trunk = Trunk(isProxy: true)
        let invite = try fixture.establish(credentials: Self.credentials)
        fixture.receive(fixture.request(.refer, inDialogOf: invite, headers: [(.referTo, "<tel:+1555>")]))
        let target = URI.sip(SIPURI(host: "192.0.2.9"))
        let commands: [(UserAgentCore.Command, SIP.Method)] = [
            (.offer(body: [1]), .invite), (.info(contentType: "a/b", body: [1]), .info),
            (.transfer(to: target, headers: Headers()), .refer), (.acceptRefer, .notify),
            (.hangUp(reasons: []), .bye),
        ]
        var number = invite.cseq.number
        for (index, (command, method)) in commands.enumerated() {
            fixture.command(command)
            let first = try #require(fixture.takeRequests(method).first)
            #expect(first.cseq.number == number + 1)
            // From the second on, the credentials are there before anybody asks.
            let verdict = trunk.verdict(on: first, at: fixture.now)
            #expect(index == 0 ? verdict == .missing : verdict == .accepted(username: "alice"))
            fixture.advance(by: .seconds(1))
            fixture.reply(407, to: first, headers: trunk.challenge(at: fixture.now, isStale: true))
            let second = try #require(fixture.takeRequests(method).last)
            #expect(trunk.verdict(on: second, at: fixture.now) == .accepted(username: "alice"))
            #expect(second.cseq.number == first.cseq.number + 1)
            #expect(second.topVia.branch != first.topVia.branch)
            number = second.cseq.number
            fixture.reply(method == .refer ? 202 : 200, to: second)
            _ = fixture.takeSent()
        }
        let events = fixture.takeEvents()
        #expect(events.contains(.offerAnswered(body: [])))
        #expect(events.contains(.transferAccepted))
        fixture.drain()
        #expect(fixture.core.isIdle)
    }

    @Test("The next call at the same trunk is authorised from the start")
    func preauthorized() throws {
        var fixture = UserAgentFixture()
        var trunk = Trunk(isProxy: true)
        let first = try fixture.place(credentials: Self.credentials)
        fixture.reply(407, to: first, headers: trunk.challenge(at: fixture.now))
        let second = try #require(fixture.takeRequests(.invite).first)
        #expect(trunk.verdict(on: second, at: fixture.now) == .accepted(username: "alice"))
        fixture.reply(486, to: second)
        let next = try fixture.place(credentials: Self.credentials)
        #expect(trunk.verdict(on: next, at: fixture.now) == .accepted(username: "alice"))
        let other = try fixture.place(credentials: Credentials(username: "bob", password: "x"))
        #expect(trunk.verdict(on: other, at: fixture.now) == .missing)
    }

    @Test("A description of credentials has no password")
    func secrecy() {
        let text = "\(Self.credentials) \(String(reflecting: Self.credentials))"
        var dumped = ""
        dump(Self.credentials, to: &dumped)
        #expect(!(text + dumped).contains("secret"))
    }
}
