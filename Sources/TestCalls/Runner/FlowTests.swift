import FoundationEssentials
import SansIO
public import ScriptAPI

/// A flow's own tests, played in virtual time before a version of it serves.
public struct FlowTests: Sendable {
    /// For all tests of a flow together: an edit should not wait longer.
    public static let patience = Duration.seconds(60)

    private let testsFolder: String
    private let flowsFolder: String
    private let personasFolder: String
    private let player: VirtualPlayer

    /// - Parameters:
    ///   - testsFolder: May be missing: then there is nothing to play.
    public init(testsFolder: String, flowsFolder: String, personasFolder: String, stage: VirtualStage) {
        self.testsFolder = testsFolder
        self.flowsFolder = flowsFolder
        self.personasFolder = personasFolder
        player = VirtualPlayer(stage: stage)
    }

    /// Plays the tests that are meant for a flow.
    ///
    /// A test file that cannot be read keeps nothing from serving: it is a warning.
    /// - Returns: What failed, each with the place in the test.
    @concurrent public func verify(_ flow: Flow) async -> [FlowDiagnostic] {
        let selection = TestSelection(
            testFiles: luaFiles(testsFolder), flows: flows(with: flow), personas: luaFiles(personasFolder),
            filter: nil, seed: 1)
        var diagnostics: [FlowDiagnostic] = []
        var items: [TestSelection.Entry] = []
        for entry in selection.entries {
            switch entry {
            case .playable(let item) where item.flow.path == flow.path: items.append(entry)
            case .playable: break
            case .broken(let result):
                diagnostics.append(FlowDiagnostic(result, severity: .warning))
            }
        }
        guard !items.isEmpty else { return diagnostics }
        var chosen = selection
        chosen.entries = items
        var options = TestRunner.Options()
        options.jobs = 2
        let runner = TestRunner(player, options: options)
        let playable = chosen
        let playing = Task { await runner.run(playable) { _ in } }
        let watchdog = Task {
            try await Task.sleep(for: FlowTests.patience)
            playing.cancel()
        }
        let results = await playing.value
        watchdog.cancel()
        diagnostics += results.filter { !$0.passed }.map { FlowDiagnostic($0, severity: .error) }
        if results.count < items.count {
            diagnostics.append(
                FlowDiagnostic(
                    file: flow.path, severity: .warning, code: "tests-cut",
                    message: "\(items.count - results.count) of the flow's \(items.count) tests were not played: they "
                        + "take longer than \(Int(FlowTests.patience.seconds)) seconds"))
        }
        return diagnostics
    }

    /// The flow as it is to serve, and the others as they are on disk.
    private func flows(with flow: Flow) -> [LoadedFlowFile] {
        luaFiles(flowsFolder).filter { $0 != flow.path }.map { LoadedFlowFile(path: $0) } + [LoadedFlowFile(flow)]
    }

    private func luaFiles(_ folder: String) -> [String] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        return names.filter { $0.hasSuffix(".lua") && !$0.hasPrefix(".") }.sorted().map { folder + "/" + $0 }
    }
}

extension FlowDiagnostic {
    init(_ result: TestResult, severity: Severity) {
        let failure = result.failure
        self.init(
            file: failure?.file ?? result.test.file, line: failure?.line ?? result.test.line, severity: severity,
            code: "test-failed", message: "test “\(result.test.name)”: \(failure?.message ?? "failed")",
            hint: "moonline test --virtual \(result.test.file) --seed \(result.seed)")
    }
}
