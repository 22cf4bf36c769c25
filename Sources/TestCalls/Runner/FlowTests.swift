import FoundationEssentials
import Logging
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
    private let logger: Logger

    /// - Parameters:
    ///   - testsFolder: May be missing: then there is nothing to play.
    public init(testsFolder: String, flowsFolder: String, personasFolder: String, stage: VirtualStage) {
        self.testsFolder = testsFolder
        self.flowsFolder = flowsFolder
        self.personasFolder = personasFolder
        player = VirtualPlayer(stage: stage)
        logger = stage.logger
    }

    /// Plays the tests that are meant for a flow.
    ///
    /// A test file that cannot be used keeps nothing from serving: the log has it.
    ///
    /// - Returns: What failed, each with the place in the test.
    @concurrent public func verify(_ flow: Flow) async -> [FlowDiagnostic] {
        let selection = TestSelection(
            testFiles: luaFiles(testsFolder), flows: flows(with: flow), personas: luaFiles(personasFolder),
            filter: nil, seed: 1)
        var items: [TestSelection.Entry] = []
        for entry in selection.entries {
            switch entry {
            case .playable(let item) where item.flow.path == flow.path: items.append(entry)
            case .playable: break
            case .broken(let result):
                logger.warning("a test cannot be played: \(FlowDiagnostic(result))")
            }
        }
        guard !items.isEmpty else { return [] }
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
        if results.count < items.count {
            let patience = Int(FlowTests.patience.seconds)
            logger.warning(
                """
                \(items.count - results.count) of the \(items.count) tests of \(flow.path) were not played: they take \
                longer than \(patience) seconds
                """)
        }
        return results.filter { !$0.passed }.map { FlowDiagnostic($0) }
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
    /// What an editor of the flow is told of a test that failed.
    fileprivate init(_ result: TestResult) {
        let failure = result.failure
        self.init(
            file: failure?.file ?? result.test.file, line: failure?.line ?? result.test.line,
            code: "test-failed", message: "test “\(result.test.name)”: \(failure?.message ?? "failed")",
            hint: "moonline test --virtual \(result.test.file) --seed \(result.seed)")
    }
}
