import Conversation
import Logging
import SansIO
import ScriptAPI

// What a call writes to the program's log. Never what was said, dialled or written by the model: that is in the call's
// own files.

extension Logger {
    /// A line of a script's `call:log(level, message, fields)`.
    func log(script level: ScriptLogLevel, _ message: String, _ fields: JSON?) {
        var metadata: Logger.Metadata = [:]
        for member in fields?.object?.members ?? [] {
            metadata[member.key] = .string(member.value.string ?? member.value.text)
        }
        log(level: Logger.Level(rawValue: level.rawValue) ?? .info, "\(message)", metadata: metadata)
    }

    /// - Parameter elapsed: Since the call began.
    func log(_ observation: Observation, elapsed: Duration) {
        switch observation {
        case .status(let status): info("call is \(status.rawValue)")
        case .modelReady(let session, let model):
            info("model ready", metadata: ["session": .string(session), "model": .string(model)])
        case .modelLost(let reason, let isPlanned):
            if isPlanned {
                info("the model's session is renewed")
            } else {
                warning("the model is away", metadata: ["reason": .string(reason)])
            }
        case .modelReconnected(let session, let time, let attempts, _):
            notice(
                "the model is back",
                metadata: [
                    "session": .string(session), "ms": "\(time.milliseconds)", "attempts": "\(attempts)",
                ])
        case .actionCalled(_, let name, _): info("action called", metadata: ["action": .string(name)])
        case .actionReturned(_, let name, _, let duration):
            info("action returned", metadata: ["action": .string(name), "ms": "\(duration.milliseconds)"])
        case .actionRefused(_, let name, let reason):
            notice("action refused", metadata: ["action": .string(name), "reason": .string(reason)])
        case .actionFailed(_, let name, let message):
            error("action failed", metadata: ["action": .string(name), "error": .string(message)])
        case .interruption(let interruption):
            info("interrupted", metadata: ["played_ms": "\(interruption.playedMilliseconds)"])
        case .latency(let latency):
            info("turn", metadata: ["turn": "\(latency.turn)", "response_ms": "\(latency.toFirstPacket.milliseconds)"])
        case .transfer(let status, let code):
            info("transfer \(status.rawValue)", metadata: ["sip": "\(code.map(String.init) ?? "-")"])
        case .fault(let fault):
            var metadata: Logger.Metadata = [
                "fault": .string(fault.kind.rawValue), "at_ms": "\(elapsed.milliseconds)", "turn": "\(fault.turn)",
            ]
            if !fault.function.isEmpty { metadata["function"] = .string(fault.function) }
            if !fault.traceback.isEmpty { metadata["traceback"] = .string(fault.traceback) }
            if fault.isRetryable {
                warning("\(fault.message)", metadata: metadata)
            } else {
                error("\(fault.message)", metadata: metadata)
            }
        case .flowChanged(let version, let old):
            notice(
                "the call goes on with another version of its flow",
                metadata: ["from": .string(old), "to": .string(version)])
        case .transcript, .callerSpeech, .digit, .usage: break
        }
    }
}
