package import LuaRuntime

/// `require "json"` for scripts that are no flows, such as test files.
package final class JSONModule {
    private let context: ScriptContext
    private static let functions = LuaFunctionTable(JSONFunctions.all)

    /// - Parameter state: Where the module is made; the caller keeps this object as long as it.
    package init(state: LuaState) {
        context = ScriptContext(state: state, environment: ScriptEnvironment(), maximumLines: 0) { _, _, _ in }
    }

    /// The module, made anew.
    package func make() -> LuaValue {
        let state = context.state
        let table = state.makeTable(of: Self.functions, owner: ScriptBinding(context: context))
        state.setField("null", of: table, to: JSONMarks.makeNull(in: state))
        return .table(state.makeProtected(table, name: "json"))
    }
}
