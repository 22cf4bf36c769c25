import CLua
import CLuaShims
import SansIO

// Pushing and reading. The memory cap is lifted while the host works, and all table access is raw, so that nothing here
// can raise.
extension LuaState {
    func release(_ index: Int32) {
        luaL_unref(main, lua_shim_registry_index(), index)
    }

    /// Takes the value on top into a reference.
    func popReference(on thread: OpaquePointer) -> LuaReference {
        LuaReference(state: self, index: luaL_ref(thread, lua_shim_registry_index()))
    }

    /// The value at a stack index; it stays there.
    func value(at index: Int32, on thread: OpaquePointer) -> LuaValue {
        switch lua_type(thread, index) {
        case LUA_TNIL, LUA_TNONE: return .nil
        case LUA_TBOOLEAN: return .boolean(lua_toboolean(thread, index) != 0)
        case LUA_TNUMBER:
            return lua_isinteger(thread, index) != 0
                ? .integer(lua_tointegerx(thread, index, nil)) : .number(lua_tonumberx(thread, index, nil))
        case LUA_TSTRING: return .string(bytes(at: index, on: thread))
        case LUA_TTABLE: return .table(reference(at: index, on: thread))
        case LUA_TFUNCTION: return .function(reference(at: index, on: thread))
        default: return .opaque(reference(at: index, on: thread))
        }
    }

    private func reference(at index: Int32, on thread: OpaquePointer) -> LuaReference {
        lua_pushvalue(thread, index)
        return popReference(on: thread)
    }

    /// The bytes of a string at a stack index; only for strings, because Lua would convert a number in place.
    func bytes(at index: Int32, on thread: OpaquePointer) -> [UInt8] {
        var length = 0
        guard let text = lua_tolstring(thread, index, &length) else { return [] }
        return Array(UnsafeRawBufferPointer(start: text, count: length))
    }

    func push(_ value: LuaValue, on thread: OpaquePointer) {
        switch value {
        case .nil: lua_pushnil(thread)
        case .boolean(let value): lua_pushboolean(thread, value ? 1 : 0)
        case .integer(let value): lua_pushinteger(thread, value)
        case .number(let value): lua_pushnumber(thread, value)
        case .string(let bytes): push(bytes: bytes, on: thread)
        case .table(let reference), .function(let reference), .opaque(let reference):
            lua_rawgeti(thread, lua_shim_registry_index(), lua_Integer(reference.index))
        case .json(let value): push(value, depth: 0, on: thread)
        }
    }

    private func push(bytes: [UInt8], on thread: OpaquePointer) {
        bytes.withUnsafeBytes { buffer in
            _ = lua_pushlstring(thread, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
    }

    /// Values nested deeper than any parser of ours lets through become `nil`.
    private func push(_ json: JSON, depth: Int, on thread: OpaquePointer) {
        guard depth < 256, lua_checkstack(thread, 8) != 0 else { return lua_pushnil(thread) }
        switch json {
        case .null: lua_pushnil(thread)
        case .bool(let value): lua_pushboolean(thread, value ? 1 : 0)
        case .integer(let value): lua_pushinteger(thread, value)
        case .number(let value): lua_pushnumber(thread, value)
        case .string(let text): push(bytes: Array(text.utf8), on: thread)
        case .array(let elements):
            lua_createtable(thread, Int32(clamping: elements.count), 0)
            for (index, element) in elements.enumerated() {
                push(element, depth: depth + 1, on: thread)
                lua_rawseti(thread, -2, lua_Integer(index + 1))
            }
        case .object(let object):
            lua_createtable(thread, 0, Int32(clamping: object.count))
            for member in object.members where member.value != .null {
                push(bytes: Array(member.key.utf8), on: thread)
                push(member.value, depth: depth + 1, on: thread)
                lua_rawset(thread, -3)
            }
        }
    }

    /// Takes the error on top as a message.
    func popErrorMessage(on thread: OpaquePointer) -> String {
        let message = errorMessage(on: thread)
        if lua_gettop(thread) > 0 { lua_shim_pop(thread, 1) }
        return message
    }

    /// The error on top as a message. Runs no script code, and so no `__tostring`.
    func errorMessage(on thread: OpaquePointer) -> String {
        guard lua_gettop(thread) > 0 else { return "unknown error" }
        let value = value(at: -1, on: thread)
        switch value {
        case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .integer(let number): return String(number)
        case .number(let number): return "\(number)"
        case .table:
            do throws(LuaConversionError) {
                return "error object \(try json(value).text)"
            } catch {
                return "(error object is a table value)"
            }
        default: return "(error object is a \(value.typeName) value)"
        }
    }

    /// Chunk and line of the innermost script function on a thread.
    func position(on thread: OpaquePointer) -> (file: String, line: Int)? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            var line: Int32 = 0
            guard let start = buffer.baseAddress, luashim_position(thread, start, buffer.count, &line) else {
                return nil
            }
            return (String(cString: start), Int(line))
        }
    }
}
