import CLua
import CLuaShims
import SansIO

// Pushing and reading. All table access is raw, so that no script code runs here. What may need memory goes through
// `perform`; what Swift calls of Lua itself can neither raise nor allocate.
extension LuaState {
    /// Does the host's work. A state for which that failed runs no script any more.
    ///
    /// - Returns: The reference that was made, or 0; -1 when there was no memory.
    @discardableResult func perform(_ operation: luashim_operation, _ values: [LuaValue] = []) -> Int32 {
        guard !values.isEmpty else { return luashim_perform(main, operation, nil, 0, 0) }
        encoder.encode(values)
        context.pointee.bytes_handled &+= encoder.bytes.count
        return encoder.bytes.withUnsafeBufferPointer { bytes in
            luashim_perform(main, operation, bytes.baseAddress, bytes.count, Int32(clamping: values.count))
        }
    }

    /// Does work that makes a reference; one to `nil` when there was no memory.
    func makeReference(_ operation: luashim_operation, _ values: [LuaValue] = []) -> LuaReference {
        LuaReference(state: self, index: perform(operation, values))
    }

    func release(_ index: Int32) {
        guard index >= 0 else { return }
        referenceCount -= 1
        luaL_unref(main, lua_shim_registry_index(), index)
    }

    /// Takes the value on top into a reference.
    func popReference(on thread: OpaquePointer) -> LuaReference {
        LuaReference(state: self, index: luashim_refer(main, thread))
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
    func bytes(at index: Int32, on thread: OpaquePointer, atMost maximum: Int = .max) -> [UInt8] {
        var length = 0
        guard let text = lua_tolstring(thread, index, &length) else { return [] }
        context.pointee.bytes_handled &+= min(length, maximum)
        return Array(UnsafeRawBufferPointer(start: text, count: min(length, maximum)))
    }

    /// Pushes all values, or none when there is no memory.
    func push(_ values: [LuaValue], on thread: OpaquePointer) -> Bool {
        let count = Int32(clamping: values.count)
        guard lua_checkstack(thread, count + 8) != 0 else { return false }
        if values.allSatisfy({ pushSimple($0, on: nil) }) {
            for value in values { _ = pushSimple(value, on: thread) }
            return true
        }
        guard perform(LUASHIM_PUSH, values) == 0 else { return false }
        if thread != main { lua_xmove(main, thread, count) }
        return true
    }

    /// Pushes a value for which no memory is needed, where a thread is given. False for the others.
    private func pushSimple(_ value: LuaValue, on thread: OpaquePointer?) -> Bool {
        switch value {
        case .nil: if let thread { lua_pushnil(thread) }
        case .boolean(let value): if let thread { lua_pushboolean(thread, value ? 1 : 0) }
        case .integer(let value): if let thread { lua_pushinteger(thread, value) }
        case .number(let value): if let thread { lua_pushnumber(thread, value) }
        case .table(let reference), .function(let reference), .opaque(let reference):
            if let thread { lua_rawgeti(thread, lua_shim_registry_index(), lua_Integer(reference.index)) }
        case .string, .json: return false
        }
        return true
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
        if lua_type(thread, -1) == LUA_TSTRING {
            return cut(bytes(at: -1, on: thread, atMost: limits.lineBytes &+ 1))
        }
        let value = value(at: -1, on: thread)
        switch value {
        case .integer(let number): return String(number)
        case .number(let number): return "\(number)"
        case .table:
            do throws(LuaConversionError) {
                return cut(Array("error object \(try json(value).text)".utf8))
            } catch {
                return "(error object is a table value)"
            }
        default: return "(error object is a \(value.typeName) value)"
        }
    }

    /// The text, with `…` for what goes beyond the limit of a line.
    func cut(_ bytes: [UInt8]) -> String {
        guard bytes.count > limits.lineBytes else { return String(decoding: bytes, as: UTF8.self) }
        var end = max(0, limits.lineBytes)
        // Not inside a character.
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "…"
    }

    /// Chunk and line where a coroutine waits; `nil` once it has ended.
    public func position(of coroutine: LuaCoroutine) -> (file: String, line: Int)? {
        coroutine.isSuspended ? position(on: coroutine.thread) : nil
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
