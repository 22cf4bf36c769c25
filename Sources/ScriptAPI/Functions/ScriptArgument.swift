import LuaRuntime
import SansIO

/// A type that a function of the script API can take.
protocol ScriptArgument: SendableMetatype {
    /// The type as an annotation writes it, without `?`.
    static var luaType: String { get }
    static var isOptional: Bool { get }

    /// - Throws: what was expected instead of `value`, as Lua words it.
    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Self
}

extension ScriptArgument {
    static var isOptional: Bool { false }
}

/// Why an argument cannot be used.
struct ScriptMismatch: Error {
    let reason: String

    init(reason: String) {
        self.reason = reason
    }

    init(expected: String, got value: LuaValue) {
        reason = "\(expected) expected, got \(value.typeName)"
    }
}

extension String: ScriptArgument {
    static var luaType: String { "string" }

    /// Takes numbers too, as Lua's own functions do.
    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> String {
        switch value {
        case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .integer(let number): return String(number)
        case .number(let number): return "\(number)"
        default: throw ScriptMismatch(expected: luaType, got: value)
        }
    }
}

extension Double: ScriptArgument {
    static var luaType: String { "number" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Double {
        switch value {
        case .integer(let number): return Double(number)
        case .number(let number): return number
        default: throw ScriptMismatch(expected: luaType, got: value)
        }
    }
}

extension Bool: ScriptArgument {
    static var luaType: String { "boolean" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Bool {
        guard case .boolean(let flag) = value else { throw ScriptMismatch(expected: luaType, got: value) }
        return flag
    }
}

extension Optional: ScriptArgument where Wrapped: ScriptArgument {
    static var luaType: String { Wrapped.luaType }
    static var isOptional: Bool { true }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Wrapped? {
        if case .nil = value { return nil }
        return try Wrapped.read(value, in: state)
    }
}

/// A table that stays in the script's state.
struct ScriptTable: ScriptArgument {
    let reference: LuaReference

    static var luaType: String { "table" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptTable {
        guard case .table(let reference) = value else { throw ScriptMismatch(expected: luaType, got: value) }
        return ScriptTable(reference: reference)
    }
}

/// A table of plain data, as JSON.
struct ScriptFields: ScriptArgument {
    let json: JSON

    static var luaType: String { "table" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptFields {
        guard case .table = value else { throw ScriptMismatch(expected: luaType, got: value) }
        do throws(LuaConversionError) {
            return ScriptFields(json: try state.json(value))
        } catch {
            throw ScriptMismatch(reason: "plain data expected: \(error)")
        }
    }
}

extension ScriptLogLevel: ScriptArgument {
    static var luaType: String { allCases.map { "\"\($0.rawValue)\"" }.joined(separator: "|") }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptLogLevel {
        guard let text = value.text else { throw ScriptMismatch(expected: "string", got: value) }
        guard let level = ScriptLogLevel(rawValue: text) else {
            let names = allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            throw ScriptMismatch(reason: "one of \(names) expected, got \"\(text)\"")
        }
        return level
    }
}
