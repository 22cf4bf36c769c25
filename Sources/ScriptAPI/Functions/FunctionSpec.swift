public import Conversation
import LuaRuntime

/// The declaration of one function that scripts may call, tied to its body.
///
/// The binding, its argument checks and its documentation all come from this value. A body whose types do not fit the
/// declared parameters does not compile.
public struct FunctionSpec: Sendable {
    /// What the function is called on.
    public enum Receiver: Hashable, Sendable {
        /// `call:name(…)`.
        case call
        /// `module.name(…)` of `local module = require "module"`.
        case module(String)
    }

    /// When the function may be called.
    public enum Permission: Hashable, Sendable {
        /// At all times, and without waiting.
        case always
        /// Only while the flow's file runs for the first time.
        case whileLoading
        /// In every handler and action.
        case inHandlers
        /// In handlers and actions while the call has one of these statuses; otherwise the function fails.
        case whileCall(Set<CallFacts.Status>)
    }

    public struct Parameter: Hashable, Sendable {
        public let name: String
        /// As an annotation writes it: `string`, `{ reason?: string }`.
        public let type: String
        public let isOptional: Bool
        public let prose: String
        /// The members of a table of named options; empty for other types.
        public let options: [Option]

        package init(name: String, type: String, isOptional: Bool, prose: String, options: [Option] = []) {
            self.name = name
            self.type = type
            self.isOptional = isOptional
            self.prose = prose
            self.options = options
        }
    }

    /// One member of a table of named options.
    public struct Option: Hashable, Sendable {
        public let name: String
        /// As an annotation writes it.
        public let type: String
        public let prose: String

        package init(name: String, type: String, prose: String) {
            self.name = name
            self.type = type
            self.prose = prose
        }
    }

    public let receiver: Receiver
    public let name: String
    public let prose: String
    public let parameters: [Parameter]
    /// What it returns, as annotations write it; `nil` for nothing. Functions that can fail return `nil`, a message and
    /// a code instead.
    public let result: String?
    public let errors: [ScriptErrorCode]
    /// The version of the host that had it first.
    public let since: String
    /// Whether the script waits in it while the call goes on.
    public let yields: Bool
    public let permission: Permission
    let perform: @Sendable (ScriptContext, LuaArguments) -> LuaHostResult

    init<each Value: ScriptArgument>(
        _ receiver: Receiver, _ name: String, _ prose: String, _ argument: repeat Argument<each Value>,
        result: String? = nil, errors: [ScriptErrorCode] = [], since: String, yields: Bool = false,
        permission: Permission, body: @escaping @Sendable (ScriptContext, repeat each Value) -> ScriptStep
    ) {
        var parameters: [Parameter] = []
        for parameter in repeat (each argument).parameter { parameters.append(parameter) }
        self.receiver = receiver
        self.name = name
        self.prose = prose
        self.parameters = parameters
        self.result = result
        self.errors = errors
        self.since = since
        self.yields = yields
        self.permission = permission
        let arguments = (repeat each argument)
        perform = { context, given in
            if let refusal = context.refusal(of: name, permission) { return refusal }
            var cursor = ArgumentCursor(function: name, receiver: receiver, given: given, context: context)
            do throws(ScriptMismatch) {
                try cursor.checkReceiver()
                return context.result(of: body(context, repeat try cursor.next(each arguments)), name: name)
            } catch {
                return .raise(error.reason)
            }
        }
    }
}

/// A parameter's name, type and prose.
struct Argument<Value: ScriptArgument>: Sendable {
    let parameter: FunctionSpec.Parameter

    /// - Parameter type: As an annotation writes it, where `Value` says too little.
    init(_ name: String, _ value: Value.Type, _ prose: String, type: String? = nil) {
        parameter = FunctionSpec.Parameter(
            name: name, type: type ?? Value.luaType, isOptional: Value.isOptional, prose: prose,
            options: Value.options)
    }
}

/// What a function's body wants to happen.
enum ScriptStep {
    case wait(ScriptRequest)
    case values([LuaValue])
    /// `nil`, the message behind the function's name, and the code.
    case failure(ScriptErrorCode, String)
    /// A value that has the right type and still cannot be used; raised like a wrong type.
    case misuse(parameter: Int, String)
}

/// Reads the arguments of one call from left to right.
struct ArgumentCursor {
    let function: String
    let receiver: FunctionSpec.Receiver
    let given: LuaArguments
    let context: ScriptContext
    private var position = 0

    init(function: String, receiver: FunctionSpec.Receiver, given: LuaArguments, context: ScriptContext) {
        self.function = function
        self.receiver = receiver
        self.given = given
        self.context = context
    }

    func checkReceiver() throws(ScriptMismatch) {
        guard receiver == .call else { return }
        if case .table(let table) = given[1], let call = context.callObject, context.state.isSame(table, call) {
            return
        }
        throw ScriptMismatch(reason: "call '\(function)' with a colon: call:\(function)(...)")
    }

    mutating func next<Value: ScriptArgument>(_ argument: Argument<Value>) throws(ScriptMismatch) -> Value {
        position += 1
        let index = receiver == .call ? position + 1 : position
        do throws(ScriptMismatch) {
            return try Value.read(given[index], in: context.state)
        } catch {
            let reason =
                index > given.count ? error.reason.replacingSuffix(", got nil", by: ", got no value") : error.reason
            throw ScriptMismatch(reason: "bad argument #\(position) to '\(function)' (\(reason))")
        }
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, by other: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + other : self
    }
}
