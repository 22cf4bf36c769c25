import Conversation
import LuaRuntime
import SansIO

/// Functions of `require "json"`.
enum JSONFunctions {
    static let null = RecordSpec("moonline.Null", "What `json.null` is.", [])

    static let all: [FunctionSpec] = [
        FunctionSpec(
            .module("json"), "encode",
            "The JSON text of a value. Tables with the keys 1, 2, 3, … become lists; others become objects, their names "
                + "sorted; an empty table becomes `{}`. What JSON cannot say (a function, a list with holes, a table in "
                + "itself) is an error.",
            Argument("value", ScriptDataOrNil.self, "Plain data.", type: "any"),
            Argument("options", EncodeOptions?.self, "How to write it."),
            result: "string", since: "0.2", permission: .always
        ) { _, value, options in
            let text = options?.isPretty == true ? value.json.prettyText : value.json.text
            return .values([.string(text)])
        },
        FunctionSpec(
            .module("json"), "decode",
            "The value of a JSON text. `null` becomes `nil`, so that it is absent from objects.",
            Argument("text", ScriptBytes.self, "One JSON value (RFC 8259), UTF-8."),
            result: "any", errors: [.invalidArgument, .limitReached], since: "0.2", permission: .always
        ) { context, text in decode(text.bytes, limits: context.state.limits.values) },
        FunctionSpec(
            .module("json"), "array",
            "Makes sure that a list is written as a list when it is empty: `[]` instead of `{}`. Call it when the list "
                + "is complete: an empty one comes back as a value that cannot be changed.",
            Argument("list", ScriptTable.self, "The list.", type: "any[]"),
            result: "any[]", since: "0.2", permission: .always
        ) { context, list in
            do throws(LuaConversionError) {
                switch try context.state.data(.table(list.reference)) {
                case .object(let object) where object.isEmpty:
                    return .values([JSONMarks.makeEmptyList(in: context.state)])
                case .array: return .values([.table(list.reference)])
                default: return .misuse(parameter: 1, "a list expected, got a table with named fields")
                }
            } catch {
                return .misuse(parameter: 1, "a list of plain data expected: \(error)")
            }
        },
    ]

    private static func decode(_ bytes: [UInt8], limits: LuaLimits.ValueLimits) -> ScriptStep {
        guard bytes.count <= limits.bytes else {
            return .failure(.limitReached, "the text is longer than \(limits.bytes) bytes")
        }
        do throws(JSONError) {
            let value = try JSON(parsing: bytes, maximumDepth: limits.depth)
            guard value.count(upTo: limits.elements) <= limits.elements else {
                return .failure(.limitReached, "the text holds more than \(limits.elements) values")
            }
            return .values([value.isNull ? .nil : .json(value)])
        } catch {
            return .failure(.invalidArgument, "\(error)")
        }
    }
}

/// Any plain data, `nil` too.
private struct ScriptDataOrNil: ScriptArgument {
    let json: JSON

    static var luaType: String { "any" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptDataOrNil {
        if case .nil = value { return ScriptDataOrNil(json: .null) }
        return ScriptDataOrNil(json: try ScriptData.read(value, in: state).json)
    }
}

private struct EncodeOptions: ScriptRecord {
    let isPretty: Bool

    static var options: [FunctionSpec.Option] {
        [FunctionSpec.Option(name: "pretty", type: "boolean", prose: "`true`: on several lines, indented.")]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        isPretty = try record.field("pretty", as: Bool?.self) ?? false
    }
}
