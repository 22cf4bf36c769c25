import Conversation
import LuaRuntime
import SansIO

/// Functions of `require "log"`: `call:log`, one function a level.
enum LogFunctions {
    static let all: [FunctionSpec] = [
        function(.debug, "Writes a line for whoever looks for a mistake in the flow; hidden unless asked for."),
        function(.info, "Writes a line about what happens."),
        function(.warning, "Writes a line about something that should not be, and does no harm yet."),
        function(.error, "Writes a line about something that went wrong."),
    ]

    private static func function(_ level: ScriptLogLevel, _ prose: String) -> FunctionSpec {
        FunctionSpec(
            .module("log"), level.rawValue, prose + " It goes to the host's log, with the call's id.",
            Argument("message", String.self, "What happened."),
            Argument("fields", ScriptFields?.self, "Plain data to go with it."),
            since: "0.2", permission: .inHandlers
        ) { context, message, fields in
            context.write(level, message, fields?.json)
            return .values([])
        }
    }
}
