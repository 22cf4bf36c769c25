import CLua
import CLuaShims
import SansIO

extension LuaState {
    /// Runs a function, with a fresh budget, until it ends, fails or waits for the host.
    public func start(_ function: LuaReference, arguments: [LuaValue] = []) -> LuaOutcome {
        let reference = makeReference(LUASHIM_NEW_TASK)
        guard !context.pointee.host_refused, lua_checkstack(main, 1) != 0 else { return .failed(memoryFault) }
        lua_rawgeti(main, lua_shim_registry_index(), lua_Integer(reference.index))
        let thread = lua_tothread(main, -1)
        lua_shim_pop(main, 1)
        guard let thread else { return .failed(memoryFault) }
        return run(LuaCoroutine(reference: reference, thread: thread), values: [.function(function)] + arguments)
    }

    /// Continues a coroutine with the results of what it waits for, with a fresh budget.
    public func resume(_ coroutine: LuaCoroutine, with values: [LuaValue]) -> LuaOutcome {
        guard coroutine.isSuspended else {
            return .failed(LuaFault(kind: .error, message: "cannot resume a coroutine that does not wait"))
        }
        return run(coroutine, values: values)
    }

    /// Ends a coroutine that waits; its pending `<close>` variables run, with a fresh budget.
    ///
    /// - Returns: What went wrong in one of them.
    @discardableResult public func close(_ coroutine: LuaCoroutine) -> LuaFault? {
        guard coroutine.isSuspended else { return nil }
        return end(coroutine)
    }

    private func run(_ coroutine: LuaCoroutine, values: [LuaValue]) -> LuaOutcome {
        let thread = coroutine.thread
        coroutine.isSuspended = false
        guard !context.pointee.host_refused, push(values, on: thread) else {
            return fail(coroutine, memoryFault)
        }
        var count: Int32 = 0
        // The function itself is not an argument.
        let arguments = lua_status(thread) == LUA_YIELD ? values.count : values.count - 1
        let status = luashim_resume(main, thread, Int32(clamping: arguments), &count)
        if context.pointee.host_refused { return fail(coroutine, memoryFault) }
        if context.pointee.exhausted { return fail(coroutine, budgetFault(on: thread)) }
        switch status {
        case LUA_OK:
            let top = lua_gettop(thread)
            let first = max(1, top - count + 1)
            let results = first <= top ? (first...top).map { value(at: $0, on: thread) } : []
            return context.pointee.host_refused ? .failed(memoryFault) : .returned(results)
        case LUA_YIELD where context.pointee.host_yield:
            coroutine.isSuspended = true
            return .yielded(coroutine)
        case LUA_YIELD:
            return fail(coroutine, fault(kind: .error, message: "attempt to yield to the host", on: thread))
        default:
            // The error stays on top: closing hands it to the `<close>` variables.
            let message = errorMessage(on: thread)
            return fail(
                coroutine,
                isMemory(status, message)
                    ? fault(kind: .memory, message: positioned(memoryMessage, on: thread), on: thread)
                    : fault(kind: .error, message: message, on: thread),
                knownMessage: message)
        }
    }

    /// The fault is taken first: closing unwinds the stack that it speaks of.
    private func fail(_ coroutine: LuaCoroutine, _ fault: LuaFault, knownMessage: String? = nil) -> LuaOutcome {
        var fault = fault
        if let second = end(coroutine), second.message != knownMessage {
            fault.traceback += "\nwhile closing: \(second.message)"
        }
        return .failed(fault)
    }

    private func end(_ coroutine: LuaCoroutine) -> LuaFault? {
        coroutine.isSuspended = false
        let status = luashim_close(main, coroutine.thread)
        if context.pointee.exhausted { return budgetFault(on: coroutine.thread) }
        // Closing a thread that failed ends with the thread's own error when nothing else went wrong.
        guard status != LUA_OK, status != LUA_YIELD, lua_gettop(coroutine.thread) > 0 else { return nil }
        let message = popErrorMessage(on: coroutine.thread)
        return LuaFault(kind: isMemory(status, message) ? .memory : .error, message: message)
    }

    /// Whether an error is Lua's own for a refused allocation, perhaps raised again by the script.
    private func isMemory(_ status: Int32, _ message: String) -> Bool {
        status == LUA_ERRMEM || context.pointee.memory_refused && message == "not enough memory"
    }

    /// The host's own work found no memory.
    private var memoryFault: LuaFault { LuaFault(kind: .memory, message: memoryMessage) }

    var memoryMessage: String {
        context.pointee.host_refused
            ? "not enough memory: the host has none left for this script"
            : "not enough memory: the script may hold \(limits.memory / 1024) KiB"
    }

    func budgetFault(on thread: OpaquePointer) -> LuaFault {
        let limit =
            context.pointee.instructions_used > limits.instructions
            ? "\(limits.instructions) instructions" : "\(limits.processorTime.milliseconds) ms of processor time"
        let message = "the script used more than \(limit) without waiting"
        var fault = fault(kind: .budget, message: message, on: thread)
        let line = Int(context.pointee.exhausted_line)
        guard line > 0 else { return fault }
        let file = withUnsafeBytes(of: context.pointee.exhausted_file) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        fault.message = "\(file):\(line): \(message)"
        fault.file = file
        fault.line = line
        return fault
    }

    private func fault(kind: LuaFault.Kind, message: String, on thread: OpaquePointer) -> LuaFault {
        guard lua_checkstack(main, 4) != 0 else { return LuaFault(kind: kind, message: message) }
        luashim_push_traceback(main, thread)
        let traceback = value(at: -1, on: main).text ?? ""
        lua_shim_pop(main, 1)
        let place = position(on: thread)
        return LuaFault(kind: kind, message: message, traceback: traceback, file: place?.file, line: place?.line)
    }

    private func positioned(_ message: String, on thread: OpaquePointer) -> String {
        position(on: thread).map { "\($0.file):\($0.line): \(message)" } ?? message
    }
}
