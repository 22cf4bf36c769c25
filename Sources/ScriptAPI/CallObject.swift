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

    init(context: ScriptContext, facts: CallFacts) {
        let state = context.state
        self.context = context
        members = state.makeTable()
        for spec in ScriptFunctions.call {
            let function = state.makeFunction { [unowned context] arguments in spec.perform(context, arguments) }
            state.setField(spec.name, of: members, to: .function(function))
        }
        state.setField("state", of: members, to: .table(state.makeTable()))
        object = state.makeProtected(members, name: "call")
        context.callObject = object
        update(facts)
    }

    /// Sets what has changed.
    func update(_ facts: CallFacts) {
        context.status = facts.status
        set("id", facts, \.id) { .string($0) }
        set("to", facts, \.to) { .string($0) }
        set("from", facts, \.from) { .string($0) }
        set("direction", facts, \.direction) { .string($0.rawValue) }
        set("metadata", facts, \.metadata) { .json($0 == .null ? .object(JSONObject()) : $0) }
        set("status", facts, \.status) { .string($0.rawValue) }
        set("headers", facts, \.headers) { headers in
            .json(.object(JSONObject(members: headers.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })))
        }
        set("started_at", facts, \.startedAt) { .number($0) }
        set("answered_at", facts, \.answeredAt) { $0.map { .number($0) } ?? .nil }
        set("duration", facts, \.duration) { .number($0) }
        set("room", facts, \.room) { .string($0) }
        set("mode", facts, \.mode) { .string($0) }
        set("version", facts, \.version) { .string($0) }
        known = facts
    }

    private func set<Value: Equatable>(
        _ name: String, _ facts: CallFacts, _ path: KeyPath<CallFacts, Value>, as value: (Value) -> LuaValue
    ) {
        let new = facts[keyPath: path]
        if let known, known[keyPath: path] == new { return }
        context.state.setField(name, of: members, to: value(new))
    }
}
