import LuaRuntime
import SansIO

/// A state in which a flow's file has run: once when the flow is checked, and once for each call.
struct LoadedFlow {
    let context: ScriptContext
    /// What the file returned, if that is what it gave to `moonline.agent`.
    let agent: LuaReference?
    /// What the file returned otherwise, by the name of its type.
    let returnedType: String

    /// - Throws: the fault of compiling or running the file.
    init(
        state: LuaState, main: FlowSource, limits: ScriptLimits, environment: ScriptEnvironment,
        log: @escaping (ScriptLogLevel, String, JSON?) -> Void, module: @escaping (String) -> LuaModuleSource
    ) throws(LuaFault) {
        let context = ScriptContext(
            state: state, environment: environment, maximumLines: limits.logLines, log: log)
        self.context = context
        let binding = ScriptBinding(context: context)
        state.hostModule = { [unowned state] name in
            LoadedFlow.modules[name].map { .table($0.make(in: state, for: binding)) }
        }
        state.moduleSource = module
        state.printed = { [unowned context] line in context.write(.info, line, nil) }

        switch state.start(try state.load(main.bytes, chunkName: main.chunkName)) {
        case .failed(let fault): throw fault
        case .yielded(let coroutine):
            state.close(coroutine)
            throw LuaFault(kind: .error, message: "\(main.chunkName): the file waits while it is loaded")
        case .returned(let values):
            returnedType = values.first?.typeName ?? "nothing"
            if case .table(let table)? = values.first, let given = context.agent, state.isSame(table, given) {
                agent = table
            } else {
                agent = nil
            }
        }
    }

    private static let modules = Dictionary(
        uniqueKeysWithValues: ModuleSpec.all.map { ($0.name, HostModule(spec: $0)) })

    /// A module of the host, ready to be made in any state.
    private struct HostModule {
        let spec: ModuleSpec
        let functions: LuaFunctionTable

        init(spec: ModuleSpec) {
            self.spec = spec
            functions = LuaFunctionTable(spec.functions)
        }

        func make(in state: LuaState, for binding: ScriptBinding) -> LuaReference {
            let table = state.makeTable(of: functions, owner: binding)
            for value in spec.values { state.setField(value.name, of: table, to: value.make(in: state)) }
            return state.makeProtected(table, name: spec.name)
        }
    }
}
