import CLua

/// A state of the system's library with all that belongs to it, to compare ours with.
final class PlainLua {
    private let state: OpaquePointer

    init?() {
        guard let state = luaL_newstate() else { return nil }
        self.state = state
        luaL_openlibs(state)
    }

    deinit { lua_close(state) }

    /// Runs a chunk with strings for arguments; its results, or its error, as `tostring` writes them.
    func results(_ source: String, arguments: [[UInt8]] = []) -> [String] {
        lua_settop(state, 0)
        let text = Array(source.utf8).map { CChar(bitPattern: $0) }
        var status = luaL_loadbufferx(state, text, text.count, "@test.lua", "t")
        if status == LUA_OK {
            for argument in arguments {
                argument.withUnsafeBytes { bytes in
                    _ = lua_pushlstring(
                        state, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
                }
            }
            status = lua_pcallk(state, Int32(arguments.count), LUA_MULTRET, 0, 0, nil)
        }
        let top = lua_gettop(state)
        guard top > 0 else { return [] }
        return (1...top).map { index in
            var length = 0
            guard let text = luaL_tolstring(state, index, &length) else { return "?" }
            defer { lua_shim_pop(state, 1) }
            return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
        }
    }
}
