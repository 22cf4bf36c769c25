import SansIO

/// From the model's function call through the script's action to the function's output.
extension CallSession {
    mutating func begin(_ calls: [RealtimeFunctionCall], responseID: String, at now: Instant) {
        guard phase == .active else { return }
        for call in functions.admit(calls, responseID: responseID) { begin(call, at: now) }
    }

    private mutating func begin(_ admitted: FunctionCalls.Admitted, at now: Instant) {
        let call = admitted.call
        observe(.actionCalled(callID: call.callID, name: call.name, arguments: call.arguments))
        let arguments = CallSession.arguments(call.arguments)
        functions.begin(
            FunctionCalls.Open(
                call: call, modelID: admitted.modelID, batch: admitted.batch, arguments: arguments ?? [:],
                startedAt: now, task: nil))
        guard definition.tools.contains(where: { $0.name == call.name }) else {
            refuse(call.callID, "there is no function \(call.name)", at: now)
            return
        }
        guard let arguments else {
            refuse(call.callID, "the arguments are not a JSON object", at: now)
            return
        }
        if let running = functions.running(like: call, arguments) {
            // The model goes on when the one that runs has returned.
            if running.batch != admitted.batch { functions.noteRepeat(call.callID) }
            refuse(
                call.callID,
                "\(call.name) runs already with these arguments, and its result will come; do not call it again",
                at: now)
            return
        }
        if handles(.onFunctionCall) {
            let entry = ScriptEntry.handler(.onFunctionCall, arguments: [.string(call.name), .object(arguments)])
            run(entry, for: .check(callID: call.callID), callID: call.callID, at: now)
        } else {
            runAction(call.callID, at: now)
        }
    }

    /// What the model wrote as arguments; it leaves them out where a function takes none.
    private static func arguments(_ text: String) -> JSONObject? {
        if text.trimmingWhitespace().isEmpty { return [:] }
        do {
            return try JSON(parsing: text).object
        } catch {
            return nil
        }
    }

    private mutating func runAction(_ callID: String, at now: Instant) {
        guard let open = functions[callID] else { return }
        let entry = ScriptEntry.action(name: open.call.name, arguments: open.arguments)
        run(entry, for: .action(callID: callID), callID: callID, at: now)
    }

    private mutating func run(
        _ entry: ScriptEntry, for purpose: ScriptScheduler.Purpose, callID: String, at now: Instant
    ) {
        functions.run(callID, as: scripts.start(entry, for: purpose))
        timers[.action(callID: callID)] = now + (definition.actionTimeout ?? configuration.limits.action)
    }

    // MARK: What the script makes of it

    /// `on_function_call` has come to its end: `false, reason` refuses the call.
    mutating func checked(_ callID: String, _ values: [JSON], at now: Instant) {
        guard functions[callID] != nil else { return }
        if values.first == .bool(false) {
            refuse(callID, values.dropFirst().first?.string ?? "not allowed now", at: now)
        } else {
            runAction(callID, at: now)
        }
    }

    /// A check that fails lets nothing pass.
    mutating func checkFailed(_ callID: String, _ fault: ScriptFault, at now: Instant) {
        refuse(callID, "it could not be checked whether this is allowed", at: now)
    }

    mutating func actionReturned(_ callID: String, _ values: [JSON], at now: Instant) {
        guard let open = functions[callID] else { return }
        let output = CallSession.output(values)
        guard handles(.onFunctionResult), isModelOpen, !isEnding else {
            finish(open, output, at: now)
            return
        }
        let result = values.first ?? .null
        let shown: JSON = result == .null && values.count > 1 ? ["error": values[1]] : result
        let entry = ScriptEntry.handler(.onFunctionResult, arguments: [.string(open.call.name), shown])
        run(entry, for: .result(callID: callID, output: output), callID: callID, at: now)
    }

    /// `on_function_result` has come to its end: what it returned stands in place of the action's own result.
    mutating func resultChanged(_ callID: String, _ values: [JSON], _ output: String, at now: Instant) {
        guard let open = functions[callID] else { return }
        finish(open, values.first ?? .null == .null ? output : CallSession.output(values), at: now)
    }

    private mutating func finish(_ open: FunctionCalls.Open, _ output: String, at now: Instant) {
        observe(
            .actionReturned(
                callID: open.call.callID, name: open.call.name, output: output, duration: now - open.startedAt))
        answer(open, output, at: now)
    }

    mutating func actionFailed(_ callID: String, _ fault: ScriptFault, at now: Instant) {
        guard let open = functions[callID] else { return }
        observe(.actionFailed(callID: callID, name: open.call.name, message: fault.message))
        let error: String =
            switch fault.kind {
            case .error: CallSession.withoutPosition(fault.message)
            case .budget, .memory: "\(open.call.name) failed"
            }
        answer(open, JSON.object(["error": .string(error)]).text, at: now)
    }

    mutating func actionTimedOut(_ callID: String, at now: Instant) {
        guard let open = functions[callID] else { return }
        let purpose = open.task.flatMap { scripts.purpose(of: $0) }
        if let task = open.task {
            abandonWait(of: task)
            if scripts.cancel(task) { perform(.script(.cancel(task))) }
        }
        if case .result(_, let output)? = purpose {
            tell(CallFault(kind: .script, message: "on_function_result did not finish in time for \(open.call.name)"))
            finish(open, output, at: now)
            return
        }
        let message = "\(open.call.name) did not finish in time"
        observe(.actionFailed(callID: callID, name: open.call.name, message: message))
        answer(open, JSON.object(["error": .string(message)]).text, at: now)
    }

    private mutating func refuse(_ callID: String, _ reason: String, at now: Instant) {
        guard let open = functions[callID] else { return }
        observe(.actionRefused(callID: callID, name: open.call.name, reason: reason))
        answer(open, JSON.object(["error": .string(reason)]).text, at: now)
    }

    /// Gives the model the output; the last one of a response lets it go on.
    private mutating func answer(_ open: FunctionCalls.Open, _ output: String, at now: Instant) {
        timers[.action(callID: open.call.callID)] = nil
        let goesOn = functions.answered(open.call.callID)
        guard isModelOpen, !isEnding else { return }
        handle(realtime.answer(callID: open.modelID, output: output), at: now)
        if goesOn, phase == .active { handle(realtime.request(.followUp, at: now).outputs, at: now) }
    }

    /// What an action's results are for the model: a string as it is, `nil, err` as an error, all else as JSON.
    static func output(_ values: [JSON]) -> String {
        switch values.first ?? .null {
        case .string(let text): return text
        case .null:
            if let error = values.dropFirst().first?.string { return JSON.object(["error": .string(error)]).text }
            return JSON.object(["ok": true]).text
        case let value: return value.text
        }
    }

    /// The first line of a Lua error without the `file:line: ` before it: the model has no use for that.
    static func withoutPosition(_ message: String) -> String {
        let line = message.prefix { $0 != "\n" }
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty, parts[1].allSatisfy(\.isNumber) else { return String(line) }
        return String(parts[2]).trimmingWhitespace()
    }
}
