import SansIO
import Testing

@testable import Conversation

@Suite("Any call in live mode")
struct LiveRandomTests {
    @Test(
        "every wait is answered, nothing is left, and the caller's words are told once and in order",
        arguments: 0..<20)
    func simulated(block: UInt64) {
        for seed in (block * 10)..<(block * 10 + 10) {
            var simulation = LiveSimulation(seed: seed)
            simulation.run()
            let call = simulation.call
            #expect(call.session.waits.isEmpty, "seed \(seed)")
            #expect(call.session.speeches.isEmpty, "seed \(seed)")
            #expect(call.session.realtime.isIdle, "seed \(seed)")
            #expect(call.session.live?.asks.isEmpty == true, "seed \(seed)")
            #expect(call.session.live?.utterance == nil, "seed \(seed)")
            #expect(call.session.ledger.isIdle, "seed \(seed)")
            let told = call.said.flatMap { $0.split(separator: " ").map(String.init) }
            #expect(told == simulation.spoken, "seed \(seed)")
            // What was heard is a part of what was said, in its order.
            var rest = simulation.uttered.flatMap { $0.split(separator: " ").map(String.init) }[...]
            for word in call.heard.flatMap({ $0.split(separator: " ").map(String.init) }) {
                guard let index = rest.firstIndex(of: word) else {
                    Issue.record("seed \(seed): \(word) was heard twice or out of order")
                    break
                }
                rest = rest[(index + 1)...]
            }
        }
    }

    @Test("one seed is one call, and its event log gives the same call again")
    func replayed() throws {
        for seed: UInt64 in 0..<20 {
            var simulation = LiveSimulation(seed: seed)
            simulation.run()
            var again = CallSession(configuration: simulation.call.session.configuration)
            var actions: [CallSession.Action] = []
            for (at, event) in simulation.call.events {
                actions += again.receive(try CallSession.Event(logged: JSON(parsing: event.logged.text)), at: at)
            }
            #expect(actions.map(\.logged) == simulation.call.actions.map(\.logged), "seed \(seed)")
        }
    }
}
