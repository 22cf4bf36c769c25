/// What is wrong with a chunk that is right in its syntax, as far as it can be said without running it.
///
/// It follows values as far as they are certain: modules, libraries, the call, functions that are never replaced. All
/// else it takes to be right.
public struct LuaAnalysis: Sendable {
    /// In the order of the text; without those that the text asks not to be told.
    public let diagnostics: [LuaDiagnostic]
    /// Globals that the chunk makes.
    public let assignedGlobals: Set<String>
    /// What the chunk requires by a name that is written down, in order, each once.
    public let requiredModules: [String]

    /// More diagnostics would help nobody.
    static let maximumDiagnostics = 200

    /// - Parameters:
    ///   - knownGlobals: Further globals, such as those that other files of the flow make.
    ///   - requireExists: Whether `require` would find a file of that name.
    /// - Complexity: Linear in the size of the chunk, but for the search of similar names, which is bounded.
    public init(
        of chunk: LuaChunk, api: APIDescription, knownGlobals: Set<String> = [],
        requireExists: (String) -> Bool = { _ in false }
    ) {
        let tags = DocumentationTags(chunk)
        let globals = GlobalUse(chunk)
        var inference = ValueInference(
            chunk: chunk, api: api, tags: tags, changedGlobals: globals.assigned.union(knownGlobals))
        inference.run()
        var check = ChunkCheck(
            chunk: chunk, api: api, globals: globals, knownGlobals: knownGlobals, values: inference)
        check.run(requireExists: requireExists)
        var diagnostics = check.diagnostics.filter { !tags.suppresses($0) }
        diagnostics.sort {
            ($0.range.start, $0.range.end, $0.code.rawValue) < ($1.range.start, $1.range.end, $1.code.rawValue)
        }
        self.diagnostics = Array(diagnostics.prefix(Self.maximumDiagnostics))
        assignedGlobals = globals.assigned
        requiredModules = check.requiredModules
    }

    /// Everything that is wrong with a text: its syntax and, when it could be read to its end, the rest. With errors of
    /// syntax, the rest is without warnings, and without what stands in the same lines.
    public static func check(
        _ source: [UInt8], api: APIDescription, knownGlobals: Set<String> = [],
        requireExists: (String) -> Bool = { _ in false }
    ) -> [LuaDiagnostic] {
        let chunk = LuaChunk(parsing: source)
        guard chunk.isComplete else { return chunk.problems }
        let analysis = LuaAnalysis(of: chunk, api: api, knownGlobals: knownGlobals, requireExists: requireExists)
        guard !chunk.problems.isEmpty else { return analysis.diagnostics }
        let lines = Set(chunk.problems.map(\.range.start.line))
        let rest = analysis.diagnostics.filter { $0.severity == .error && !lines.contains($0.range.start.line) }
        return (chunk.problems + rest).sorted { $0.range.start < $1.range.start }
    }
}
