import Conversation
import LuaRuntime
import SansIO

/// Functions of `require "moonline"`.
enum MoonlineFunctions {
    static let all: [FunctionSpec] = [
        FunctionSpec(
            .module("moonline"), "agent", "Defines the flow's agent. The flow's file returns what this returns.",
            Argument(
                "definition", ScriptTable.self, "Name, mode, voice, instructions, actions and handlers.",
                type: "moonline.AgentDefinition"),
            result: "moonline.Agent", since: "0.1", permission: .whileLoading
        ) { context, definition in
            context.agent = definition.reference
            return .values([.table(definition.reference)])
        },
        FunctionSpec(
            .module("moonline"), "sleep", "Waits, while the call goes on.",
            Argument("seconds", Double.self, "0 to 86400."),
            since: "0.1", yields: true, permission: .inHandlers
        ) { _, seconds in
            guard let duration = Duration(scriptSeconds: seconds) else {
                return .misuse(parameter: 1, "seconds from 0 to 86400 expected, got \(seconds)")
            }
            return .wait(.sleep(duration))
        },
        FunctionSpec(
            .module("moonline"), "now",
            "Unix time in seconds. It stands still while the script runs, and goes on when it waits.",
            result: "number", since: "0.2", permission: .inHandlers
        ) { context in .values([.number(context.now)]) },
        FunctionSpec(
            .module("moonline"), "env",
            "A variable of the host's environment, if the operator allows scripts to see it (MOONLINE_SCRIPT_ENV).",
            Argument("name", String.self, "The variable."),
            result: "string", errors: [.notAllowed, .notFound], since: "0.2", permission: .always
        ) { context, name in
            switch context.environment.variable(name) {
            case .value(let text): return .values([.string(text)])
            case .unset: return .failure(.notFound, "the variable \(name) is not set")
            case .notAllowed:
                return .failure(.notAllowed, "the operator does not show \(name) to scripts (MOONLINE_SCRIPT_ENV)")
            }
        },
    ]
}

extension Duration {
    /// A time that a script gave; `nil` unless it is from 0 to a day.
    init?(scriptSeconds seconds: Double) {
        guard seconds >= 0, seconds <= 86_400 else { return nil }
        self = .nanoseconds(Int64(seconds * 1e9))
    }
}
