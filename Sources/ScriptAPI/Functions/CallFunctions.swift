import Conversation
import LuaRuntime
import SansIO

/// Methods of `call`.
enum CallFunctions {
    /// Statuses in which there is somebody to speak to.
    private static let audible: Set<CallFacts.Status> = [.early, .active]
    private static let alive: Set<CallFacts.Status> = [.dialing, .ringing, .early, .active]
    private static let waitErrors: [ScriptErrorCode] = [.callEnded, .wrongStatus]

    /// By what they are for, as the reference shows them.
    static let groups: [(title: String, functions: [FunctionSpec])] = [
        ("Speaking", speaking), ("The model", model), ("Keys", keys), ("The telephone", telephone),
        ("Recording", recording), ("The script", script),
    ]

    static let all: [FunctionSpec] = groups.flatMap(\.functions)

    private static let speaking: [FunctionSpec] = [
        FunctionSpec(
            .call, "say", "Speaks the text; returns when it was heard, or cut short by the caller.",
            Argument("text", String.self, "What to say, word for word."),
            Argument("options", SpeechOptions?.self, "How to say it."),
            result: "boolean", errors: waitErrors + [.modelFailed, .interrupted], since: "0.1", yields: true,
            permission: .whileCall(audible)
        ) { _, text, options in
            .wait(.say(text: text, interruptible: options?.interruptible ?? true))
        },
        FunctionSpec(
            .call, "play", "Plays a sound file; returns when it was heard, or cut short by the caller.",
            Argument("source", String.self, "A WAV file below the flow's folder, or an `http(s):` address of one."),
            Argument("options", SpeechOptions?.self, "How to play it."),
            result: "boolean",
            errors: waitErrors + [
                .notFound, .notAllowed, .invalidArgument, .timedOut, .limitReached, .failed, .interrupted,
            ], since: "0.2", yields: true, permission: .whileCall(audible)
        ) { _, source, options in
            source.isEmpty
                ? .misuse(parameter: 1, "the source is empty")
                : .wait(.play(source: source, interruptible: options?.interruptible ?? true))
        },
        FunctionSpec(
            .call, "stop_speaking", "Silences the agent at once, as if the caller had interrupted.",
            result: "boolean", errors: waitErrors, since: "0.2", yields: true, permission: .whileCall(audible)
        ) { _ in .wait(.stopSpeaking) },
        FunctionSpec(
            .call, "wait_for_playout", "Returns when all that the agent has said so far was heard or cut short.",
            result: "boolean", errors: waitErrors + [.interrupted], since: "0.1", yields: true,
            permission: .whileCall(audible)
        ) { _ in .wait(.waitForPlayout) },
    ]

    private static let model: [FunctionSpec] = [
        FunctionSpec(
            .call, "reply", "Asks the model to speak; returns when that was heard, or cut short by the caller.",
            Argument("options", ReplyOptions?.self, "What the model should do."),
            result: "boolean", errors: waitErrors + [.modelFailed, .interrupted], since: "0.1", yields: true,
            permission: .whileCall(audible)
        ) { _, options in .wait(.reply(instructions: options?.instructions)) },
        FunctionSpec(
            .call, "send_text",
            "Adds a message to the model's conversation. The model does not answer it until it speaks next; "
                + "`call:reply()` asks it to.",
            Argument("role", MessageRole.self, "Whose words they are."),
            Argument("text", String.self, "The message."),
            result: "boolean", errors: waitErrors + [.modelFailed], since: "0.2", yields: true,
            permission: .whileCall([.active])
        ) { _, role, text in .wait(.sendText(role: role.rawValue, text: text)) },
        FunctionSpec(
            .call, "set_instructions",
            "Gives the model other instructions, from its next answer on. In live mode they are fixed when the call "
                + "begins; `send_text` adds to them.",
            Argument("text", String.self, "All of them; the old ones are gone."),
            result: "boolean", errors: [.callEnded, .unsupported], since: "0.2", yields: true,
            permission: .whileCall(alive)
        ) { _, text in .wait(.setInstructions(text)) },
        FunctionSpec(
            .call, "set_actions", "Sets what the model may call, from its next answer on.",
            Argument(
                "actions", ScriptTable.self, "A table of functions like `CallActions`, or a list of their names.",
                type: "moonline.Actions|string[]"),
            result: "boolean", errors: [.callEnded], since: "0.2", yields: true,
            permission: .whileCall(alive)
        ) { context, actions in
            do throws(ScriptMismatch) {
                return .wait(.setActions(try context.setActions(actions.reference)))
            } catch {
                return .misuse(parameter: 1, error.reason)
            }
        },
        FunctionSpec(
            .call, "set_voice",
            "Chooses another voice. The model cannot change it any more when it has spoken; in live mode, when the call "
                + "has begun.",
            Argument("name", String.self, "A voice of the model."),
            result: "boolean", errors: [.callEnded, .unsupported], since: "0.2", yields: true,
            permission: .whileCall(alive)
        ) { _, name in
            name.isEmpty ? .misuse(parameter: 1, "the name is empty") : .wait(.setVoice(name))
        },
    ]

    private static let keys: [FunctionSpec] = [
        FunctionSpec(
            .call, "gather_dtmf",
            "Waits for keys, and returns them as a string. They end with `max` keys, the terminator, or when none has "
                + "come for `timeout`. Keys that were pressed before count, unless the flow has `on_dtmf`.",
            Argument("options", GatherOptions?.self, "How many, and how long."),
            result: "string", errors: waitErrors + [.timedOut], since: "0.2", yields: true,
            permission: .whileCall([.active])
        ) { _, options in .wait(.gatherDTMF(options?.gathering ?? GatherOptions.standard)) },
        unsupported(
            "send_dtmf", "Presses keys; `w` waits half a second.",
            Argument("keys", String.self, "`0`…`9`, `*`, `#`, `A`…`D`, `w`.")),
    ]

    private static let telephone: [FunctionSpec] = [
        FunctionSpec(
            .call, "transfer", "Hands the far end over to somebody else; returns when that is decided.",
            Argument("target", String.self, "A number in E.164, or a `tel:` or `sip:` address."),
            Argument("options", TransferOptions?.self, "How."),
            result: "boolean", errors: waitErrors + [.refused, .timedOut, .unsupported, .invalidArgument],
            since: "0.1", yields: true, permission: .whileCall([.active])
        ) { _, target, options in
            if target.isEmpty { return .misuse(parameter: 1, "the target is empty") }
            if let mode = options?.mode, mode != .cold {
                return .failure(.unsupported, "a \(mode.rawValue) transfer is not possible yet; leave out `mode`")
            }
            return .wait(.transfer(target: target))
        },
        unsupported("hold", "Puts the far end on hold."),
        unsupported("unhold", "Takes the far end back from hold."),
        FunctionSpec(
            .call, "mute",
            "The model hears nothing of the far end until `unmute`. Keys, the recording and the agent's own words go on.",
            result: "boolean", errors: [.callEnded], since: "0.2", yields: true, permission: .whileCall(alive)
        ) { _ in .wait(.mute(true)) },
        FunctionSpec(
            .call, "unmute", "The model hears the far end again.",
            result: "boolean", errors: [.callEnded], since: "0.2", yields: true, permission: .whileCall(alive)
        ) { _ in .wait(.mute(false)) },
        FunctionSpec(
            .call, "hangup", "Ends the call.",
            Argument("options", HangupOptions?.self, "Why and when."),
            result: "boolean", errors: [.callEnded], since: "0.1", yields: true, permission: .whileCall(alive)
        ) { _, options in
            .wait(.hangup(reason: options?.reason, afterPlayout: options?.afterPlayout ?? false))
        },
    ]

    private static let recording: [FunctionSpec] = [
        FunctionSpec(
            .call, "record", "Records both sides to a WAV file in the call's folder; returns the file's path.",
            Argument("options", RecordOptions?.self, "Where."),
            result: "string", errors: waitErrors + [.invalidArgument, .failed], since: "0.2", yields: true,
            permission: .whileCall(audible)
        ) { _, options in .wait(.service(.record(path: options?.path))) },
        FunctionSpec(
            .call, "stop_recording", "Ends the recording, also the one that the host began with the call.",
            result: "boolean", errors: waitErrors, since: "0.2", yields: true, permission: .whileCall(audible)
        ) { _ in .wait(.service(.stopRecording)) },
    ]

    private static let script: [FunctionSpec] = [
        FunctionSpec(
            .call, "after", "Runs a function later, unless the call has ended by then; returns the timer's number.",
            Argument("seconds", Double.self, "0 to 86400."),
            Argument("fn", ScriptCallback.self, "Called without arguments."),
            result: "integer", errors: [.callEnded, .limitReached], since: "0.2", yields: true,
            permission: .whileCall(alive)
        ) { context, seconds, callback in
            guard let duration = Duration(scriptSeconds: seconds) else {
                return .misuse(parameter: 1, "seconds from 0 to 86400 expected, got \(seconds)")
            }
            return .wait(.after(duration, context.keep(callback.reference)))
        },
        FunctionSpec(
            .call, "cancel_timer", "Stops a timer of `call:after`; returns whether it had not run yet.",
            Argument("timer", Int64.self, "What `call:after` returned."),
            result: "boolean", errors: [.callEnded], since: "0.2", yields: true, permission: .whileCall(alive)
        ) { _, timer in .wait(.cancelTimer(UInt64(clamping: timer))) },
        FunctionSpec(
            .call, "spawn", "Runs a function beside the handlers: at once until it first waits, then whenever it may.",
            Argument("fn", ScriptCallback.self, "Called without arguments."),
            result: "boolean", errors: [.callEnded, .limitReached], since: "0.2", yields: true,
            permission: .whileCall(alive)
        ) { context, callback in .wait(.spawn(context.keep(callback.reference))) },
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

    /// A function that the telephone side cannot perform yet.
    private static func unsupported<each Value: ScriptArgument>(
        _ name: String, _ prose: String, _ argument: repeat Argument<each Value>
    ) -> FunctionSpec {
        FunctionSpec(
            .call, name, prose + " Not possible yet.", repeat each argument, result: "boolean",
            errors: waitErrors + [.unsupported], since: "0.2", yields: false, permission: .whileCall([.active])
        ) { (_, _: repeat each Value) in
            .failure(.unsupported, "call:\(name) is not possible yet")
        }
    }
}
