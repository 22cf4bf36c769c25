import SansIO
import Testing

@testable import AgentHost

@Suite("When the folder of flows is looked at")
struct WatchPacingTests {
    private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test("a look is taken 100 ms after the last change of a burst, once, with all that was written")
    func burst() {
        var pacing = WatchPacing()
        #expect(pacing.nextDeadline == nil)
        for (time, name) in [(0, "a"), (60, "b"), (130, "a")] {
            #expect(pacing.receive(.changed([name]), at: at(time)) == nil)
            #expect(pacing.nextDeadline == at(time + 100))
        }
        #expect(pacing.receive(.deadline, at: at(160)) == nil)
        #expect(pacing.receive(.deadline, at: at(230)) == WatchPacing.Look(written: ["a", "b"]))
        #expect(pacing.receive(.looked(isAnnounced: true), at: at(231)) == nil)
        #expect(pacing.nextDeadline == nil)
        #expect(pacing.receive(.deadline, at: at(9_000)) == nil)
    }

    @Test("who writes without end is looked at every second")
    func endless() {
        var pacing = WatchPacing()
        var looks: [Int] = []
        for time in stride(from: 0, to: 5_000, by: 20) {
            _ = pacing.receive(.changed([]), at: at(time))
            if pacing.receive(.deadline, at: at(time + 10)) != nil {
                looks.append(time + 10)
                _ = pacing.receive(.looked(isAnnounced: true), at: at(time + 10))
            }
        }
        #expect(looks == [1_010, 2_030, 3_050, 4_070])
    }

    @Test("where changes may go unannounced a look is taken every second, and a change still brings one sooner")
    func unannounced() {
        var pacing = WatchPacing()
        _ = pacing.receive(.looked(isAnnounced: false), at: at(0))
        #expect(pacing.nextDeadline == at(1_000))
        #expect(pacing.receive(.deadline, at: at(999)) == nil)
        #expect(pacing.receive(.deadline, at: at(1_000)) == WatchPacing.Look(written: []))
        _ = pacing.receive(.looked(isAnnounced: false), at: at(1_001))
        _ = pacing.receive(.changed(["a"]), at: at(1_100))
        #expect(pacing.nextDeadline == at(1_200))
        #expect(pacing.receive(.deadline, at: at(1_200)) == WatchPacing.Look(written: ["a"]))
    }
}
