public import SansIO

/// The arguments of a call to a host function; valid only until that function returns.
public struct LuaArguments {
    let state: LuaState
    let thread: OpaquePointer
    public let count: Int
    /// What the function's table was made for; `nil` for a function that was made alone.
    public let owner: AnyObject?

    /// The argument at `position`, counted from 1 as in Lua; `nil` behind the last.
    public subscript(position: Int) -> LuaValue {
        guard position >= 1, position <= count else { return .nil }
        return state.value(at: Int32(position), on: thread)
    }

    /// The argument as JSON.
    public func json(_ position: Int) throws(LuaConversionError) -> JSON {
        try state.json(self[position])
    }

    /// Chunk and line of the calling script function.
    public var caller: (file: String, line: Int)? { state.position(on: thread) }
}
