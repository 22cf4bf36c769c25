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
            try await Phone.with { phone in
                try await SIPp.callee("callee").run { sipp in
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
                }
            }
        }

        @Test("digest credentials satisfy sipp's verification", .timeLimit(.minutes(1)))
        func digest() async throws {
            try await Phone.with { phone in
                let values = Challenge.server.values(refusal: "403 Forbidden")
                try await SIPp.callee("callee_digest", values: values).run { sipp in
                    let call = try await phone.call(port: sipp.port, username: "moonline", password: "correct horse")
                    try await call.answered()
                    call.hangUp()
                }
            }
        }

        // sipp verifies what is for a server, not what is for a proxy.
        @Test("digest credentials for a proxy are what md5sum makes of them (RFC 7616 §3.4.1)", .timeLimit(.minutes(1)))
        func proxyDigest() async throws {
            try await Phone.with { phone in
                let report = try await SIPp.callee("callee_proxy_digest").run { sipp in
                    let call = try await phone.call(port: sipp.port, username: "moonline", password: "correct horse")
                    try await call.answered()
                    call.hangUp()
                }
                let sent = Self.parameters(report.log)
                #expect(sent["username"] == "moonline" && sent["realm"] == "trunk.example", "\(report)")
                #expect(sent["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41" && sent["qop"] == "auth")
                let secret = try await MD5Sum.of("moonline:trunk.example:correct horse")
                let message = try await MD5Sum.of("INVITE:\(sent["uri"] ?? "")")
                let fields = ["nonce", "nc", "cnonce", "qop"].map { sent[$0] ?? "" }
                let expected = try await MD5Sum.of(([secret] + fields + [message]).joined(separator: ":"))
                #expect(sent["response"] == expected, "\(report)")
            }
        }

        /// The parameters of a credentials header.
        private static func parameters(_ header: String) -> [String: String] {
            guard let start = header.firstRange(of: "Digest ")?.upperBound else { return [:] }
            var parameters: [String: String] = [:]
            for field in header[start...].split(whereSeparator: { $0 == "," || $0.isNewline }) {
                let parts = field.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                parameters[String(parts[0].filter { $0 != " " })] = String(parts[1].filter { $0 != "\"" })
            }
            return parameters
        }

        @Test(
            "a trunk that refuses our credentials fails the call with its status, also where it asks again",
            .timeLimit(.minutes(1)),
            arguments: [(Challenge.proxy, "403 Forbidden", 403), (.proxy, "407 No", 407), (.server, "401 No", 401)])
        func wrongPassword(_ challenge: Challenge, _ refusal: String, _ status: Int) async throws {
            try await Phone.with { phone in
                let values = challenge.values(refusal: refusal)
                try await SIPp.callee("callee_digest", values: values).run { sipp in
                    let call = try await phone.call(port: sipp.port, username: "moonline", password: "wrong horse")
                    guard case .failed(let seen, _, _) = try await call.last() else {
                        Issue.record("not failed: \(call.events.value)")
                        return
                    }
                    #expect(seen == status)
                }
            }
        }

        @Test("20 calls complete although 5 % of all messages are lost, by retransmission", .timeLimit(.minutes(1)))
        func loss() async throws {
            let report = try await Phone.with { phone in
                try await SIPp.callee("callee_lossy", calls: 20, lossPercent: 5).run { sipp in
                    try await withThrowingTaskGroup { group in
                        for _ in 0..<20 {
                            group.addTask {
                                let call = try await phone.call(port: sipp.port)
                                try await call.answered(limit: .seconds(35))
                                // Long enough for several rounds of 2xx and ACK: sipp insists on the ACK before the BYE.
                                call.say(Tone.samples(frequency: 1_000, seconds: 4))
                                try await call.said()
                                call.hangUp()
                                #expect(
                                    try await call.last() == .ended(byRemote: false, reason: "Normal call clearing"))
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
            #expect(report.lostCount > 0, "nothing was lost: the test shows nothing")
        }

        /// Who asks for credentials.
        enum Challenge {
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
