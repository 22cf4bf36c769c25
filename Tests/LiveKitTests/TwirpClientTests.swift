import LiveKit
import Logging
import Net
import SansIO
import Testing

/// The client against the router, over loopback.
@Suite("TwirpClient", .timeLimit(.minutes(1)))
struct TwirpClientTests {
    private func serve(_ memory: MemoryBackend) async throws -> HTTPServer {
        let router = Fixture.router(memory)
        return try await HTTPServer.start(
            host: "127.0.0.1", port: 0, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { request in
            guard TwirpRouter.handles(path: request.path) else { return .text("no", status: 404) }
            return await router.respond(to: request)
        }
    }

    private func client(_ url: String, secret: String = "secret") throws -> TwirpClient {
        TwirpClient(
            url: url, apiKey: "devkey", apiSecret: Secret(secret), client: try HTTPClient(), now: { Fixture.now })
    }

    private func failure(_ body: () async throws(TwirpClient.Failure) -> Void) async -> String {
        do throws(TwirpClient.Failure) {
            try await body()
            return "no failure"
        } catch {
            return "\(error)"
        }
    }

    @Test("Trunks and dispatches make the round trip; ws URLs are taken too")
    func roundTrip() async throws {
        let memory = MemoryBackend()
        let server = try await serve(memory)
        let client = try client("ws://127.0.0.1:\(server.port)/")
        var trunk = OutboundTrunk()
        trunk.name = "Büro"
        trunk.address = "sip.example.com:5070"
        trunk.transport = .tls
        trunk.numbers = ["+1", "+2"]
        trunk.authUsername = "u"
        trunk.authPassword = Secret("p")
        trunk.headers = ["X-A": "1"]
        trunk.headersToAttributes = ["X-B": "b"]
        trunk.attributesToHeaders = ["c": "X-C"]
        trunk.destinationCountry = "US"
        trunk.fromHost = "example.com"
        trunk.metadata = "m"
        let created = try await client.createTrunk(trunk)
        #expect(created.id == "ST_1")
        #expect(created.authPassword == nil)
        var stored = try #require(memory.trunks.first)
        #expect(stored.authPassword?.revealed == "p")
        stored.id = ""
        #expect(stored == trunk)
        #expect(try await client.listTrunks() == [created])
        #expect(try await client.deleteTrunk(id: "ST_1") == created)
        let order = DispatchRequest(agentName: "a", room: "room 1", metadata: "+15105550100", attributes: ["k": "v"])
        let dispatch = try await client.createDispatch(order)
        #expect(dispatch.id == "AD_1")
        #expect(dispatch.createdAt == 1_700_000_000_123_456_789)
        #expect(dispatch.attributes == ["k": "v"])
        #expect(try await client.listDispatches(room: "room 1", id: "AD_1") == [dispatch])
        #expect(try await client.deleteDispatch(room: "room 1", id: "AD_1") == dispatch)
        #expect(try await client.listDispatches(room: "room 1").isEmpty)
        await server.shutdown()
    }

    @Test("Each failure is a sentence that says what to check")
    func failures() async throws {
        let server = try await serve(MemoryBackend())
        let url = "http://127.0.0.1:\(server.port)"
        let wrongSecret = try client(url, secret: "wrong")
        #expect(
            await failure { () async throws(TwirpClient.Failure) in _ = try await wrongSecret.listTrunks() }
                .contains("Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET"))
        let right = try client(url)
        #expect(
            await failure { () async throws(TwirpClient.Failure) in _ = try await right.deleteTrunk(id: "ST_9") }
                .hasPrefix("there is no trunk ST_9"))
        let elsewhere = try client(url + "/other")
        #expect(
            await failure { () async throws(TwirpClient.Failure) in _ = try await elsewhere.listTrunks() }
                .contains("Check LIVEKIT_URL"))
        await server.shutdown()
        // A client of its own: one that still has a connection may hear of its end in place of a refusal.
        let late = try client(url)
        let told = await failure { () async throws(TwirpClient.Failure) in _ = try await late.listTrunks() }
        #expect(told.hasSuffix("Is the server running? Start it with `moonline dev`, or set LIVEKIT_URL."), "\(told)")
    }
}
