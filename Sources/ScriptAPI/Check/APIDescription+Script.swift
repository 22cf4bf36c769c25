import Conversation
import LuaRuntime
import LuaSyntax

extension APIDescription {
    /// What a flow may use, from the same declarations as the bindings.
    static let script = APIDescription(
        modules: Dictionary(
            uniqueKeysWithValues: ModuleSpec.all.map { module in
                var members: [String: Member] = [:]
                for function in module.functions { members[function.name] = .function(Function(function)) }
                for value in module.values { members[value.name] = .value }
                return (module.name, .table(members))
            }),
        call: CallObject(
            fields: Set(CallFieldSpec.all.map(\.name)), assignableFields: [],
            methods: Dictionary(uniqueKeysWithValues: CallFunctions.all.map { ($0.name, Function($0)) })),
        handlers: Dictionary(
            uniqueKeysWithValues: HandlerSpec.all.map { spec in
                (spec.name, Handler(spec.parameters.map(\.name), takesCall: spec.handler != .onHandover))
            }),
        agentFields: Set(AgentFieldSpec.all.map(\.name)))
}

extension APIDescription.Function {
    init(_ spec: FunctionSpec) {
        let required = spec.parameters.lastIndex { !$0.isOptional }.map { $0 + 1 } ?? 0
        self.init(spec.parameters.map(\.name), required: required)
    }
}
