import SIP
import SansIO
import Testing

@Suite("Digest server")
struct DigestServerTests {
    private var random = SeededRandom(seed: 3)
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let key = Array("a secret of more than 16 bytes".utf8)

    private func request() throws -> Request {
        Request(
            method: .invite, uri: try URI(parsing: "sip:a@b"),
            via: Via(transport: "UDP", host: "h", branch: "z9hG4bK1"),
            from: NameAddress(uri: try URI(parsing: "sip:a@b"), parameters: Parameters([("tag", "1")])),
            to: NameAddress(uri: try URI(parsing: "sip:c@d")), callID: "1", sequenceNumber: 1)
    }

    private mutating func answer(
        _ client: inout DigestClient, _ request: inout Request, _ server: DigestServer, at now: Instant,
        isStale: Bool = false
    ) -> DigestClient.Outcome {
        let fields = server.challenges(at: now, isStale: isStale).map {
            Headers.Field(.wwwAuthenticate, $0.description)
        }
        let response = Response(to: request, statusCode: 401, toTag: "s", headers: Headers(fields))
        return client.authorize(&request, after: response, using: &random)
    }

    private func verdict(_ server: inout DigestServer, _ request: Request, at now: Instant) -> DigestServer.Verdict {
        server.verify(request, at: now) { $0 == "u" ? "p" : nil }
    }

    @Test("Right credentials are accepted, with every algorithm", arguments: DigestAlgorithm.allCases)
    mutating func accepted(algorithm: DigestAlgorithm) throws {
        var server = DigestServer(realm: "r", key: key, algorithms: [algorithm])
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        #expect(verdict(&server, request, at: start) == .missing)
        #expect(answer(&client, &request, server, at: start) == .authorized)
        #expect(request.digestCredentials(.authorization).first?.algorithmName == algorithm.rawValue)
        #expect(verdict(&server, request, at: start + .seconds(1)) == .accepted(username: "u"))
    }

    @Test("SHA-256 is preferred where both are offered")
    mutating func preference() throws {
        let server = DigestServer(realm: "r", key: key)
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        #expect(answer(&client, &request, server, at: start) == .authorized)
        #expect(request.digestCredentials(.authorization).first?.algorithmName == "SHA-256")
    }

    @Test("Wrong passwords, unknown users, foreign nonces and changed requests are refused")
    mutating func refused() throws {
        var server = DigestServer(realm: "r", key: key)
        for (username, password) in [("u", "q"), ("v", "p")] {
            var client = DigestClient(username: username, password: password)
            var request = try request()
            _ = answer(&client, &request, server, at: start)
            #expect(verdict(&server, request, at: start) == .refused)
            #expect(answer(&client, &request, server, at: start + .seconds(1)) == .refused(realm: "r"))
        }
        var client = DigestClient(username: "u", password: "p")
        var foreign = try request()
        _ = answer(&client, &foreign, DigestServer(realm: "r", key: Array("another secret than ours".utf8)), at: start)
        #expect(verdict(&server, foreign, at: start) == .refused)
        var other = DigestClient(username: "u", password: "p")
        var changed = try request()
        _ = answer(&other, &changed, server, at: start)
        changed.method = .bye
        #expect(verdict(&server, changed, at: start) == .refused)
    }

    @Test("A nonce past its life is stale, and the client goes on with a new one")
    mutating func stale() throws {
        var server = DigestServer(realm: "r", key: key, nonceLifetime: .seconds(60))
        var client = DigestClient(username: "u", password: "p")
        var request = try request()
        _ = answer(&client, &request, server, at: start)
        let late = start + .seconds(61)
        #expect(verdict(&server, request, at: late) == .stale)
        #expect(answer(&client, &request, server, at: late, isStale: true) == .authorized)
        #expect(verdict(&server, request, at: late) == .accepted(username: "u"))
    }

    @Test("A nonce count that was used is stale, a greater one is not (RFC 7616 §3.4.5)")
    mutating func replay() throws {
        var server = DigestServer(realm: "r", key: key)
        var client = DigestClient(username: "u", password: "p")
        var first = try request()
        _ = answer(&client, &first, server, at: start)
        #expect(verdict(&server, first, at: start) == .accepted(username: "u"))
        #expect(verdict(&server, first, at: start) == .stale)
        var second = try request()
        client.preauthorize(&second)
        #expect(verdict(&server, second, at: start) == .accepted(username: "u"))
        #expect(verdict(&server, first, at: start) == .stale)
    }

    @Test("Nonces are forgotten in the end, and none comes back to life by that")
    mutating func manyNonces() throws {
        var server = DigestServer(realm: "r", key: key, nonceLifetime: .seconds(3600))
        var requests: [Request] = []
        for index in 0..<4200 {
            var client = DigestClient(username: "u", password: "p")
            var request = try request()
            let now = start + .milliseconds(index)
            _ = answer(&client, &request, server, at: now)
            #expect(verdict(&server, request, at: now) == .accepted(username: "u"))
            requests.append(request)
        }
        let replayed = requests.filter { verdict(&server, $0, at: start + .seconds(10)) != .stale }
        #expect(replayed.isEmpty)
    }
}
