import CLua
import CLuaShims
import SansIO

/// One sandboxed Lua state: globals, memory cap, processor budget.
///
/// All that Lua can leave by a long jump is C in `CLuaShims`; no Swift frame is ever between a raise and its catch.
/// The state belongs to one thread at a time and is not re-entrant: a host function must not start another run.
public final class LuaState {
    let context: UnsafeMutablePointer<luashim_context>
    let main: OpaquePointer
    public let limits: LuaLimits
    private var hostFunctions: [LuaHostFunction] = []

    /// Receives each line that a script prints.
    public var printed: (String) -> Void = { _ in }
    /// Finds what `require` asks for and is not a module of the host: the source text and the chunk's name.
    public var moduleSource: (String) -> LuaModuleSource = { .missing("module '\($0)' not found") }

    /// A state with the standard library that scripts may use.
    ///
    /// - Parameter randomSeed: Where `math.random` starts.
    /// - Throws: a `memory` fault when the process has no memory for a state.
    public init(limits: LuaLimits = LuaLimits(), randomSeed: UInt64) throws(LuaFault) {
        self.limits = limits
        context = .allocate(capacity: 1)
        var account = luashim_context()
        account.bytes_cap = max(0, limits.memory)
        account.instruction_limit = limits.instructions
        account.cpu_limit = limits.processorTime.nanoseconds
        account.body = performHostFunction
        context.initialize(to: account)
        guard let main = luashim_new_state(context, randomSeed, HostFunctionNumber.print, HostFunctionNumber.require)
        else {
            context.deallocate()
            throw LuaFault(kind: .memory, message: "no memory for a script's state")
        }
        self.main = main
        context.pointee.host = Unmanaged.passUnretained(self).toOpaque()
        hostFunctions = [
            { [unowned self] arguments in
                printed(arguments[1].text ?? "")
                return .none
            },
            { [unowned self] arguments in require(arguments[1].text ?? "") },
        ]
    }

    deinit {
        lua_close(main)
        context.deallocate()
    }

    /// Memory that the state holds. [byte]
    public var bytesUsed: Int { context.pointee.bytes_used }

    /// Virtual machine instructions of the last run, to the nearest thousand.
    public var instructionsUsed: UInt64 { context.pointee.instructions_used }

    /// For tests: while script code runs, every allocation of a run from this one on (from 1) fails.
    package var failingAllocation: UInt64 {
        get { context.pointee.fail_from_allocation }
        set { context.pointee.fail_from_allocation = newValue }
    }

    /// Makes a host function.
    public func makeFunction(_ body: @escaping LuaHostFunction) -> LuaReference {
        hostFunctions.append(body)
        luashim_push_function(main, Int32(hostFunctions.count - 1))
        return popReference(on: main)
    }

    /// Sets what `require(name)` returns.
    public func setModule(_ name: String, _ value: LuaValue) {
        luashim_push_loaded(main)
        push(.string(name), on: main)
        push(value, on: main)
        lua_rawset(main, -3)
        lua_shim_pop(main, 1)
    }

    /// Compiles Lua text, never bytecode.
    ///
    /// - Parameter chunkName: The file's name as messages show it.
    /// - Throws: a `syntax` fault with line, or a `memory` fault.
    public func load(_ source: [UInt8], chunkName: String) throws(LuaFault) -> LuaReference {
        let status = source.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                luashim_load(main, characters.baseAddress, characters.count, "@" + chunkName)
            }
        }
        guard status == LUA_OK else {
            let message = popErrorMessage(on: main)
            throw status == LUA_ERRMEM
                ? LuaFault(kind: .memory, message: "\(chunkName): \(memoryMessage)", file: chunkName)
                : LuaFault(kind: .syntax, message: message, file: chunkName, line: line(in: message))
        }
        return popReference(on: main)
    }

    fileprivate func perform(_ number: Int32, on thread: OpaquePointer) -> luashim_reply {
        guard hostFunctions.indices.contains(Int(number)) else {
            return luashim_reply(action: LUASHIM_RETURN, count: 0)
        }
        let arguments = LuaArguments(state: self, thread: thread, count: Int(lua_gettop(thread)))
        switch hostFunctions[Int(number)](arguments) {
        case .values(let values):
            guard lua_checkstack(thread, Int32(clamping: values.count) + 8) != 0 else {
                push(.string("too many results"), on: thread)
                return luashim_reply(action: LUASHIM_RAISE_AT_CALLER, count: 1)
            }
            for value in values { push(value, on: thread) }
            return luashim_reply(action: LUASHIM_RETURN, count: Int32(clamping: values.count))
        case .raise(let message):
            push(.string(message), on: thread)
            return luashim_reply(action: LUASHIM_RAISE_AT_CALLER, count: 1)
        case .wait:
            return luashim_reply(action: LUASHIM_YIELD, count: 0)
        }
    }

    private func require(_ name: String) -> LuaHostResult {
        switch moduleSource(name) {
        case .missing(let reason): return .raise(reason)
        case .text(let source, let chunkName):
            // Not under the cap, which is lifted while the host works: the host bounds the length of its files.
            let status = source.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    luaL_loadbufferx(
                        main, characters.baseAddress, characters.count, "@" + chunkName, "t")
                }
            }
            guard status == LUA_OK else { return .raise("error loading '\(name)': " + popErrorMessage(on: main)) }
            return .values([.function(popReference(on: main))])
        }
    }

    /// The line in a message `file:line: …` of Lua's compiler.
    private func line(in message: String) -> Int? {
        for part in message.split(separator: ":").dropFirst() {
            if let line = Int(part) { return line }
        }
        return nil
    }
}

/// What a script's `require` finds.
public enum LuaModuleSource: Sendable {
    case text([UInt8], chunkName: String)
    /// Raised as an error.
    case missing(String)
}

private enum HostFunctionNumber {
    static let print: Int32 = 0
    static let require: Int32 = 1
}

/// Called by the trampolines of `CLuaShims`.
private func performHostFunction(
    host: UnsafeMutableRawPointer?, thread: OpaquePointer?, function: Int32
) -> luashim_reply {
    guard let host, let thread else { return luashim_reply(action: LUASHIM_RETURN, count: 0) }
    return Unmanaged<LuaState>.fromOpaque(host).takeUnretainedValue().perform(function, on: thread)
}
