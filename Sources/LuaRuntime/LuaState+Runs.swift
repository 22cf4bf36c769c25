import CLua
import CLuaShims
import SansIO

extension LuaState {
    /// Runs a function, with a fresh budget, until it ends, fails or waits for the host.
    public func start(_ function: LuaReference, arguments: [LuaValue] = []) -> LuaOutcome {
        guard let thread = luashim_new_task(main) else {
            return .failed(LuaFault(kind: .memory, message: memoryMessage))
        }
        let coroutine = LuaCoroutine(reference: popReference(on: main), thread: thread)
        push(.function(function), on: thread)
        return run(coroutine, values: arguments)
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
        guard lua_checkstack(thread, Int32(clamping: values.count) + 8) != 0 else {
            return .failed(LuaFault(kind: .memory, message: memoryMessage))
        }
        for value in values { push(value, on: thread) }
        var count: Int32 = 0
        let status = luashim_resume(main, thread, Int32(clamping: values.count), &count)
        if context.pointee.exhausted { return fail(coroutine, budgetFault(on: thread)) }
        switch status {
        case LUA_OK:
            let top = lua_gettop(thread)
            let first = max(1, top - count + 1)
            return .returned(first <= top ? (first...top).map { value(at: $0, on: thread) } : [])
        case LUA_YIELD where context.pointee.host_yield:
            coroutine.isSuspended = true
            return .yielded(coroutine)
        case LUA_YIELD:
            return fail(coroutine, fault(kind: .error, message: "attempt to yield to the host", on: thread))
        default:
            // The error stays on top: closing hands it to the `<close>` variables.
            let message = errorMessage(on: thread)
            let isMemory = status == LUA_ERRMEM || context.pointee.memory_refused && message == "not enough memory"
            return fail(
                coroutine,
                isMemory
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
        return LuaFault(kind: .error, message: popErrorMessage(on: coroutine.thread))
    }

    var memoryMessage: String { "not enough memory: the script may hold \(limits.memory / 1024) KiB" }

    private func budgetFault(on thread: OpaquePointer) -> LuaFault {
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
        luaL_traceback(main, thread, nil, 0)
        let traceback = value(at: -1, on: main).text ?? ""
        lua_shim_pop(main, 1)
        let place = position(on: thread)
        return LuaFault(kind: kind, message: message, traceback: traceback, file: place?.file, line: place?.line)
    }

    private func positioned(_ message: String, on thread: OpaquePointer) -> String {
        position(on: thread).map { "\($0.file):\($0.line): \(message)" } ?? message
    }
}
