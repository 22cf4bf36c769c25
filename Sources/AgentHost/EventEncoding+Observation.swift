import Conversation
import SansIO

// What a call's session lets others see, and what scripts ask for, in the event log.

extension Observation {
    var logged: JSON {
        switch self {
        case .status(let status): ["observation": "status", "status": .string(status.rawValue)]
        case .modelReady(let sessionID, let model):
            ["observation": "model_ready", "session_id": .string(sessionID), "model": .string(model)]
        case .transcript(let entry):
            [
                "observation": "transcript", "role": .string(entry.role.rawValue), "text": .string(entry.text),
                "final": .bool(entry.isFinal), "item_id": .string(entry.itemID),
                "started_at_ns": .integer(entry.startedAt.nanoseconds),
                "ended_at_ns": .integer(entry.endedAt.nanoseconds),
            ]
        case .callerSpeech(let hasStarted): ["observation": "caller_speech", "started": .bool(hasStarted)]
        case .actionCalled(let callID, let name, let arguments):
            [
                "observation": "action_called", "call_id": .string(callID), "name": .string(name),
                "arguments": .string(arguments),
            ]
        case .actionReturned(let callID, let name, let output, let duration):
            [
                "observation": "action_returned", "call_id": .string(callID), "name": .string(name),
                "output": .string(output), "duration_ns": .integer(duration.nanoseconds),
            ]
        case .actionRefused(let callID, let name, let reason):
            [
                "observation": "action_refused", "call_id": .string(callID), "name": .string(name),
                "reason": .string(reason),
            ]
        case .actionFailed(let callID, let name, let message):
            [
                "observation": "action_failed", "call_id": .string(callID), "name": .string(name),
                "message": .string(message),
            ]
        case .interruption(let interruption):
            [
                "observation": "interruption", "heard": .string(interruption.heard),
                "unheard": .string(interruption.unheard), "played_ms": .integer(Int64(interruption.playedMilliseconds)),
            ]
        case .latency(let latency):
            [
                "observation": "latency", "turn": .integer(Int64(latency.turn)),
                "first_packet_ns": .integer(latency.toFirstPacket.nanoseconds),
                "first_audio_ns": .integer(latency.toFirstAudio.nanoseconds),
            ]
        case .transfer(let status, let code):
            ["observation": "transfer", "status": .string(status.rawValue), "code": .optional(code)]
        case .digit(let digit, let milliseconds):
            ["observation": "digit", "digit": .string(String(digit)), "ms": .integer(Int64(milliseconds))]
        case .usage(let usage): ["observation": "usage", "usage": usage]
        case .fault(let fault):
            [
                "observation": "fault", "fault": .string(fault.kind.rawValue), "message": .string(fault.message),
                "retryable": .bool(fault.isRetryable), "traceback": .string(fault.traceback),
                "function": .string(fault.function), "turn": .integer(Int64(fault.turn)),
            ]
        case .flowChanged(let version, let old):
            ["observation": "flow_changed", "version": .string(version), "from": .string(old)]
        }
    }
}

extension ScriptOutcome {
    var logged: JSON {
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
}

extension ScriptRequest {
    /// The function by its name in Lua, and its arguments.
    fileprivate var logged: JSON {
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
            [
                "request": "set_actions",
                "actions": .array(
                    tools.map { tool in
                        [
                            "name": .string(tool.name), "description": .string(tool.description),
                            "parameters": tool.parameters,
                        ]
                    }),
            ]
        case .gatherDTMF(let gathering):
            [
                "request": "gather_dtmf", "max": .integer(Int64(gathering.maximum)),
                "timeout_ns": .integer(gathering.timeout.nanoseconds),
                "terminator": gathering.terminator.map { .string(String($0)) } ?? .null,
            ]
        case .mute(let isMuted): ["request": "mute", "muted": .bool(isMuted)]
        case .spawn(let function): ["request": "spawn", "function": .integer(Int64(clamping: function.number))]
        case .after(let duration, let function):
            [
                "request": "after", "duration_ns": .integer(duration.nanoseconds),
                "function": .integer(Int64(clamping: function.number)),
            ]
        case .cancelTimer(let number): ["request": "cancel_timer", "timer": .integer(Int64(clamping: number))]
        case .service(let request): ["request": "service", "service": request.logged]
        }
    }
}

extension ServiceRequest {
    /// Of HTTP headers the names alone: their values may be secrets.
    var logged: JSON {
        switch self {
        case .http(let call):
            [
                "service": "http", "method": .string(call.method), "url": .string(call.url),
                "headers": .array(call.headers.keys.sorted().map { .string($0) }),
                "body": .string(String(decoding: call.body, as: UTF8.self)),
                "timeout_ns": .integer(call.timeout.nanoseconds),
            ]
        case .store(.get(let key)): ["service": "store_get", "key": .string(key)]
        case .store(.set(let key, let value, let lifetime)):
            [
                "service": "store_set", "key": .string(key), "value": value,
                "lifetime_ns": lifetime.map { .integer($0.nanoseconds) } ?? .null,
            ]
        case .store(.delete(let key)): ["service": "store_delete", "key": .string(key)]
        case .store(.increment(let key, let number)):
            ["service": "store_increment", "key": .string(key), "by": .number(number)]
        case .store(.keys(let prefix)): ["service": "store_keys", "prefix": .string(prefix)]
        case .record(let path): ["service": "record", "path": .optional(path)]
        case .stopRecording: ["service": "stop_recording"]
        case .loadAudio(let source): ["service": "load_audio", "source": .string(source)]
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
}

extension ScriptReply {
    var logged: JSON {
        switch self {
        case .value(let value): ["value": value]
        case .failure(let code, let message): ["failure": .string(code.rawValue), "message": .string(message)]
        }
    }
}

extension ScriptCommand {
    var logged: JSON {
        switch self {
        case .start(let task, .handler(let handler, let arguments), _):
            [
                "action": "script_start", "task": .integer(Int64(clamping: task.number)),
                "handler": .string(handler.rawValue), "arguments": .array(arguments),
            ]
        case .start(let task, .action(let name, let arguments), _):
            [
                "action": "script_start", "task": .integer(Int64(clamping: task.number)), "function": .string(name),
                "arguments": .object(arguments),
            ]
        case .resume(let task, let reply, _):
            ["action": "script_resume", "task": .integer(Int64(clamping: task.number)), "reply": reply.logged]
        case .start(let task, .function(let function), _):
            [
                "action": "script_start", "task": .integer(Int64(clamping: task.number)),
                "kept_function": .integer(Int64(clamping: function.number)),
            ]
        case .cancel(let task): ["action": "script_cancel", "task": .integer(Int64(clamping: task.number))]
        case .forget(let function):
            ["action": "script_forget", "kept_function": .integer(Int64(clamping: function.number))]
        case .handOver(let task, let version, _):
            [
                "action": "script_hand_over", "task": .integer(Int64(clamping: task.number)),
                "version": .string(version),
            ]
        }
    }
}
