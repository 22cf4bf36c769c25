import LuaRuntime
import SansIO
import ScriptAPI

/// What the agent can be expected to do: `agent:name(…)`.
enum AgentFunctions {
    static let all: [TestFunctionSpec] = [
        TestFunctionSpec(
            .agent, "says",
            "The agent says something, and the callee has heard it. What was cut off by an interruption or lost with the "
                + "call does not count. What an earlier expectation has found is not looked at again.",
            Argument("what", TextExpectation.self, "What it says."),
            Argument("options", ExpectationOptions?.self, "How long it may take; 15 seconds."), result: "string"
        ) { _, what, options throws(ScriptMismatch) in
            .wait(.says(what.matcher), within: options?.within, isInOrder: options?.isInOrder)
        },
        TestFunctionSpec(
            .agent, "hears",
            "The agent has understood something of the callee: what the model's transcript of the callee says.",
            Argument("what", TextExpectation.self, "What it understands."),
            Argument("options", ExpectationOptions?.self, "How long it may take; 15 seconds."), result: "string"
        ) { _, what, options throws(ScriptMismatch) in
            .wait(.hears(what.matcher), within: options?.within, isInOrder: options?.isInOrder)
        },
        TestFunctionSpec(
            .agent, "receives", "The agent has received keys that the callee pressed, in this order.",
            Argument("keys", TestKeys.self, "The keys.", type: "string"),
            Argument("options", ExpectationOptions?.self, "How long it may take; 15 seconds.")
        ) { _, keys, options throws(ScriptMismatch) in
            .wait(
                .receives(keys: keys.text.filter { $0 != "w" }), within: options?.within, isInOrder: options?.isInOrder)
        },
        TestFunctionSpec(
            .agent, "calls",
            "The model calls an action of the agent. Of the arguments those that are given must be as expected; others may "
                + "be there too. Texts must be equal, unless they are `t.like` and the like.",
            Argument("name", String.self, "The action."),
            Argument("arguments", ValueExpectation?.self, "Its arguments, by name.", type: "table"),
            Argument("options", ActionOptions?.self, "What it returns, and how long it may take; 15 seconds."),
            result: "table"
        ) { _, name, arguments, options throws(ScriptMismatch) in
            if let json = arguments?.json, json.object == nil, json.array?.isEmpty != true {
                throw ScriptMismatch(
                    reason: "bad argument #2 to 'calls' (a table with names expected, got \(json.text))")
            }
            let expectation = ActionExpectation(
                name: name, arguments: arguments.map(\.matcher).flatMap { $0.isEmptyTable ? nil : $0 },
                returns: options?.returns)
            return .wait(
                .calls(expectation), within: options?.expectation.within, isInOrder: options?.expectation.isInOrder)
        },
        TestFunctionSpec(
            .agent, "transfers_to",
            "The agent hands the call over. A number is found in `tel:` and `sip:` addresses too.",
            Argument("target", TextExpectation?.self, "To whom; nothing for anybody."),
            Argument("options", ExpectationOptions?.self, "How long it may take; 15 seconds."), result: "string"
        ) { _, target, options throws(ScriptMismatch) in
            .wait(.transfers(to: target?.matcher), within: options?.within, isInOrder: options?.isInOrder)
        },
        TestFunctionSpec(
            .agent, "is_interrupted",
            "The callee has talked over the agent, and the agent fell silent. `heard` is what the callee heard of the "
                + "sentence that was cut, `unheard` the rest.",
            Argument("options", InterruptionOptions?.self, "What was heard, what was not, how long it may take; 15.")
        ) { _, options throws(ScriptMismatch) in
            .wait(
                .isInterrupted(heard: options?.heard, unheard: options?.unheard), within: options?.expectation.within,
                isInOrder: options?.expectation.isInOrder)
        },
        TestFunctionSpec(
            .agent, "stays_silent", "The agent says nothing for a while, counted from when it is silent.",
            Argument("seconds", TestSeconds.self, "How long; the end of the call ends it too.")
        ) { _, seconds throws(ScriptMismatch) in .wait(.staysSilent(seconds.duration)) },
        TestFunctionSpec(
            .agent, "hangs_up", "The agent ends the call.",
            Argument("options", ExpectationOptions?.self, "How long it may take; 15 seconds.")
        ) { _, options throws(ScriptMismatch) in
            .wait(.agentHangsUp, within: options?.within, isInOrder: options?.isInOrder)
        },
        TestFunctionSpec(
            .agent, "ends",
            "The call is over, and this became of it: an outcome of the call record (`completed`, `transferred`, `busy`, "
                + "`declined`, `no_answer`, `rejected`, `refused`, `model_failed`, …) or its reason (`voicemail`, …).",
            Argument("outcome", TextExpectation.self, "Outcome or reason."),
            Argument("options", ExpectationOptions?.self, "How long it may take; as long as the test may.")
        ) { _, outcome, options throws(ScriptMismatch) in
            .wait(.ends(outcome.matcher), within: options?.within, isInOrder: options?.isInOrder)
        },
    ]
}

extension Matcher {
    /// `{}`: says nothing of what is expected.
    fileprivate var isEmptyTable: Bool {
        switch self {
        case .value(.object(let object)): object.isEmpty
        case .value(.array(let elements)): elements.isEmpty
        case .list(let elements): elements.isEmpty
        default: false
        }
    }
}
