import Conversation
import SansIO
import Testing

@testable import TestCalls

@Suite("The test language under any events") struct InterpreterFuzzTests {
    private static let statements = [
        "callee:answers()", "callee:answers { after = 0.5 }", "callee:rejects { status = 480 }",
        "callee:is_busy()", "callee:never_answers()", "callee:is_voicemail()", "callee:says 'Hello.'",
        "callee:says { wav = 'a.wav' }", "callee:interrupts('No!', { after = 0.2 })", "callee:presses '12w#'",
        "callee:hesitates(0.5)", "callee:stays_silent(1)", "callee:hangs_up()",
        "callee:accepts_transfer()", "callee:refuses_transfer()", "callee:calls()", "agent:says 'good'",
        "agent:says(t.any { 'day', t.sounds_like 'good day' }, { within = 3 })", "agent:says(t.pattern '%d+')",
        "agent:hears 'yes'", "agent:receives '1'", "agent:calls 'book'",
        "agent:calls('book', { n = t.any { 1, 2 } }, { returns = { ok = true }, in_order = true })",
        "agent:transfers_to '+1'", "agent:is_interrupted { heard = 'good' }", "agent:stays_silent(1)",
        "agent:hangs_up { within = 2 }", "agent:ends 'completed'", "t.never(agent.says, 'price')",
        "t.never(agent.calls, 'book', { n = 3 })", "t.never(agent.is_interrupted)", "t.latency { response_max = 0.5 }",
        "t.wait(0.7)",
    ]

    private static func event(_ random: inout SeededRandom, at now: Instant) -> TestEvent {
        let texts = ["Good day.", "The price is 5.", "Yes.", ""]
        func text() -> String { texts[Int.random(in: texts.indices, using: &random)] }
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return .ringing
        case 1: return .answered
        case 2...4: return .agentSpeech(started: Bool.random(using: &random))
        case 5: return .understood(text())
        case 6: return .spoken
        case 7: return .pressed
        case 8: return .transferRequested("tel:+1")
        case 9: return .calleeEnded(byRemote: Bool.random(using: &random), reason: text())
        case 10...12:
            return .observed(
                .transcript(
                    TranscriptEntry(
                        role: Bool.random(using: &random) ? .agent : .user, text: text(),
                        isFinal: Bool.random(using: &random), itemID: "item_\(Int.random(in: 0..<4, using: &random))",
                        startedAt: now, endedAt: now)))
        case 13: return .observed(.actionCalled(callID: "1", name: "book", arguments: "{\"n\":\(random.next() % 4)}"))
        case 14: return .observed(.actionReturned(callID: "1", name: "book", output: "{\"ok\":true}", duration: .zero))
        case 15: return .observed(.actionFailed(callID: "1", name: "book", message: "no"))
        case 16: return .observed(.interruption(Interruption(heard: "Good", unheard: "day", playedMilliseconds: 10)))
        case 17:
            return .observed(.latency(TurnLatency(turn: 1, toFirstPacket: .milliseconds(600), toFirstAudio: .zero)))
        case 18: return .observed(.digit("1", milliseconds: 100))
        default: return .deadline
        }
    }

    @Test(
        "a thousand random tests with random events: each ends, once; time never stands still; the same seed does the same"
    )
    func anything() throws {
        var kinds: Set<String> = []
        for seed in UInt64(0)..<1_000 {
            let first = try Self.run(seed: seed)
            #expect(first == (try Self.run(seed: seed)), "seed \(seed)")
            kinds.insert(first.failure.map { $0.kind.rawValue } ?? "passed")
        }
        #expect(kinds == ["passed", "expectation", "script", "time_limit"])
    }

    private static func run(seed: UInt64) throws -> TestResult {
        var random = SeededRandom(seed: seed)
        let lines = (0..<Int.random(in: 0...6, using: &random)).map { _ in
            statements[Int.random(in: statements.indices, using: &random)]
        }
        let direction = random.chance(0.1) ? "inbound" : "outbound"
        let source = """
            local t = require "moonline.test"
            t.test("x", { direction = "\(direction)", time_limit = 30 }, function(callee, agent)
            \(lines.joined(separator: "\n"))
            end)
            """
        let file = try TestFile.load(path: "x.lua", source: Array(source.utf8))
        let run = try TestRun(file.tests[0], seed: seed)
        var now = Instant.zero
        var finishes = 0
        func send(_ event: TestEvent) {
            finishes += run.receive(event, at: now).count { $0 == .finish }
            if let due = run.nextDeadline {
                #expect(due > now, "seed \(seed): a deadline that does not move\n\(source)")
            }
        }
        send(.began)
        let ends = random.chance(0.8)
        let events = Int.random(in: 0...60, using: &random)
        for _ in 0..<events where run.result == nil {
            now += .milliseconds(Int.random(in: 0...800, using: &random))
            while let due = run.nextDeadline, due <= now {
                let before = due
                finishes += run.receive(.deadline, at: due).count { $0 == .finish }
                guard run.nextDeadline ?? .distantFuture > before else {
                    Issue.record("seed \(seed): time stands still\n\(source)")
                    break
                }
            }
            send(event(&random, at: now))
        }
        if ends {
            send(.finished(CallOutcome(kind: .completed, reason: "done", message: "Over.", endedBy: .agent)))
        }
        while run.result == nil, let due = run.nextDeadline {
            now = max(now, due)
            send(.deadline)
        }
        #expect(finishes == 1, "seed \(seed)\n\(source)")
        #expect(run.nextDeadline == nil)
        #expect(run.receive(.answered, at: now) == [])
        return try #require(run.result, "seed \(seed): no result\n\(source)")
    }
}
