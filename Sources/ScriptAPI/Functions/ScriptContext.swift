import Conversation
import LuaRuntime
import SansIO

/// What the bodies of script functions work on: one state, and the call that it serves.
final class ScriptContext {
    let state: LuaState
    /// `nil` while the flow is loaded.
    var status: CallFacts.Status?
    var callObject: LuaReference?
    /// What the function that suspended last asked for.
    var pending: ScriptRequest?
    /// What was given to `moonline.agent`, and where.
    var agent: LuaReference?
    var agentPlace: (file: String, line: Int)?
    /// What the call's script may see of the host.
    let environment: ScriptEnvironment
    /// Unix time; stands still while the script runs. [s]
    var now = 0.0
    /// What `call:set_actions` does with its argument: the tools that the model is told of.
    var actionsSetter: (LuaReference) throws(ScriptMismatch) -> [AgentDefinition.Tool] = { _ in [] }
    private var kept: [ScriptFunctionID: LuaReference] = [:]
    private var nextFunction: UInt64 = 1
    private let log: (ScriptLogLevel, String, JSON?) -> Void
    private let maximumLines: Int
    private var lines = 0

    init(
        state: LuaState, environment: ScriptEnvironment, maximumLines: Int,
        log: @escaping (ScriptLogLevel, String, JSON?) -> Void
    ) {
        self.state = state
        self.environment = environment
        self.maximumLines = maximumLines
        self.log = log
    }

    /// Writes one line, within the call's allowance.
    func write(_ level: ScriptLogLevel, _ message: String, _ fields: JSON?) {
        lines += 1
        if lines <= maximumLines {
            log(level, message, fields)
        } else if lines == maximumLines + 1 {
            log(.warning, "the script has logged \(maximumLines) lines; further ones are dropped", nil)
        }
    }

    func setActions(_ actions: LuaReference) throws(ScriptMismatch) -> [AgentDefinition.Tool] {
        try actionsSetter(actions)
    }

    /// Keeps a function of the script until it is taken.
    func keep(_ function: LuaReference) -> ScriptFunctionID {
        let id = ScriptFunctionID(number: nextFunction)
        nextFunction += 1
        kept[id] = function
        return id
    }

    func take(_ id: ScriptFunctionID) -> LuaReference? { kept.removeValue(forKey: id) }

    /// Why a function may not be called now; `nil` when it may.
    func refusal(of name: String, _ permission: FunctionSpec.Permission) -> LuaHostResult? {
        switch (permission, status) {
        case (.always, _), (.whileLoading, nil), (.inHandlers, .some): return nil
        case (.whileLoading, .some): return .raise("'\(name)' can only be used in the flow's file, not in a handler")
        case (_, nil): return .raise("'\(name)' cannot be used while the flow is loaded, only in handlers and actions")
        case (.whileCall(let statuses), .some(let status)):
            if statuses.contains(status) { return nil }
            if status == .hangup { return ScriptContext.failure(.callEnded, "'\(name)': the call has ended") }
            return ScriptContext.failure(.wrongStatus, "'\(name)' is not possible while the call is \(status.rawValue)")
        }
    }

    func result(of step: ScriptStep, name: String) -> LuaHostResult {
        switch step {
        case .values(let values): return .values(values)
        case .failure(let code, let message): return ScriptContext.failure(code, "\(name): \(message)")
        case .misuse(let parameter, let reason): return .raise("bad argument #\(parameter) to '\(name)' (\(reason))")
        case .wait(let request):
            pending = request
            return .wait
        }
    }

    private static func failure(_ code: ScriptErrorCode, _ message: String) -> LuaHostResult {
        .values([.nil, .string(message), .string(code.rawValue)])
    }
}
