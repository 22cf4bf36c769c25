import SansIO
import Testing

@testable import Conversation

@Suite("A session that is replaced")
struct RenewalTests {
    @Test("A session that has reached its end is followed by the next one at once", arguments: [true, false])
    func expired(byEvent: Bool) {
        var call = CallHarness.quiet([.onError])
        if byEvent {
            call.server(.error(RealtimeError(code: "session_expired", message: "Your session expired.")))
        } else {
            call.model(.closed(code: 1_001, reason: "Your session hit the maximum duration of 60 minutes."))
        }
        #expect(call.last.contains(.connectModel))
        call.reconnect()
        #expect(call.faults.isEmpty && call.startedHandlers.isEmpty)
    }

    @Test("After 55 minutes the session is replaced, at a moment when nobody speaks")
    func renewed() {
        var limits = CallSession.Limits()
        limits.callDuration = .seconds(7_200)
        var call = CallHarness.quiet(limits: limits)
        call.callerTakesTurn("item_u1", saying: "I have much to tell.")
        call.answerTurn("Go on.", item: "item_a1")
        call.advance(.seconds(3_300) - (call.now - .zero) - .seconds(2))
        call.callerSpeaks("item_u2")
        call.advance(.seconds(10))
        #expect(call.losses == 0)
        call.callerStops("item_u2")
        call.server(.inputCommitted(itemID: "item_u2", previousItemID: nil))
        call.server(.inputTranscriptCompleted(itemID: "item_u2", transcript: "That was it."))
        call.answerTurn("Thank you.", item: "item_a2")
        #expect(call.losses == 1)
        #expect(call.session.outage?.isPlanned == true)
        // The beginning of a voice that the server has not told of yet is heard again.
        #expect(call.keptAudio == .milliseconds(500))
        call.reconnect()
        #expect(call.replayed.count == 5)
        #expect(call.created.count == 1)
        #expect(call.faults.isEmpty)
    }

    @Test("A server that tells when it will end the session is left some minutes before; at last in any case")
    func announced() {
        var call = CallHarness()
        call.send(.start)
        call.model(.connected)
        call.server(.sessionUpdated(id: "sess_1", model: "test", expiresAt: 1_700_000_000 + 1_200))
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        call.greet()
        call.callerSpeaks("item_u1")
        call.advance(.seconds(1_079) - (call.now - .zero))
        #expect(call.losses == 0)
        call.advance(.seconds(1))
        #expect(call.losses == 1)
        call.reconnect(expiresAt: 1_700_000_000 + 1_200 + 3_600)
        #expect(call.session.timers[.modelRenewal] == call.now + .seconds(3_300))
    }
}
