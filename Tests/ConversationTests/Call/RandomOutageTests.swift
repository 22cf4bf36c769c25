import SansIO
import Testing

@testable import Conversation

@Suite("Any call whose model goes and comes back, at any moment")
struct RandomOutageTests {
    private static let plan = CallSimulation.Plan(
        betweenLosses: 200...12_000, talking: 60_000...120_000, endsQuietly: true)

    private static func play(_ seed: UInt64) -> CallSimulation {
        var call = CallSimulation(seed: seed, plan: plan)
        call.run()
        return call
    }

    @Test(
        "Every rule holds, nothing is left waiting, and what is known of the conversation is what was heard",
        arguments: 0..<20)
    func simulated(block: UInt64) {
        for seed in (block * 10)..<(block * 10 + 10) {
            let call = Self.play(seed)
            #expect(call.invariants.violations.isEmpty, "seed \(seed)")
            #expect(call.outcome != nil, "seed \(seed)")
            #expect(call.stuck.isEmpty, "seed \(seed)")
            #expect(call.session.nextDeadline == nil, "seed \(seed)")
            let history = call.session.realtime.history
            for entry in history.entries {
                guard case .agent = entry.content else { continue }
                #expect(
                    history.text(of: entry.id) == call.heard[entry.id, default: []].joined(separator: " "),
                    "seed \(seed), \(entry.id)")
            }
        }
    }

    @Test("No word of the agent is heard twice, and none of the caller is written down twice", arguments: 0..<20)
    func once(block: UInt64) {
        for seed in (block * 10)..<(block * 10 + 10) {
            let call = Self.play(seed)
            let twice = Dictionary(grouping: call.heardWords) { $0 }.filter { $0.value.count > 1 }.keys
            #expect(twice.isEmpty, "seed \(seed)")
            let saidTwice = Dictionary(grouping: call.said) { $0 }.filter { $0.value.count > 1 }.keys
            #expect(saidTwice.isEmpty, "seed \(seed)")
        }
    }

    @Test("The simulated models do go, and come back")
    func coverage() {
        let total = CallSimulation.statistics(ofCalls: 0..<60, plan: Self.plan)
        #expect(total.losses > 100)
        #expect(total.reconnects > 100)
        #expect(total.completed > 30)
    }
}
