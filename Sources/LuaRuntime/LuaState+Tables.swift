import CLua
import CLuaShims

/// Where a function of a script was written.
public struct LuaFunctionDescription: Hashable, Sendable {
    /// The chunk's name as it was given to ``LuaState/load(_:chunkName:)``.
    public var chunkName: String
    /// Line of the word `function`, from 1.
    public var line: Int
    /// Names of the parameters, `self` included.
    public var parameters: [String]
    /// It takes `...`.
    public var isVariadic: Bool
}

extension LuaState {
    /// A new, empty table.
    public func makeTable() -> LuaReference { makeReference(LUASHIM_NEW_TABLE) }

    /// A new table of host functions, by name.
    ///
    /// - Parameter owner: What the bodies find in ``LuaArguments/owner``; held as long as the state.
    public func makeTable(of functions: LuaFunctionTable, owner: AnyObject? = nil) -> LuaReference {
        let first = addHostFunctions(functions, owner: owner)
        return makeReference(
            LUASHIM_NEW_FUNCTIONS, [.integer(Int64(first))] + functions.names.map { .string($0) })
    }

    /// The field of a table, without metamethods.
    public func field(_ name: String, of table: LuaReference) -> LuaValue {
        guard perform(LUASHIM_GET_FIELD, [.table(table), .string(name)]) == 0 else { return .nil }
        defer { lua_shim_pop(main, 1) }
        return value(at: -1, on: main)
    }

    /// Sets a field of a table, without metamethods.
    public func setField(_ name: String, of table: LuaReference, to value: LuaValue) {
        perform(LUASHIM_SET_FIELD, [.table(table), .string(name), value])
    }

    /// The string keys of a table, sorted: Lua's own order changes from run to run.
    public func fieldNames(of table: LuaReference) -> [String] {
        guard push([.table(table)], on: main) else { return [] }
        defer { lua_shim_pop(main, 1) }
        guard lua_type(main, -1) == LUA_TTABLE else { return [] }
        var names: [String] = []
        lua_pushnil(main)
        while lua_next(main, -2) != 0 {
            if lua_type(main, -2) == LUA_TSTRING {
                names.append(String(decoding: bytes(at: -2, on: main), as: UTF8.self))
            }
            lua_shim_pop(main, 1)
        }
        return names.sorted()
    }

    /// Sets the metatable of a table of the host's.
    public func setMetatable(_ metatable: LuaReference, of table: LuaReference) {
        perform(LUASHIM_SET_METATABLE, [.table(table), .table(metatable)])
    }

    /// A proxy through which scripts can read a table but not write it.
    public func makeProtected(_ table: LuaReference, name: String) -> LuaReference {
        makeReference(LUASHIM_PROTECT, [.table(table), .string(name)])
    }

    /// Sets a global variable.
    public func setGlobal(_ name: String, _ value: LuaValue) {
        perform(LUASHIM_SET_GLOBAL, [.string(name), value])
    }

    /// Whether two references hold the same value.
    public func isSame(_ left: LuaReference, _ right: LuaReference) -> Bool {
        guard push([.table(left), .table(right)], on: main) else { return false }
        defer { lua_shim_pop(main, 2) }
        return lua_rawequal(main, -1, -2) != 0
    }

    /// Where a function was written; `nil` for the host's own.
    public func description(of function: LuaReference) -> LuaFunctionDescription? {
        guard push([.function(function)], on: main) else { return nil }
        defer { lua_shim_pop(main, 1) }
        guard lua_type(main, -1) == LUA_TFUNCTION else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
            var line: Int32 = 0
            var count: Int32 = 0
            var isVariadic = false
            guard let start = buffer.baseAddress,
                luashim_describe(main, start, buffer.count, &line, &count, &isVariadic)
            else { return nil }
            var parameters: [String] = []
            for index in 0..<count {
                parameters.append(luashim_parameter_name(main, index + 1).map { String(cString: $0) } ?? "?")
            }
            return LuaFunctionDescription(
                chunkName: String(cString: start), line: Int(line), parameters: parameters, isVariadic: isVariadic)
        }
    }
}
