public import Conversation
import LuaRuntime
public import SansIO

/// The script of one call: a state of its own that has run the flow's file, and the coroutines of that state.
///
/// Belongs to one serial executor. It runs a command to the coroutine's next wait or end and returns what became of it;
/// it waits for nothing itself.
public final class CallScript {
    private let flow: Flow
    let context: ScriptContext
    private let call: CallObject
    private let agent: LuaReference
    private var actions: ActionTable?
    private var tasks: [ScriptTaskID: Waiting] = [:]

    /// The functions that the model may call now.
    private struct ActionTable {
        var functions: LuaReference
        /// What they get as `self`: reads like the table, and has the call.
        var object: LuaReference
        var signatures: [String: ActionSignature]
    }

    private struct Waiting {
        let coroutine: LuaCoroutine
        let request: ScriptRequest
    }

    /// Compiles and runs the flow's file in a new state.
    ///
    /// - Parameters:
    ///   - seed: Where the script's random numbers start.
    ///   - log: Receives what the script logs and prints.
    /// - Throws: the fault of the file, for instance a `memory` fault under limits that are too tight for it.
    public convenience init(
        flow: Flow, facts: CallFacts, limits: ScriptLimits = ScriptLimits(),
        environment: ScriptEnvironment = ScriptEnvironment(), seed: UInt64,
        log: @escaping (ScriptLogLevel, String, JSON?) -> Void
    ) throws(ScriptFault) {
        let state: LuaState
        do throws(LuaFault) {
            state = try LuaState(limits: limits.lua, randomSeed: seed)
        } catch {
            throw ScriptFault(error)
        }
        try self.init(flow: flow, facts: facts, limits: limits, environment: environment, state: state, log: log)
    }

    /// - Parameter state: In which nothing has run.
    init(
        flow: Flow, facts: CallFacts, limits: ScriptLimits, environment: ScriptEnvironment, state: LuaState,
        log: @escaping (ScriptLogLevel, String, JSON?) -> Void
    ) throws(ScriptFault) {
        let loaded: LoadedFlow
        do throws(LuaFault) {
            loaded = try LoadedFlow(
                state: state, main: flow.main, limits: limits, environment: environment, log: log,
                module: { [sources = flow.modules] name in
                    sources[name].map { .text($0.bytes, chunkName: $0.chunkName) }
                        ?? .missing("module '\(name)' is not part of the flow; require it at the top of the file")
                })
        } catch {
            throw ScriptFault(error)
        }
        guard let agent = loaded.agent else {
            throw ScriptFault(kind: .error, message: "\(flow.main.chunkName): returned no agent")
        }
        self.flow = flow
        self.agent = agent
        context = loaded.context
        call = CallObject(context: context, facts: facts)
        if case .table(let functions) = context.state.field("actions", of: agent) {
            actions = table(of: functions, flow.actions)
        }
        context.actionsSetter = { [unowned self] table throws(ScriptMismatch) in try setActions(table) }
    }

    private func table(of functions: LuaReference, _ signatures: [String: ActionSignature]) -> ActionTable {
        let object = context.state.makeTable()
        let metatable = context.state.makeTable()
        context.state.setField("__index", of: metatable, to: .table(functions))
        context.state.setMetatable(metatable, of: object)
        context.state.setField("call", of: object, to: .table(call.object))
        return ActionTable(functions: functions, object: object, signatures: signatures)
    }

    /// Takes other actions: a table of functions with their annotations, or a list of names of the agent's own.
    private func setActions(_ given: LuaReference) throws(ScriptMismatch) -> [AgentDefinition.Tool] {
        let state = context.state
        let names: [JSON]
        do throws(LuaConversionError) {
            names = try state.json(.table(given)).array ?? []
        } catch {
            names = []
        }
        guard names.isEmpty else { return try selectActions(names) }
        var sources: [String: AnnotatedSource] = [:]
        for source in [flow.main] + flow.modules.values {
            sources[source.chunkName] = AnnotatedSource(chunkName: source.chunkName, bytes: source.bytes)
        }
        var reader = ActionReader(state: state, sources: sources) { message, hint in
            FlowDiagnostic(file: "actions", message: message, hint: hint)
        }
        let (tools, signatures) = reader.read(given)
        if let first = reader.diagnostics.first { throw ScriptMismatch(reason: "\(first)") }
        actions = table(of: given, signatures)
        return tools
    }

    private func selectActions(_ names: [JSON]) throws(ScriptMismatch) -> [AgentDefinition.Tool] {
        guard case .table(let functions) = context.state.field("actions", of: agent) else {
            throw ScriptMismatch(reason: "the agent has no actions to choose from")
        }
        var tools: [AgentDefinition.Tool] = []
        var signatures: [String: ActionSignature] = [:]
        for name in names {
            guard let name = name.string else { throw ScriptMismatch(reason: "a list of names expected") }
            guard let tool = flow.definition.tools.first(where: { $0.name == name }) else {
                let near = suggestion(for: name, among: flow.definition.tools.map(\.name))
                throw ScriptMismatch(reason: "the agent has no action '\(name)'\(near)")
            }
            if signatures[name] == nil { tools.append(tool) }
            signatures[name] = flow.actions[name]
        }
        actions = table(of: functions, signatures)
        return tools
    }

    /// Memory that the script holds. [byte]
    public var bytesUsed: Int { context.state.bytesUsed }

    /// Coroutines that wait.
    public var waitingTasks: Int { tasks.count }

    /// Performs one command.
    ///
    /// - Returns: The outcome, to be handed to the session; `nil` for `cancel`, and for a task that is not waiting.
    public func run(_ command: ScriptCommand) -> (ScriptTaskID, ScriptOutcome)? {
        switch command {
        case .start(let task, let entry, let facts):
            call.update(facts)
            switch start(entry) {
            case .failure(let fault): return (task, .failed(fault))
            case .success(nil): return (task, .returned([]))
            case .success(let outcome?): return (task, settle(task, outcome))
            }
        case .resume(let task, let reply, let facts):
            call.update(facts)
            guard let waiting = tasks.removeValue(forKey: task) else { return nil }
            let values = values(of: reply, to: waiting.request)
            return (task, settle(task, context.state.resume(waiting.coroutine, with: values)))
        case .cancel(let task):
            guard let waiting = tasks.removeValue(forKey: task) else { return nil }
            if let fault = context.state.close(waiting.coroutine) {
                context.write(.error, "a <close> variable failed: \(fault.message)", nil)
            }
            return nil
        case .forget(let function):
            _ = context.take(function)
            return nil
        case .handOver(let task, _, _):
            return (task, .failed(ScriptFault(kind: .error, message: "the script cannot hand over to itself")))
        }
    }

    /// `call.state` as plain data.
    public func state() throws(ScriptFault) -> JSON {
        do throws(LuaConversionError) {
            return try context.state.data(call.state)
        } catch {
            throw ScriptFault(kind: .error, message: "call.state cannot be handed over: it holds \(error)")
        }
    }

    /// Takes over a call from an older version of the script: `on_handover` gets that one's `call.state`, and what it
    /// returns is ours.
    public func takeOver(state old: JSON) throws(ScriptFault) {
        let state = context.state
        guard case .function(let function) = state.field(ScriptHandler.onHandover.rawValue, of: agent) else {
            throw ScriptFault(kind: .error, message: "the flow has no on_handover")
        }
        switch state.start(function, arguments: [.json(old)]) {
        case .failed(let fault): throw ScriptFault(fault)
        case .yielded(let coroutine):
            context.pending = nil
            state.close(coroutine)
            throw ScriptFault(kind: .error, message: "on_handover must not wait")
        case .returned(let values):
            guard case .table? = values.first, let value = values.first else {
                let got = values.first?.typeName ?? "nothing"
                throw ScriptFault(kind: .error, message: "on_handover must return the state to go on with, got \(got)")
            }
            call.state = value
        }
    }

    /// Closes all coroutines; their `<close>` variables run.
    public func close() {
        for task in tasks.keys.sorted() { _ = run(.cancel(task)) }
    }

    private func start(_ entry: ScriptEntry) -> Result<LuaOutcome?, ScriptFault> {
        switch entry {
        case .handler(let handler, let arguments):
            guard case .function(let function) = context.state.field(handler.rawValue, of: agent) else {
                return .success(nil)
            }
            let values = [LuaValue.table(call.object)] + arguments.map { .json($0) }
            return .success(context.state.start(function, arguments: values))
        case .action(let name, let arguments):
            guard let actions, let signature = actions.signatures[name],
                case .function(let function) = context.state.field(name, of: actions.functions)
            else {
                let known = suggestion(for: name, among: (actions?.signatures ?? [:]).keys.sorted())
                return .failure(ScriptFault(kind: .error, message: "there is no action '\(name)'\(known)"))
            }
            do throws(SchemaMismatch) {
                let values = try signature.values(of: arguments)
                return .success(
                    context.state.start(function, arguments: [.table(actions.object)] + values.map { .json($0) }))
            } catch {
                return .failure(ScriptFault(kind: .error, message: "action '\(name)': \(error)"))
            }
        case .function(let id):
            return .success(context.take(id).map { context.state.start($0) })
        }
    }

    private func values(of reply: ScriptReply, to request: ScriptRequest) -> [LuaValue] {
        switch (reply, request) {
        case (.failure(let code, let message), _): [.nil, .string(message), .string(code.rawValue)]
        case (.value, .sleep): []
        case (.value(.null), .service(.store(.get))): [.nil]
        // Success is never `nil`, which scripts would take for a failure.
        case (.value(.null), _): [.boolean(true)]
        case (.value(let value), _): [.json(value)]
        }
    }

    private func settle(_ task: ScriptTaskID, _ outcome: LuaOutcome) -> ScriptOutcome {
        let request = context.pending
        context.pending = nil
        switch outcome {
        case .failed(let fault): return .failed(ScriptFault(fault))
        case .yielded(let coroutine):
            guard let request else {
                context.state.close(coroutine)
                return .failed(ScriptFault(kind: .error, message: "the script waits for nothing"))
            }
            tasks[task] = Waiting(coroutine: coroutine, request: request)
            return .yielded(request)
        case .returned(let values):
            do throws(LuaConversionError) {
                var results: [JSON] = []
                for value in values { results.append(try context.state.data(value)) }
                return .returned(results)
            } catch {
                return .failed(ScriptFault(kind: .error, message: "the returned value cannot be used: \(error)"))
            }
        }
    }
}

extension ScriptFault {
    init(_ fault: LuaFault) {
        let kind: Kind =
            switch fault.kind {
            case .syntax, .error: .error
            case .budget: .budget
            case .memory: .memory
            }
        self.init(kind: kind, message: fault.message, traceback: fault.traceback)
    }
}
