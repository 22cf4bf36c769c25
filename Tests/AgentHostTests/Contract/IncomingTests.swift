import AgentHost
import CallStore
import Conversation
import MediaEngine
import SansIO
import TestSupport
import Testing

extension HostTests {
    @Suite("Somebody calls")
    struct IncomingTests {
        /// A host with one agent `desk` that takes calls; without a trunk.
        private static func setup(_ onIncoming: String, fields: String = "") -> Setup {
            var setup = Setup()
            setup.hasTrunk = false
            setup.flows = [
                "desk.lua": TestHost.flow(
                    "desk", "on_incoming = function(call)\n\(onIncoming)\nend,\n\(fields)")
            ]
            return setup
        }

        /// Calls a host, and waits until that is over.
        private func call(_ setup: Setup) async throws -> (Caller.State, CallReport, CallRecord) {
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    let state = try await caller.over()
                    let (report, record) = try await test.ended(try await test.callID())
                    return (state, report, record)
                }
            }
        }

        @Test(
            "on_incoming answers: who calls whom is known, both sides are heard, the record is that of a call that came"
        )
        func answers() async throws {
            let setup = Self.setup(
                """
                call:log("info", "somebody calls", {
                  from = call.from, to = call.to, direction = call.direction, status = call.status,
                  shop = call.headers["x-shop"],
                })
                return "answer"
                """, fields: "on_answered = function(call) call:say(\"Hello.\") end,")
            try await TestHost.with(setup) { test in
                try await test.withCaller(headers: ["X-Shop": "north"]) { caller in
                    try await caller.reached(.answered)
                    try await caller.media.heard(hertz: 440)
                    let session = try await test.model.session(0)
                    try await session.audioArrivals.wait(for: "what the caller says") { $0.count > 10 ? true : nil }
                    let id = try await test.callID()
                    try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                    await caller.hangUp()
                    let (report, record) = try await test.ended(id)
                    #expect(record.direction == .inbound)
                    #expect(record.from == "+15105550177")
                    #expect(record.to == "+15105550123")
                    #expect(record.agent == "desk")
                    #expect(record.dispatchID == nil)
                    #expect(record.outcome == "completed")
                    #expect(record.message == "The caller hung up.")
                    #expect(record.answeredAt != nil)
                    #expect(record.transcript == [["role": "agent", "text": "Beep."]])
                    #expect(report.outcome.kind == .completed)
                    let line = try await test.log.line(containing: "somebody calls").text
                    for field in [
                        "from=+15105550177", "to=+15105550123", "direction=inbound", "status=ringing", "shop=north",
                        "call=\(id)",
                    ] {
                        #expect(line.contains(field), "\(line)")
                    }
                    let statistics = try #require(report.statistics)
                    #expect(statistics.packetsReceived > 10 && statistics.packetsSent > 10)
                }
            }
        }

        @Test(
            "on_incoming rejects with its status; with 603 when it names none, or none that refuses",
            arguments: [("486", 486), ("603", 603), ("nil", 603), ("200", 603), ("\"busy\"", 603)])
        func rejects(_ status: String, _ expected: Int) async throws {
            let (state, report, record) = try await call(Self.setup("return \"reject\", \(status)"))
            #expect(state == .refused(status: expected))
            #expect(report.outcome.kind == .refused)
            #expect(record.direction == .inbound)
            #expect(record.outcome == "refused")
            #expect(record.sipStatus == expected)
            #expect(record.answeredAt == nil)
            #expect(record.from == "+15105550177")
        }

        @Test("on_incoming may let it ring for some time before it is answered")
        func rings() async throws {
            let setup = Self.setup("return \"ring\", 1.0")
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    try await caller.reached(.ringing)
                    let began = UnixTime.now
                    try await caller.reached(.answered)
                    let rang = Double(UnixTime.now - began) / 1e9
                    #expect((0.8...5).contains(rang), "\(rang) s")
                    // The model speaks first, because there is no on_answered.
                    try await caller.media.heard(hertz: 440)
                }
            }
        }

        /// What an on_incoming does wrong, and the call record's sentence.
        static let failures = [
            (
                "error(\"no book of rules\")",
                "The call was not answered, because on_incoming failed: flows/desk.lua:6: no book of rules."
            ),
            (
                "return false",
                "The call was not answered, because on_incoming failed: on_incoming returned false; "
                    + "write `return \"reject\", 603`."
            ),
            (
                "return \"anwser\"",
                "The call was not answered, because on_incoming failed: on_incoming returned \"anwser\"; "
                    + "write \"answer\", \"reject\" or \"ring\"."
            ),
            ("moonline.sleep(60)", "The call was not answered, because on_incoming failed: it took too long."),
        ]

        @Test("an on_incoming that fails, or takes too long, refuses with 480", arguments: failures)
        func failing(_ body: String, _ message: String) async throws {
            var setup = Self.setup(body)
            setup.configure = { $0.limits.onDial = .milliseconds(400) }
            let (state, report, record) = try await call(setup)
            #expect(state == .refused(status: 480))
            #expect(report.outcome.kind == .scriptFailed)
            #expect(record.message == message)
            expectSentences(record.message ?? "")
        }

        @Test("without a flow that has on_incoming it is refused with 480, and the log says what to do")
        func nobodyTakes() async throws {
            try await TestHost.with { test in
                try await test.withCaller { caller in
                    #expect(try await caller.over() == .refused(status: 480))
                    let line = try await test.log.line(containing: "an incoming call is refused")
                    #expect(line.text.contains("no flow has on_incoming; name an agent by MOONLINE_INBOUND_AGENT"))
                    #expect(line.text.contains("from=+15105550177"))
                }
                try await test.expectGoodCall()
            }
        }

        @Test("several flows with on_incoming: none takes the call, until the operator names one")
        func severalTake() async throws {
            var setup = Self.setup("return \"answer\"")
            setup.flows["shop.lua"] = TestHost.flow("shop", "on_incoming = function() return \"reject\", 486 end,")
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    #expect(try await caller.over() == .refused(status: 480))
                    try await test.log.line(containing: "several flows have on_incoming (desk, shop)")
                }
            }
            setup.configure = { $0.inboundAgent = "shop" }
            #expect(try await call(setup).0 == .refused(status: 486))
        }

        @Test("an agent that the operator names takes calls without on_incoming")
        func namedAgent() async throws {
            var setup = Setup()
            setup.configure = { $0.inboundAgent = "good" }
            let (state, _, record) = try await call(setup)
            #expect(state == .ended)
            #expect(record.outcome == "completed")
            #expect(record.hungUpBy == "agent")
        }

        @Test("a host that drains takes no more calls: 503; that which runs goes on")
        func draining() async throws {
            let setup = Self.setup("return \"answer\"")
            try await TestHost.with(setup) { test in
                try await test.withCaller { first in
                    try await first.reached(.answered)
                    let id = try await test.callID()
                    let drained = Task { await test.host.drain() }
                    try await test.log.line(containing: "draining: 1 calls go on")
                    try await test.withCaller { second in
                        let state = try await second.over()
                        #expect(state == .refused(status: 503))
                    }
                    #expect(first.state.value == .answered)
                    await first.hangUp()
                    #expect(try await test.ended(id).record.outcome == "completed")
                    await drained.value
                }
            }
        }

        @Test("a host that carries as many calls as it may refuses with 503")
        func full() async throws {
            var setup = Self.setup("return \"answer\"")
            setup.configure = { $0.maximumCalls = 1 }
            try await TestHost.with(setup) { test in
                try await test.withCaller { first in
                    try await first.reached(.answered)
                    try await test.withCaller { second in
                        let state = try await second.over()
                        #expect(state == .refused(status: 503))
                    }
                }
            }
        }

        @Test(
            "a caller who gives up is none that was answered", arguments: ["return \"ring\", 60", "moonline.sleep(60)"])
        func givesUp(_ body: String) async throws {
            let isRinging = body.hasPrefix("return")
            let setup = Self.setup(body, fields: "on_hangup = function(call, why) call:log(\"info\", \"over\") end,")
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    let id = try await test.callID()
                    if isRinging {
                        try await caller.reached(.ringing)
                        try await test.observe("the model") { if case .modelReady = $0 { true } else { nil } }
                    } else {
                        try await test.observe("the call") { if case .status(.ringing) = $0 { true } else { nil } }
                    }
                    await caller.hangUp()
                    let (report, record) = try await test.ended(id)
                    #expect(record.outcome == "cancelled")
                    #expect(record.message == "The caller hung up.")
                    #expect(record.answeredAt == nil)
                    #expect(report.statistics != nil)
                    try await test.log.line(containing: "over")
                    #expect(await test.host.callCount == 0)
                }
            }
        }

        @Test(
            "a model that is not to be had refuses the call before it is answered",
            arguments: [ModelStub.Behaviour.refuseKey, .abort, .ignoreSettings, .refuseUpgrade(status: 503)])
        func modelFails(_ behaviour: ModelStub.Behaviour) async throws {
            var setup = Self.setup("return \"answer\"")
            setup.configure = { $0.limits.modelConfigure = .milliseconds(400) }
            try await TestHost.with(setup) { test in
                test.model.behave(behaviour)
                try await test.withCaller { caller in
                    #expect(try await caller.over() == .refused(status: 480))
                    let (_, record) = try await test.ended(try await test.callID())
                    #expect(record.outcome == "model_failed")
                    #expect(record.direction == .inbound)
                    #expect(record.answeredAt == nil)
                    expectSentences(record.message ?? "")
                }
                test.model.behave(.serve)
                try await test.withCaller { caller in
                    try await caller.reached(.answered)
                }
            }
        }

        @Test("a model that fails while it rings refuses the call as well")
        func modelFailsWhileRinging() async throws {
            var setup = Self.setup("return \"ring\", 60")
            setup.configure = { $0.limits.modelReconnects = 0 }
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    try await caller.reached(.ringing)
                    try await test.observe("the model") { if case .modelReady = $0 { true } else { nil } }
                    try await test.model.session(0).abort()
                    #expect(try await caller.over() == .refused(status: 480))
                    let (_, record) = try await test.ended(try await test.callID())
                    #expect(record.outcome == "model_failed")
                }
            }
        }
    }
}
