import CLuaShims
import SansIO

/// Writes values in the form that `luashim_perform` takes them.
struct LuaValueEncoder {
    private(set) var bytes: [UInt8] = []

    /// Replaces what was written before; small buffers are used again.
    mutating func encode(_ values: [LuaValue]) {
        bytes.removeAll(keepingCapacity: bytes.capacity < 4096)
        for value in values { append(value) }
    }

    private mutating func append(_ value: LuaValue) {
        switch value {
        case .nil: append(LUASHIM_NIL)
        case .boolean(let value): append(value ? LUASHIM_TRUE : LUASHIM_FALSE)
        case .integer(let value): append(LUASHIM_INTEGER, value)
        case .number(let value): append(LUASHIM_NUMBER, value)
        case .string(let text):
            append(LUASHIM_STRING, UInt64(text.count))
            bytes += text
        case .table(let reference), .function(let reference), .opaque(let reference):
            append(LUASHIM_REFERENCE, reference.index)
        case .json(let json): append(json)
        }
    }

    private mutating func append(_ json: JSON) {
        switch json {
        case .null: append(LUASHIM_NIL)
        case .bool(let value): append(value ? LUASHIM_TRUE : LUASHIM_FALSE)
        case .integer(let value): append(LUASHIM_INTEGER, value)
        case .number(let value): append(LUASHIM_NUMBER, value)
        case .string(let text):
            append(LUASHIM_STRING)
            appendCounted(text)
        case .array(let elements):
            append(LUASHIM_LIST, UInt64(elements.count))
            for element in elements { append(element) }
        case .object(let object):
            let members = object.members.filter { $0.value != .null }
            append(LUASHIM_RECORD, UInt64(members.count))
            for member in members {
                appendCounted(member.key)
                append(member.value)
            }
        }
    }

    private mutating func append(_ tag: luashim_tag) {
        bytes.append(UInt8(truncatingIfNeeded: tag.rawValue))
    }

    private mutating func append(_ tag: luashim_tag, _ number: some BitwiseCopyable) {
        append(tag)
        withUnsafeBytes(of: number) { bytes += $0 }
    }

    private mutating func appendCounted(_ text: String) {
        withUnsafeBytes(of: UInt64(text.utf8.count)) { bytes += $0 }
        bytes += text.utf8
    }
}
