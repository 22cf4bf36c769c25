public import SansIO

/// A value on its way between host and script.
public enum LuaValue {
    case `nil`
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    /// Any bytes; scripts may hold text that is not UTF-8.
    case string([UInt8])
    /// A table that stays in the state.
    case table(LuaReference)
    case function(LuaReference)
    /// A coroutine or another value that the host can only hand back.
    case opaque(LuaReference)
    /// Only towards the script: becomes new tables. `null` becomes `nil`, and so is absent from objects.
    case json(JSON)

    public static func string(_ text: String) -> LuaValue { .string(Array(text.utf8)) }

    /// The name that Lua has for the type.
    public var typeName: String {
        switch self {
        case .nil: "nil"
        case .boolean: "boolean"
        case .integer, .number: "number"
        case .string: "string"
        case .table, .json: "table"
        case .function: "function"
        case .opaque: "thread"
        }
    }

    /// The text of a string; bytes that are not UTF-8 are replaced by U+FFFD.
    public var text: String? {
        guard case .string(let bytes) = self else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Holds a value of a state, so that the state's collector leaves it alone.
///
/// Lives on the state's thread, like the state.
public final class LuaReference {
    let state: LuaState
    let index: Int32

    /// - Parameter index: In the registry; negative for `nil`.
    init(state: LuaState, index: Int32) {
        self.state = state
        self.index = index
        if index >= 0 { state.referenceCount += 1 }
    }

    deinit { state.release(index) }
}

/// A started function that waits for the host.
public final class LuaCoroutine {
    let reference: LuaReference
    let thread: OpaquePointer
    /// False once it has ended or been closed.
    public internal(set) var isSuspended = false

    init(reference: LuaReference, thread: OpaquePointer) {
        self.reference = reference
        self.thread = thread
    }
}

/// What became of a run.
public enum LuaOutcome {
    /// The function ended.
    case returned([LuaValue])
    /// A host function asked to wait. The host knows what for; it resumes or closes the coroutine.
    case yielded(LuaCoroutine)
    /// The function failed and is gone; its `<close>` variables have run.
    case failed(LuaFault)
}

/// What a host function wants to happen after it has returned.
public enum LuaHostResult {
    case values([LuaValue])
    /// Raises the message behind the position of the calling line.
    case raise(String)
    /// Suspends the script's function; the values of the resumption become the results of the call.
    case wait

    public static var none: LuaHostResult { .values([]) }
}

/// A function of the host. It runs inside a run of the script and must not start, resume or close one.
public typealias LuaHostFunction = (LuaArguments) -> LuaHostResult
