import Conversation
import SansIO

/// A command to the script host as an event log has it.
struct RecordedCommand {
    enum Kind {
        case start(ScriptTaskID, ScriptEntry)
        case resume(ScriptTaskID, reply: JSON)
        case cancel(ScriptTaskID)
        case forget(ScriptFunctionID)
        case handOver(ScriptTaskID, version: String)
    }

    let kind: Kind
    let elapsed: Duration
    let line: Int

    /// - Returns: `nil` for actions that are no commands to the script host.
    init?(_ entry: CallLog.Entry) {
        let body = entry.body
        func number(_ name: String) -> UInt64? { body[name]?.integer.flatMap { UInt64(exactly: $0) } }
        let task = number("task").map { ScriptTaskID(number: $0) }
        let function = number("kept_function").map { ScriptFunctionID(number: $0) }
        switch (body["action"]?.string, task, function) {
        case ("script_start", let task?, let function?): kind = .start(task, .function(function))
        case ("script_start", let task?, nil):
            if let handler = body["handler"]?.string.flatMap(ScriptHandler.init) {
                kind = .start(task, .handler(handler, arguments: body["arguments"]?.array ?? []))
            } else {
                let name = body["function"]?.string ?? ""
                kind = .start(task, .action(name: name, arguments: body["arguments"]?.object ?? [:]))
            }
        case ("script_resume", let task?, _): kind = .resume(task, reply: body["reply"] ?? .null)
        case ("script_cancel", let task?, _): kind = .cancel(task)
        case ("script_forget", _, let function?): kind = .forget(function)
        case ("script_hand_over", let task?, _): kind = .handOver(task, version: body["version"]?.string ?? "")
        default: return nil
        }
        elapsed = entry.elapsed
        line = entry.line
    }
}
