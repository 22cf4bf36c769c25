public import LuaRuntime

/// What the script of one call may use.
public struct ScriptLimits: Hashable, Sendable {
    /// Memory, instructions and processor time; the latter two for each run between two waits.
    public var lua: LuaLimits
    /// Lines that one call may log or print; further ones are counted and dropped.
    public var logLines: Int
    /// Length of one file of a flow. [byte]
    public var fileBytes: Int

    public init(lua: LuaLimits = LuaLimits(), logLines: Int = 10_000, fileBytes: Int = 1 << 20) {
        self.lua = lua
        self.logLines = logLines
        self.fileBytes = fileBytes
    }
}

/// How much a line of a script's log matters; the names are those that scripts write.
public enum ScriptLogLevel: String, CaseIterable, Hashable, Sendable {
    case debug, info, warning, error
}
