import MediaEngine
import Telephony
import TestSupport
import Testing

extension Strangers {
    @Suite("A stranger is handed over")
    struct TransferTests {
        @Test(
            "REFER keeps a tel: target as it is, and sipp's NOTIFYs tell how the transfer goes", .timeLimit(.minutes(1))
        )
        func telephoneNumber() async throws {
            try await Phone.with { phone in
                try await SIPp.callee("callee_transfer").run { sipp in
                    let call = try await phone.call(port: sipp.port)
                    try await call.answered()
                    try call.phoneCall.value?.transfer(to: "tel:+15105550199")
                    try await call.event("the end of the transfer") { $0 == .transferEnded(status: 200, reason: "OK") }
                    call.hangUp()
                    _ = try await call.last()
                    #expect(
                        call.events.value == [
                            .answered(codec: .pcmu, headers: call.answerHeaders), .transferAccepted,
                            .transferProgress(status: 100, reason: "Trying"), .transferEnded(status: 200, reason: "OK"),
                            .ended(byRemote: false, reason: "Normal call clearing"),
                        ])
                }
            }
        }
    }
}
