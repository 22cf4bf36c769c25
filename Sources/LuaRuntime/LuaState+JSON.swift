import CLua
import CLuaShims
public import SansIO

extension LuaState {
    /// The value as JSON. Tables are read without metamethods.
    ///
    /// A table whose keys are 1…n becomes an array, one with string keys an object (members sorted by name), an empty
    /// one an object. Bytes that are not UTF-8 become U+FFFD.
    /// - Throws: ``LuaConversionError`` with the place of what JSON cannot say: functions, cycles, lists with holes,
    ///   lists that have named fields too, numbers that are not finite, and values beyond ``LuaLimits/values``.
    public func json(_ value: LuaValue) throws(LuaConversionError) -> JSON {
        if case .json(let json) = value { return json }
        var reader = TableReader(thread: main, limits: limits.values)
        guard push([value], on: main) else { throw LuaConversionError(path: "", reason: memoryMessage) }
        defer {
            lua_shim_pop(main, lua_gettop(main) - reader.base)
            context.pointee.bytes_handled &+= reader.work
        }
        return try reader.read(depth: 0)
    }
}

/// Reads the value on top of the stack; pops nothing but what it has pushed.
private struct TableReader {
    let thread: OpaquePointer
    let limits: LuaLimits.ValueLimits
    /// Height of the stack below the value.
    let base: Int32
    private var elements = 0
    private var bytes = 0
    private var path: [String] = []

    /// What was read, an element counted like a short text. [byte]
    var work: Int { bytes &+ 16 &* elements }

    /// The tables that enclose the value, outermost first.
    private var enclosing: [UnsafeRawPointer?] = []

    init(thread: OpaquePointer, limits: LuaLimits.ValueLimits) {
        self.thread = thread
        self.limits = limits
        base = lua_gettop(thread)
    }

    private func failure(_ reason: String) -> LuaConversionError {
        LuaConversionError(path: path.joined(), reason: reason)
    }

    mutating func read(depth: Int) throws(LuaConversionError) -> JSON {
        elements += 1
        guard elements <= limits.elements else { throw failure("more than \(limits.elements) values") }
        switch lua_type(thread, -1) {
        case LUA_TNIL: return .null
        case LUA_TBOOLEAN: return .bool(lua_toboolean(thread, -1) != 0)
        case LUA_TNUMBER:
            if lua_isinteger(thread, -1) != 0 { return .integer(lua_tointegerx(thread, -1, nil)) }
            let number = lua_tonumberx(thread, -1, nil)
            guard number.isFinite else { throw failure("a number that is not finite") }
            return .number(number)
        case LUA_TSTRING: return .string(try readString(at: -1))
        case LUA_TTABLE: return try readTable(depth: depth)
        default:
            throw failure("a \(String(cString: lua_typename(thread, lua_type(thread, -1)))) is not data")
        }
    }

    private mutating func readString(at index: Int32) throws(LuaConversionError) -> String {
        var length = 0
        guard let text = lua_tolstring(thread, index, &length) else { return "" }
        bytes += length
        guard bytes <= limits.bytes else { throw failure("more than \(limits.bytes) bytes of text") }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }

    private mutating func readTable(depth: Int) throws(LuaConversionError) -> JSON {
        let table = lua_topointer(thread, -1)
        guard !enclosing.contains(table) else { throw failure("a table that contains itself") }
        guard depth < limits.depth else { throw failure("tables nested deeper than \(limits.depth)") }
        guard lua_checkstack(thread, 8) != 0 else { throw failure("not enough memory") }
        enclosing.append(table)
        defer { enclosing.removeLast() }
        let length = lua_rawlen(thread, -1)
        return length > 0 ? try readList(length: UInt64(length), depth: depth) : try readRecord(depth: depth)
    }

    private mutating func readList(length: UInt64, depth: Int) throws(LuaConversionError) -> JSON {
        guard length <= UInt64(limits.elements) else { throw failure("more than \(limits.elements) values") }
        var list: [JSON] = []
        for index in 1...Int64(length) {
            path.append("[\(index)]")
            lua_rawgeti(thread, -1, index)
            guard lua_type(thread, -1) != LUA_TNIL else { throw failure("a list with a hole") }
            list.append(try read(depth: depth + 1))
            lua_shim_pop(thread, 1)
            path.removeLast()
        }
        lua_pushnil(thread)
        var found: UInt64 = 0
        while lua_next(thread, -2) != 0 {
            guard lua_isinteger(thread, -2) != 0 else { throw failure("a list that has named fields too") }
            found += 1
            lua_shim_pop(thread, 1)
        }
        guard found == length else { throw failure("a list with a hole") }
        return .array(list)
    }

    private mutating func readRecord(depth: Int) throws(LuaConversionError) -> JSON {
        var members: [(String, JSON)] = []
        lua_pushnil(thread)
        while lua_next(thread, -2) != 0 {
            guard lua_type(thread, -2) == LUA_TSTRING else {
                throw failure(
                    lua_type(thread, -2) == LUA_TNUMBER ? "a list with a hole" : "a table with keys that are not text")
            }
            let key = try readString(at: -2)
            path.append(".\(key)")
            members.append((key, try read(depth: depth + 1)))
            path.removeLast()
            lua_shim_pop(thread, 1)
        }
        members.sort { $0.0 < $1.0 }
        return .object(JSONObject(members: members))
    }
}
