import Conversation
import SansIO
import ScriptAPI
import Testing

@Suite("call:set_actions")
struct SetActionsTests {
    private static let actions = """
        ---Looks up times.
        ---@param date string
        function CallActions:look_up(date) return 'looked up ' .. date end
        ---Books.
        function CallActions:book() return 'booked for ' .. self.call.id end
        local Others = {}
        ---Cancels an appointment.
        ---@param reason string  Why
        function Others:cancel(reason) return 'cancelled: ' .. reason .. ' ' .. self.call.id end
        function Others:_hidden() end
        """

    private func harness(_ source: String) throws -> ScriptHarness {
        try ScriptHarness(
            flow(
                actions: Self.actions,
                fields: "on_answered = function(call)\nreturn call:set_actions(\(source))\nend"))
    }

    private func tools(_ source: String) throws -> (ScriptHarness, [AgentDefinition.Tool]) {
        let harness = try harness(source)
        guard case .yielded(.setActions(let tools)) = try harness.handle(.onAnswered) else {
            Issue.record("\(source) asked for no actions")
            return (harness, [])
        }
        return (harness, tools)
    }

    private func message(_ outcome: ScriptOutcome) -> String {
        if case .failed(let fault) = outcome { fault.message } else { "\(outcome)" }
    }

    @Test("A list of names chooses among the agent's own; the others cannot be called any more")
    func list() throws {
        let (harness, tools) = try tools("{ 'book' }")
        #expect(tools.map(\.name) == ["book"])
        #expect(tools.first?.description == "Books.")
        #expect(try harness.act("book") == .returned(["booked for call-1"]))
        #expect(message(try harness.act("look_up", ["date": "x"])).contains("there is no action 'look_up'"))
    }

    @Test("A name twice is one function; names may come back later")
    func again() throws {
        let harness = try ScriptHarness(
            flow(
                actions: Self.actions,
                fields: """
                    on_answered = function(call)
                      call:set_actions { 'book', 'book' }
                      call:set_actions { 'look_up', 'book' }
                    end
                    """))
        guard case .yielded(.setActions(let first)) = try harness.handle(.onAnswered),
            case .yielded(.setActions(let second)) = try harness.resume()
        else {
            Issue.record("asked for no actions")
            return
        }
        #expect(first.map(\.name) == ["book"])
        #expect(second.map(\.name) == ["look_up", "book"])
        #expect(try harness.act("look_up", ["date": "today"]) == .returned(["looked up today"]))
    }

    @Test("A table of functions is read like CallActions: annotations, private names, self.call")
    func table() throws {
        let (harness, tools) = try tools("Others")
        #expect(tools.map(\.name) == ["cancel"])
        #expect(tools.first?.description == "Cancels an appointment.")
        #expect(tools.first?.parameters["properties"]?["reason"]?["type"] == "string")
        #expect(try harness.act("cancel", ["reason": "ill"]) == .returned(["cancelled: ill call-1"]))
        #expect(message(try harness.act("cancel")).contains("argument 'reason' is missing"))
        #expect(message(try harness.act("book")).contains("there is no action 'book'"))
    }

    @Test("An empty table leaves the model nothing to call")
    func empty() throws {
        let (harness, tools) = try tools("{}")
        #expect(tools.isEmpty)
        #expect(message(try harness.act("book")).contains("there is no action 'book'"))
    }

    @Test(
        "What cannot be used is an error at the caller's line, and the actions stay as they were",
        arguments: [
            ("{ 'boook' }", "the agent has no action 'boook' (did you mean 'book'?)"), ("{ 1 }", "a list of names"),
            ("{ '_hidden' }", "the agent has no action '_hidden'"),
            ("{ new = function(self, date) end }", "new"),
        ])
    func wrong(source: String, expected: String) throws {
        let harness = try harness(source)
        let text = message(try harness.handle(.onAnswered))
        #expect(text.contains("bad argument #1 to 'set_actions'"), "\(text)")
        #expect(text.contains(expected), "\(text)")
        #expect(text.contains("flow.lua:"), "\(text)")
        #expect(try harness.act("book") == .returned(["booked for call-1"]))
    }
}
