import Audio
import Telephony
import TestSupport
import Testing

extension Strangers {
    @Suite("sipp calls")
    struct SIPpCallerTests {
        @Test("we ring, answer, are heard, and take the caller's BYE", .timeLimit(.minutes(1)))
        func call() async throws {
            var configuration = Phone.Configuration()
            configuration.reception = .say(Tone.samples(frequency: 1_000, seconds: 1))
            try await Phone.with(configuration) { phone in
                try await SIPp.caller("caller", callee: phone.port).run { _ in
                    let call = try await phone.incoming.wait(for: "sipp's call") { $0.first }
                    #expect(call.caller.value == "sipp")
                    try await call.answered()
                    try await call.uplink.wait(for: "our tone, echoed by sipp") { audio in
                        Tone.isHeard(1_000, in: G711.decode(audio, .mu), forSeconds: 0.9) ? true : nil
                    }
                    #expect(try await call.last() == .ended(byRemote: true, reason: "remote_hangup"))
                }
            }
        }

        @Test("20 calls complete although 5 % of all messages are lost, by retransmission", .timeLimit(.minutes(1)))
        func loss() async throws {
            var configuration = Phone.Configuration()
            configuration.reception = .answer
            try await Phone.with(configuration) { phone in
                let report = try await SIPp.caller("caller", callee: phone.port, calls: 20, lossPercent: 5).run { _ in }
                #expect(report.lostCount > 0, "nothing was lost: the test shows nothing")
                let calls = phone.incoming.value
                #expect(calls.count == 20, "a retransmitted INVITE is no second call")
                for call in calls {
                    #expect(try await call.last() == .ended(byRemote: true, reason: "remote_hangup"))
                }
            }
        }
    }
}
