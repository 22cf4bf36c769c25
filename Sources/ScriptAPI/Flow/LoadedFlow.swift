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
        for module in ModuleSpec.all { LoadedFlow.install(module, in: context) }
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

    private static func install(_ module: ModuleSpec, in context: ScriptContext) {
        let state = context.state
        let table = state.makeTable()
        for spec in module.functions {
            let function = state.makeFunction { [unowned context] arguments in
                if spec.permission == .whileLoading { context.agentPlace = arguments.caller }
                return spec.perform(context, arguments)
            }
            state.setField(spec.name, of: table, to: .function(function))
        }
        for value in module.values { state.setField(value.name, of: table, to: value.make(in: state)) }
        state.setModule(module.name, .table(state.makeProtected(table, name: module.name)))
    }
}
