import Conversation
import LuaRuntime
import SansIO

/// The `call` that scripts see: its methods, `state`, and what the host says of the call.
///
/// Scripts hold an empty proxy; the members are hidden behind its metatable, so that they can be read and not written.
final class CallObject {
    let object: LuaReference
    private let members: LuaReference
    private let context: ScriptContext
    private var known: CallFacts?

    private static let methods = LuaFunctionTable(CallFunctions.all)
    private static let fields = CallFieldSpec.all.compactMap { field in
        field.value.map { (name: field.name, isSame: field.isSame, value: $0) }
    }

    init(context: ScriptContext, facts: CallFacts) {
        let state = context.state
        self.context = context
        members = state.makeTable(of: Self.methods, owner: ScriptBinding(context: context))
        state.setField("state", of: members, to: .table(state.makeTable()))
        object = state.makeProtected(members, name: "call")
        context.callObject = object
        update(facts)
    }

    /// Sets what has changed.
    func update(_ facts: CallFacts) {
        context.status = facts.status
        context.now = facts.now
        let known = known
        for field in Self.fields where known.map({ !field.isSame($0, facts) }) ?? true {
            context.state.setField(field.name, of: members, to: field.value(facts))
        }
        self.known = facts
    }

    /// `call.state`: what the script keeps.
    var state: LuaValue {
        get { context.state.field("state", of: members) }
        set { context.state.setField("state", of: members, to: newValue) }
    }
}
