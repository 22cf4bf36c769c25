package import LuaRuntime
import SansIO

/// A type that a function of the script API can take.
package protocol ScriptArgument: SendableMetatype {
    /// The type as an annotation writes it, without `?`.
    static var luaType: String { get }
    static var isOptional: Bool { get }
    /// The members of a table of named options; empty for other types.
    static var options: [FunctionSpec.Option] { get }

    /// - Throws: what was expected instead of `value`, as Lua words it.
    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Self
}

extension ScriptArgument {
    package static var isOptional: Bool { false }
    package static var options: [FunctionSpec.Option] { [] }
}

/// Why an argument cannot be used.
package struct ScriptMismatch: Error {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }

    package init(expected: String, got value: LuaValue) {
        reason = "\(expected) expected, got \(value.typeName)"
    }
}

extension String: ScriptArgument {
    package static var luaType: String { "string" }

    /// Takes numbers too, as Lua's own functions do.
    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> String {
        switch value {
        case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .integer(let number): return String(number)
        case .number(let number): return "\(number)"
        default: throw ScriptMismatch(expected: luaType, got: value)
        }
    }
}

extension Double: ScriptArgument {
    package static var luaType: String { "number" }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Double {
        switch value {
        case .integer(let number): return Double(number)
        case .number(let number): return number
        default: throw ScriptMismatch(expected: luaType, got: value)
        }
    }
}

extension Bool: ScriptArgument {
    package static var luaType: String { "boolean" }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Bool {
        guard case .boolean(let flag) = value else { throw ScriptMismatch(expected: luaType, got: value) }
        return flag
    }
}

extension Optional: ScriptArgument where Wrapped: ScriptArgument {
    package static var luaType: String { Wrapped.luaType }
    package static var isOptional: Bool { true }
    package static var options: [FunctionSpec.Option] { Wrapped.options }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Wrapped? {
        if case .nil = value { return nil }
        return try Wrapped.read(value, in: state)
    }
}

/// A table that stays in the script's state.
package struct ScriptTable: ScriptArgument {
    package let reference: LuaReference

    package static var luaType: String { "table" }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptTable {
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
            return ScriptFields(json: try state.data(value))
        } catch {
            throw ScriptMismatch(reason: "plain data expected: \(error)")
        }
    }
}

/// A function that the host keeps for later.
package struct ScriptCallback: ScriptArgument {
    package let reference: LuaReference

    package static var luaType: String { "fun()" }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptCallback {
        guard case .function(let reference) = value else { throw ScriptMismatch(expected: "function", got: value) }
        return ScriptCallback(reference: reference)
    }
}

extension Int64: ScriptArgument {
    package static var luaType: String { "integer" }

    /// Takes a float that is a whole number, as Lua's own functions do.
    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Int64 {
        switch value {
        case .integer(let number): return number
        case .number(let number):
            guard let whole = Int64(exactly: number) else {
                throw ScriptMismatch(reason: "number has no integer representation")
            }
            return whole
        default: throw ScriptMismatch(expected: "integer", got: value)
        }
    }
}

/// One of a few words.
package protocol ScriptChoice: ScriptArgument, RawRepresentable<String>, CaseIterable {}

extension ScriptChoice {
    package static var luaType: String { allCases.map { "\"\($0.rawValue)\"" }.joined(separator: "|") }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Self {
        guard let text = value.text else { throw ScriptMismatch(expected: "string", got: value) }
        guard let choice = Self(rawValue: text) else {
            let names = allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            let near = suggestion(for: text, among: allCases.map(\.rawValue))
            throw ScriptMismatch(reason: "one of \(names) expected, got \"\(text)\"\(near)")
        }
        return choice
    }
}

extension ScriptLogLevel: ScriptChoice {}

/// Whose words a message of the model's conversation is.
enum MessageRole: String, CaseIterable, ScriptChoice {
    case user, system, assistant
}
