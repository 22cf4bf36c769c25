import LuaSyntax
import Testing

@Suite("Analysis of the call, handlers and actions") struct AgentAnalysisTests {
    private let head = "local moonline = require \"moonline\"\n"

    @Test("the first parameter of a handler is the call, wherever the handler is written")
    func handlers() {
        #expect(
            findings(
                head + """
                    local function greet(call) call:sya("x") end
                    local function helper(c, text) c:hagnup(text) end
                    local agent = { name = "x", on_answered = greet }
                    function agent.on_hangup(call) call:say() end
                    agent.on_dtmf = function(c) helper(c, 1) end
                    agent.on_handover = function(state) return state.anything:at_all() end
                    return moonline.agent(agent)
                    """) == [
                    "2: error undefined-field: 'call' has no member 'sya' (did you mean 'say'?)",
                    "3: error undefined-field: 'call' has no member 'hagnup' (did you mean 'hangup'?)",
                    "5: error missing-parameter: 'call:say' needs 'text'",
                ])
    }

    @Test("self.call in an action is the call")
    func actions() {
        #expect(
            findings(
                head + """
                    local CallActions = {}
                    function CallActions:book(date)
                      local call = self.call
                      call.state.booked = date
                      call.booked = date
                      call.id = 2
                      call.say("x")
                      call.say(call, "x")
                      call:to()
                      self.call:say("a", {}, 3)
                      self.call:setInstructions("x")
                      return self:other(self.anything)
                    end
                    CallActions.cancel = function(self) self.call:hnagup() end
                    return moonline.agent { name = "x", actions = CallActions }
                    """) == [
                    "6: error read-only: call.booked cannot be assigned to",
                    "7: error read-only: call.id cannot be assigned to",
                    "8: error missing-colon: 'say' is a method of the call",
                    "10: error redundant-colon: 'to' is a field of the call, not a method",
                    "11: error redundant-parameter: 'call:say' takes 2 arguments, and gets 3",
                    "12: error undefined-field: 'call' has no member 'setInstructions' (did you mean 'set_instructions'?)",
                    "15: error undefined-field: 'call' has no member 'hnagup' (did you mean 'hangup'?)",
                ])
    }

    @Test("annotations say what a file without an agent has")
    func annotations() {
        #expect(
            findings(
                """
                ---@class Actions : moonline.Actions
                local Actions = setmetatable({}, {})
                function Actions:a() self.call:b() end
                ---Does something.
                ---@param text string
                ---@param call moonline.Call  The call
                function Actions.helper(text, call) call:c(text) end
                ---@type moonline.Call
                local call = Actions.current
                print(call.d)
                return Actions
                """) == [
                    "3: error undefined-field: 'call' has no member 'b'",
                    "7: error undefined-field: 'call' has no member 'c'",
                    "10: error undefined-field: 'call' has no member 'd'",
                ])
    }

    @Test("what may be anything is left alone")
    func unknown() {
        #expect(
            findings(
                head + """
                    local function f(call) call:anything() end
                    f({})
                    local function g(call) call = {} call:anything() end
                    local function h(c) c:anything() end
                    print(h)
                    return moonline.agent { name = "x", on_answered = g, on_hangup = function(call) h(call) f(call)
                      call.metadata.anything = call.state.x end }
                    """) == [])
    }

    @Test("unknown handlers and fields, and parameters that nothing is passed for")
    func fields() {
        #expect(
            findings(
                head + """
                    return moonline.agent {
                      name = "x", instrctions = "y", anything_else = 1,
                      on_answerd = print,
                      on_answered = function(call, extra) return call, extra end,
                    }
                    """) == [
                    "3: error unknown-handler: unknown field 'instrctions' (did you mean 'instructions'?)",
                    "3: error unknown-handler: unknown field 'anything_else'",
                    "4: error unknown-handler: unknown handler 'on_answerd' (did you mean 'on_answered'?)",
                    "5: warning redundant-handler-parameter: 'extra' will be nil: 'on_answered' is passed one argument",
                ])
    }
}
