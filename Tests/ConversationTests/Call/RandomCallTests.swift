import SansIO
import Testing

@testable import Conversation

@Suite("Any call, with everything crossing everything")
struct RandomCallTests {
    @Test("Every rule holds, and every call comes to its end", arguments: 0..<40)
    func simulated(block: UInt64) {
        for seed in (block * 10)..<(block * 10 + 10) {
            var call = CallSimulation(seed: seed)
            call.run()
            #expect(call.invariants.violations.isEmpty, "seed \(seed)")
            #expect(call.outcome != nil, "seed \(seed)")
        }
    }

    @Test("The simulated calls are conversations: they are answered, talk, act and are interrupted")
    func coverage() {
        let total = CallSimulation.statistics(ofCalls: 0..<100)
        #expect(total.answered > 50)
        #expect(total.heard > 300)
        #expect(total.actions > 30)
        #expect(total.interruptions > 50)
        #expect(total.creates > 100)
        #expect(total.conflicts > 5)
    }

    @Test("One seed is one call, again and again")
    func deterministic() {
        var first = CallSimulation(seed: 7)
        var second = CallSimulation(seed: 7)
        first.run()
        second.run()
        #expect(first.outcome == second.outcome)
        #expect(first.now == second.now)
    }

    @Test("Events in any order, also those that make no sense, break nothing", arguments: 0..<40)
    func nonsense(block: UInt64) {
        for seed in (block * 10)..<(block * 10 + 10) {
            var random = SeededRandom(seed: seed)
            var call = CallHarness(handlers: random.chance(0.5) ? Set(ScriptHandler.allCases) : [])
            var finishes = 0
            for _ in 0..<200 {
                call.now += .milliseconds(Int64.random(in: 0...2_000, using: &random))
                call.send(NonsenseEvents.random(using: &random))
                finishes += call.last.filter { if case .finish = $0 { true } else { false } }.count
                if finishes > 0, case .finish? = call.last.last {
                } else if finishes > 0 {
                    #expect(call.last.isEmpty, "seed \(seed)")
                }
            }
            call.send(.hangUpRequested(reason: "end"))
            call.advance(.seconds(30))
            #expect(call.session.isFinished, "seed \(seed)")
            #expect(call.log.filter { if case .finish = $0 { true } else { false } }.count == 1, "seed \(seed)")
            #expect(call.outcome != nil, "seed \(seed)")
        }
    }
}
