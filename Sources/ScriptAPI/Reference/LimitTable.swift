import Conversation
import LuaRuntime

/// The limits of scripts with the values that hold unless the operator chooses others.
///
/// Names and values come from the limits themselves, so that a new one is in the table at once.
struct LimitTable {
    struct Row: Hashable {
        /// `lua.memory`.
        let path: String
        let value: String
        /// Empty for a limit that nobody has described.
        let prose: String
    }

    let rows: [Row]

    init() {
        var rows = Self.rows(of: ScriptLimits(), path: "")
        for child in Mirror(reflecting: CallSession.Limits()).children {
            guard let label = child.label, label.hasPrefix("script") || Self.prose["call.\(label)"] != nil else {
                continue
            }
            rows.append(Self.row("call.\(label)", child.value))
        }
        self.rows = rows
    }

    private static func rows(of value: Any, path: String) -> [Row] {
        Mirror(reflecting: value).children.flatMap { child in
            let path = [path, child.label ?? ""].filter { !$0.isEmpty }.joined(separator: ".")
            let isGroup = child.value is LuaLimits || child.value is LuaLimits.ValueLimits
            return isGroup ? rows(of: child.value, path: path) : [row(path, child.value)]
        }
    }

    private static func row(_ path: String, _ value: Any) -> Row {
        Row(path: path, value: text(of: value, inBytes: bytes.contains(path)), prose: prose[path] ?? "")
    }

    private static func text(of value: Any, inBytes: Bool) -> String {
        switch value {
        case let duration as Duration: text(of: duration)
        case let count as Int where inBytes: text(ofBytes: count)
        case let count as Int: grouped("\(count)")
        case let count as UInt64: grouped("\(count)")
        default: "\(value)"
        }
    }

    private static func text(of duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
        if milliseconds % 1_000 != 0 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1_000
        return seconds >= 120 && seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds) s"
    }

    private static func text(ofBytes count: Int) -> String {
        if count >= 1 << 20, count % (1 << 20) == 0 { return "\(count >> 20) MiB" }
        return count >= 1 << 10 && count % (1 << 10) == 0 ? "\(count >> 10) KiB" : "\(grouped("\(count)")) bytes"
    }

    /// `10,000,000`.
    private static func grouped(_ digits: String) -> String {
        var output = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { output.append(",") }
            output.append(digit)
        }
        return output
    }

    private static let bytes: Set<String> = ["lua.memory", "lua.values.bytes", "lua.lineBytes", "fileBytes"]

    private static let prose: [String: String] = [
        "lua.memory": "Memory of a call's script, with all that it keeps.",
        "lua.instructions": "Instructions of the virtual machine from one wait to the next.",
        "lua.processorTime": "Processor time from one wait to the next.",
        "lua.values.depth": "Tables inside tables, of a value that goes to the host.",
        "lua.values.elements": "Values in such a value.",
        "lua.values.bytes": "All texts in such a value together.",
        "lua.lineBytes": "One line that is printed or logged, and an error's message; the rest is cut off.",
        "logLines": "Lines that a call may log or print; further ones are dropped.",
        "fileBytes": "One file of a flow.",
        "call.scriptTasks": "Handlers, actions and functions of a call that run or wait.",
        "call.scriptTimers": "Timers of `call:after` in a call.",
        "call.scriptRequestRate": "What a call asks of the host in one second, whatever it is.",
        "call.scriptRequests": "Requests of a call to the network or to `store` at a time.",
        "call.ring": "For the far end to answer, unless `on_dial` gives `ring_timeout`.",
        "call.callDuration": "A call, from its answer to its end.",
        "call.action":
            "An action, unless the agent has `action_timeout`, without the time that it waits for speech or a transfer.",
        "call.transfer": "A transfer, until it is decided.",
        "call.hangUpPlayout": "The last words before a hang-up.",
        "call.onDial": "`on_dial`.",
        "call.onError": "`on_error`, before the fallback line is said.",
        "call.onHangUp": "`on_hangup`.",
        "call.lastHandlers": "Other handlers that still run when the call has ended; then they are cancelled.",
    ]
}
