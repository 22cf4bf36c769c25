import SansIO
import Testing

@testable import Conversation

@Suite("A script that asks without end")
struct RequestRateTests {
    @Test("A loop of requests that take no time is ended like one that computes, and the call goes on")
    func loop() throws {
        var (call, task) = CallHarness.answered([.onDTMF])
        for _ in 0..<1_000 { call.yields(.mute(true), task) }
        #expect(call.reply(to: task) == .value(true))
        #expect(call.faults.isEmpty)
        call.yields(.mute(true), task)
        #expect(call.last.contains(.script(.cancel(task))))
        #expect(call.faults.map(\.message) == ["on_answered asked the host for more than 1000 things in a second"])
        call.press("1")
        #expect(call.startedHandlers.last == .onDTMF)
        #expect(!call.session.isFinished)
    }

    @Test("The same number over a longer time is nobody's business")
    func slowly() {
        var (call, task) = CallHarness.answered()
        for _ in 0..<3_000 {
            call.yields(.mute(true), task)
            call.advance(.milliseconds(2))
        }
        #expect(call.faults.isEmpty)
    }
}
