import FoundationEssentials
import Logging
import LuaRuntime
import SansIO
public import ScriptAPI

/// A flow's own tests, played in virtual time before a version of it serves.
///
/// All is done on one thread of its own: the calls that run meanwhile share the processors with it, and nothing else.
public actor FlowTests {
    /// For all tests of a flow together: an edit should not wait longer.
    public static let patience = Duration.seconds(60)

    private nonisolated let executor: LuaExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
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
        let thread = LuaExecutorPool(threads: 1)
        executor = thread.makeExecutor()
        player = VirtualPlayer(stage: stage, threads: thread)
        logger = stage.logger
    }

    /// Plays the tests that are meant for a flow.
    ///
    /// A test file that cannot be used keeps nothing from serving, nor does a test that is not for the flow's mode: the log
    /// has it.
    ///
    /// - Returns: What failed, each with the place in the test.
    public func verify(_ flow: Flow) async -> [FlowDiagnostic] {
        var selection = TestSelection(
            testFiles: luaFiles(testsFolder), flows: flows(with: flow), personas: luaFiles(personasFolder),
            filter: nil, seed: 1)
        selection.entries = selection.entries.filter { entry in
            switch entry {
            case .playable(let item): return item.flow.path == flow.path
            case .broken(let result):
                logger.warning("a test cannot be played: \(FlowDiagnostic(result))")
                return false
            }
        }
        guard !selection.entries.isEmpty else { return [] }
        let runner = TestRunner(player, options: TestRunner.Options())
        let chosen = selection
        let playing = Task { await runner.run(chosen) { _ in } }
        let watchdog = Task {
            try await Task.sleep(for: FlowTests.patience)
            playing.cancel()
        }
        let results = await playing.value
        watchdog.cancel()
        let missing = chosen.entries.count - results.count
        if missing > 0 {
            let patience = Int(FlowTests.patience.seconds)
            logger.warning(
                """
                \(missing) of the \(chosen.entries.count) tests of \(flow.path) were not played: they take longer than \
                \(patience) seconds
                """)
        }
        for result in results {
            if let reason = result.skipReason { logger.info("the test “\(result.test.name)” is skipped: \(reason)") }
        }
        return results.filter(\.hasFailed).map { FlowDiagnostic($0) }
    }

    /// The flow as it is to serve, before all others, which are as they are on disk: the first that fits is a test's.
    private func flows(with flow: Flow) -> [LoadedFlowFile] {
        [LoadedFlowFile(flow)] + luaFiles(flowsFolder).filter { $0 != flow.path }.map { LoadedFlowFile(path: $0) }
    }

    private func luaFiles(_ folder: String) -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(".lua") && !$0.hasPrefix(".") }.sorted()
                .map { folder.hasSuffix("/") ? folder + $0 : "\(folder)/\($0)" }
        } catch {
            logger.warning("the folder \(folder) cannot be read, and no test in it is played: \(error)")
            return []
        }
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
