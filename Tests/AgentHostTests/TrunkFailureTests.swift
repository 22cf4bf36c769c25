import AgentHost
import CallStore
import Conversation
import LiveKit
import Logging
import MediaEngine
import Net
import SansIO
import TestSupport
import Testing

extension HostTests {
    @Suite("A trunk that does not want, cannot, or is gone")
    struct TrunkFailureTests {
        /// A final response, and what it has to become.
        struct Refusal: CustomTestStringConvertible {
            var status: Int
            var headers: [String: String] = [:]
            var kind: CallOutcome.Kind
            var party = CallOutcome.Party.fault
            var message: String

            var testDescription: String { "\(status)\(headers.isEmpty ? "" : " \(headers.values.joined())")" }
        }

        static let refusals = [
            Refusal(
                status: 403, kind: .rejected,
                message: "The trunk forbids this call (403 Forbidden). Check that caller ID, country and our address "
                    + "are allowed."),
            Refusal(
                status: 404, kind: .notFound,
                message: "The number does not exist or is incomplete (404 Not Found). Dial it in E.164 form: "
                    + "+15105550100."),
            Refusal(status: 486, kind: .busy, party: .callee, message: "The callee is busy (486 Busy Here)."),
            Refusal(
                status: 503, kind: .trunkFailed,
                message: "The trunk is overloaded or out of service (503 Service Unavailable). Try again later."),
            Refusal(
                status: 603, kind: .declined, party: .callee, message: "The callee declined the call (603 Decline)."),
            // The trunk's own refusal in the callee's words: a block of Twilio, which no second try helps against.
            Refusal(
                status: 603, headers: ["X-Twilio-Error": "32203"], kind: .rejected,
                message: "Twilio refused the call: 32203 (603 Decline). See https://www.twilio.com/docs/api/errors."),
        ]

        @Test("a refusal has its outcome, its status and one message that says what to do", arguments: refusals)
        func refusal(_ refusal: Refusal) async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .refuse(refusal.status, headers: refusal.headers)
            try await TestHost.with(setup) { test in
                let call = try await test.call("+15105550666")
                call.expect(refusal.kind, sipStatus: refusal.status, by: refusal.party, refusal.message)
                #expect(call.record.answeredAt == nil)
                #expect(call.record.to == "+15105550666")
                // Whoever is to do something about it finds it in the log; a busy callee is nobody's fault.
                #expect(call.faults.map(\.kind) == (refusal.party == .fault ? [.trunk] : []))
                // One INVITE: a refusal is no reason to knock again.
                #expect(test.exchange.calls.value.count == 1)
                try await test.expectGoodCall()
            }
        }

        @Test("a wrong password is told as such, for the server's challenge and a proxy's", arguments: [401, 407])
        func wrongPassword(_ status: Int) async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .askForPassword("right", status: status)
            setup.password = "wrong"
            try await TestHost.with(setup) { test in
                let call = try await test.call("+15105550666")
                let phrase = status == 401 ? "Unauthorized" : "Proxy Authentication Required"
                call.expect(
                    .unauthorised, sipStatus: status, by: .fault,
                    "The trunk refused user name or password (\(status) \(phrase)). Check the trunk's credentials.")
                // Challenged once, answered once, and not tried for ever.
                #expect(test.exchange.calls.value.count == 2)
                try await test.replaceTrunk(test.exchange.address.description, password: "right")
                try await test.expectGoodCall("+15105550666")
            }
        }

        @Test("a trunk that asks for a password when none was given is told as such")
        func missingPassword() async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .askForPassword("right", status: 407)
            try await TestHost.with(setup) { test in
                let call = try await test.call("+15105550666")
                call.expect(
                    .unauthorised, sipStatus: 407, by: .fault,
                    "The trunk refused user name or password (407 Proxy Authentication Required). Check the trunk's "
                        + "credentials.")
                try await test.expectGoodCall()
            }
        }

        @Test("a callee that only rings is given up after the ring time-out, and its phone stops ringing")
        func unanswered() async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .ring
            setup.configure = { $0.limits.ring = .milliseconds(700) }
            try await TestHost.with(setup) { test in
                let call = try await test.call("+15105550666")
                call.expect(.noAnswer, by: .host, "Nobody answered in time.")
                try await #require(test.exchange.calls.value.first).ended()
                try await test.expectGoodCall()
            }
        }

        @Test("a trunk that says nothing at all is given up after the ring time-out, always with the same outcome")
        func silent() async throws {
            let datagrams = Watched(0)
            let hole = try await DatagramSocket.bind(host: Loopback.host, port: 0) { _, _ in
                datagrams.update { $0 += 1 }
            } onError: { _, _ in
            }
            var setup = Setup()
            setup.configure = { $0.limits.ring = .milliseconds(200) }
            try await TestHost.with(setup) { test in
                try await test.replaceTrunk(hole.localAddress.description)
                for number in 1...8 {
                    let call = try await test.call()
                    call.expect(.noAnswer, by: .host, "Nobody answered in time.")
                    #expect(datagrams.value >= number)
                }
                try await test.replaceTrunk(test.exchange.address.description)
                try await test.expectGoodCall()
            }
            await hole.shutdown()
        }

        @Test("a trunk's address at which nothing listens is told at once")
        func nobody() async throws {
            try await TestHost.with { test in
                try await test.replaceTrunk("\(Loopback.host):\(Loopback.freeUDPPort())")
                let call = try await test.call()
                call.expect(
                    .trunkFailed, by: .fault,
                    "Nothing listens at the trunk's address. Check its address and port.")
                #expect(call.faults.map(\.kind) == [.trunk])
                try await test.replaceTrunk(test.exchange.address.description)
                try await test.expectGoodCall()
            }
        }

        @Test("a trunk's host name that nobody knows is told with the name")
        func unknownHost() async throws {
            try await TestHost.with { test in
                try await test.replaceTrunk("no-such-trunk.invalid")
                let call = try await test.call()
                call.expect(.trunkFailed, by: .fault, call.record.message ?? "")
                let message = try #require(call.record.message)
                #expect(
                    message.hasPrefix(
                        "The trunk's address cannot be used: Cannot find the host \"no-such-trunk.invalid\": "))
                #expect(message.hasSuffix(". Check the spelling and the DNS."))
                try await test.replaceTrunk(test.exchange.address.description)
                try await test.expectGoodCall()
            }
        }

        /// Session descriptions that no call can be made of.
        static let descriptions: [(String, String)] = [
            (
                "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio PORT RTP/AVP 9 18\n"
                    + "a=rtpmap:9 G722/8000\n",
                "The far end takes none of our codecs, PCMU and PCMA. Allow one of them there."
            ),
            (
                "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 0 RTP/AVP 0\n",
                "The far end refused audio."
            ),
            (
                "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio PORT RTP/SAVP 0\n",
                "The far end wants RTP/SAVP; only RTP/AVP is spoken here."
            ),
            ("", "The far end answered without a session description."),
        ]

        @Test("an answer that we cannot speak with ends the call by BYE, and says why", arguments: descriptions)
        func foreignDescription(_ description: String, _ message: String) async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .answerWith(description)
            try await TestHost.with(setup) { test in
                let call = try await test.call("+15105550666")
                call.expect(.rejected, sipStatus: 488, by: .fault, message)
                // The far end is not left with a call that we have forgotten.
                try await #require(test.exchange.calls.value.first).ended()
                try await test.expectGoodCall()
            }
        }

        @Test("an answer that is no session description ends the call, and says where it cannot be read")
        func unreadableDescription() async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .answerWith("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nm=audio many RTP/AVP 0\n")
            try await TestHost.with(setup) { test in
                let call = try await test.call("+15105550666")
                call.expect(.rejected, sipStatus: 488, by: .fault, call.record.message ?? "")
                #expect(call.record.message?.contains("session description cannot be read") == true)
                try await #require(test.exchange.calls.value.first).ended()
                try await test.expectGoodCall()
            }
        }

        @Test("a trunk that disappears in mid-call is noticed, silent or closed", arguments: [false, true])
        func vanishing(_ closesPorts: Bool) async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            setup.configure = { $0.media.mediaTimeout = .milliseconds(600) }
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let answered = try await test.exchange.answered()
                try await #require(answered.media).heard(10)
                if closesPorts {
                    await test.exchange.stop()
                } else {
                    await test.exchange.vanish()
                }
                let call = try await test.end(of: dispatch)
                call.expect(
                    .mediaFailed, by: .fault,
                    "The far end's audio ceased without a hang-up. Check the network between here and the trunk.")
                #expect(call.record.answeredAt != nil)
                #expect((call.record.media?.packetsReceived ?? 0) > 5)
                // What was said before is not lost.
                #expect(call.record.transcript == [["role": "agent", "text": "Beep."]])
                let successor = try await Exchange.start()
                try await test.replaceTrunk(successor.address.description)
                try await test.expectGoodCall()
                await successor.stop()
            }
        }

        @Test("a callee that hangs up has ended the call well")
        func calleeHangsUp() async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let answered = try await test.exchange.answered()
                try await #require(answered.media).heard(10)
                await test.exchange.hangUp(answered)
                let call = try await test.end(of: dispatch)
                #expect(call.record.outcome == "completed")
                #expect(call.record.hungUpBy == "callee")
                #expect(call.record.message == "The callee hung up.")
                #expect(call.dispatch.jobs.map(\.status) == [.success])
                #expect(call.faults.isEmpty)
            }
        }
    }
}

typealias Setup = TestHost.Setup
