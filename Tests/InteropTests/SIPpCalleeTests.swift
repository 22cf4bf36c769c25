import Audio
import MediaEngine
import Telephony
import TestSupport
import Testing

extension Strangers {
    @Suite("sipp is called")
    struct SIPpCalleeTests {
        @Test(
            "a call rings, is answered, carries a tone to sipp and back, and ends with our BYE", .timeLimit(.minutes(1))
        )
        func echo() async throws {
            let sipp = try await SIPp.callee("callee")
            try await Phone.with { phone in
                let call = try await phone.call(port: sipp.port)
                try await call.answered()
                #expect(call.events.value.first == .ringing(earlyMedia: false))
                #expect(call.codec == .pcmu)
                call.say(Tone.samples(frequency: 1_000, seconds: 1))
                try await call.said()
                // The first tenth of a second comes before the echo.
                try await call.uplink.wait(for: "a second of echo") { audio in
                    Tone.isHeard(1_000, in: G711.decode(audio, .mu), forSeconds: 0.9) ? true : nil
                }
                #expect(!Tone.isHeard(440, in: call.samples, forSeconds: 0.02))
                call.hangUp()
                #expect(try await call.last() == .ended(byRemote: false, reason: "Normal call clearing"))
                try await sipp.expectSuccess()
            }
        }

        @Test(
            "digest credentials satisfy a stranger's verification, of a proxy and of a server",
            .timeLimit(.minutes(1)), arguments: Challenge.allCases)
        func digest(_ challenge: Challenge) async throws {
            let sipp = try await SIPp.callee("callee_digest", values: challenge.values(refusal: "403 Forbidden"))
            try await Phone.with { phone in
                let call = try await phone.call(port: sipp.port, username: "moonline", password: "correct horse")
                try await call.answered()
                call.hangUp()
                try await sipp.expectSuccess()
            }
        }

        @Test(
            "a wrong password fails the call with the trunk's status, also where it asks again",
            .timeLimit(.minutes(1)),
            arguments: [(Challenge.proxy, "403 Forbidden", 403), (.proxy, "407 No", 407), (.server, "401 No", 401)])
        func wrongPassword(_ challenge: Challenge, _ refusal: String, _ status: Int) async throws {
            let sipp = try await SIPp.callee("callee_digest", values: challenge.values(refusal: refusal))
            try await Phone.with { phone in
                let call = try await phone.call(port: sipp.port, username: "moonline", password: "wrong horse")
                guard case .failed(let seen, _, _) = try await call.last() else {
                    Issue.record("not failed: \(call.events.value)")
                    return
                }
                #expect(seen == status)
                try await sipp.expectSuccess()
            }
        }

        @Test("20 calls complete although 5 % of all messages are lost, by retransmission", .timeLimit(.minutes(1)))
        func loss() async throws {
            let sipp = try await SIPp.callee("callee_lossy", calls: 20, lossPercent: 5)
            try await Phone.with { phone in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let call = try await phone.call(port: sipp.port)
                            try await call.answered(limit: .seconds(35))
                            // Long enough for several rounds of 2xx and ACK: sipp insists on the ACK before the BYE.
                            call.say(Tone.samples(frequency: 1_000, seconds: 4))
                            try await call.said()
                            call.hangUp()
                            #expect(try await call.last() == .ended(byRemote: false, reason: "Normal call clearing"))
                        }
                    }
                    try await group.waitForAll()
                }
                let report = try await sipp.expectSuccess()
                #expect(report.lostCount > 0, "nothing was lost: the test shows nothing")
            }
        }

        /// Who asks for credentials.
        enum Challenge: CaseIterable {
            case proxy
            case server

            func values(refusal: String) -> [String: String] {
                let own =
                    switch self {
                    case .proxy: ("407 Proxy Authentication Required", "Proxy-Authenticate")
                    case .server: ("401 Unauthorized", "WWW-Authenticate")
                    }
                return [
                    "challenge": own.0, "challenge_header": own.1, "refusal": refusal, "user": "moonline",
                    "secret": "correct horse",
                ]
            }
        }
    }
}
