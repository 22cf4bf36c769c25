import Conversation
import SansIO
import Testing

@testable import TestCalls

/// Runs one test against events that are written by hand, in virtual time.
final class Rehearsal {
    let run: TestRun
    private(set) var now = Instant.zero
    /// What the callee was told to do, and when.
    private(set) var actions: [(at: Double, action: CalleeAction)] = []
    private var items = 0
    /// How long everything takes that the callee says.
    private let speech = Duration.seconds(1)
    private var spokenAt: Instant?
    private var pressedAt: Instant?

    /// - Parameter body: The inside of the test's function.
    convenience init(_ body: String, options: String = "{}", seed: UInt64 = 1) throws {
        try self.init(
            source: """
                local t = require "moonline.test"
                t.test("a test", \(options), function(callee, agent)
                \(body)
                end)
                """, seed: seed)
    }

    init(source: String, named name: String? = nil, seed: UInt64 = 1) throws {
        let file = try TestFile.load(path: "tests/example.lua", source: Array(source.utf8))
        let test = try #require(file.tests.first { name == nil || $0.name == name })
        run = try TestRun(test, seed: seed)
    }

    /// Sends an event at a time in seconds since the beginning; what falls due before comes first.
    @discardableResult func send(_ event: TestEvent, at seconds: Double) -> [CalleeAction] {
        pass(until: seconds)
        return take(run.receive(event, at: now))
    }

    /// Lets time pass: deadlines fall due, and what the callee says is said after a second.
    func pass(until seconds: Double) {
        let end = Instant.zero + .seconds(seconds)
        while let due = [run.nextDeadline, spokenAt, pressedAt].compactMap({ $0 }).min(), due <= end {
            now = max(now, due)
            if spokenAt == due {
                spokenAt = nil
                take(run.receive(.spoken, at: now))
            } else if pressedAt == due {
                pressedAt = nil
                take(run.receive(.pressed, at: now))
            } else {
                take(run.receive(.deadline, at: now))
            }
            if run.result != nil { break }
        }
        now = max(now, end)
    }

    @discardableResult private func take(_ actions: [CalleeAction]) -> [CalleeAction] {
        for action in actions {
            self.actions.append((now.nanoseconds == 0 ? 0 : (now - .zero).seconds, action))
            switch action {
            case .speak: spokenAt = now + speech
            case .press: pressedAt = now + .milliseconds(200)
            default: break
            }
        }
        return actions
    }

    // MARK: - What usually happens

    /// The call is dispatched, rings after a second, and is answered when the callee does so.
    func begin() {
        send(.began, at: 0)
        send(.ringing, at: 1)
        pass(until: 2)
        send(.answered, at: 2.1)
    }

    /// The agent says something, for as long as `from` to `to`.
    func agentSays(_ text: String, from: Double, to: Double) {
        send(.agentSpeech(started: true), at: from)
        send(.agentSpeech(started: false), at: to)
        transcript(.agent, text, at: to)
    }

    func calleeIsHeard(_ text: String, at seconds: Double) { transcript(.user, text, at: seconds) }

    private func transcript(_ role: TranscriptEntry.Role, _ text: String, at seconds: Double) {
        items += 1
        pass(until: seconds)
        let entry = TranscriptEntry(
            role: role, text: text, isFinal: true, itemID: "item_\(items)", startedAt: now, endedAt: now)
        send(.observed(.transcript(entry)), at: seconds)
    }

    func agentCalls(_ name: String, _ arguments: String, returns output: String? = nil, at seconds: Double) {
        items += 1
        send(.observed(.actionCalled(callID: "call_\(items)", name: name, arguments: arguments)), at: seconds)
        if let output {
            send(
                .observed(
                    .actionReturned(callID: "call_\(items)", name: name, output: output, duration: .milliseconds(50))),
                at: seconds)
        }
    }

    /// The agent hangs up, or the callee does.
    func end(
        at seconds: Double, by party: CallOutcome.Party = .agent, kind: CallOutcome.Kind = .completed,
        reason: String = "done"
    ) {
        send(.calleeEnded(byRemote: party != .callee, reason: reason), at: seconds)
        send(
            .finished(CallOutcome(kind: kind, reason: reason, message: "The call is over.", endedBy: party)),
            at: seconds)
    }

    /// The result, once the call has ended in consequence of the test's end.
    func result() throws -> TestResult {
        if run.result == nil { end(at: (now - .zero).seconds, by: .callee, reason: "remote_hangup") }
        return try #require(run.result)
    }

    /// The times at which the callee did something like it.
    func times(_ isMeant: (CalleeAction) -> Bool) -> [Double] { actions.filter { isMeant($0.action) }.map(\.at) }
}

extension CalleeAction {
    var isSpeech: Bool { if case .speak = self { true } else { false } }
}
