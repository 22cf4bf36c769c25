/// One pass over a chunk that notes what is wrong.
struct ChunkCheck {
    let chunk: LuaChunk
    let api: APIDescription
    let globals: GlobalUse
    let knownGlobals: Set<String>
    let values: ValueInference
    private(set) var diagnostics: [LuaDiagnostic] = []
    private(set) var requiredModules: [String] = []
    private var knownRequires: Set<String> = []
    private var spelling = Spelling()
    /// Undefined globals so far; further ones would not be shown, and each costs a search.
    private var globalSearches = 0
    /// Names that an undefined global probably stands for.
    private(set) var meantNames: Set<String> = []
    private var reportedGlobals: Set<String> = []
    /// In the order of their declarations.
    private var variablesByName: [String: [(id: VariableID, scope: Range<Int>)]] = [:]

    init(
        chunk: LuaChunk, api: APIDescription, globals: GlobalUse, knownGlobals: Set<String>, values: ValueInference
    ) {
        self.chunk = chunk
        self.api = api
        self.globals = globals
        self.knownGlobals = knownGlobals
        self.values = values
        for (index, variable) in chunk.variables.enumerated() {
            variablesByName[variable.name, default: []].append((VariableID(index: index), variable.scope))
        }
    }

    mutating func run(requireExists: (String) -> Bool) {
        for (index, expression) in chunk.expressions.enumerated() {
            let id = ExpressionID(index: index)
            switch expression.kind {
            case .global(let name): checkGlobal(name, id)
            case .member(let base, let name): checkMember(name.text, at: name.range, of: base, id)
            case .index(let base, let key):
                guard case .string(let bytes) = chunk[key].kind else { continue }
                checkMember(String(decoding: bytes, as: UTF8.self), at: chunk[key].range, of: base, id)
            case .call(let callee, let arguments):
                checkCall(id, of: callee, arguments)
                checkRequire(callee, arguments, requireExists)
            case .methodCall(let receiver, let name, let arguments):
                checkMethodCall(id, on: receiver, name, arguments)
            default: break
            }
        }
        checkAgent()
        checkUnused()
        checkUnreachable()
    }

    mutating func report(
        _ severity: LuaDiagnostic.Severity, _ code: LuaDiagnostic.Code, _ range: SourceRange, _ message: String,
        hint: String? = nil, notes: [LuaDiagnostic.Note] = []
    ) {
        guard diagnostics.count < 4 * LuaAnalysis.maximumDiagnostics else { return }
        diagnostics.append(LuaDiagnostic(severity, code, range, message, hint: hint, notes: notes))
    }

    /// ` (did you mean 'x'?)`, or nothing.
    mutating func suggestion(for name: String, among known: some Sequence<String>) -> String {
        spelling.nearest(to: name, among: known).map { " (did you mean '\($0)'?)" } ?? ""
    }

    // MARK: Globals

    private mutating func checkGlobal(_ name: String, _ id: ExpressionID) {
        let range = chunk[id].range
        if globals.isTarget[id.index] { return checkGlobalAssignment(name, range) }
        guard api.globals[name] == nil, !globals.assigned.contains(name), !knownGlobals.contains(name),
            !globals.isOpen, globalSearches < LuaAnalysis.maximumDiagnostics
        else { return }
        globalSearches += 1
        let locals = visibleNames(at: range.start.offset)
        let meant = spelling.nearest(to: name, among: locals + Array(api.globals.keys) + Array(globals.assigned))
        let near = meant.map { " (did you mean '\($0)'?)" } ?? ""
        if globals.testedNames.contains(name), near.isEmpty || api.absentGlobals[name] != nil { return }
        let elsewhere = declaration(of: name, near: range.start)
        meantNames.insert(elsewhere == nil ? meant ?? name : name)
        report(
            .error, .undefinedGlobal, range, "undefined global '\(name)'\(elsewhere == nil ? near : "")",
            hint: elsewhere?.hint ?? hint(forGlobal: name), notes: elsewhere.map { [$0.note] } ?? [])
    }

    private func visibleNames(at offset: Int) -> [String] {
        variablesByName.filter { $0.value.contains { $0.scope.contains(offset) } }.map(\.key)
    }

    /// A local of that name that cannot be seen from a place.
    private func declaration(
        of name: String, near position: SourcePosition
    ) -> (hint: String, note: LuaDiagnostic.Note)? {
        guard let all = variablesByName[name] else { return nil }
        if let below = all.first(where: { $0.scope.lowerBound > position.offset }).map({ chunk[$0.id] }) {
            guard below.kind != .parameter, below.function == .main || all.count == 1 else { return nil }
            return (
                "a local is known from its declaration on: declare '\(name)' before this line",
                .init(range: below.range, message: "'\(name)' is declared only here")
            )
        }
        guard let above = all.last(where: { $0.scope.upperBound <= position.offset }).map({ chunk[$0.id] }) else {
            return nil
        }
        return (
            "the local '\(name)' of line \(above.range.start.line) ends with its block: declare it outside",
            .init(range: above.range, message: "'\(name)' is declared here, inside a block")
        )
    }

    private static let wordsElsewhere = [
        "null": "Lua's word is nil", "None": "Lua's word is nil", "NULL": "Lua's word is nil",
        "undefined": "Lua's word is nil", "nullptr": "Lua's word is nil", "Nil": "Lua's word is nil",
        "True": "Lua's word is true", "TRUE": "Lua's word is true", "False": "Lua's word is false",
        "FALSE": "Lua's word is false", "this": "the object of a method is self", "len": "the length of t is #t",
        "console": "use print", "printf": "use print(string.format(…))", "NaN": "write 0/0",
        "Math": "write math", "JSON": "use `local json = require \"json\"`",
        "continue": "Lua has no 'continue': `goto continue`, with `::continue::` before the loop's 'end'",
        "try": "Lua has no 'try': use `local ok, err = pcall(f)`", "typeof": "write type(value)",
        "str": "write tostring(value)", "int": "write math.tointeger(value)",
        "range": "write `for i = 1, n do`",
    ]

    private func hint(forGlobal name: String) -> String? {
        if let hint = Self.wordsElsewhere[name] ?? api.absentGlobals[name] { return hint }
        if api.modules[name] != nil { return "add `local \(name) = require \"\(name)\"`" }
        if api.call.methods[name] != nil { return "'\(name)' is a method of the call: `call:\(name)(…)`" }
        for (module, member) in api.modules.sorted(by: { $0.key < $1.key }) {
            if case .table(let members) = member, members[name] != nil {
                return "write \(module).\(name), with `local \(module) = require \"\(module)\"`"
            }
        }
        for (library, member) in api.globals.sorted(by: { $0.key < $1.key }) {
            if case .table(let members) = member, members[name] != nil { return "write \(library).\(name)" }
        }
        return nil
    }

    private mutating func checkGlobalAssignment(_ name: String, _ range: SourceRange) {
        guard reportedGlobals.insert(name).inserted else { return }
        switch api.globals[name] {
        case .table:
            report(
                .error, .readOnly, range, "'\(name)' is a library of Lua, and scripts share it",
                hint: "write `local \(name)`")
        case .function:
            report(
                .warning, .globalAssignment, range, "this replaces Lua's function '\(name)'",
                hint: "write `local \(name)`")
        case .value, nil:
            guard !knownGlobals.contains(name) else { return }
            let near = suggestion(for: name, among: visibleNames(at: range.start.offset))
            report(
                .warning, .globalAssignment, range, "'\(name)' is global\(near)",
                hint: isFunctionName(range) ? "write `local function \(name)`" : "write `local \(name)`")
        }
    }

    private func isFunctionName(_ range: SourceRange) -> Bool {
        let word = Array("function ".utf8)
        return chunk.source[..<range.start.offset].suffix(word.count).elementsEqual(word)
    }

    // MARK: require

    private mutating func checkRequire(
        _ callee: ExpressionID, _ arguments: [ExpressionID], _ exists: (String) -> Bool
    ) {
        guard case .member(_, "require") = values[callee], let argument = arguments.first else { return }
        guard let name = values.constantText(argument) else {
            report(
                .warning, .dynamicRequire, chunk[argument].range,
                "which file is required here can only be seen when it runs",
                hint: "require it by a name that is written down")
            return
        }
        if knownRequires.insert(name).inserted { requiredModules.append(name) }
        guard api.modules[name] == nil, !exists(name) else { return }
        let known = api.modules.keys.sorted()
        let near = suggestion(for: name, among: known)
        report(
            .error, .unknownModule, chunk[argument].range, "there is no module '\(name)'\(near)",
            hint: api.absentGlobals[name]
                ?? "modules are \(known.joined(separator: ", ")), and .lua files below the flow's folder, "
                + "named like 'folder.file'")
    }
}
