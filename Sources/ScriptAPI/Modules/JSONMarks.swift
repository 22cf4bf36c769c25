package import LuaRuntime
package import SansIO

/// What JSON can say and a Lua table cannot, as tables that scripts can hold: `json.null`, and the empty list.
///
/// Such a table is empty and read-only for the script. The host sees a field in it whose name no script's data has.
enum JSONMarks {
    private static let null = "\u{0}null"
    private static let emptyList = "\u{0}list"

    /// `json.null`.
    static func makeNull(in state: LuaState) -> LuaValue { mark(null, name: "json.null", in: state) }

    /// What `json.array` returns for an empty table.
    static func makeEmptyList(in state: LuaState) -> LuaValue { mark(emptyList, name: "an empty list", in: state) }

    private static func mark(_ field: String, name: String, in state: LuaState) -> LuaValue {
        let table = state.makeProtected(state.makeTable(), name: name)
        state.setField(field, of: table, to: .boolean(true))
        return .table(table)
    }

    /// The value with what the marks stand for.
    static func resolve(_ value: JSON) -> JSON {
        switch value {
        case .null, .bool, .integer, .number, .string: return value
        case .array(let elements): return .array(elements.map(resolve))
        case .object(let object):
            if let first = object.members.first?.key {
                // Members are sorted, and nothing sorts before a mark.
                if first == null { return .null }
                if first == emptyList { return .array([]) }
            }
            return .object(object.mapValues(resolve))
        }
    }
}

extension LuaState {
    /// The value as JSON, in which `json.null` is `null` and an empty `json.array` is a list.
    ///
    /// - Throws: as ``LuaState/json(_:)``.
    package func data(_ value: LuaValue) throws(LuaConversionError) -> JSON { JSONMarks.resolve(try json(value)) }
}

extension JSON {
    /// The text of the value on several lines, indented by two spaces.
    var prettyText: String {
        var output: [UInt8] = []
        appendPretty(to: &output, indentation: 0)
        return String(decoding: output, as: UTF8.self)
    }

    private func appendPretty(to output: inout [UInt8], indentation: Int) {
        func newLine(_ depth: Int) {
            output.append(UInt8(ascii: "\n"))
            output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
        }
        switch self {
        case .array(let elements) where !elements.isEmpty:
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                newLine(indentation + 1)
                element.appendPretty(to: &output, indentation: indentation + 1)
            }
            newLine(indentation)
            output.append(UInt8(ascii: "]"))
        case .object(let object) where !object.isEmpty:
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                newLine(indentation + 1)
                JSON.string(member.key).append(to: &output)
                output.append(contentsOf: ": ".utf8)
                member.value.appendPretty(to: &output, indentation: indentation + 1)
            }
            newLine(indentation)
            output.append(UInt8(ascii: "}"))
        default: append(to: &output)
        }
    }
}
