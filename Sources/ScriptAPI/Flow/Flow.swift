public import Conversation
import LuaRuntime
import LuaSyntax
import SansIO

/// A call flow that was loaded and checked: what it says of its agent, and the text that each call runs.
public struct Flow: Sendable {
    /// The path as it was given.
    public let path: String
    public private(set) var definition: AgentDefinition
    /// A hash of the flow's files, twelve hexadecimal digits (FNV-1a, 128 bits, cut).
    public let version: String

    /// Where `require` finds files, and paths of sound files begin.
    public var folder: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "." }

    /// What should be mended, though the flow can be used.
    public let warnings: [FlowDiagnostic]

    let main: FlowSource
    /// By the name that `require` has for them.
    let modules: [String: FlowSource]
    let actions: [String: ActionSignature]

    /// Paths of the flow's files: the main one, then those that it requires.
    public var files: [String] { [main.path] + modules.values.map(\.path).sorted() }

    /// Reads, compiles and checks a flow and the files that it requires.
    ///
    /// The file runs once, in a state of its own under `limits`, to learn what it returns.
    ///
    /// - Parameter isAnalysed: Whether names, members and arguments are looked at, which the file's first run does not
    ///   reach.
    /// - Throws: ``FlowError`` with everything that is wrong.
    public static func load(
        path: String, limits: ScriptLimits = ScriptLimits(), environment: ScriptEnvironment = ScriptEnvironment(),
        isAnalysed: Bool = true
    ) throws(FlowError) -> Flow {
        try load(
            FlowFolder(of: path, maximumBytes: limits.fileBytes), path: path, limits: limits, environment: environment,
            isAnalysed: isAnalysed)
    }

    static func load(
        _ folder: FlowFolder, path: String, limits: ScriptLimits, environment: ScriptEnvironment, isAnalysed: Bool
    ) throws(FlowError) -> Flow {
        let main = try folder.main()
        let syntaxErrors = FlowAnalysis.syntaxErrors(of: main)
        guard syntaxErrors.isEmpty else { throw FlowError(syntaxErrors) }
        var modules: [String: FlowSource] = [:]
        var moduleErrors: [FlowDiagnostic] = []
        let loaded: LoadedFlow
        do throws(LuaFault) {
            let state = try LuaState(limits: limits.lua, randomSeed: 0)
            loaded = try LoadedFlow(
                state: state, main: main, limits: limits, environment: environment, log: { _, _, _ in }
            ) { name in
                do throws(FlowError) {
                    let source = try folder.module(name)
                    modules[name] = source
                    let syntaxErrors = FlowAnalysis.syntaxErrors(of: source)
                    guard syntaxErrors.isEmpty else { throw FlowError(syntaxErrors) }
                    return .text(source.bytes, chunkName: source.chunkName)
                } catch {
                    moduleErrors += error.diagnostics
                    return .missing(error.diagnostics.first?.message ?? "module '\(name)' not found")
                }
            }
            // What a call requires later must have been required here.
            state.moduleSource = { .missing("module '\($0)' not found") }
        } catch {
            // A file that is no Lua is what is to be told, and not the `require` that met it.
            let syntaxErrors = moduleErrors.filter { $0.code == LuaDiagnostic.Code.syntax.rawValue }
            guard syntaxErrors.isEmpty else { throw FlowError(syntaxErrors) }
            var diagnostic = FlowDiagnostic(fault: error, main: main, modules: modules)
            if let hint = moduleErrors.last?.hint { diagnostic.hint = hint }
            let found = analyse(isAnalysed ? [main] + modules.sorted { $0.key < $1.key }.map(\.value) : [], folder)
                .diagnostics
            // What was foreseen need not be told as it happened.
            let isForeseen = found.contains {
                $0.severity == .error && $0.file == diagnostic.file && $0.line == diagnostic.line
            }
            throw FlowError(isForeseen ? found : found + [diagnostic])
        }
        let analysis = analyse(isAnalysed ? [main] + modules.sorted { $0.key < $1.key }.map(\.value) : [], folder)
        var check = FlowCheck(loaded: loaded, main: main, modules: modules)
        guard let result = check.run() else {
            let found = check.diagnostics.map { $0.named(by: [main] + modules.values) }
            throw FlowError(
                analysis.diagnostics.filter { $0.code != LuaDiagnostic.Code.unknownHandler.rawValue } + found)
        }
        guard analysis.errors.isEmpty else { throw FlowError(analysis.diagnostics) }
        return Flow(
            path: path, definition: result.definition,
            version: fingerprint(of: [main] + modules.sorted { $0.key < $1.key }.map(\.value)),
            warnings: FlowError(
                analysis.diagnostics + check.warnings.map { $0.named(by: [main] + modules.values) }
            ).diagnostics, main: main, modules: modules, actions: result.actions)
    }

    private static func analyse(_ sources: [FlowSource], _ folder: FlowFolder) -> FlowAnalysis {
        FlowAnalysis(sources) { name in
            do throws(FlowError) {
                _ = try folder.module(name)
                return true
            } catch {
                return false
            }
        }
    }

    /// FNV-1a of all files, each behind its length.
    private static func fingerprint(of sources: [FlowSource]) -> String {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        func add(_ byte: UInt8) {
            hash ^= UInt128(byte)
            hash = hash &* 0x0000_0000_0100_0000_0000_0000_0000_013B
        }
        for source in sources {
            for shift in 0..<8 { add(UInt8(truncatingIfNeeded: source.bytes.count >> (8 * shift))) }
            for byte in source.bytes { add(byte) }
        }
        let digits = String(hash, radix: 16)
        return String((String(repeating: "0", count: 32 - digits.count) + digits).prefix(12))
    }
}

extension FlowDiagnostic {
    /// A fault of compiling or running: its message begins with chunk and line.
    init(fault: LuaFault, main: FlowSource, modules: [String: FlowSource]) {
        var message = fault.message
        var line = fault.line
        var source = main
        for candidate in [main] + modules.values where message.hasPrefix(candidate.chunkName + ":") {
            let rest = message.dropFirst(candidate.chunkName.count + 1)
            let digits = rest.prefix { $0.isNumber }
            guard let number = Int(digits), rest.dropFirst(digits.count).hasPrefix(": ") else { continue }
            source = candidate
            line = number
            message = String(rest.dropFirst(digits.count + 2))
        }
        let text = AnnotatedSource(chunkName: source.chunkName, bytes: source.bytes)
        var column: Int?
        if fault.kind == .syntax, let line {
            let near = message.split(separator: "'").last.map(String.init) ?? ""
            column = message.hasSuffix("'") ? text.column(of: near, inLine: line) : nil
        }
        self.init(
            file: source.path, line: line, column: column,
            message: fault.kind == .syntax ? "syntax error: \(message)" : message)
    }

    /// With the path in place of the name that messages of Lua show.
    func named(by sources: [FlowSource]) -> FlowDiagnostic {
        var named = self
        named.file = sources.first { $0.chunkName == file }?.path ?? file
        return named
    }
}

extension Flow {
    /// The flow in another mode than its own.
    public func inMode(_ mode: AgentMode) -> Flow {
        var flow = self
        flow.definition.mode = mode
        return flow
    }
}
