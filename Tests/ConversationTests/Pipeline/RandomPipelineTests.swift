import SansIO
import Testing

@testable import Conversation

@Suite("Any call in pipeline mode, with stages that fail")
struct RandomPipelineTests {
    private static let conversation = CallSimulation.Plan(
        talking: 20_000...180_000, endsQuietly: true, mode: .pipeline)

    @Test("every rule holds, and every call comes to its end", arguments: 0..<40)
    func simulated(block: UInt64) throws {
        for seed in (block * 10)..<(block * 10 + 10) {
            var call = CallSimulation(seed: seed, plan: CallSimulation.Plan(mode: .pipeline))
            call.run()
            #expect(call.invariants.violations.isEmpty, "seed \(seed)")
            #expect(call.stages.violations.isEmpty, "seed \(seed)")
            #expect(call.outcome != nil, "seed \(seed)")
            #expect(!call.stages.isOpen && call.stages.open.isEmpty, "seed \(seed)")
        }
    }

    @Test("left alone, everything has ended: each turn has its answer, and nothing is said twice", arguments: 0..<40)
    func quiet(block: UInt64) throws {
        for seed in (block * 10)..<(block * 10 + 10) {
            var call = CallSimulation(seed: seed, plan: Self.conversation)
            call.run()
            #expect(call.invariants.violations.isEmpty, "seed \(seed)")
            #expect(call.stuck.isEmpty, "seed \(seed)")
            // What the script says for want of anything else.
            let words = call.heardWords.filter { $0 != "Sorry." && $0 != "done" }
            let repeated = Dictionary(grouping: words) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
            #expect(repeated.isEmpty, "seed \(seed)")
        }
    }

    @Test("the simulated calls are conversations")
    func coverage() {
        let total = CallSimulation.statistics(ofCalls: 0..<100, plan: Self.conversation)
        #expect(total.answered > 50)
        #expect(total.heard > 300)
        #expect(total.actions > 30)
        #expect(total.interruptions > 50)
    }
}
