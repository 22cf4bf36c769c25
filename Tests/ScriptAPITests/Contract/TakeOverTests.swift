import Conversation
import SansIO
import ScriptAPI
import Testing

@Suite("A script takes over a call from an older version")
struct TakeOverTests {
    private func fault(_ body: () throws(ScriptFault) -> Void) -> ScriptFault? {
        do throws(ScriptFault) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("on_handover gets the old call.state, and what it returns is the new one's")
    func state() throws {
        let old = try ScriptHarness(
            flow(fields: "on_answered = function(call) call.state.booked = { date = 'today', times = { 1, 2 } } end"))
        _ = try old.handle(.onAnswered)
        let state = try old.script.state()
        #expect(state == ["booked": ["date": "today", "times": [1, 2]]])
        let new = try ScriptHarness(
            flow(
                fields: """
                    on_handover = function(state) state.version = 2 return state end,
                    on_answered = function(call) return call.state.booked.times[2], call.state.version end
                    """))
        try new.script.takeOver(state: state)
        #expect(try new.handle(.onAnswered) == .returned([2, 2]))
    }

    @Test("A state that nobody has touched is an empty table")
    func untouched() throws {
        let old = try ScriptHarness(flow())
        let new = try ScriptHarness(
            flow(
                fields: """
                    on_handover = function(state) assert(type(state) == 'table') return state end,
                    on_answered = function(call) call.state.x = 1 return call.state.x end
                    """))
        try new.script.takeOver(state: old.script.state())
        #expect(try new.handle(.onAnswered) == .returned([1]))
    }

    @Test("A state that is not plain data cannot be handed over; the message says where it is not")
    func functions() throws {
        let old = try ScriptHarness(
            flow(fields: "on_answered = function(call) call.state.callbacks = { done = print } end"))
        _ = try old.handle(.onAnswered)
        let fault = fault { () throws(ScriptFault) in _ = try old.script.state() }
        #expect(fault?.message.contains("call.state cannot be handed over") == true)
        #expect(fault?.message.contains(".callbacks.done") == true)
    }

    @Test(
        "An on_handover that returns no table, waits, fails, or is not there, fails the take-over",
        arguments: [
            ("on_handover = function() end", "on_handover must return the state to go on with, got nothing"),
            ("on_handover = function() return nil end", "must return the state to go on with, got nil"),
            ("on_handover = function() return 5 end", "must return the state to go on with, got number"),
            ("on_handover = function(s) moonline.sleep(1) return s end", "on_handover must not wait"),
            ("on_handover = function(s) error('not now') end", "not now"),
            ("on_answered = function() end", "the flow has no on_handover"),
        ])
    func failures(fields: String, expected: String) throws {
        let new = try ScriptHarness(flow(fields: fields))
        let fault = fault { () throws(ScriptFault) in try new.script.takeOver(state: [:]) }
        #expect(fault?.message.contains(expected) == true, "\(fault?.message ?? "no fault")")
    }

    @Test("An on_handover in an endless loop is a budget fault")
    func endless() throws {
        let new = try ScriptHarness(flow(fields: "on_handover = function() while true do end end"))
        #expect(fault { () throws(ScriptFault) in try new.script.takeOver(state: [:]) }?.kind == .budget)
    }

    @Test("The old version's coroutines are closed in the order of their start, their <close> variables run")
    func close() throws {
        let old = try ScriptHarness(
            flow(
                fields: """
                    on_transcript = function(call, role, text)
                      local g <close> = setmetatable({}, { __close = function() print(text) end })
                      moonline.sleep(10)
                    end
                    """))
        for text in ["a", "b", "c"] { _ = try old.handle(.onTranscript, "user", .string(text), true) }
        old.script.close()
        #expect(old.lines == ["info: a", "info: b", "info: c"])
        old.script.close()
        #expect(old.lines.count == 3)
    }
}
