public import SansIO

// What scripts ask for and get, in the event log.

extension ScriptOutcome {
    /// The event log's form.
    public var logged: JSON {
        switch self {
        case .yielded(let request): ["yielded": request.logged]
        case .returned(let values): ["returned": .array(values)]
        case .failed(let fault):
            [
                "failed": .string(fault.kind.rawValue), "message": .string(fault.message),
                "traceback": .string(fault.traceback),
            ]
        }
    }

    init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        if json["returned"] != nil {
            self = .returned(try fields.array("returned"))
        } else if json["failed"] != nil {
            self = .failed(
                ScriptFault(
                    kind: try fields.choice("failed"), message: try fields.text("message"),
                    traceback: try fields.text("traceback")))
        } else {
            self = .yielded(try ScriptRequest(logged: try fields.value("yielded")))
        }
    }
}

extension ScriptRequest {
    /// The event log's form: the function by its name in Lua, and its arguments.
    public var logged: JSON {
        switch self {
        case .sleep(let duration): ["request": "sleep", "duration_ns": .integer(duration.nanoseconds)]
        case .say(let text, let isInterruptible):
            ["request": "say", "text": .string(text), "interruptible": .bool(isInterruptible)]
        case .reply(let instructions): ["request": "reply", "instructions": .optional(instructions)]
        case .transfer(let target): ["request": "transfer", "target": .string(target)]
        case .hangup(let reason, let afterPlayout):
            ["request": "hangup", "reason": .optional(reason), "after_playout": .bool(afterPlayout)]
        case .waitForPlayout: ["request": "wait_for_playout"]
        case .play(let source, let isInterruptible):
            ["request": "play", "source": .string(source), "interruptible": .bool(isInterruptible)]
        case .stopSpeaking: ["request": "stop_speaking"]
        case .sendText(let role, let text):
            ["request": "send_text", "role": .string(role), "text": .string(text)]
        case .setInstructions(let text): ["request": "set_instructions", "text": .string(text)]
        case .setVoice(let name): ["request": "set_voice", "name": .string(name)]
        case .setActions(let tools):
            ["request": "set_actions", "actions": .array(tools.map(\.logged))]
        case .gatherDTMF(let gathering):
            [
                "request": "gather_dtmf", "max": .integer(Int64(gathering.maximum)),
                "timeout_ns": .integer(gathering.timeout.nanoseconds),
                "terminator": .optional(gathering.terminator),
            ]
        case .mute(let isMuted): ["request": "mute", "muted": .bool(isMuted)]
        case .spawn(let function): ["request": "spawn", "function": .function(function)]
        case .after(let duration, let function):
            [
                "request": "after", "duration_ns": .integer(duration.nanoseconds),
                "function": .function(function),
            ]
        case .cancelTimer(let number): ["request": "cancel_timer", "timer": .integer(Int64(clamping: number))]
        case .service(let request): ["request": "service", "service": request.logged]
        }
    }

    init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        let name = try fields.text("request")
        if let request = try ScriptRequest(speech: name, fields) {
            self = request
            return
        }
        switch name {
        case "sleep": self = .sleep(try fields.duration("duration_ns"))
        case "transfer": self = .transfer(target: try fields.text("target"))
        case "hangup":
            self = .hangup(reason: try fields.optionalText("reason"), afterPlayout: try fields.bool("after_playout"))
        case "gather_dtmf":
            self = .gatherDTMF(
                DTMFGathering(
                    maximum: try fields.int("max"), timeout: try fields.duration("timeout_ns"),
                    terminator: try fields.optionalCharacter("terminator")))
        case "mute": self = .mute(try fields.bool("muted"))
        case "spawn": self = .spawn(try fields.function("function"))
        case "after": self = .after(try fields.duration("duration_ns"), try fields.function("function"))
        case "cancel_timer": self = .cancelTimer(try fields.task("timer").number)
        case "service": self = .service(try ServiceRequest(logged: try fields.value("service")))
        default: throw CallLogFormError(field: "request", problem: "names nothing that scripts ask for: \(name)")
        }
    }

    /// What has to do with the model and with what is heard.
    private init?(speech name: String, _ fields: LogFields) throws(CallLogFormError) {
        switch name {
        case "say":
            self = .say(text: try fields.text("text"), interruptible: try fields.bool("interruptible"))
        case "reply": self = .reply(instructions: try fields.optionalText("instructions"))
        case "wait_for_playout": self = .waitForPlayout
        case "play":
            self = .play(source: try fields.text("source"), interruptible: try fields.bool("interruptible"))
        case "stop_speaking": self = .stopSpeaking
        case "send_text": self = .sendText(role: try fields.text("role"), text: try fields.text("text"))
        case "set_instructions": self = .setInstructions(try fields.text("text"))
        case "set_voice": self = .setVoice(try fields.text("name"))
        case "set_actions": self = .setActions(try AgentDefinition.Tool.list(try fields.array("actions")))
        default: return nil
        }
    }
}

extension ServiceRequest {
    /// The event log's form. Of HTTP headers the names alone: their values may be secrets.
    public var logged: JSON {
        switch self {
        case .http(let call):
            var form: JSONObject = [
                "service": "http", "method": .string(call.method), "url": .string(call.url),
                "headers": .array(call.headers.keys.sorted().map { .string($0) }),
            ]
            form.set(bytes: call.body, as: "body")
            form["timeout_ns"] = .integer(call.timeout.nanoseconds)
            return .object(form)
        case .store(let call): return call.logged
        case .record(let path): return ["service": "record", "path": .optional(path)]
        case .stopRecording: return ["service": "stop_recording"]
        case .loadAudio(let source): return ["service": "load_audio", "source": .string(source)]
        }
    }

    init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        let name = try fields.text("service")
        switch name {
        case "http":
            var headers: [String: String] = [:]
            for header in try fields.array("headers") { headers[header.string ?? ""] = "" }
            self = .http(
                HTTPCall(
                    method: try fields.text("method"), url: try fields.text("url"), headers: headers,
                    body: try fields.bytes("body"), timeout: try fields.duration("timeout_ns")))
        case "record": self = .record(path: try fields.optionalText("path"))
        case "stop_recording": self = .stopRecording
        case "load_audio": self = .loadAudio(source: try fields.text("source"))
        default:
            guard let call = try StoreCall(name, fields) else {
                throw CallLogFormError(field: "service", problem: "names nothing that the host does: \(name)")
            }
            self = .store(call)
        }
    }
}

extension ServiceRequest.StoreCall {
    fileprivate var logged: JSON {
        switch self {
        case .get(let key): ["service": "store_get", "key": .string(key)]
        case .set(let key, let value, let lifetime):
            ["service": "store_set", "key": .string(key), "value": value, "lifetime_ns": .optional(lifetime)]
        case .delete(let key): ["service": "store_delete", "key": .string(key)]
        case .increment(let key, let number):
            ["service": "store_increment", "key": .string(key), "by": .number(number)]
        case .keys(let prefix): ["service": "store_keys", "prefix": .string(prefix)]
        }
    }

    fileprivate init?(_ name: String, _ fields: LogFields) throws(CallLogFormError) {
        switch name {
        case "store_get": self = .get(key: try fields.text("key"))
        case "store_set":
            self = .set(
                key: try fields.text("key"), value: try fields.value("value"),
                lifetime: try fields.optionalDuration("lifetime_ns"))
        case "store_delete": self = .delete(key: try fields.text("key"))
        case "store_increment": self = .increment(key: try fields.text("key"), by: try fields.number("by"))
        case "store_keys": self = .keys(prefix: try fields.text("prefix"))
        default: return nil
        }
    }
}

extension ServiceResult {
    var logged: JSON {
        switch self {
        case .reply(let reply): reply.logged
        case .audio(let audio): ["audio_bytes": .integer(Int64(audio.count))]
        }
    }

    init(logged json: JSON) throws(CallLogFormError) {
        if json["audio_bytes"] != nil {
            self = .audio(try LogFields(json).silence("audio_bytes"))
        } else {
            self = .reply(try ScriptReply(logged: json))
        }
    }
}

extension ScriptReply {
    /// The event log's form.
    public var logged: JSON {
        switch self {
        case .value(let value): ["value": value]
        case .failure(let code, let message): ["failure": .string(code.rawValue), "message": .string(message)]
        }
    }

    init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        if json["failure"] != nil {
            self = .failure(code: try fields.choice("failure"), message: try fields.text("message"))
        } else {
            self = .value(try fields.value("value"))
        }
    }
}

extension ScriptCommand {
    var logged: JSON {
        switch self {
        case .start(let task, .handler(let handler, let arguments), _):
            [
                "action": "script_start", "task": .task(task),
                "handler": .string(handler.rawValue), "arguments": .array(arguments),
            ]
        case .start(let task, .action(let name, let arguments), _):
            [
                "action": "script_start", "task": .task(task), "function": .string(name),
                "arguments": .object(arguments),
            ]
        case .resume(let task, let reply, _):
            ["action": "script_resume", "task": .task(task), "reply": reply.logged]
        case .start(let task, .function(let function), _):
            ["action": "script_start", "task": .task(task), "kept_function": .function(function)]
        case .cancel(let task): ["action": "script_cancel", "task": .task(task)]
        case .forget(let function):
            ["action": "script_forget", "kept_function": .function(function)]
        case .handOver(let task, let version, _):
            ["action": "script_hand_over", "task": .task(task), "version": .string(version)]
        }
    }
}
