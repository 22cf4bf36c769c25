import SansIO
import Testing

@testable import Conversation

@Suite("Functions beside the handlers")
struct BackgroundFunctionTests {
    private func function(_ number: UInt64) -> ScriptFunctionID { ScriptFunctionID(number: number) }

    @Test("spawn runs the function before its caller goes on, until it first waits")
    func spawnOrder() throws {
        var (call, task) = CallHarness.answered()
        call.spawn(from: task)
        #expect(call.started.last == .function(function(1)))
        let first = try #require(call.task(function: 1))
        #expect(call.reply(to: task) == nil)
        call.yields(.sleep(.seconds(1)), first)
        #expect(call.reply(to: task) == .value(true))
    }

    @Test("Functions start in the order in which they were given, and wake in that of their times")
    func wakeOrder() throws {
        var (call, task) = CallHarness.answered()
        for (number, seconds) in [(UInt64(1), 3), (2, 1), (3, 2)] {
            call.yields(.after(.seconds(seconds), function(number)), task)
            #expect(call.reply(to: task) == .value(.integer(Int64(number))))
        }
        call.returns([], task)
        call.advance(.seconds(3))
        #expect(call.started.last == .function(function(2)))
        call.returns()
        #expect(call.started.last == .function(function(3)))
        call.returns()
        #expect(call.started.suffix(3) == [.function(function(2)), .function(function(3)), .function(function(1))])
    }

    @Test("A timer that is due while a handler runs waits for it to end or to yield")
    func dueWhileRunning() {
        var (call, task) = CallHarness.answered([.onSpeechStarted])
        call.yields(.after(.seconds(1), function(1)), task)
        call.advance(.seconds(5))
        #expect(call.task(function: 1) == nil)
        call.yields(.sleep(.seconds(10)), task)
        #expect(call.task(function: 1) != nil)
    }

    @Test("cancel_timer stops a timer once and forgets its function; of others it knows nothing")
    func cancelTimer() {
        var (call, task) = CallHarness.answered()
        call.yields(.after(.seconds(1), function(1)), task)
        call.yields(.cancelTimer(1), task)
        #expect(call.did(.script(.forget(function(1)))))
        #expect(call.reply(to: task) == .value(true))
        call.yields(.cancelTimer(1), task)
        #expect(call.reply(to: task) == .value(false))
        call.yields(.cancelTimer(77), task)
        #expect(call.reply(to: task) == .value(false))
        call.returns([], task)
        call.advance(.seconds(5))
        #expect(call.task(function: 1) == nil)
    }

    @Test("A timer that has run can no longer be cancelled")
    func cancelLate() throws {
        var (call, task) = CallHarness.answered()
        call.yields(.after(.seconds(1), function(1)), task)
        call.yields(.sleep(.seconds(1)), task)
        call.advance(.seconds(1))
        call.returns([], call.task(function: 1))
        call.yields(.cancelTimer(1), task)
        #expect(call.reply(to: task) == .value(false))
        #expect(!call.did(.script(.forget(function(1)))))
    }

    @Test("More timers or functions than a call may have: limit_reached, and the function is forgotten")
    func limits() throws {
        var limits = CallSession.Limits()
        limits.scriptTimers = 2
        limits.scriptTasks = 3
        var (call, task) = CallHarness.answered(limits: limits)
        for number: UInt64 in 1...3 { call.yields(.after(.seconds(60), function(number)), task) }
        #expect(call.code(for: task) == .limitReached)
        #expect(call.did(.script(.forget(function(3)))))
        for number: UInt64 in 4...5 {
            call.yields(.spawn(function(number)), task)
            call.yields(.sleep(.seconds(60)), call.task(function: number))
        }
        call.yields(.spawn(function(6)), task)
        #expect(call.code(for: task) == .limitReached)
        #expect(call.did(.script(.forget(function(6)))))
        #expect(call.task(function: 6) == nil)
    }

    @Test("At the hang-up functions that sleep are closed, timers stop, and what was not begun never is")
    func hangUp() throws {
        var (call, task) = CallHarness.answered([.onHangup])
        call.spawn(from: task)
        let sleeper = try #require(call.task(function: 1))
        call.yields(.sleep(.seconds(60)), sleeper)
        call.yields(.after(.seconds(1), function(2)), task)
        call.yields(.spawn(function(3)), task)
        // Function 3 is with the script host; function 4 is not yet.
        let third = try #require(call.task(function: 3))
        call.yields(.spawn(function(4)), third)
        #expect(call.task(function: 4) == nil)
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.last.contains(.script(.cancel(sleeper))))
        call.returns([], task)
        call.yields(.sleep(.seconds(1)))
        call.advance(.seconds(1))
        #expect(call.task(function: 4) == nil)
        #expect(call.task(function: 2) == nil)
        #expect(call.startedHandlers.last == .onHangup)
    }

    @Test("A handler that outlives the call is closed at its next wait")
    func outlives() {
        var (call, task) = CallHarness.answered()
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.yields(.spawn(function(1)), task)
        #expect(call.last.contains(.script(.cancel(task))))
        #expect(call.task(function: 1) == nil)
        #expect(call.outcome?.kind == .completed)
    }

    @Test("A function's fault is told, and ends nothing else")
    func fault() throws {
        var (call, task) = CallHarness.answered([.onError])
        call.spawn(from: task)
        call.fails(.error, "flow.lua:7: boom")
        #expect(call.faults.map(\.message) == ["flow.lua:7: boom"])
        #expect(call.reply(to: task) == .value(true))
        call.returns([], task)
        #expect(call.startedHandlers == [.onAnswered, .onError])
        #expect(!call.isHungUp)
    }

    @Test("With as many handlers waiting as a call may have, others are left out, which is told once")
    func overload() {
        var limits = CallSession.Limits()
        limits.scriptTasks = 4
        var call = CallHarness.quiet([.onDTMF, .onHangup], limits: limits)
        for _ in 0..<4 {
            call.press("1")
            call.yields(.sleep(.seconds(60)))
        }
        call.press("23")
        #expect(call.arguments(.onDTMF).count == 4)
        #expect(call.faults.count == 1)
        #expect(call.faults.first?.message.contains("on_dtmf") == true)
        // Actions and on_hangup are not.
        call.call("look_up")
        #expect(call.task(action: "look_up") != nil)
        call.returns(["done"])
        call.send(.hangUpRequested(reason: "stop"))
        #expect(call.startedHandlers.last == .onHangup)
    }

    @Test("Room that becomes free is used again")
    func room() {
        var limits = CallSession.Limits()
        limits.scriptTasks = 1
        var call = CallHarness.quiet([.onDTMF], limits: limits)
        call.press("12")
        call.returns()
        call.press("3")
        #expect(call.arguments(.onDTMF) == [["1", 100], ["3", 100]])
    }
}
