import LuaSyntax
public import SansIO

/// What can be said of a flow's files without running them.
struct FlowAnalysis {
    let diagnostics: [FlowDiagnostic]

    /// - Parameters:
    ///   - sources: The flow's file and those that it requires.
    ///   - exists: Whether `require` would find a file of that name.
    init(_ sources: [FlowSource], exists: (String) -> Bool) {
        let chunks = sources.map { ($0, LuaChunk(parsing: $0.bytes, skipsShebang: false)) }
        var globals: Set<String> = []
        for (_, chunk) in chunks where chunk.isComplete {
            globals.formUnion(LuaAnalysis(of: chunk, api: .script, requireExists: exists).assignedGlobals)
        }
        diagnostics = chunks.flatMap { source, chunk in
            var found = chunk.problems
            if chunk.isComplete {
                found += LuaAnalysis(of: chunk, api: .script, knownGlobals: globals, requireExists: exists).diagnostics
            }
            return found.map { FlowDiagnostic($0, in: source) }
        }
    }

    var errors: [FlowDiagnostic] { diagnostics.filter { $0.severity == .error } }

    /// Why the text of a file is no Lua.
    static func syntaxErrors(of source: FlowSource) -> [FlowDiagnostic] {
        LuaChunk(parsing: source.bytes, skipsShebang: false).problems.filter { $0.severity == .error }
            .map { FlowDiagnostic($0, in: source) }
    }
}

extension FlowDiagnostic {
    init(_ diagnostic: LuaDiagnostic, in source: FlowSource) {
        self.init(
            file: source.path, line: diagnostic.range.start.line, column: diagnostic.range.start.column,
            severity: diagnostic.severity == .error ? .error : .warning, code: diagnostic.code.rawValue,
            message: diagnostic.message, hint: diagnostic.hint)
        analysis = diagnostic
    }

    /// In the form that editors and terminals want; a place that is not known is the beginning of the file.
    private func analysis(in source: [UInt8]) -> LuaDiagnostic {
        analysis
            ?? LuaDiagnostic(
                severity == .error ? .error : .warning, LuaDiagnostic.Code(rawValue: code) ?? .load,
                range(in: source), message, hint: hint)
    }

    private func range(in source: [UInt8]) -> SourceRange {
        guard let line else { return .start }
        guard !source.isEmpty else {
            // Behind the end of a text that is not there, so that nothing of it is shown.
            let place = SourcePosition(offset: 1, line: line, column: column ?? 1)
            return SourceRange(place, place)
        }
        return SourceRange(line: line, column: column ?? 1, in: source)
    }

    /// As compilers show it: the place, the line of the text, a mark below it, the hint.
    ///
    /// - Parameters:
    ///   - source: The text of ``file``; empty when it cannot be read.
    ///   - width: Columns of the terminal.
    public func rendered(source: [UInt8], usesColour: Bool, width: Int = 120) -> String {
        DiagnosticRenderer(usesColour: usesColour, width: width).render(
            analysis(in: source), file: file, source: source)
    }

    /// For editors: `file`, `line`, `column`, `end_line`, `end_column` (columns in bytes, from 1), `severity`, `code`,
    /// `message`, `hint`, `notes`.
    public func json(source: [UInt8]) -> JSON { analysis(in: source).json(file: file) }
}
