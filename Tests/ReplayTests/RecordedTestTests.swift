import Conversation
import LuaRuntime
import SansIO
import ScriptAPI
import Testing

@testable import Replay

@Suite("A test written from a call")
struct RecordedTestTests {
    private func lines(_ call: RecordedCall) throws -> [String] {
        try RecordedTest(call.log()).text.split(separator: "\n").map { $0.drop { $0 == " " } }.map(String.init)
    }

    @Test("it is a file of Lua, whatever was said")
    func isLua() throws {
        let call = try RecordedCall(
            try flow(Practice.text, name: "practice.lua"),
            metadata: [
                "phone_number": "+15105550100", "end": "keyword", "a b": ["x\"y\n", 1.5, true], "none": .null,
            ])
        call.answers = [.says("\"Quotes\"\\ and\nlines")]
        call.says("He said: \"no\" \\ ]]", after: .seconds(9))
        call.hangsUp(after: .seconds(20))
        call.run()
        let text = try RecordedTest(call.log()).text
        let state = try LuaState(limits: LuaLimits(), randomSeed: 1)
        let program = """
            local t = {}
            local calls = 0
            t.test = function(name, options, model, body)
              assert(options.metadata["a b"][1] == "x\\"y\\n" and options.metadata["end"] == "keyword")
              local any = setmetatable({}, { __index = function() return function() calls = calls + 1 end end })
              body(any, any)
            end
            t.model = function(entries) assert(#entries > 0) return entries end
            \(text.replacing("local t = require \"moonline.test\"", with: ""))
            return calls
            """
        let chunk = try state.load(Array(program.utf8), chunkName: "test")
        guard case .returned(let values) = state.start(chunk), case .integer(let count)? = values.first else {
            Issue.record("the test does not run:\n\(text)")
            return
        }
        #expect(count >= 4)
    }

    @Test("what the callee did and the agent is to do stands in its order")
    func statements() throws {
        let lines = try lines(try Practice.call())
        var rest = lines[...]
        for expected in [
            "callee:refuses_transfer(603)", "callee:answers { after = 2 }",
            #"callee:interrupts("Can I come on Friday?", { after = "#,
            "agent:is_interrupted()", #"agent:calls("look_up", { date = "Friday" })"#,
            #"agent:says "We have one or two.""#,
            #"callee:says "And on Monday?""#, #"agent:calls("look_up", { date = "Monday" })"#,
            #"agent:says "The same on Monday. Goodbye.""#, #"callee:presses "10""#,
            #"agent:transfers_to "+15105550199""#, #"callee:says "Goodbye.""#, #"agent:calls "end_call""#,
            "agent:hangs_up()", #"agent:ends "agent_hangup""#,
        ] {
            guard let index = rest.firstIndex(where: { $0.hasPrefix(expected) }) else {
                Issue.record("\(expected) is not there, or too early, in\n\(lines.joined(separator: "\n"))")
                return
            }
            rest = rest[(index + 1)...]
        }
    }

    @Test("the model is scripted with what it did")
    func model() throws {
        let entries = RecordedModel(try Practice.call().log()).entries
        #expect(
            entries == [
                ["hears": "Can I come on Friday?", "calls": "look_up", "with": ["date": "Friday"]],
                ["result_of": "look_up", "says": "We have one or two."],
                ["hears": "And on Monday?", "calls": "look_up", "with": ["date": "Monday"]],
                ["result_of": "look_up", "says": "The same on Monday. Goodbye."],
                ["hears": "Goodbye.", "calls": "end_call"],
            ])
    }

    @Test("words that were not written down have a stand-in, and a remark")
    func unwritten() throws {
        let call = try RecordedCall(try flow(Practice.text, name: "practice.lua"))
        call.says("", after: .seconds(9))
        call.hangsUp(after: .seconds(20))
        call.run()
        let lines = try lines(call)
        #expect(
            lines.contains {
                $0.hasPrefix("callee:says") && $0.contains("\"Hello.\"") && $0.contains("-- not written down")
            })
        #expect(lines.contains { $0.hasPrefix("-- What the callee said was not written down in the call") })
        #expect(lines.contains { $0.hasPrefix(#"{ hears = "Hello.", says = "#) })
        #expect(lines.contains("callee:hangs_up()") && lines.contains(#"agent:ends "completed""#))
    }

    @Test("a call that came in begins with the callee's call")
    func inbound() throws {
        let call = try RecordedCall(try flow(Practice.text, name: "practice.lua"), direction: .inbound)
        call.hangsUp(after: .seconds(12))
        call.run()
        let lines = try lines(call)
        #expect(lines.contains("callee:calls()") && !lines.contains { $0.hasPrefix("callee:answers") })
        #expect(lines.contains { $0.contains(#"direction = "inbound""#) })
    }

    @Test("of what the agent says the last sentence is expected, or the end of a long one")
    func expectations() {
        #expect(RecordedTest.expectation(of: "Hello. How can I help you?") == "How can I help you?")
        #expect(RecordedTest.expectation(of: "It is settled. Bye.") == "It is settled. Bye.")
        #expect(
            RecordedTest.expectation(of: "one two three four five six seven eight nine ten eleven twelve")
                == "three four five six seven eight nine ten eleven twelve")
        #expect(RecordedTest.expectation(of: " … ") == nil)
    }
}
