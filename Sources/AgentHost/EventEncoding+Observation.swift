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
            ]
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
        case .cancel(let task): ["action": "script_cancel", "task": .integer(Int64(clamping: task.number))]
        }
    }
}
