import Conversation
import SansIO

// What scripts do, in the words of a script.

extension ScriptRequest {
    /// `call:say("Hello.")`
    var lua: String {
        switch self {
        case .sleep(let duration): "moonline.sleep(\(duration.lua))"
        case .say(let text, let isInterruptible): "call:say(\(LuaText.quoted(text))\(Self.options(isInterruptible)))"
        case .reply(let instructions):
            instructions.map { "call:reply { instructions = \(LuaText.quoted($0)) }" } ?? "call:reply()"
        case .play(let source, let isInterruptible):
            "call:play(\(LuaText.quoted(source))\(Self.options(isInterruptible)))"
        case .stopSpeaking: "call:stop_speaking()"
        case .sendText(let role, let text): "call:send_text(\(LuaText.quoted(role)), \(LuaText.quoted(text)))"
        case .setInstructions(let text): "call:set_instructions(\(LuaText.quoted(text)))"
        case .setVoice(let name): "call:set_voice(\(LuaText.quoted(name)))"
        case .setActions(let tools): "call:set_actions \(LuaText.value(.array(tools.map { .string($0.name) })))"
        case .gatherDTMF(let gathering):
            "call:gather_dtmf { max = \(gathering.maximum), timeout = \(gathering.timeout.lua), terminator = "
                + (gathering.terminator.map { LuaText.quoted(String($0)) } ?? "\"\"") + " }"
        case .transfer(let target): "call:transfer(\(LuaText.quoted(target)))"
        case .mute(let isMuted): isMuted ? "call:mute()" : "call:unmute()"
        case .hangup(let reason, let afterPlayout): Self.hangup(reason, afterPlayout)
        case .waitForPlayout: "call:wait_for_playout()"
        case .spawn: "call:spawn(…)"
        case .after(let duration, _): "call:after(\(duration.lua), …)"
        case .cancelTimer(let number): "call:cancel_timer(\(number))"
        case .service(let request): request.lua
        }
    }

    private static func options(_ isInterruptible: Bool) -> String {
        isInterruptible ? "" : ", { interruptible = false }"
    }

    private static func hangup(_ reason: String?, _ afterPlayout: Bool) -> String {
        var fields: [String] = []
        if let reason { fields.append("reason = \(LuaText.quoted(reason))") }
        if afterPlayout { fields.append("after_playout = true") }
        return fields.isEmpty ? "call:hangup()" : "call:hangup { \(fields.joined(separator: ", ")) }"
    }

    /// Whether nobody but the script itself notices it.
    var isInward: Bool {
        switch self {
        case .sleep, .waitForPlayout, .spawn, .after, .cancelTimer: true
        default: false
        }
    }

    /// The function that is given to the host.
    var function: ScriptFunctionID? {
        switch self {
        case .spawn(let function), .after(_, let function): function
        default: nil
        }
    }
}

extension ServiceRequest {
    fileprivate var lua: String {
        switch self {
        case .http(let call):
            var fields: JSONObject = ["method": .string(call.method), "url": .string(call.url)]
            if !call.headers.isEmpty {
                fields["headers"] = .array(call.headers.keys.sorted().map { .string($0) })
            }
            if !call.body.isEmpty { fields["body"] = .string(String(decoding: call.body, as: UTF8.self)) }
            return "http.request \(LuaText.value(.object(fields)))"
        case .store(.get(let key)): return "store.get(\(LuaText.quoted(key)))"
        case .store(.set(let key, let value, let lifetime)):
            let options = lifetime.map { ", { ttl = \($0.lua) }" } ?? ""
            return "store.set(\(LuaText.quoted(key)), \(LuaText.value(value))\(options))"
        case .store(.delete(let key)): return "store.delete(\(LuaText.quoted(key)))"
        case .store(.increment(let key, let number)):
            return "store.increment(\(LuaText.quoted(key)), \(LuaText.value(.number(number))))"
        case .store(.keys(let prefix)): return "store.keys(\(LuaText.quoted(prefix)))"
        case .record(let path): return path.map { "call:record { path = \(LuaText.quoted($0)) }" } ?? "call:record()"
        case .stopRecording: return "call:stop_recording()"
        case .loadAudio(let source): return "call:play(\(LuaText.quoted(source)))"
        }
    }
}

extension ScriptOutcome {
    /// What a coroutine did until it waited or came to its end.
    var deed: String {
        switch self {
        case .yielded(let request): request.lua
        case .returned(let values):
            values.isEmpty ? "return" : "return \(values.map { LuaText.value($0) }.joined(separator: ", "))"
        case .failed(let fault):
            switch fault.kind {
            case .error: "fails: \(fault.message)"
            case .budget, .memory: "fails (\(fault.kind.rawValue)): \(fault.message)"
            }
        }
    }
}

extension ScriptEntry {
    /// What runs, for people: `on_answered`, `the action book`.
    var name: String {
        switch self {
        case .handler(let handler, _): handler.rawValue
        case .action(let name, _): "the action \(name)"
        case .function: "a function of call:spawn or call:after"
        }
    }

    /// That it runs, with its arguments.
    var deed: String {
        switch self {
        case .handler(let handler, let arguments):
            "runs \(handler.rawValue)(\((["call"] + arguments.map { LuaText.value($0) }).joined(separator: ", ")))"
        case .action(let name, let arguments): "runs the action \(name) \(LuaText.value(.object(arguments)))"
        case .function: "runs a function of call:spawn or call:after"
        }
    }
}

extension Duration {
    /// Seconds as a script writes them.
    fileprivate var lua: String {
        let seconds = seconds
        return seconds == seconds.rounded() && abs(seconds) < 1e15 ? String(Int64(seconds)) : "\(seconds)"
    }
}
