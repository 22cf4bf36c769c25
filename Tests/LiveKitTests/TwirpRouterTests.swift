import LiveKit
import Net
import SansIO
import Testing

@Suite("TwirpRouter")
struct TwirpRouterTests {
    private let memory = MemoryBackend()

    private func post(
        _ route: String, _ body: String, token: String?, method: String = "POST",
        type: String? = "application/json; charset=utf-8"
    ) async throws -> (status: Int, body: JSON) {
        var request = HTTPRequest(method: method, target: "/twirp/livekit.\(route)", body: Array(body.utf8))
        request.headers["Content-Type"] = type
        request.headers["Authorization"] = token.map { "Bearer \($0)" }
        let response = await Fixture.router(memory).respond(to: request)
        #expect(response.headers["Content-Type"] == "application/json")
        return (response.status, try JSON(parsing: response.body))
    }

    private func code(_ answer: (status: Int, body: JSON)) -> String? {
        #expect(answer.body["msg"]?.string?.isEmpty == false)
        return answer.body["code"]?.string
    }

    @Test("A trunk is created, listed and deleted; its password is in no answer")
    func trunks() async throws {
        let token = Fixture.token(trunks: true)
        let created = try await post(
            "SIP/CreateSIPOutboundTrunk",
            """
            {"trunk":{"name":"Twilio","address":"x.pstn.twilio.com","transport":"SIP_TRANSPORT_UDP",
            "numbers":["+15105550100"],"auth_username":"user","authPassword":"hunter2","headers":{"X-A":"b"},
            "unknownField":{"a":[1]},"metadata":null}}
            """, token: token)
        #expect(created.status == 200)
        #expect(
            created.body.text
                == #"{"sipTrunkId":"ST_1","name":"Twilio","address":"x.pstn.twilio.com","#
                + #""transport":"SIP_TRANSPORT_UDP","numbers":["+15105550100"],"authUsername":"user","headers":{"X-A":"b"}}"#
        )
        #expect(memory.trunks.first?.authPassword?.revealed == "hunter2")
        let listed = try await post("SIP/ListSIPOutboundTrunk", "{}", token: token)
        #expect(listed.body["items"]?[0] == created.body)
        #expect(!listed.body.text.contains("hunter2"))
        let deleted = try await post("SIP/DeleteSIPTrunk", #"{"sipTrunkId":"ST_1"}"#, token: token)
        #expect(deleted.body == created.body)
        let again = try await post("SIP/DeleteSIPOutboundTrunk", #"{"sip_trunk_id":"ST_1"}"#, token: token)
        #expect(again.status == 404)
        #expect(code(again) == "not_found")
        #expect(try await post("SIP/ListSIPOutboundTrunk", "", token: token).body == [:])
    }

    @Test("Listing filters by identifier and number, and pages")
    func filters() async throws {
        let token = Fixture.token(trunks: true)
        for number in 1...4 {
            let trunk = #"{"trunk":{"address":"a\#(number)","numbers":["+\#(number)"],"transport":\#(number % 4)}}"#
            #expect(try await post("SIP/CreateSIPOutboundTrunk", trunk, token: token).status == 200)
        }
        func ids(_ body: String) async throws -> [String?] {
            let answer = try await post("SIP/ListSIPOutboundTrunk", body, token: token)
            return (answer.body["items"]?.array ?? []).map { $0["sipTrunkId"]?.string }
        }
        #expect(try await ids("{}") == ["ST_1", "ST_2", "ST_3", "ST_4"])
        #expect(try await ids(#"{"trunkIds":["ST_2","ST_9"]}"#) == ["ST_2"])
        #expect(try await ids(#"{"numbers":["+3"]}"#) == ["ST_3"])
        #expect(try await ids(#"{"page":{"afterId":"ST_1","limit":2}}"#) == ["ST_2", "ST_3"])
        #expect(try await ids(#"{"page":{"limit":"9223372036854775807"}}"#).count == 4)
    }

    @Test("A dispatch is created, listed and deleted; 64-bit numbers are text, zero fields are left out")
    func dispatches() async throws {
        let token = Fixture.token(room: "call-1")
        let created = try await post(
            "AgentDispatchService/CreateDispatch",
            #"{"agentName":"outbound-caller","room":"call-1","metadata":"+15105550100"}"#, token: token)
        #expect(created.status == 200)
        #expect(
            created.body.text
                == #"{"id":"AD_1","agentName":"outbound-caller","room":"call-1","metadata":"+15105550100","#
                + #""state":{"createdAt":"1700000000123456789"}}"#)
        let listed = try await post("AgentDispatchService/ListDispatch", #"{"room":"call-1"}"#, token: token)
        #expect(listed.body["agentDispatches"]?.array == [created.body])
        let none = #"{"room":"call-1","dispatchId":"AD_7"}"#
        #expect(try await post("AgentDispatchService/ListDispatch", none, token: token).body == [:])
        let id = #"{"room":"call-1","dispatch_id":"AD_1"}"#
        #expect(try await post("AgentDispatchService/DeleteDispatch", id, token: token).body == created.body)
        #expect(try await post("AgentDispatchService/DeleteDispatch", id, token: token).status == 404)
    }

    @Test("Without token, with a bad one, or with too few grants the answer is unauthenticated, 401")
    func grants() async throws {
        let order = #"{"agentName":"a","room":"call-1"}"#
        let expired = AccessToken(issuer: "devkey", now: Fixture.now - 1000, life: 10).signed(secret: Fixture.secret)
        for token in [
            nil, "", "nonsense", expired, Fixture.token(), Fixture.token(trunks: true), Fixture.token(room: "other"),
        ] {
            let answer = try await post("AgentDispatchService/CreateDispatch", order, token: token)
            #expect(answer.status == 401)
            #expect(code(answer) == "unauthenticated")
        }
        for route in ["CreateSIPOutboundTrunk", "ListSIPOutboundTrunk", "DeleteSIPTrunk"] {
            let answer = try await post("SIP/\(route)", "{}", token: Fixture.token(room: "call-1"))
            #expect(answer.status == 401)
        }
        #expect(memory.trunks.isEmpty)
    }

    @Test(
        "An address is a host or host:port (RFC 3261 §25.1); another is quoted, and no trunk is made of it",
        arguments: ["a:b", "a:", ":5060", "a:0", "a:70000", "u@a", "a/b", "[::1", "[x]", "a;lr", "a b", "ä", "sip:a"])
    func badAddress(_ address: String) async throws {
        let body: JSON = ["trunk": ["address": .string(address), "numbers": ["1"]]]
        let answer = try await post(
            "SIP/CreateSIPOutboundTrunk", body.text, token: Fixture.token(trunks: true))
        #expect(answer.status == 400 && code(answer) == "invalid_argument")
        #expect(answer.body["msg"]?.string?.contains("“\(address)” is no host or host:port") == true)
        #expect(memory.trunks.isEmpty)
    }

    @Test("Names, IPv4 and IPv6 addresses are hosts; the host of From has no port")
    func addresses() async throws {
        let token = Fixture.token(trunks: true)
        func status(_ address: String, _ fromHost: String) async throws -> Int {
            let body: JSON = [
                "trunk": ["address": .string(address), "numbers": ["1"], "fromHost": .string(fromHost)]
            ]
            return try await post("SIP/CreateSIPOutboundTrunk", body.text, token: token).status
        }
        for address in ["a.pstn.twilio.com", "192.0.2.1:5070", "[2001:db8::1]", "[2001:db8::1]:5070", "a_b:65535"] {
            #expect(try await status(address, "example.com") == 200, "\(address)")
        }
        #expect(try await status("a", "example.com:5060") == 400)
        #expect(try await status("a", "u@example.com") == 400)
    }

    @Test("Bad requests are told what is wrong")
    func badRequests() async throws {
        let trunks = Fixture.token(trunks: true)
        let room = Fixture.token(room: "r")
        func refused(_ route: String, _ body: String, _ token: String) async throws -> String? {
            let answer = try await post(route, body, token: token)
            #expect(answer.status == 400)
            return code(answer)
        }
        let create = "SIP/CreateSIPOutboundTrunk"
        #expect(try await refused(create, "{", trunks) == "malformed")
        #expect(try await refused(create, "[]", trunks) == "malformed")
        #expect(try await refused(create, "{}", trunks) == "invalid_argument")
        #expect(try await refused(create, #"{"trunk":"x"}"#, trunks) == "malformed")
        #expect(try await refused(create, #"{"trunk":{"numbers":["1"]}}"#, trunks) == "invalid_argument")
        #expect(try await refused(create, #"{"trunk":{"address":"a"}}"#, trunks) == "invalid_argument")
        #expect(
            try await refused(create, #"{"trunk":{"address":"sip:a","numbers":["1"]}}"#, trunks) == "invalid_argument")
        #expect(try await refused(create, #"{"trunk":{"address":"a","numbers":"1"}}"#, trunks) == "malformed")
        #expect(try await refused(create, #"{"trunk":{"address":"a","numbers":[1]}}"#, trunks) == "malformed")
        #expect(
            try await refused(create, #"{"trunk":{"address":"a","numbers":["1"],"transport":9}}"#, trunks)
                == "malformed")
        #expect(
            try await refused(create, #"{"trunk":{"address":"a","numbers":["1"],"authUsername":"u"}}"#, trunks)
                == "invalid_argument")
        #expect(
            try await refused(
                create, #"{"trunk":{"address":"a","numbers":["1"],"mediaEncryption":"SIP_MEDIA_ENCRYPT_REQUIRE"}}"#,
                trunks)
                == "invalid_argument")
        #expect(try await refused("AgentDispatchService/CreateDispatch", #"{"room":"r"}"#, room) == "invalid_argument")
        #expect(
            try await refused("AgentDispatchService/CreateDispatch", #"{"agentName":"a"}"#, room) == "invalid_argument")
        #expect(try await refused("AgentDispatchService/DeleteDispatch", #"{"room":"r"}"#, room) == "invalid_argument")
        #expect(try await refused("SIP/DeleteSIPTrunk", #"{"sipTrunkId":7}"#, trunks) == "malformed")
    }

    @Test("Protobuf bodies, other methods and unknown routes have their own codes")
    func routes() async throws {
        let token = Fixture.token(trunks: true)
        let protobuf = try await post("SIP/ListSIPOutboundTrunk", "", token: token, type: "application/protobuf")
        #expect(code(protobuf) == "malformed")
        #expect(protobuf.body["msg"]?.string?.contains("application/json") == true)
        #expect(code(try await post("SIP/ListSIPOutboundTrunk", "", token: token, type: nil)) == "malformed")
        let get = try await post("SIP/ListSIPOutboundTrunk", "", token: token, method: "GET")
        #expect(get.status == 404)
        #expect(code(get) == "bad_route")
        #expect(code(try await post("Nothing/AtAll", "{}", token: token)) == "bad_route")
        let later = try await post("SIP/CreateSIPParticipant", "{}", token: token)
        #expect(later.status == 501)
        #expect(code(later) == "unimplemented")
        #expect(TwirpRouter.handles(path: "/twirp/x"))
        #expect(!TwirpRouter.handles(path: "/v1/realtime"))
    }

    @Test("A failure of the backend comes through with its details")
    func backendFailure() async throws {
        let answer = try await post(
            "AgentDispatchService/CreateDispatch", #"{"agentName":"a","room":"r","metadata":"busy"}"#,
            token: Fixture.token(room: "r"))
        #expect(answer.status == 429)
        #expect(
            answer.body
                == ["code": "resource_exhausted", "msg": "all lines are taken", "meta": ["sip_status_code": "486"]])
    }

    @Test("Every code has LiveKit's status")
    func statuses() {
        let expected: [TwirpError.Code: Int] = [
            .invalidArgument: 400, .malformed: 400, .outOfRange: 400, .unauthenticated: 401, .permissionDenied: 403,
            .notFound: 404, .badRoute: 404, .canceled: 408, .deadlineExceeded: 408, .alreadyExists: 409, .aborted: 409,
            .failedPrecondition: 412, .resourceExhausted: 429, .internalError: 500, .unknown: 500, .dataLoss: 500,
            .unimplemented: 501, .unavailable: 503,
        ]
        for code in TwirpError.Code.allCases { #expect(code.httpStatus == expected[code]) }
    }

    @Test("Random bodies never trap", arguments: 0..<10 as Range<UInt64>)
    func random(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let token = Fixture.token(trunks: true)
        let sample =
            #"{"trunk":{"address":"a","numbers":["1"],"transport":1,"headers":{"a":"b"}},"page":{"limit":"1"}}"#
        for _ in 0..<100 {
            var bytes = Array(sample.utf8)
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...127, using: &random)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let answer = try await post("SIP/CreateSIPOutboundTrunk", text, token: token)
            #expect([200, 400].contains(answer.status))
        }
    }
}
