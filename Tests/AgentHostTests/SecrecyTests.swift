import AgentHost
import CallStore
import Conversation
import Foundation
import LiveKit
import Logging
import MediaEngine
import Net
import SansIO
import TestSupport
import Testing

extension HostTests {
    @Suite("Secrets, and the admin API that guards the host")
    struct SecrecyTests {
        static let password = "correct-horse-7391"
        static let wrongPassword = "battery-staple-4452"
        static let secret = "api-secret-6620cafe"

        /// Posts to the admin API.
        static func post(
            _ method: String, _ body: JSON, token: String, port: UInt16
        ) async throws -> (status: Int, text: String) {
            let response = try await HTTPClient().send(
                HTTPRequest(
                    method: "POST", target: "http://\(Loopback.host):\(port)/twirp/livekit.\(method)",
                    headers: ["Authorization": "Bearer \(token)", "Content-Type": "application/json"],
                    body: body.bytes))
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }

        /// A token for everything that the admin API does.
        static func token(secret: String = secret, now: Int64 = UnixTime.now / 1_000_000_000) -> String {
            var token = AccessToken(issuer: "key", now: now)
            token.sip = SIPGrant(admin: true, call: true)
            token.video = .admin(of: "test")
            return token.signed(secret: Secret(secret))
        }

        @Test("no password, key, secret or token comes into a log, an answer or a call's files, whatever goes wrong")
        func secrets() async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            setup.hasTrunk = false
            setup.plan["+15105550100"] = .askForPassword(Self.password, status: 407)
            setup.plan["+15105550666"] = .askForPassword("another", status: 401)
            try await TestHost.with(setup) { test in
                let admin = try await AdminServer.start(
                    host: Loopback.host, port: 0, apiKey: "key", apiSecret: Secret(Self.secret), agent: test.host,
                    logger: test.log.logger)
                let good = Self.token()
                let stale = Self.token(now: 1_000_000)
                let forged = Self.token(secret: Self.wrongPassword)
                var answers: [String] = []
                func post(_ method: String, _ body: JSON, _ token: String, _ status: Int) async throws {
                    let answer = try await Self.post(method, body, token: token, port: admin.port)
                    #expect(answer.status == status, "\(method): \(answer.text)")
                    answers.append(answer.text)
                }
                func trunk(_ password: String, _ address: String) -> JSON {
                    [
                        "trunk": [
                            "name": "test", "address": .string(address), "numbers": ["+15105550123"],
                            "auth_username": "moonline", "auth_password": .string(password),
                        ]
                    ]
                }
                let address = test.exchange.address.description
                for token in [stale, forged, "no.token.atall"] {
                    try await post("SIP/CreateSIPOutboundTrunk", trunk(Self.password, address), token, 401)
                }
                try await post("SIP/CreateSIPOutboundTrunk", trunk(Self.wrongPassword, "sip:a b"), good, 400)
                try await post("SIP/CreateSIPOutboundTrunk", trunk(Self.password, address), good, 200)
                try await post("SIP/ListSIPOutboundTrunk", [:], good, 200)

                func dispatch(_ metadata: JSON, _ status: Int) async throws {
                    let before = try await test.host.listDispatches(room: "test", id: nil).count
                    try await post(
                        "AgentDispatchService/CreateDispatch",
                        ["agent_name": "good", "room": "test", "metadata": metadata], good, status)
                    let after = try await test.host.listDispatches(room: "test", id: nil)
                    if after.count > before, let last = after.last { _ = try await test.end(of: last) }
                }
                try await dispatch("nobody", 400)
                try await dispatch("+15105550100", 200)
                try await dispatch("+15105550666", 200)
                let failures: [ModelStub.Behaviour] = [
                    .refuseKey, .refuseUpgrade(status: 401), .say("nonsense"), .abort,
                    .closeAtSettings(code: 3000, reason: "invalid_request_error.invalid_api_key"),
                ]
                for failure in failures {
                    test.model.behave(failure)
                    try await dispatch("+15105550100", 200)
                }
                try await post("AgentDispatchService/ListDispatch", ["room": "test"], good, 200)
                await admin.shutDown()

                // All of it was really used, or nothing would be shown here.
                #expect(test.model.sessions.first?.request.headers["Authorization"] == "Bearer " + ModelStub.key)
                let records = try await test.stored { try await $0.calls() }
                #expect(records.map(\.outcome).contains("completed"))
                #expect(records.map(\.outcome).contains("unauthorised"))
                #expect(records.count { $0.outcome == "model_failed" } == failures.count)

                var texts = test.log.lines.value.map(\.text) + answers
                #expect(test.log.lines.value.count > 20)
                for record in records {
                    let files = test.folder.file("data/calls/\(record.id)")
                    for name in try FileManager.default.contentsOfDirectory(atPath: files) where name != "recording.wav"
                    {
                        texts.append(try #require(test.folder.text(of: "data/calls/\(record.id)/\(name)")))
                    }
                    texts.append("\(record)")
                }
                let secrets = [
                    Self.password, Self.wrongPassword, Self.secret, ModelStub.key, good, stale, forged,
                ]
                for secret in secrets {
                    let isInOne = texts.contains { $0.contains(secret) }
                    #expect(!isInOne, "\(secret)")
                }
                // Nor what was said, but in the call's own files.
                #expect(!test.log.lines.value.contains { $0.text.contains("Beep.") || $0.text.contains("Hello.") })
                #expect(texts.contains { $0.contains("agent\tBeep.") })
            }
        }

        @Test("files of calls and the database can be read by their owner alone")
        func modes() async throws {
            try await TestHost.with { test in
                let call = try await test.call()
                let folder = test.folder.file("data/calls/\(call.record.id)")
                func mode(_ path: String) throws -> Int {
                    let attributes = try FileManager.default.attributesOfItem(atPath: path)
                    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
                }
                #expect(try mode(folder) == 0o700)
                for name in ["events.jsonl", "transcript.txt", "recording.wav"] {
                    #expect(try mode(folder + "/" + name) == 0o600, "\(name)")
                }
                #expect(try mode(test.folder.file("data/calls.sqlite")) == 0o600)
            }
        }

        @Test("the command's client gets each refusal as a sentence that says what to do")
        func client() async throws {
            try await TestHost.with { test in
                let admin = try await AdminServer.start(
                    host: Loopback.host, port: 0, apiKey: "key", apiSecret: Secret(Self.secret), agent: test.host,
                    logger: test.log.logger)
                let url = "http://\(Loopback.host):\(admin.port)"
                let now: @Sendable () -> Int64 = { UnixTime.now / 1_000_000_000 }
                let client = TwirpClient(
                    url: url, apiKey: "key", apiSecret: Secret(Self.secret), client: try HTTPClient(), now: now)
                let stranger = TwirpClient(
                    url: url, apiKey: "key", apiSecret: Secret("guessed"), client: try HTTPClient(), now: now)

                await #expect {
                    try await client.createDispatch(
                        DispatchRequest(agentName: "good", room: "test", metadata: "nobody"))
                } throws: { error in
                    "\(error)".hasPrefix("“nobody” is not a telephone number. Use E.164: ")
                }
                await #expect {
                    try await stranger.listTrunks()
                } throws: { error in
                    let text = "\(error)"
                    return text.hasPrefix("\(url) does not accept the API key (")
                        && text.hasSuffix("Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET.")
                }
                #expect(try await client.listTrunks().map(\.address) == [test.exchange.address.description])

                let dispatch = try await client.createDispatch(
                    DispatchRequest(agentName: "good", room: "test", metadata: "+15105550100"))
                _ = try await test.end(of: dispatch)
                let listed = try await client.listDispatches(room: "test")
                #expect(listed.map(\.id) == [dispatch.id])
                #expect(listed.first?.jobs.map(\.status) == [.success])
                await admin.shutDown()
                await #expect {
                    try await client.listTrunks()
                } throws: {
                    "\($0)"
                        == "Cannot reach \(Loopback.host):\(admin.port): nothing answers there. Is the server running? "
                        + "Start it with `moonline dev`, or set LIVEKIT_URL."
                }
            }
        }
    }
}
