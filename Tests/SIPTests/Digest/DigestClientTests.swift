import SIP
import SansIO
import Testing

@Suite("Digest client")
struct DigestClientTests {
    private var random = SeededRandom(seed: 7)

    private func request(_ method: Method = .invite) throws -> Request {
        Request(
            method: method, uri: try URI(parsing: "sip:+15105550100@trunk.example.com"),
            via: Via(transport: "UDP", host: "h", branch: "z9hG4bK1"),
            from: NameAddress(uri: try URI(parsing: "sip:a@b"), parameters: Parameters([("tag", "1")])),
            to: NameAddress(uri: try URI(parsing: "sip:c@d")), callID: "1", sequenceNumber: 1)
    }

    private func response(to request: Request, _ fields: [(HeaderName, String)]) -> Response {
        let isProxy = fields.contains { $0.0 == .proxyAuthenticate }
        return Response(
            to: request, statusCode: isProxy ? 407 : 401, toTag: "s",
            headers: Headers(fields.map { Headers.Field($0.0, $0.1) }))
    }

    private mutating func challenge(_ client: inout DigestClient, _ request: inout Request, _ values: String...)
        -> DigestClient.Outcome
    {
        let response = response(to: request, values.map { (.wwwAuthenticate, $0) })
        return client.authorize(&request, after: response, using: &random)
    }

    private func credentials(_ request: Request) throws -> DigestCredentials {
        try #require(request.digestCredentials(.authorization).first)
    }

    @Test("A 407 is answered with Proxy-Authorization, echoing opaque, realm and algorithm")
    mutating func proxy() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        let refusal = response(
            to: request,
            [(.proxyAuthenticate, #"Digest realm="A \"B\" C",nonce="n",opaque="o",algorithm=sha-256,qop="auth""#)])
        #expect(client.authorize(&request, after: refusal, using: &random) == .authorized)
        #expect(request.headers[.authorization] == nil)
        let credentials = try #require(request.digestCredentials(.proxyAuthorization).first)
        #expect(credentials.realm == #"A \"B\" C"#)
        #expect(credentials.opaque == "o")
        #expect(credentials.algorithmName == "sha-256")
        #expect(credentials.uri == "sip:+15105550100@trunk.example.com")
        #expect(credentials.qop == "auth")
        #expect(credentials.nonceCount == "00000001")
        let expected = DigestCalculation(
            algorithm: .sha256, username: "u", realm: #"A \"B\" C"#, password: "p", nonce: "n", method: .invite,
            uri: credentials.uri,
            counted: DigestCalculation.Counted(
                protection: .auth, nonceCount: "00000001", clientNonce: try #require(credentials.clientNonce)))
        #expect(credentials.response == expected.response)
    }

    @Test("Of several challenges of a realm, the first that is supported counts (RFC 8760 §2.4)")
    mutating func preference() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        #expect(
            challenge(
                &client, &request, #"Basic realm="r""#,
                #"Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth""#,
                #"Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth""#,
                #"Digest realm="r", nonce="3", qop="auth""#)
                == .authorized)
        #expect(try credentials(request).nonce == "2")
        #expect(request.headers.all(.authorization).count == 1)
    }

    @Test("Without qop the form of RFC 2069 is used, with no count and no cnonce")
    mutating func withoutQop() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        #expect(challenge(&client, &request, #"Digest realm="r", nonce="1""#) == .authorized)
        let credentials = try credentials(request)
        #expect(credentials.qop == nil && credentials.nonceCount == nil && credentials.clientNonce == nil)
        #expect(credentials.algorithmName == nil)
    }

    @Test("auth is preferred, auth-int used where it is the only one, and covers the body")
    mutating func integrity() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        #expect(challenge(&client, &request, #"Digest realm="r", nonce="1", qop="auth-int,auth""#) == .authorized)
        #expect(try credentials(request).qop == "auth")
        var other = DigestClient(username: "u", password: "p")
        var second = try self.request()
        second.body = Array("v=0".utf8)
        #expect(challenge(&other, &second, #"Digest realm="r", nonce="1", qop="auth-int""#) == .authorized)
        #expect(try credentials(second).qop == "auth-int")
    }

    @Test("Later requests carry credentials at once, with the count going on; ACK and CANCEL never")
    mutating func preauthorization() throws {
        var client = DigestClient(username: "u", password: "p")
        var first = try request()
        client.preauthorize(&first)
        #expect(first.headers[.authorization] == nil)
        _ = challenge(&client, &first, #"Digest realm="r", nonce="1", qop="auth""#)
        var counts: [String?] = []
        for method in [Method.bye, .refer, .ack, .cancel] {
            var request = try request(method)
            client.preauthorize(&request)
            counts.append(request.digestCredentials(.authorization).first?.nonceCount)
        }
        #expect(counts == ["00000002", "00000003", nil, nil])
    }

    @Test("The same nonce refused twice means a wrong password")
    mutating func wrongPassword() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        let value = #"Digest realm="r", nonce="1", qop="auth""#
        #expect(challenge(&client, &request, value) == .authorized)
        let sent = request
        #expect(challenge(&client, &request, value) == .refused(realm: "r"))
        #expect(request == sent)
    }

    @Test("A new nonce right after the first credentials means a wrong password too")
    mutating func wrongPasswordNewNonce() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        #expect(challenge(&client, &request, #"Digest realm="r", nonce="1", qop="auth""#) == .authorized)
        #expect(challenge(&client, &request, #"Digest realm="r", nonce="2", qop="auth""#) == .refused(realm: "r"))
    }

    @Test("A stale nonce is replaced and its count begins anew")
    mutating func stale() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        #expect(challenge(&client, &request, #"Digest realm="r", nonce="1", qop="auth""#) == .authorized)
        #expect(challenge(&client, &request, #"Digest realm="r", nonce="2", qop="auth", stale=TRUE"#) == .authorized)
        #expect(try credentials(request).nonce == "2")
        #expect(try credentials(request).nonceCount == "00000001")
    }

    @Test("A server that finds every nonce stale is given up on")
    mutating func alwaysStale() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        var authorized = 0
        while authorized < 100,
            challenge(&client, &request, #"Digest realm="r", nonce="\#(authorized)", qop="auth", stale=true"#)
                == .authorized
        {
            authorized += 1
        }
        #expect(authorized == DigestClient.maximumStaleChallenges + 1)
    }

    @Test("Nonces that go stale over hours are not counted together")
    mutating func staleNowAndThen() throws {
        var client = DigestClient(username: "u", password: "p")
        for hour in 0..<20 {
            var request = try request(.bye)
            client.preauthorize(&request)
            #expect(
                challenge(&client, &request, #"Digest realm="r", nonce="\#(hour)", qop="auth", stale=true"#)
                    == .authorized)
        }
    }

    @Test("A nonce used before that expired without stale is replaced once")
    mutating func expiredWithoutStale() throws {
        var client = DigestClient(username: "u", password: "p")
        var first = try request()
        _ = challenge(&client, &first, #"Digest realm="r", nonce="1", qop="auth""#)
        var second = try request(.bye)
        client.preauthorize(&second)
        #expect(challenge(&client, &second, #"Digest realm="r", nonce="2", qop="auth""#) == .authorized)
        #expect(challenge(&client, &second, #"Digest realm="r", nonce="3", qop="auth""#) == .refused(realm: "r"))
    }

    @Test("Every realm gets its credentials, and keeps them when another challenges (RFC 3261 §22.3)")
    mutating func severalRealms() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        let both = response(
            to: request,
            [
                (.proxyAuthenticate, #"Digest realm="p1", nonce="1", qop="auth""#),
                (.proxyAuthenticate, #"Digest realm="p2", nonce="2", qop="auth""#),
            ])
        #expect(client.authorize(&request, after: both, using: &random) == .authorized)
        #expect(request.digestCredentials(.proxyAuthorization).map(\.realm) == ["p1", "p2"])
        #expect(challenge(&client, &request, #"Digest realm="s", nonce="3", qop="auth""#) == .authorized)
        #expect(request.digestCredentials(.proxyAuthorization).map(\.realm) == ["p1", "p2"])
        #expect(request.digestCredentials(.proxyAuthorization).map(\.nonceCount) == ["00000002", "00000002"])
        #expect(request.digestCredentials(.authorization).map(\.realm) == ["s"])
    }

    @Test("Of realms without end the last are kept, and a response with too many is refused")
    mutating func bounded() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        for number in 0..<100 {
            request = try self.request()
            #expect(challenge(&client, &request, #"Digest realm="r\#(number)", nonce="1", qop="auth""#) == .authorized)
            #expect(try credentials(request).realm == "r\(number)")
        }
        var next = try self.request(.bye)
        client.preauthorize(&next)
        let kept = Set(next.digestCredentials(.authorization).map(\.realm))
        #expect(kept == Set((100 - DigestClient.maximumRealms..<100).map { "r\($0)" }))

        // As many new ones at once displace each other never; one more is too many.
        let values = (0...DigestClient.maximumRealms).map { #"Digest realm="s\#($0)", nonce="1", qop="auth""# }
        let fitting = response(to: next, values.dropLast().map { (.wwwAuthenticate, $0) })
        #expect(client.authorize(&next, after: fitting, using: &random) == .authorized)
        #expect(Set(next.digestCredentials(.authorization).map(\.realm)).count == DigestClient.maximumRealms)
        let flood = response(to: next, values.map { (.wwwAuthenticate, $0) })
        var other = DigestClient(username: "u", password: "p")
        let sent = next
        #expect(
            other.authorize(&next, after: flood, using: &random)
                == .unsupported(realm: "s\(DigestClient.maximumRealms)"))
        #expect(next == sent)
    }

    @Test("What can't be answered is told")
    mutating func unsupported() throws {
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        #expect(challenge(&client, &request) == .unsupported(realm: nil))
        #expect(challenge(&client, &request, #"Basic realm="r""#, #"Digest realm="broken"#) == .unsupported(realm: nil))
        #expect(
            challenge(&client, &request, #"Digest realm="r", nonce="1", algorithm=AKAv1-MD5"#)
                == .unsupported(realm: "r"))
        #expect(challenge(&client, &request, #"Digest realm="r", nonce="1", qop="other""#) == .unsupported(realm: "r"))
        #expect(request.headers[.authorization] == nil)
    }
}
