import Conversation
import LuaRuntime
import SansIO

/// All that scripts may call.
public enum ScriptFunctions {
    /// Statuses in which there is somebody to speak to.
    private static let audible: Set<CallFacts.Status> = [.early, .active]
    private static let waitErrors: [ScriptErrorCode] = [.callEnded, .wrongStatus]

    public static let all: [FunctionSpec] = moonline + call

    /// Functions of `require "moonline"`.
    static let moonline: [FunctionSpec] = [
        FunctionSpec(
            .moonline, "agent", "Defines the flow's agent. The flow's file returns what this returns.",
            Argument("definition", ScriptTable.self, "Name, mode, voice, instructions, actions and handlers."),
            result: "moonline.Agent", since: "0.1", permission: .whileLoading
        ) { context, definition in
            context.agent = definition.reference
            return .values([.table(definition.reference)])
        },
        FunctionSpec(
            .moonline, "sleep", "Waits, while the call goes on.",
            Argument("seconds", Double.self, "0 to 86400."),
            since: "0.1", yields: true, permission: .inHandlers
        ) { _, seconds in
            guard seconds >= 0, seconds <= 86_400 else {
                return .misuse(parameter: 1, "seconds from 0 to 86400 expected, got \(seconds)")
            }
            return .wait(.sleep(.seconds(seconds)))
        },
    ]

    /// Methods of `call`.
    static let call: [FunctionSpec] = [
        FunctionSpec(
            .call, "say", "Speaks the text; returns when it was heard, or cut short by the caller.",
            Argument("text", String.self, "What to say, word for word."),
            Argument("options", SayOptions?.self, "How to say it."),
            result: "boolean", errors: waitErrors + [.modelFailed, .interrupted], since: "0.1", yields: true,
            permission: .whileCall(audible)
        ) { _, text, options in
            .wait(.say(text: text, interruptible: options?.interruptible ?? true))
        },
        FunctionSpec(
            .call, "reply", "Asks the model to speak; returns when that was heard, or cut short by the caller.",
            Argument("options", ReplyOptions?.self, "What the model should do."),
            result: "boolean", errors: waitErrors + [.modelFailed, .interrupted], since: "0.1", yields: true,
            permission: .whileCall(audible)
        ) { _, options in .wait(.reply(instructions: options?.instructions)) },
        FunctionSpec(
            .call, "transfer", "Hands the far end over to somebody else (REFER); returns when that is decided.",
            Argument("target", String.self, "A number in E.164, or a `tel:` or `sip:` address."),
            result: "boolean", errors: waitErrors + [.refused, .timedOut, .unsupported, .invalidArgument],
            since: "0.1", yields: true, permission: .whileCall([.active])
        ) { _, target in
            target.isEmpty ? .misuse(parameter: 1, "the target is empty") : .wait(.transfer(target: target))
        },
        FunctionSpec(
            .call, "hangup", "Ends the call.",
            Argument("options", HangupOptions?.self, "Why and when."),
            result: "boolean", errors: [.callEnded], since: "0.1", yields: true,
            permission: .whileCall([.dialing, .ringing, .early, .active])
        ) { _, options in
            .wait(.hangup(reason: options?.reason, afterPlayout: options?.afterPlayout ?? false))
        },
        FunctionSpec(
            .call, "wait_for_playout", "Returns when all that the agent has said so far was heard or cut short.",
            result: "boolean", errors: waitErrors, since: "0.1", yields: true, permission: .whileCall(audible)
        ) { _ in .wait(.waitForPlayout) },
        FunctionSpec(
            .call, "log", "Writes a line to the host's log, with the call's id.",
            Argument("level", ScriptLogLevel.self, "How much it matters."),
            Argument("message", String.self, "What happened."),
            Argument("fields", ScriptFields?.self, "Plain data to go with it."),
            since: "0.1", permission: .inHandlers
        ) { context, level, message, fields in
            context.write(level, message, fields?.json)
            return .values([])
        },
    ]
}
