/// What is certain of an expression's value.
enum KnownValue: Hashable {
    case unknown
    case text
    /// A part of a library or module, by the path that a message shows.
    case member(APIDescription.Member, path: String)
    case call
    /// A method of the call, taken from it without being called.
    case callMethod(String)
    /// The table of actions, and `self` in an action.
    case actions
    case function(FunctionID)
    /// A table that this expression makes.
    case table(ExpressionID)
}

/// Follows values through variables that are never reassigned, from the places where they are certain.
struct ValueInference {
    let chunk: LuaChunk
    private let api: APIDescription
    private let tags: DocumentationTags
    private let changedGlobals: Set<String>
    /// By expression.
    private(set) var values: [KnownValue] = []
    /// Of variables whose value comes from elsewhere than their declaration.
    private var roles: [VariableID: KnownValue] = [:]
    /// Fields of tables that are given to the agent's constructor, and functions set in them.
    private(set) var agentFields: [(name: Name, value: ExpressionID?, function: FunctionID?)] = []

    init(chunk: LuaChunk, api: APIDescription, tags: DocumentationTags, changedGlobals: Set<String>) {
        self.chunk = chunk
        self.api = api
        self.tags = tags
        self.changedGlobals = changedGlobals
    }

    subscript(id: ExpressionID) -> KnownValue { values[id.index] }

    /// Each round can make more values certain: a local function is handed the call by one that was handed it before.
    mutating func run() {
        readTags()
        for _ in 0..<4 {
            values.removeAll(keepingCapacity: true)
            values.reserveCapacity(chunk.expressions.count)
            for expression in chunk.expressions { values.append(value(of: expression.kind)) }
            let known = roles.count
            findAgents()
            findActions()
            followCalls()
            if roles.count == known { break }
        }
    }

    // MARK: Expressions

    private func value(of kind: Expression.Kind) -> KnownValue {
        switch kind {
        case .string: return .text
        case .function(let id): return .function(id)
        case .table: return .table(ExpressionID(index: values.count))
        case .local(let id): return value(of: id)
        case .global(let name):
            guard !changedGlobals.contains(name), let member = api.globals[name] else { return .unknown }
            return .member(member, path: name)
        case .parenthesized(let inner): return self[inner]
        case .member(let base, let name): return member(name.text, of: self[base])
        case .index(let base, let key):
            guard case .string(let bytes) = chunk[key].kind else { return .unknown }
            return member(String(decoding: bytes, as: UTF8.self), of: self[base])
        case .call(let callee, let arguments):
            guard case .member(_, "require") = self[callee], let name = arguments.first.flatMap(constantText),
                let module = api.modules[name]
            else { return .unknown }
            return .member(module, path: name)
        default: return .unknown
        }
    }

    private func value(of id: VariableID) -> KnownValue {
        let variable = chunk[id]
        guard variable.isNeverReassigned else { return .unknown }
        if let role = roles[id] { return role }
        if let function = variable.declaredFunction { return .function(function) }
        // What is declared later cannot be meant here.
        guard let initializer = variable.initializer, initializer.index < values.count else { return .unknown }
        return values[initializer.index]
    }

    private func member(_ name: String, of base: KnownValue) -> KnownValue {
        switch base {
        case .member(.table(let members), let path):
            guard let member = members[name] else { return .unknown }
            return .member(member, path: path + "." + name)
        case .call: return api.call.methods[name] == nil ? .unknown : .callMethod(name)
        case .actions: return name == api.callField ? .call : .unknown
        default: return .unknown
        }
    }

    /// The text that an expression always is.
    func constantText(_ id: ExpressionID) -> String? {
        switch chunk[id].kind {
        case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .parenthesized(let inner): return constantText(inner)
        case .local(let variable):
            guard chunk[variable].isNeverReassigned, let value = chunk[variable].initializer,
                case .string(let bytes) = chunk[value].kind
            else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        default: return nil
        }
    }

    // MARK: Where values come from

    private mutating func set(_ variable: VariableID?, _ role: KnownValue) {
        guard let variable, roles[variable] == nil else { return }
        roles[variable] = role
    }

    /// `---@param call moonline.Call`, `---@type moonline.Call`, `---@class X : moonline.Actions`
    private mutating func readTags() {
        // Comments belong to what is first in its line.
        var line = 0
        for function in chunk.functions.dropFirst() where function.range.start.line != line {
            line = function.range.start.line
            for tag in tags.tags("param", above: function.range.start.line) {
                let words = tag.split(separator: " ", maxSplits: 2)
                guard words.count > 1, words[1] == api.callType else { continue }
                set(function.parameters.first { chunk[$0].name == words[0] }, .call)
            }
        }
        line = 0
        for statement in chunk.statements {
            guard case .local(let variables, _) = statement.kind, let first = variables.first,
                statement.range.start.line != line
            else { continue }
            line = statement.range.start.line
            if let type = tags.tags("type", above: line).last?.split(separator: " ").first, type == api.callType {
                set(first, .call)
            }
            let parents = tags.tags("class", above: line).last?.split(separator: ":").dropFirst().first
            if let parents, parents.split(whereSeparator: { $0 == "," || $0 == " " }).contains(api.actionsType[...]) {
                set(first, .actions)
            }
        }
    }

    private mutating func findAgents() {
        agentFields = []
        var seen: Set<ExpressionID> = []
        // A flow has one; each costs a look at all statements.
        for expression in chunk.expressions where seen.count < 8 {
            guard case .call(let callee, let arguments) = expression.kind, let argument = arguments.first,
                case .member(_, api.agentConstructor) = self[callee], case .table(let table) = self[argument],
                seen.insert(table).inserted
            else { continue }
            if case .table(let fields) = chunk[table].kind {
                for case .named(let name, let value) in fields { agentFields.append((name, value, nil)) }
            }
            guard case .local(let variable) = chunk[argument].kind else { continue }
            forEachField(of: { if case .local(variable) = $0 { true } else { false } }) { name, value, function in
                agentFields.append((name, value, function))
            }
        }
        for (name, value, function) in agentFields {
            if name.text == api.actionsField, let value {
                if case .local(let variable) = chunk[value].kind { set(variable, .actions) }
                if case .table(let table) = self[value] { setReceivers(ofTable: table) }
            }
            guard let handler = api.handlers[name.text], handler.takesCall else { continue }
            if let function = function ?? value.flatMap({ self[$0].function }) {
                set(chunk[function].selfVariable ?? chunk[function].parameters.first, .call)
            }
        }
    }

    private mutating func findActions() {
        var found: [FunctionID] = []
        forEachField(of: { if case .local(let id) = $0 { roles[id] == .actions } else { false } }) {
            _, value, function in
            if let function = function ?? value.flatMap({ self[$0].function }) { found.append(function) }
        }
        for function in found { setReceiver(of: function) }
        for (id, role) in roles where role == .actions {
            guard let value = chunk[id].initializer, case .table = chunk[value].kind else { continue }
            setReceivers(ofTable: value)
        }
    }

    private mutating func setReceivers(ofTable table: ExpressionID) {
        guard case .table(let fields) = chunk[table].kind else { return }
        for case .named(_, let value) in fields {
            if let function = self[value].function { setReceiver(of: function) }
        }
    }

    private mutating func setReceiver(of function: FunctionID) {
        if let receiver = chunk[function].selfVariable {
            set(receiver, .actions)
        } else if let first = chunk[function].parameters.first, chunk[first].name == "self" {
            set(first, .actions)
        }
    }

    /// The statements `base.name = value` and `function base.name() … end`.
    private func forEachField(
        of isBase: (Expression.Kind) -> Bool, _ body: (Name, ExpressionID?, FunctionID?) -> Void
    ) {
        for statement in chunk.statements {
            switch statement.kind {
            case .function(let target, let function):
                guard case .member(let base, let name) = chunk[target].kind, isBase(chunk[base].kind) else { continue }
                body(name, nil, function)
            case .assignment(let targets, let values):
                for (target, value) in zip(targets, values) {
                    guard case .member(let base, let name) = chunk[target].kind, isBase(chunk[base].kind) else {
                        continue
                    }
                    body(name, value, nil)
                }
            default: continue
            }
        }
    }

    /// Parameters of local functions that are handed the call wherever the function is called.
    private mutating func followCalls() {
        var uses: [VariableID: (calls: Int, isCall: [Bool])] = [:]
        for expression in chunk.expressions {
            guard case .call(let callee, let given) = expression.kind, case .local(let id) = chunk[callee].kind else {
                continue
            }
            let isCall = given.map { self[$0] == .call }
            let known = uses[id] ?? (0, isCall)
            uses[id] = (known.calls + 1, zip(known.isCall, isCall).map { $0 && $1 })
        }
        for (id, use) in uses {
            let variable = chunk[id]
            let function = variable.declaredFunction ?? variable.initializer.flatMap { self[$0].function }
            guard variable.isNeverReassigned, variable.reads == use.calls, let function else { continue }
            for (parameter, isCall) in zip(chunk[function].parameters, use.isCall) where isCall {
                set(parameter, .call)
            }
        }
    }
}

extension KnownValue {
    var function: FunctionID? {
        if case .function(let id) = self { id } else { nil }
    }
}
