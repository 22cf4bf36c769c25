/// The scopes that are open where the parser is: which variable a name means, and where jumps lead (§3.5, §3.3.4).
struct ScopeStack {
    private struct Scope {
        /// Variables of the function and of those around it that live on when the scope ends.
        let firstActive: Int
        let firstLabel: Int
        let firstJump: Int
        let isLoop: Bool
    }

    private struct FunctionScope {
        let id: FunctionID
        let firstScope: Int
        let firstActive: Int
        let firstLabel: Int
        /// `nil` is the chunk's `_ENV`.
        var upvalues: Set<VariableID?> = []
    }

    private struct OpenLabel {
        let index: Int
        let name: Name
        /// Variables that are active at the label.
        let active: Int
    }

    private struct PendingJump {
        let name: Name
        var active: Int
    }

    /// Lua's own limits (`MAXVARS`, `MAXUPVAL`).
    static let maximumLocals = 200
    static let maximumUpvalues = 255

    /// `nil` stands for a variable that Lua's loops keep for themselves.
    private var active: [VariableID?] = []
    private var byName: [String: [VariableID]] = [:]
    private var scopes: [Scope] = []
    private var functions: [FunctionScope] = []
    private var openLabels: [OpenLabel] = []
    private var jumps: [PendingJump] = []

    var function: FunctionID { functions.last?.id ?? .main }

    // MARK: Functions and blocks

    mutating func enterFunction(_ id: FunctionID) {
        functions.append(
            FunctionScope(
                id: id, firstScope: scopes.count, firstActive: active.count, firstLabel: openLabels.count))
        enterBlock(isLoop: false)
    }

    mutating func leaveFunction(at offset: Int, in chunk: inout LuaChunk) -> [LuaDiagnostic] {
        let unresolved = jumps[(scopes.last?.firstJump ?? jumps.count)...].map { jump in
            LuaDiagnostic(
                .error, .syntax, jump.name.range, "there is no label '\(jump.name.text)' that this goto can reach",
                hint: "write `::\(jump.name.text)::` in this block or in one around it, in the same function")
        }
        jumps.removeLast(unresolved.count)
        leaveBlock(at: offset, in: &chunk)
        functions.removeLast()
        return unresolved
    }

    mutating func enterBlock(isLoop: Bool) {
        scopes.append(
            Scope(
                firstActive: active.count, firstLabel: openLabels.count, firstJump: jumps.count, isLoop: isLoop))
    }

    /// - Parameter offset: Where the names of the block end.
    mutating func leaveBlock(at offset: Int, in chunk: inout LuaChunk) {
        guard let scope = scopes.popLast() else { return }
        for id in active[scope.firstActive...].reversed() {
            guard let id else { continue }
            let variable = chunk[id]
            byName[variable.name]?.removeLast()
            chunk[id].scope = variable.scope.lowerBound..<max(variable.scope.lowerBound, offset)
        }
        active.removeSubrange(scope.firstActive...)
        openLabels.removeSubrange(scope.firstLabel...)
        for index in scope.firstJump..<jumps.count { jumps[index].active = scope.firstActive }
    }

    var isInLoop: Bool {
        guard let function = functions.last else { return false }
        return scopes[function.firstScope...].contains { $0.isLoop }
    }

    // MARK: Variables

    /// Whether the function may declare that many more variables.
    func hasRoom(for count: Int) -> Bool {
        active.count - (functions.last?.firstActive ?? 0) + count <= Self.maximumLocals
    }

    mutating func activate(_ id: VariableID, at offset: Int, in chunk: inout LuaChunk) {
        active.append(id)
        byName[chunk[id].name, default: []].append(id)
        chunk[id].scope = offset..<chunk.source.count
    }

    /// Counts the variables that a loop keeps for itself.
    mutating func activateHidden(_ count: Int) {
        active += Array(repeating: nil, count: count)
    }

    /// What a name means; `nil` for a global.
    func variable(_ name: String) -> VariableID? { byName[name]?.last }

    /// Notes that the current function uses a variable, or `_ENV` of the chunk.
    ///
    /// - Returns: `false` when that is one too many from outside for some function.
    mutating func capture(_ variable: VariableID?, declaredIn owner: FunctionID) -> Bool {
        for index in functions.indices.reversed() {
            if functions[index].id == owner { break }
            if variable == nil, index == 0 { break }
            guard functions[index].upvalues.insert(variable).inserted else { break }
            if functions[index].upvalues.count > Self.maximumUpvalues { return false }
        }
        return true
    }

    // MARK: Jumps

    mutating func goto(_ name: Name, in chunk: inout LuaChunk) {
        let first = functions.last?.firstLabel ?? 0
        if let label = openLabels[first...].last(where: { $0.name.text == name.text }) {
            chunk.labels[label.index].isUsed = true
        } else {
            jumps.append(PendingJump(name: name, active: active.count))
        }
    }

    /// - Parameter isLast: Whether only labels and semicolons follow in the block, so that its variables count as gone.
    mutating func label(_ name: Name, isLast: Bool, in chunk: inout LuaChunk) -> [LuaDiagnostic] {
        guard let scope = scopes.last, let function = functions.last else { return [] }
        if let other = openLabels[function.firstLabel...].first(where: { $0.name.text == name.text }) {
            return [
                LuaDiagnostic(
                    .error, .syntax, name.range, "label '\(name.text)' is already defined",
                    notes: [.init(range: other.name.range, message: "first defined here")])
            ]
        }
        let label = OpenLabel(
            index: chunk.labels.count, name: name, active: isLast ? scope.firstActive : active.count)
        openLabels.append(label)
        chunk.labels.append(Label(name: name, isUsed: false))
        return resolve(label, from: scope.firstJump, in: &chunk)
    }

    private mutating func resolve(
        _ label: OpenLabel, from first: Int, in chunk: inout LuaChunk
    ) -> [LuaDiagnostic] {
        var problems: [LuaDiagnostic] = []
        var kept = first
        for index in first..<jumps.count {
            let jump = jumps[index]
            guard jump.name.text == label.name.text else {
                jumps[kept] = jump
                kept += 1
                continue
            }
            chunk.labels[label.index].isUsed = true
            guard jump.active < label.active, let entered = active[jump.active] else { continue }
            let variable = chunk[entered]
            problems.append(
                LuaDiagnostic(
                    .error, .syntax, jump.name.range,
                    "this goto jumps into the scope of local '\(variable.name)'",
                    hint: "declare '\(variable.name)' before the goto, or put it into a `do … end` block",
                    notes: [.init(range: variable.range, message: "'\(variable.name)' is declared here")]))
        }
        jumps.removeSubrange(kept...)
        return problems
    }
}
