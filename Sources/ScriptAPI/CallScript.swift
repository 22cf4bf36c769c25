public import Conversation
import LuaRuntime
public import SansIO

/// The script of one call: a state of its own that has run the flow's file, and the coroutines of that state.
///
/// Belongs to one serial executor. It runs a command to the coroutine's next wait or end and returns what became of it;
/// it waits for nothing itself.
public final class CallScript {
    private let flow: Flow
    private let context: ScriptContext
    private let call: CallObject
    private let agent: LuaReference
    /// What actions get as `self`: reads like the flow's `CallActions`, and has the call.
    private let actionsObject: LuaReference?
    private var tasks: [ScriptTaskID: Waiting] = [:]

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
    public init(
        flow: Flow, facts: CallFacts, limits: ScriptLimits = ScriptLimits(), seed: UInt64,
        log: @escaping (ScriptLogLevel, String, JSON?) -> Void
    ) throws(ScriptFault) {
        let loaded: LoadedFlow
        do throws(LuaFault) {
            let state = try LuaState(limits: limits.lua, randomSeed: seed)
            loaded = try LoadedFlow(
                state: state, main: flow.main, limits: limits, log: log,
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
        if case .table(let actions) = context.state.field("actions", of: agent) {
            let object = context.state.makeTable()
            let metatable = context.state.makeTable()
            context.state.setField("__index", of: metatable, to: .table(actions))
            context.state.setMetatable(metatable, of: object)
            context.state.setField("call", of: object, to: .table(call.object))
            actionsObject = object
        } else {
            actionsObject = nil
        }
    }

    /// Memory that the script holds. [byte]
    public var bytesUsed: Int { context.state.bytesUsed }

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
        }
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
            guard let signature = flow.actions[name], let actionsObject, let function = action(name) else {
                let known = suggestion(for: name, among: flow.actions.keys.sorted())
                return .failure(ScriptFault(kind: .error, message: "there is no action '\(name)'\(known)"))
            }
            do throws(SchemaMismatch) {
                let values = try signature.values(of: arguments)
                return .success(
                    context.state.start(function, arguments: [.table(actionsObject)] + values.map { .json($0) }))
            } catch {
                return .failure(ScriptFault(kind: .error, message: "action '\(name)': \(error)"))
            }
        }
    }

    private func action(_ name: String) -> LuaReference? {
        guard case .table(let actions) = context.state.field("actions", of: agent),
            case .function(let function) = context.state.field(name, of: actions)
        else { return nil }
        return function
    }

    private func values(of reply: ScriptReply, to request: ScriptRequest) -> [LuaValue] {
        switch (reply, request) {
        case (.failure(let code, let message), _): [.nil, .string(message), .string(code.rawValue)]
        case (.value, .sleep): []
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
                for value in values { results.append(try context.state.json(value)) }
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
