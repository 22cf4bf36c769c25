import SIP
import SansIO
import Telephony
import Testing

@Suite("Phones on a network that loses a quarter of all datagrams, by seed")
struct PhoneCoreSeedTests {
    /// Two phones that call each other six times: each call is taken, refused, answered, transferred or given up at
    /// random.
    private func run(seed: UInt64) throws -> VirtualLine {
        var line = VirtualLine(seed: seed)
        line.loss = 0.25
        var random = SeededRandom(seed: seed)
        line.react = { line, party, action in
            if case .event(let handle, .transferRequested) = action {
                line.command(party, .acceptTransfer, handle)
                line.after(.seconds(1)) { $0.command(party, .reportTransfer(status: 200, reason: nil), handle) }
            }
            guard case .incoming(let handle, _) = action else { return }
            // What follows is drawn from the handle's number, for this closure keeps no state.
            var random = SeededRandom(seed: seed &+ handle.number &* 31 &+ UInt64(party))
            guard !random.chance(0.2) else { return line.refuse(handle, by: party) }
            line.accept(handle, by: party)
            let commands: [PhoneCommand] = [
                .ring, .answer, random.chance(0.2) ? .reject(status: 603) : .answer, .hangUp(reason: "callee"),
            ]
            for command in commands where random.chance(0.7) {
                line.after(.milliseconds(Int.random(in: 0...20_000, using: &random))) {
                    $0.command(party, command, handle)
                }
            }
            line.after(.seconds(30)) { $0.command(party, .hangUp(reason: "late"), handle) }
        }
        for number in 0..<6 {
            let party = number % 2
            try line.place(from: party) { $0.ringTimeout = .seconds(15) }
            let handle = line.calls[party]
            for command in [try .transfer(target: "+15105550199"), PhoneCommand.hangUp(reason: "caller")]
            where random.chance(0.6) {
                line.after(.milliseconds(Int.random(in: 0...20_000, using: &random))) {
                    $0.command(party, command, handle)
                }
            }
            line.run(for: .milliseconds(Int.random(in: 0...3_000, using: &random)))
        }
        line.run()
        return line
    }

    @Test("Each call ends once and says nothing after; audio is started before an answer is told; nothing is left")
    func invariants() throws {
        var answers = 0
        var failures = 0
        var transfers = 0
        for seed in UInt64(1)...300 {
            let line = try run(seed: seed)
            #expect(line.isIdle, "seed \(seed)")
            for party in 0..<2 {
                var ended: Set<CallHandle> = []
                var started: Set<CallHandle> = []
                var seen: Set<CallHandle> = []
                for step in line.steps where step.party == party {
                    switch step.action {
                    case .send, .notice, .incoming: break
                    case .startMedia(let handle, _):
                        #expect(!ended.contains(handle), "seed \(seed), \(handle)")
                        started.insert(handle)
                        seen.insert(handle)
                    case .event(let handle, let event):
                        #expect(!ended.contains(handle), "seed \(seed), \(handle): \(event)")
                        switch event {
                        case .answered:
                            #expect(started.contains(handle), "seed \(seed), \(handle)")
                            answers += 1
                        case .failed: failures += 1
                        case .transferEnded(status: 200, _): transfers += 1
                        default: break
                        }
                        if event.isLast { ended.insert(handle) }
                        seen.insert(handle)
                    }
                }
                #expect(seen == ended, "seed \(seed): some call has no end")
                #expect(ended.count >= 3, "seed \(seed): a call that was placed has no end")
            }
        }
        // The seeds must reach what is asserted.
        #expect(answers > 500 && failures > 100 && transfers > 50, "\(answers), \(failures), \(transfers)")
    }

    @Test("The same seed gives the same datagrams, events and times")
    func repeatable() throws {
        for seed in UInt64(1)...20 {
            #expect(try run(seed: seed).steps == run(seed: seed).steps, "seed \(seed)")
        }
        #expect(try run(seed: 1).steps != run(seed: 2).steps)
    }
}
