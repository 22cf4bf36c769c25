import MediaEngine
import Telephony
import TestSupport
import Testing

extension Strangers {
    @Suite("A callee that does not want, cannot, or is gone")
    struct RefusalTests {
        @Test(
            "a refusal fails the call with its status and reason", .timeLimit(.minutes(1)),
            arguments: [
                (401, "Unauthorized"), (403, "Forbidden"), (404, "Not Found"), (486, "Busy Here"),
                (503, "Service Unavailable"), (603, "Decline"),
            ])
        func refusal(_ status: Int, _ reason: String) async throws {
            try await Phone.with { phone in
                // It ends well only when its refusal is acknowledged.
                try await SIPp.callee("callee_refuses", values: ["refusal": "\(status) \(reason)"]).run { sipp in
                    let call = try await phone.call(port: sipp.port)
                    #expect(try await call.last() == .failed(status: status, reason: reason, sentence: ""))
                }
            }
        }

        @Test(
            "a callee without any response fails the call when ringing has lasted long enough", .timeLimit(.minutes(1)))
        func silence() async throws {
            try await Phone.with { phone in
                // It ends well only when nothing but the INVITE comes: no CANCEL before any response (RFC 3261 §9.1).
                try await SIPp.callee("callee_silent").run { sipp in
                    let call = try await phone.call(port: sipp.port, ringTimeout: .seconds(2))
                    #expect(
                        try await call.last()
                            == .failed(status: 408, reason: "no answer", sentence: "Nobody answered in time."))
                    #expect(call.events.value.count == 1)
                }
            }
        }

        @Test("a callee that only rings is cancelled, and has its 487 acknowledged", .timeLimit(.minutes(1)))
        func ringing() async throws {
            try await Phone.with { phone in
                try await SIPp.callee("callee_rings_only").run { sipp in
                    let call = try await phone.call(port: sipp.port, ringTimeout: .seconds(1))
                    guard case .failed(408, "no answer", _) = try await call.last() else {
                        Issue.record("not failed as unanswered: \(call.events.value)")
                        return
                    }
                    #expect(call.events.value.first == .ringing(earlyMedia: false))
                }
            }
        }

        @Test("nothing at the trunk's port fails the call at once, and says what to check", .timeLimit(.minutes(1)))
        func nobody() async throws {
            try await Phone.with { phone in
                let call = try await phone.call(port: Loopback.freeUDPPort())
                guard case .failed(nil, _, let sentence) = try await call.last(limit: .seconds(3)) else {
                    Issue.record("not failed as unreachable: \(call.events.value)")
                    return
                }
                #expect(sentence.contains("Check its address and port"))
            }
        }

        @Test(
            "an answer without a codec of ours fails the call with 488, and is acknowledged and ended by BYE",
            .timeLimit(.minutes(1)))
        func foreignCodec() async throws {
            try await Phone.with { phone in
                try await SIPp.callee("callee_foreign_codec").run { sipp in
                    let call = try await phone.call(port: sipp.port)
                    guard case .failed(488, _, let sentence) = try await call.last() else {
                        Issue.record("not failed with 488: \(call.events.value)")
                        return
                    }
                    #expect(sentence.contains("PCMU"))
                    #expect(call.events.value.count(where: \.isLast) == 1)
                }
            }
        }

        @Test("a callee that vanishes in mid-call is noticed by its silence", .timeLimit(.minutes(1)))
        func vanishing() async throws {
            let sipp = try await SIPp.callee("callee")
            var configuration = Phone.Configuration()
            configuration.mediaTimeout = .milliseconds(700)
            try await Phone.with(configuration) { phone in
                let call = try await phone.call(port: sipp.port)
                try await call.answered()
                try await call.heard(seconds: 0.5)
                #expect(!call.mediaEvents.value.contains(.timedOut))
                sipp.vanish()
                try await call.mediaEvents.wait(for: "the media time-out", limit: .seconds(5)) { events in
                    events.contains(.timedOut) ? true : nil
                }
                call.hangUp()
                #expect(
                    try await call.last(limit: .seconds(2)) == .ended(byRemote: false, reason: "Normal call clearing"))
                #expect(await phone.agent.callCount == 0)
            }
        }
    }
}
