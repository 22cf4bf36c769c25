import Conversation
import LuaRuntime
import SansIO

@testable import ScriptAPI

/// Everything that happens for one seed: two mutants are loaded, and a call runs with what loads.
struct FuzzedFlow {
    private(set) var loads = 0
    private(set) var refusals = 0
    private(set) var hasRun = false
    /// [s]
    private(set) var longestLoad = 0.0
    private(set) var longestRun = 0.0
    private(set) var outcomes: [ScriptOutcome] = []
    private(set) var problems: [String] = []
    /// The mutants, by their file's name.
    private(set) var files: [String: [UInt8]] = [:]

    private static let attempts = 6
    private let directory: FlowDirectory
    private let limits: ScriptLimits

    /// - Parameters:
    ///   - directory: Where the mutants are written.
    ///   - module: The file that flows of the corpus require as `parts.list`.
    init(seed: UInt64, corpus: [[UInt8]], module: [UInt8], in directory: FlowDirectory) throws {
        var mutator = FlowMutator(random: SeededRandom(seed: seed), corpus: corpus)
        var values = FuzzValues(random: SeededRandom(seed: ~seed))
        self.directory = directory
        limits = ScriptLimits(
            lua: LuaLimits(
                memory: 150_000 << values.below(5), instructions: 10_000 << UInt64(values.below(6)),
                // Mostly the instructions end a run, so that it goes the same way again; the rest shows that the clock
                // does where instructions are not what takes time.
                processorTime: seed % 4 == 1 ? .milliseconds(50) : .seconds(20),
                values: LuaLimits.ValueLimits(
                    depth: 8 << values.below(4), elements: 64 << values.below(8), bytes: 4_096 << values.below(8)),
                lineBytes: 16 << values.below(8)),
            logLines: 1 << values.below(8), fileBytes: 200_000)
        files["other.lua"] = values.below(3) == 0 ? corpus[values.below(corpus.count)] : mutator.mutant()
        files["parts/list.lua"] = values.below(3) == 0 ? mutator.changed(module) : module
        for (name, bytes) in files { try directory.write(name, bytes) }
        // Most mutants are refused; a call needs one that is not.
        var flow: Flow?
        for _ in 0..<Self.attempts where flow == nil {
            let bytes = mutator.mutant()
            files["flow.lua"] = bytes
            try directory.write("flow.lua", bytes)
            flow = load("flow.lua")
        }
        guard let flow else { return }
        let other = load("other.lua")
        do throws(ScriptFault) {
            var call = try FuzzedCall(flow: flow, other: other, limits: limits, values: values, seed: seed)
            call.run(steps: 8 + values.below(40))
            hasRun = true
            outcomes = call.outcomes
            longestRun = call.longestRun
            problems += call.problems
            let left = FuzzedCall.leak(of: call)
            if left != 0 { problems.append("\(left) bytes of the state were not given back") }
        } catch {
            outcomes = [.failed(error)]
        }
    }

    private mutating func load(_ name: String) -> Flow? {
        let started = FuzzedCall.processorTime()
        defer {
            let seconds = FuzzedCall.processorTime() - started
            longestLoad = max(longestLoad, seconds)
            if seconds > FuzzedCall.longestRun { problems.append("\(name) took \(seconds) s to load") }
        }
        do throws(FlowError) {
            let flow = try Flow.load(path: "\(directory.path)/\(name)", limits: limits)
            for warning in flow.warnings { check(warning) }
            loads += 1
            return flow
        } catch {
            refusals += 1
            if error.diagnostics.isEmpty { problems.append("\(name) is refused without a reason") }
            for diagnostic in error.diagnostics { check(diagnostic) }
            return nil
        }
    }

    /// The place is in a file of the flow, and can be shown.
    private mutating func check(_ diagnostic: FlowDiagnostic) {
        let name = String(diagnostic.file.dropFirst(directory.path.utf8.count + 1))
        guard diagnostic.file.hasPrefix(directory.path + "/"), let source = files[name] else {
            problems.append("in no file of the flow: \(diagnostic)")
            return
        }
        if diagnostic.message.isEmpty { problems.append("a diagnostic without a message") }
        let lines = source.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }
        if let line = diagnostic.line {
            if !(1...lines.count).contains(line) {
                problems.append("outside of the \(lines.count) lines: \(diagnostic)")
            } else if let column = diagnostic.column, !(1...source.count + 1).contains(column) {
                problems.append("outside of the line: \(diagnostic)")
            }
        } else if diagnostic.column != nil {
            problems.append("a column without a line: \(diagnostic)")
        }
        let rendered = diagnostic.rendered(source: source, usesColour: false, width: 60)
        if rendered.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" }) {
            problems.append("control characters reach the terminal: \(diagnostic.code)")
        }
        if diagnostic.json(source: source).object?["message"] == nil { problems.append("no message for editors") }
    }
}
