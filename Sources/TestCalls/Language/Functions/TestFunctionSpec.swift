import LuaRuntime
import ScriptAPI

/// The declaration of one function that tests may call, tied to its body.
///
/// The binding, its argument checks, the definitions for the editor and the reference page all come from this value. A
/// body whose types do not fit the declared parameters does not compile.
struct TestFunctionSpec: Sendable {
    /// What the function is called on.
    enum Receiver: String, CaseIterable, Hashable, Sendable {
        /// `t.name(…)` of `local t = require "moonline.test"`.
        case module = "t"
        /// `callee:name(…)`.
        case callee
        /// `agent:name(…)`.
        case agent
    }

    enum Permission: Hashable, Sendable {
        case always
        /// Only while the file itself runs, not in a test's function.
        case whileLoading
        /// Only in a test's function.
        case inTests
    }

    let receiver: Receiver
    let name: String
    let prose: String
    let parameters: [FunctionSpec.Parameter]
    /// As an annotation writes it; `nil` for nothing.
    let result: String?
    let permission: Permission
    let body: @Sendable (TestState, LuaArguments) -> LuaHostResult

    /// A function whose arguments are read by its declaration.
    init<each Value: ScriptArgument>(
        _ receiver: Receiver, _ name: String, _ prose: String, _ argument: repeat Argument<each Value>,
        result: String? = nil, permission: Permission = .inTests,
        body: @escaping @Sendable (TestState, repeat each Value) throws(ScriptMismatch) -> TestStep
    ) {
        var parameters: [FunctionSpec.Parameter] = []
        for parameter in repeat (each argument).parameter { parameters.append(parameter) }
        let arguments = (repeat each argument)
        self.init(receiver, name, prose, parameters, result: result, permission: permission) {
            test, given throws(ScriptMismatch) in
            var cursor = TestArguments(function: name, receiver: receiver, given: given, test: test)
            return try body(test, repeat try cursor.next(each arguments))
        }
    }

    /// A function that reads its arguments itself, because their number or order varies.
    init(
        _ receiver: Receiver, _ name: String, _ prose: String, _ parameters: [FunctionSpec.Parameter],
        result: String? = nil, permission: Permission = .inTests,
        reading: @escaping @Sendable (TestState, LuaArguments) throws(ScriptMismatch) -> TestStep
    ) {
        self.receiver = receiver
        self.name = name
        self.prose = prose
        self.parameters = parameters
        self.result = result
        self.permission = permission
        body = { test, given in
            do throws(ScriptMismatch) {
                try Self.check(permission, of: name, receiver, given, test)
                switch try reading(test, given) {
                case .values(let values): return .values(values)
                case .wait(let kind, let within, let isInOrder):
                    let place = given.caller.map { SourcePlace(file: $0.file, line: $0.line) }
                    test.pending = Statement(kind: kind, place: place, within: within, isInOrder: isInOrder)
                    return .wait
                }
            } catch {
                return .raise(error.reason)
            }
        }
    }

    /// - Throws: why the function cannot be called here, or not like this.
    private static func check(
        _ permission: Permission, of name: String, _ receiver: Receiver, _ given: LuaArguments, _ test: TestState
    ) throws(ScriptMismatch) {
        if receiver != .module {
            let object = receiver == .callee ? test.callee : test.agent
            guard case .table(let table) = given[1], let object, test.state.isSame(table, object) else {
                let owner = receiver.rawValue
                throw ScriptMismatch(reason: "call '\(name)' with a colon: \(owner):\(name)(...)")
            }
        }
        switch permission {
        case .always: break
        case .whileLoading where test.isLoading, .inTests where !test.isLoading: break
        case .whileLoading:
            throw ScriptMismatch(reason: "'\(name)' can only be used in the file itself, not in a test's function")
        case .inTests:
            throw ScriptMismatch(reason: "'\(name)' can only be used in a test's function: it is about a call")
        }
    }

    /// `callee:says`, `t.never`.
    var path: String { receiver == .module ? "t.\(name)" : "\(receiver.rawValue):\(name)" }

    /// All of them, in the order of the reference.
    static let all: [TestFunctionSpec] = ModuleFunctions.all + CalleeFunctions.all + AgentFunctions.all

    /// Made once for all states; a state is given a ``TestBinding`` as their owner.
    static let tables: [Receiver: LuaFunctionTable] = Dictionary(
        uniqueKeysWithValues: Receiver.allCases.map { receiver in
            (
                receiver,
                LuaFunctionTable(
                    all.filter { $0.receiver == receiver }.map { spec in
                        (
                            spec.name,
                            { arguments in
                                guard let test = (arguments.owner as? TestBinding)?.state else { return .none }
                                return spec.body(test, arguments)
                            }
                        )
                    })
            )
        })
}

/// What a function's body wants to happen.
enum TestStep {
    case values([LuaValue])
    /// The test's function waits for it.
    case wait(Statement.Kind, within: Duration? = nil, isInOrder: Bool? = nil)

    static var none: TestStep { .values([]) }
}

/// Reads the arguments of one call from left to right.
struct TestArguments {
    let function: String
    let receiver: TestFunctionSpec.Receiver
    let given: LuaArguments
    let test: TestState
    private var position = 0

    init(function: String, receiver: TestFunctionSpec.Receiver, given: LuaArguments, test: TestState) {
        self.function = function
        self.receiver = receiver
        self.given = given
        self.test = test
    }

    mutating func next<Value: ScriptArgument>(_ argument: Argument<Value>) throws(ScriptMismatch) -> Value {
        position += 1
        let index = receiver == .module ? position : position + 1
        do throws(ScriptMismatch) {
            return try Value.read(given[index], in: test.state)
        } catch {
            var reason = error.reason
            if index > given.count, reason.hasSuffix(", got nil") { reason = reason.dropLast(3) + "no value" }
            throw ScriptMismatch(reason: "bad argument #\(position) to '\(function)' (\(reason))")
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
