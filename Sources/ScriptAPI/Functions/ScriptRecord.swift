import LuaRuntime
import SansIO

/// A table of named options: `call:hangup { reason = "busy", after_playout = true }`.
protocol ScriptRecord: ScriptArgument {
    static var fields: [RecordField] { get }

    init(reading record: RecordReader) throws(ScriptMismatch)
}

/// One option, as the annotations and the reference name it.
struct RecordField: Hashable, Sendable {
    let name: String
    let type: String
    let prose: String
}

extension ScriptRecord {
    static var luaType: String {
        "{ " + fields.map { "\($0.name)?: \($0.type)" }.joined(separator: ", ") + " }"
    }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Self {
        guard case .table(let table) = value else { throw ScriptMismatch(expected: "table", got: value) }
        let known = fields.map(\.name)
        for name in state.fieldNames(of: table) where !known.contains(name) {
            throw ScriptMismatch(reason: "unknown field '\(name)'\(suggestion(for: name, among: known))")
        }
        return try Self(reading: RecordReader(state: state, table: table))
    }
}

struct RecordReader {
    let state: LuaState
    let table: LuaReference

    func field<Value: ScriptArgument>(_ name: String, as type: Value.Type) throws(ScriptMismatch) -> Value {
        do throws(ScriptMismatch) {
            return try Value.read(state.field(name, of: table), in: state)
        } catch {
            throw ScriptMismatch(reason: "field '\(name)': \(error.reason)")
        }
    }
}

struct SayOptions: ScriptRecord {
    let interruptible: Bool

    static var fields: [RecordField] {
        [RecordField(name: "interruptible", type: "boolean", prose: "false: the caller cannot cut the words short.")]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        interruptible = try record.field("interruptible", as: Bool?.self) ?? true
    }
}

struct ReplyOptions: ScriptRecord {
    let instructions: String?

    static var fields: [RecordField] {
        [RecordField(name: "instructions", type: "string", prose: "For this reply only, beside the agent's own.")]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        instructions = try record.field("instructions", as: String?.self)
    }
}

struct HangupOptions: ScriptRecord {
    let reason: String?
    let afterPlayout: Bool

    static var fields: [RecordField] {
        [
            RecordField(name: "reason", type: "string", prose: "For the call's record."),
            RecordField(name: "after_playout", type: "boolean", prose: "true: what is being said is heard first."),
        ]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        reason = try record.field("reason", as: String?.self)
        afterPlayout = try record.field("after_playout", as: Bool?.self) ?? false
    }
}
