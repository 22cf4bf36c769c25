import Conversation
package import LuaRuntime
import SansIO

/// A table of named options: `call:hangup { reason = "busy", after_playout = true }`.
package protocol ScriptRecord: ScriptArgument {
    static var options: [FunctionSpec.Option] { get }

    init(reading record: RecordReader) throws(ScriptMismatch)
}

extension ScriptRecord {
    package static var luaType: String {
        "{ " + options.map { "\($0.name)?: \($0.type)" }.joined(separator: ", ") + " }"
    }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Self {
        guard case .table(let table) = value else { throw ScriptMismatch(expected: "table", got: value) }
        let known = options.map(\.name)
        for name in state.fieldNames(of: table) where !known.contains(name) {
            throw ScriptMismatch(reason: "unknown field '\(name)'\(suggestion(for: name, among: known))")
        }
        return try Self(reading: RecordReader(state: state, table: table))
    }
}

package struct RecordReader {
    package let state: LuaState
    package let table: LuaReference

    package init(state: LuaState, table: LuaReference) {
        self.state = state
        self.table = table
    }

    package func field<Value: ScriptArgument>(_ name: String, as type: Value.Type) throws(ScriptMismatch) -> Value {
        do throws(ScriptMismatch) {
            return try Value.read(state.field(name, of: table), in: state)
        } catch {
            throw ScriptMismatch(reason: "field '\(name)': \(error.reason)")
        }
    }
}

struct SpeechOptions: ScriptRecord {
    let interruptible: Bool

    static var options: [FunctionSpec.Option] {
        [FunctionSpec.Option(name: "interruptible", type: "boolean", prose: "`false`: the caller cannot cut it short.")]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        interruptible = try record.field("interruptible", as: Bool?.self) ?? true
    }
}

struct ReplyOptions: ScriptRecord {
    let instructions: String?

    static var options: [FunctionSpec.Option] {
        [
            FunctionSpec.Option(
                name: "instructions", type: "string", prose: "For this reply only, beside the agent's own.")
        ]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        instructions = try record.field("instructions", as: String?.self)
    }
}

struct HangupOptions: ScriptRecord {
    let reason: String?
    let afterPlayout: Bool

    static var options: [FunctionSpec.Option] {
        [
            FunctionSpec.Option(name: "reason", type: "string", prose: "For the call's record."),
            FunctionSpec.Option(
                name: "after_playout", type: "boolean", prose: "true: what is being said is heard first."),
        ]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        reason = try record.field("reason", as: String?.self)
        afterPlayout = try record.field("after_playout", as: Bool?.self) ?? false
    }
}

struct GatherOptions: ScriptRecord {
    let gathering: DTMFGathering

    static let standard = DTMFGathering(maximum: 32, timeout: .seconds(5), terminator: "#")

    static var options: [FunctionSpec.Option] {
        [
            FunctionSpec.Option(name: "max", type: "integer", prose: "Keys at most, 1 to 64; 32."),
            FunctionSpec.Option(name: "timeout", type: "number", prose: "Seconds for each key, the first one too; 5."),
            FunctionSpec.Option(name: "terminator", type: "string", prose: "Ends the input; `#`. Empty for none."),
        ]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        let maximum = try record.field("max", as: Int64?.self) ?? Int64(Self.standard.maximum)
        guard (1...64).contains(maximum) else { throw ScriptMismatch(reason: "field 'max': 1 to 64 expected") }
        let seconds = try record.field("timeout", as: Double?.self) ?? Self.standard.timeout.seconds
        guard seconds > 0, let timeout = Duration(scriptSeconds: seconds) else {
            throw ScriptMismatch(reason: "field 'timeout': seconds above 0 expected, got \(seconds)")
        }
        let terminator = try record.field("terminator", as: String?.self) ?? "#"
        guard terminator.isEmpty || terminator.count == 1 && "0123456789*#ABCD".contains(terminator) else {
            throw ScriptMismatch(reason: "field 'terminator': one key expected, got \"\(terminator)\"")
        }
        gathering = DTMFGathering(maximum: Int(maximum), timeout: timeout, terminator: terminator.first)
    }
}

struct TransferOptions: ScriptRecord {
    enum Mode: String, CaseIterable, ScriptChoice {
        case cold, bridge, warm
    }

    let mode: Mode

    static var options: [FunctionSpec.Option] {
        [
            FunctionSpec.Option(
                name: "mode", type: Mode.luaType, prose: "`cold` by REFER, which is also what happens without it."),
            FunctionSpec.Option(
                name: "brief", type: "string", prose: "Said to whom the call goes, in a warm transfer."),
        ]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        mode = try record.field("mode", as: Mode?.self) ?? .cold
        _ = try record.field("brief", as: String?.self)
    }
}

struct RecordOptions: ScriptRecord {
    let path: String?

    static var options: [FunctionSpec.Option] {
        [FunctionSpec.Option(name: "path", type: "string", prose: "A name for the file, such as `consent.wav`.")]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        path = try record.field("path", as: String?.self)
    }
}
