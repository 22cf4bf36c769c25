import LuaRuntime
import SansIO

/// Any plain data that a script hands to the host: a boolean, a number, text, or tables of these.
struct ScriptData: ScriptArgument {
    let json: JSON

    static var luaType: String { "any" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptData {
        if case .nil = value { throw ScriptMismatch(expected: "plain data", got: value) }
        do throws(LuaConversionError) {
            return ScriptData(json: try state.data(value))
        } catch {
            throw ScriptMismatch(reason: "plain data expected: \(error)")
        }
    }
}

/// Text that stays as it is, also where it is not UTF-8.
struct ScriptBytes: ScriptArgument {
    let bytes: [UInt8]

    static var luaType: String { "string" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptBytes {
        if case .string(let bytes) = value { return ScriptBytes(bytes: bytes) }
        return ScriptBytes(bytes: Array(try String.read(value, in: state).utf8))
    }
}

/// A table of names and texts, sorted by name; numbers and booleans become text.
struct ScriptTexts: ScriptArgument {
    let pairs: [(name: String, text: String)]

    static var luaType: String { "table<string, string|number|boolean>" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptTexts {
        let fields = try ScriptFields.read(value, in: state).json
        guard let members = fields.object?.members else {
            throw ScriptMismatch(reason: "a table with names expected, got a list")
        }
        var pairs: [(String, String)] = []
        for member in members {
            switch member.value {
            case .string(let text): pairs.append((member.key, text))
            case .integer, .number, .bool: pairs.append((member.key, member.value.text))
            case .null, .array, .object:
                throw ScriptMismatch(reason: "field '\(member.key)': text expected, got a table")
            }
        }
        return ScriptTexts(pairs: pairs)
    }
}
