/// Why a script did not compile, or did not run to its end.
public struct LuaFault: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// The text is not Lua.
        case syntax
        /// `error`, a misuse of a function, or a fault that Lua found.
        case error
        /// One run took more processor time or instructions than allowed.
        case budget
        /// The state's memory cap was reached.
        case memory
    }

    public var kind: Kind
    /// With the position in front where Lua knows it: `flows/outbound_caller.lua:31: attempt to …`.
    public var message: String
    /// Lua's own, innermost call first; empty when nothing ran.
    public var traceback: String
    /// The chunk and the line (from 1) of the innermost script function, where known.
    public var file: String?
    public var line: Int?

    public init(kind: Kind, message: String, traceback: String = "", file: String? = nil, line: Int? = nil) {
        self.kind = kind
        self.message = message
        self.traceback = traceback
        self.file = file
        self.line = line
    }

    public var description: String { traceback.isEmpty ? message : "\(message)\n\(traceback)" }
}

/// Why a value of a script cannot be had as JSON.
public struct LuaConversionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the value, as one would write it in Lua: `.booked[2].date`; empty for the value itself.
    public let path: String
    public let reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public var description: String { path.isEmpty ? reason : "\(path): \(reason)" }
}
