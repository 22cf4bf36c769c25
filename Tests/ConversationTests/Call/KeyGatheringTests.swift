import SansIO
import Testing

@testable import Conversation

@Suite("Keys of the far end")
struct KeyGatheringTests {
    private func gathering(
        _ maximum: Int = 32, timeout: Duration = .seconds(5), terminator: Character? = "#"
    ) -> ScriptRequest {
        .gatherDTMF(DTMFGathering(maximum: maximum, timeout: timeout, terminator: terminator))
    }

    @Test("Gathering ends with max keys")
    func maximum() {
        var (call, task) = CallHarness.answered()
        call.yields(gathering(3))
        call.press("12")
        #expect(call.reply(to: task) == nil)
        call.press("3")
        #expect(call.reply(to: task) == .value("123"))
    }

    @Test("The terminator ends it and is not part of it; without one every key counts")
    func terminator() {
        var (call, task) = CallHarness.answered()
        call.yields(gathering())
        call.press("12#")
        #expect(call.reply(to: task) == .value("12"))
        call.yields(gathering(3, terminator: nil))
        call.press("1#*")
        #expect(call.reply(to: task) == .value("1#*"))
        call.yields(gathering())
        call.press("#")
        #expect(call.reply(to: task) == .value(""))
    }

    @Test("No key in time is timed_out; time between two keys ends what came so far")
    func timeouts() {
        var (call, task) = CallHarness.answered()
        call.yields(gathering())
        call.advance(.milliseconds(4_999))
        #expect(call.reply(to: task) == nil)
        call.advance(.milliseconds(1))
        #expect(call.code(for: task) == .timedOut)
        call.yields(gathering())
        call.advance(.seconds(4))
        call.press("1")
        call.advance(.seconds(4))
        call.press("2")
        call.advance(.milliseconds(4_999))
        #expect(call.code(for: task) == .timedOut)
        call.advance(.milliseconds(1))
        #expect(call.reply(to: task) == .value("12"))
    }

    @Test("Keys that were pressed before count, and what a gathering leaves is there for the next")
    func typeAhead() {
        var (call, task) = CallHarness.answered()
        call.press("12#345")
        call.yields(gathering())
        #expect(call.reply(to: task) == .value("12"))
        call.yields(gathering(2))
        #expect(call.reply(to: task) == .value("34"))
        call.yields(gathering(2))
        call.press("6")
        #expect(call.reply(to: task) == .value("56"))
    }

    @Test("With on_dtmf nothing is kept: keys are either told or gathered, never both")
    func handler() throws {
        var (call, task) = CallHarness.answered([.onDTMF])
        call.press("9")
        call.yields(gathering(2), task)
        #expect(call.arguments(.onDTMF) == [["9", 100]])
        call.returns([], call.task(.onDTMF))
        call.press("12")
        #expect(call.reply(to: task) == .value("12"))
        call.returns([], task)
        call.press("3")
        #expect(call.arguments(.onDTMF) == [["9", 100], ["3", 100]])
    }

    @Test("Two gatherings at once: the second is refused, the first goes on")
    func two() throws {
        var (call, task) = CallHarness.answered([.onSpeechStarted])
        call.yields(gathering(2))
        call.callerSpeaks()
        let second = try #require(call.task(.onSpeechStarted))
        call.yields(gathering(1), second)
        #expect(call.code(for: second) == .wrongStatus)
        call.returns([], second)
        call.press("12")
        #expect(call.reply(to: task) == .value("12"))
    }

    @Test("A hang-up ends the gathering with call_ended, once")
    func hangUp() {
        var (call, task) = CallHarness.answered()
        call.yields(gathering())
        call.press("1")
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.code(for: task) == .callEnded)
        call.press("2")
        call.advance(.seconds(1))
        call.returns([], task)
        #expect(call.count { if case .script(.resume(task, _, _)) = $0 { true } else { false } } == 1)
        #expect(call.outcome?.kind == .completed)
    }

    @Test("Keys before the answer are nobody's; gathering then fails with wrong_status")
    func early() {
        var call = CallHarness(handlers: [.onRinging, .onAnswered])
        call.configure()
        call.press("5")
        call.send(.telephony(.ringing(earlyMedia: false)))
        let ringing = call.lastTask
        call.yields(gathering())
        #expect(call.code(for: ringing) == .wrongStatus)
        call.returns()
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        let task = call.lastTask
        call.yields(gathering(1))
        #expect(call.reply(to: task) == nil)
        call.press("6")
        #expect(call.reply(to: task) == .value("6"))
    }

    @Test("An action's time stands still while it gathers; what was used before is not given back")
    func actionTime() {
        var call = CallHarness.quiet()
        call.call("look_up")
        let task = call.lastTask
        call.yields(.sleep(.seconds(20)))
        call.advance(.seconds(20))
        call.yields(gathering(2, timeout: .seconds(60)), task)
        call.advance(.seconds(50))
        call.press("12")
        #expect(call.reply(to: task) == .value("12"))
        call.yields(.sleep(.seconds(100)), task)
        call.advance(.milliseconds(9_999))
        #expect(call.outputs.isEmpty)
        call.advance(.milliseconds(1))
        #expect(call.outputs["call_look_up_0"] == #"{"error":"look_up did not finish in time"}"#)
    }

    @Test("An action that sleeps again and again does not outlive its time")
    func sleepLoop() {
        var call = CallHarness.quiet()
        call.call("look_up")
        let task = call.lastTask
        for _ in 0..<30 {
            call.yields(.sleep(.seconds(1)), task)
            call.advance(.seconds(1))
        }
        #expect(call.outputs["call_look_up_0"] == #"{"error":"look_up did not finish in time"}"#)
    }

    @Test("Of keys that nobody gathers, 32 are kept")
    func capacity() {
        var (call, task) = CallHarness.answered()
        call.press(String(repeating: "1", count: 40))
        call.yields(gathering(64, terminator: nil))
        call.advance(.seconds(5))
        #expect(call.reply(to: task) == .value(.string(String(repeating: "1", count: 32))))
    }
}
