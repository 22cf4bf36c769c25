import LuaRuntime

/// What the host functions of one state work on.
///
/// The state holds it, and the context holds the state: it must not hold the context.
final class ScriptBinding {
    unowned let context: ScriptContext

    init(context: ScriptContext) {
        self.context = context
    }
}

extension LuaFunctionTable {
    /// The declared functions, made once for all states; a state is given a ``ScriptBinding`` as their owner.
    convenience init(_ specs: [FunctionSpec]) {
        self.init(
            specs.map { spec in
                (
                    spec.name,
                    { arguments in
                        guard let context = (arguments.owner as? ScriptBinding)?.context else { return .none }
                        if spec.permission == .whileLoading { context.agentPlace = arguments.caller }
                        return spec.perform(context, arguments)
                    }
                )
            })
    }
}
