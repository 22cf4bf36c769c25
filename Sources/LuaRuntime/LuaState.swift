import CLua
import CLuaShims
import SansIO

/// One sandboxed Lua state: globals, memory cap, processor budget.
///
/// All that Lua can leave by a long jump is C in `CLuaShims`; no Swift frame is ever between a raise and its catch.
/// The state belongs to one thread at a time and is not re-entrant: a host function must not start another run.
///
/// When the process has no memory for what the host does to a state (a push, a new table), the state is given up: the
/// work is skipped, references stand for `nil`, and each run ends with a `memory` fault.
public final class LuaState {
    let context: UnsafeMutablePointer<luashim_context>
    let main: OpaquePointer
    public let limits: LuaLimits
    private var hostFunctions: [HostFunction] = []
    var encoder = LuaValueEncoder()
    /// Values of the state that the host holds now, to find what holds them too long.
    public internal(set) var referenceCount = 0

    /// Receives each line that a script prints.
    public var printed: (String) -> Void = { _ in }
    /// Makes the host's module of that name when a script first requires it; `nil` when there is none.
    public var hostModule: (String) -> LuaValue? = { _ in nil }
    /// Finds what `require` asks for and is not a module of the host: the source text and the chunk's name.
    public var moduleSource: (String) -> LuaModuleSource = { .missing("module '\($0)' not found") }

    /// A state with the standard library that scripts may use.
    ///
    /// - Parameter randomSeed: Where `math.random` starts.
    /// - Throws: a `memory` fault when the process has no memory for a state.
    public convenience init(limits: LuaLimits = LuaLimits(), randomSeed: UInt64) throws(LuaFault) {
        try self.init(limits: limits, randomSeed: randomSeed, failingAllocations: nil)
    }

    /// - Parameter failingAllocations: For tests: those that find no memory, counted from 1.
    package init(
        limits: LuaLimits, randomSeed: UInt64, failingAllocations: ClosedRange<UInt64>?
    ) throws(LuaFault) {
        self.limits = limits
        context = .allocate(capacity: 1)
        var account = luashim_context()
        account.bytes_cap = max(0, limits.memory)
        account.instruction_limit = limits.instructions
        account.cpu_limit = limits.processorTime.nanoseconds
        account.body = performHostFunction
        account.fail_from = failingAllocations?.lowerBound ?? 0
        account.fail_through = failingAllocations?.upperBound ?? 0
        context.initialize(to: account)
        guard let main = luashim_new_state(context, randomSeed, HostFunctionNumber.print, HostFunctionNumber.require)
        else {
            context.deallocate()
            throw LuaFault(kind: .memory, message: "no memory for a script's state")
        }
        self.main = main
        context.pointee.host = Unmanaged.passUnretained(self).toOpaque()
        add { [unowned self] arguments in
            if case .string(let bytes) = arguments[1] { printed(cut(bytes)) }
            return .none
        }
        add { [unowned self] arguments in require(arguments[1].text ?? "") }
    }

    deinit {
        lua_close(main)
        closed(context.pointee.bytes_used)
        context.deallocate()
    }

    /// Memory that the state holds. [byte]
    public var bytesUsed: Int { context.pointee.bytes_used }

    /// Virtual machine instructions of the last run, to the nearest thousand.
    public var instructionsUsed: UInt64 { context.pointee.instructions_used }

    /// For tests: the allocations that find no memory, counted from 1 when this is set; those of scripts and of the
    /// host.
    package var failingAllocations: ClosedRange<UInt64>? {
        get {
            context.pointee.fail_from > 0 ? context.pointee.fail_from...context.pointee.fail_through : nil
        }
        set {
            context.pointee.allocations = 0
            context.pointee.fail_from = newValue?.lowerBound ?? 0
            context.pointee.fail_through = newValue?.upperBound ?? 0
        }
    }

    /// For tests: told at the end how many bytes were not given back.
    package var closed: (Int) -> Void = { _ in }

    /// Makes a host function.
    public func makeFunction(_ body: @escaping LuaHostFunction) -> LuaReference {
        add(body)
        return makeReference(LUASHIM_NEW_FUNCTION, [.integer(Int64(hostFunctions.count - 1))])
    }

    /// Sets what `require(name)` returns.
    public func setModule(_ name: String, _ value: LuaValue) {
        perform(LUASHIM_SET_LOADED, [.string(name), value])
    }

    private func add(_ body: @escaping LuaHostFunction) {
        hostFunctions.append(HostFunction(body: body, owner: nil))
    }

    /// - Returns: The number of the first.
    func addHostFunctions(_ functions: LuaFunctionTable, owner: AnyObject?) -> Int {
        defer { hostFunctions += functions.bodies.map { HostFunction(body: $0, owner: owner) } }
        return hostFunctions.count
    }

    /// Compiles Lua text, never bytecode.
    ///
    /// - Parameter chunkName: The file's name as messages show it.
    /// - Throws: a `syntax` fault with line, a `memory` fault, or a `budget` fault.
    public func load(_ source: [UInt8], chunkName: String) throws(LuaFault) -> LuaReference {
        let status = source.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                luashim_load(main, characters.baseAddress, characters.count, "@" + chunkName)
            }
        }
        guard status == LUA_OK else {
            let message = popErrorMessage(on: main)
            if context.pointee.exhausted {
                var fault = budgetFault(on: main)
                fault.message = "\(chunkName): \(fault.message)"
                fault.file = chunkName
                throw fault
            }
            throw status == LUA_ERRMEM
                ? LuaFault(kind: .memory, message: "\(chunkName): \(memoryMessage)", file: chunkName)
                : LuaFault(kind: .syntax, message: message, file: chunkName, line: line(in: message))
        }
        let function = popReference(on: main)
        if context.pointee.host_refused { throw LuaFault(kind: .memory, message: memoryMessage, file: chunkName) }
        return function
    }

    fileprivate func perform(_ number: Int32, on thread: OpaquePointer) -> luashim_reply {
        guard hostFunctions.indices.contains(Int(number)) else {
            return luashim_reply(action: LUASHIM_RETURN, count: 0)
        }
        let function = hostFunctions[Int(number)]
        let arguments = LuaArguments(
            state: self, thread: thread, count: Int(lua_gettop(thread)), owner: function.owner)
        switch function.body(arguments) {
        case .values(let values):
            guard push(values, on: thread) else { return raise("too many results", on: thread) }
            return luashim_reply(action: LUASHIM_RETURN, count: Int32(clamping: values.count))
        case .raise(let message):
            return raise(message, on: thread)
        case .wait:
            return luashim_reply(action: LUASHIM_YIELD, count: 0)
        }
    }

    private func raise(_ message: String, on thread: OpaquePointer) -> luashim_reply {
        // Without memory for the message the trampoline raises that.
        let isPushed = push([.string(message)], on: thread)
        return luashim_reply(action: LUASHIM_RAISE_AT_CALLER, count: isPushed ? 1 : 0)
    }

    private func require(_ name: String) -> LuaHostResult {
        if let module = hostModule(name) {
            setModule(name, module)
            return .values([module])
        }
        switch moduleSource(name) {
        case .missing(let reason): return .raise(reason)
        // Compiled by the trampoline, inside the script's cap and budget.
        case .text(let source, let chunkName): return .values([.string(source), .string("@" + chunkName)])
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

private struct HostFunction {
    let body: LuaHostFunction
    let owner: AnyObject?
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
