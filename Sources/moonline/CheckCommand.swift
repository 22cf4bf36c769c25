import AgentHost
import ArgumentParser
import Conversation
import Glibc
import SansIO
import ScriptAPI
import VoiceAgent

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check flows: syntax, names, calls, annotations.",
        discussion: """
            Reads each flow, and the files that it requires, as the host would, and says what is wrong: file, line, \
            column, and what to write instead. The flow's file runs once, in its sandbox; no call is made. Ends with 1 \
            when a flow cannot be used, and with --strict also for warnings.
            """)

    @Argument(help: "Flows, or folders with flows; the scripts folder's flows/ without any.", completion: .file())
    var paths: [String] = []

    @OptionGroup var common: CommonOptions

    @Flag(help: "Print one JSON object, for editors.")
    var json = false

    @Flag(help: "Let warnings fail too.")
    var strict = false

    func run() async throws {
        try await reportingFailures {
            let settings = try Settings()
            let files = try LuaFiles.named(
                paths.isEmpty ? [common.flowsFolder(settings)] : paths, kind: "flow",
                hint: "Give a flow, or a folder with flows; `moonline init` makes one.")
            var pipeline = try PipelineEndpoints(settings)
            pipeline.endpoints[PipelineEndpoints.openAI] = StageEndpoint()
            let checks = files.map { FlowCheckup(path: $0, pipeline: pipeline) }
            if json {
                Console.print(JSON.object(["flows": .array(checks.map(\.json))]).text)
            } else {
                let isColored = Console.hasColor(STDOUT_FILENO)
                for check in checks { Console.print(check.text(isColored: isColored)) }
            }
            let errors = checks.reduce(0) { $0 + $1.errorCount }
            let warnings = checks.reduce(0) { $0 + $1.diagnostics.count } - errors
            if !json, checks.count > 1 || errors + warnings > 0 {
                Console.print(
                    "\(CheckCommand.count(checks.count, "flow")): \(CheckCommand.count(errors, "error")), "
                        + CheckCommand.count(warnings, "warning"))
            }
            if errors > 0 || strict && warnings > 0 { throw ExitCode(1) }
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

/// A flow that was checked.
struct FlowCheckup {
    let path: String
    let flow: Flow?
    let diagnostics: [FlowDiagnostic]

    /// - Parameter pipeline: Servers that are not there are warned of: the host may know others.
    init(path: String, pipeline: PipelineEndpoints) {
        self.path = path
        do throws(FlowError) {
            let flow = try Flow.load(path: path)
            self.flow = flow
            diagnostics =
                flow.warnings
                + pipeline.refusals(of: flow).map { refusal in
                    var warning = refusal
                    warning.severity = .warning
                    return warning
                }
        } catch {
            flow = nil
            diagnostics = error.diagnostics
        }
    }

    var errorCount: Int { diagnostics.count { $0.severity == .error } }

    func text(isColored: Bool) -> String {
        var sources: [String: [UInt8]] = [:]
        var parts = diagnostics.map { diagnostic in
            let source = sources[diagnostic.file] ?? FileSystem.bytes(of: diagnostic.file)
            sources[diagnostic.file] = source
            return diagnostic.rendered(source: source, usesColour: isColored)
        }
        if let flow {
            let tools = flow.definition.tools.count
            let summary =
                "\(path): agent \(flow.definition.name), \(tools) action\(tools == 1 ? "" : "s"), "
                + "\(flow.definition.handlers.count) handlers, version \(flow.version)"
            parts.append(Console.styled("ok", .green, isColored: isColored) + " " + summary)
        }
        return parts.joined(separator: "\n\n")
    }

    var json: JSON {
        [
            "file": .string(path), "ok": .bool(flow != nil),
            "agent": flow.map { .string($0.definition.name) } ?? .null,
            "version": flow.map { .string($0.version) } ?? .null,
            "diagnostics": .array(diagnostics.map { $0.json(source: FileSystem.bytes(of: $0.file)) }),
        ]
    }
}
