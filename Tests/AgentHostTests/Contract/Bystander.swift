import AgentHost
import CallStore
import LiveKit
import MediaEngine
import TestSupport
import Testing

/// A call that stands beside those that a test is about.
struct Bystander {
    let dispatch: Dispatch
    let call: ExchangeCall
    let media: RTPPeer

    init(_ test: TestHost) async throws {
        dispatch = try await test.dispatch("+15105550101", agent: "patient")
        call = try await test.exchange.answered(0)
        media = try #require(call.media)
        try await media.heard(25)
    }

    /// Hangs up, and expects that nothing has come upon the call.
    func expectUnharmed(_ test: TestHost, from began: Int64, to ended: Int64) async throws {
        try await media.heard(media.packets.value.count + 25)
        #expect(call.state.value == .answered)
        let end = Task { try await test.end(of: dispatch) }
        await test.exchange.hangUp(call)
        let left = try await end.value
        #expect(left.record.outcome == "completed" && left.record.hungUpBy == "callee")
        #expect(left.faults.isEmpty)
        let statistics = try #require(left.report?.statistics)
        #expect(statistics.ticksSkipped == 0 && statistics.sendFailures == 0)
        HostTests.EndlessLoopTests().expectNoGap(media.packets.value, from: began, to: ended)
    }
}
