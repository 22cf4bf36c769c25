import SansIO

/// Data as a script writes it.
enum LuaText {
    /// `"He said \"no\""`
    static func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": output += "\\\(scalar)"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value)
                output += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }

    /// A value on one line: `{ day = "Friday", times = { 1, 2 } }`.
    static func value(_ json: JSON) -> String {
        switch json {
        case .null: "nil"
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .number(let number): number.isFinite ? "\(number)" : number < 0 ? "-math.huge" : "math.huge"
        case .string(let text): quoted(text)
        case .array(let elements):
            elements.isEmpty ? "{}" : "{ " + elements.map(value).joined(separator: ", ") + " }"
        case .object(let object):
            object.isEmpty
                ? "{}"
                : "{ " + object.members.map { "\(key($0.key)) = \(value($0.value))" }.joined(separator: ", ") + " }"
        }
    }

    /// Columns of a line.
    private static let width = 112

    /// A value on one line where it fits, on several where not.
    ///
    /// - Parameters:
    ///   - indent: Columns before the line in which the value ends.
    ///   - used: Columns of its first line that something else takes.
    static func value(_ json: JSON, indent: Int, used: Int) -> String {
        let line = value(json)
        guard indent + used + line.count > width else { return line }
        let inner = String(repeating: " ", count: indent + 2)
        func lines(_ elements: [(prefix: String, value: JSON)]) -> String {
            let rows = elements.map { prefix, element in
                inner + prefix + value(element, indent: indent + 2, used: prefix.count) + ","
            }
            return "{\n" + rows.joined(separator: "\n") + "\n" + String(repeating: " ", count: indent) + "}"
        }
        switch json {
        case .array(let elements) where !elements.isEmpty: return lines(elements.map { ("", $0) })
        case .object(let object) where !object.isEmpty:
            return lines(object.members.map { ("\(key($0.key)) = ", $0.value) })
        case .string(let text): return parts(of: text, indent: indent)
        default: return line
        }
    }

    /// A long text in parts: `"one two " .. "three"`.
    private static func parts(of text: String, indent: Int) -> String {
        var parts: [String] = []
        var part = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if part.count + word.count > width - indent - 24 {
                parts.append(part)
                part = ""
            }
            part += word + " "
        }
        parts.append(String(part.dropLast()))
        return parts.filter { !$0.isEmpty }.map(quoted)
            .joined(separator: "\n" + String(repeating: " ", count: indent + 2) + ".. ")
    }

    /// The name of a field: `day`, `["x-y"]`.
    static func key(_ name: String) -> String {
        let isPlain = name.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
            default: false
            }
        }
        return isPlain && !name.isEmpty && !reserved.contains(name) ? name : "[\(quoted(name))]"
    }

    /// Lua 5.4 manual §3.1.
    private static let reserved: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
        "not", "or", "repeat", "return", "then", "true", "until", "while",
    ]
}
