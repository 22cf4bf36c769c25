import AgentHost
import FoundationEssentials
import Glibc
import Logging
import LuaRuntime
import SansIO
import ScriptAPI
import Synchronization
import TestCalls
import VoiceAgent

/// One run of `moonline test` after the other: once, or whenever a file changes.
struct TestSession {
    let command: TestCommand
    let settings: Settings
    private let logger: Logger
    private let host: HostConfiguration
    private let report: ConsoleReport

    /// How often files are looked at.
    private static let watchInterval = Duration.milliseconds(300)

    init(_ command: TestCommand, settings: Settings) throws {
        OpenFiles.raiseLimit()
        self.command = command
        self.settings = settings
        logger = try command.common.logger(settings, default: .critical)
        report = ConsoleReport(
            colour: !command.json && Console.hasColor(STDOUT_FILENO),
            command: "moonline test" + (command.virtual ? " --virtual" : command.live ? " --live" : ""))
        host = try command.hostConfiguration(settings)
    }

    /// Plays what was selected, and reports.
    ///
    /// - Throws: `Settings.Invalid` where there is nothing to test.
    func run() async throws -> [TestResult] {
        let selection = try select()
        let began = ContinuousClock.now
        let jobs = command.jobs(forCalls: selection.entries.count)
        let player = try await makePlayer(jobs: jobs)
        var options = TestRunner.Options()
        options.jobs = jobs
        options.firstSeed = command.seed
        options.seedCount = command.seeds
        options.resultsFolder = command.results ?? settings["MOONLINE_DATA"].map { $0 + "/tests" } ?? ".moonline/tests"
        options.keepsAll = command.keep
        options.stopsAtFailure = command.failFast
        let (report, isJSON, isTerse) = (report, command.json, command.seeds > 1)
        let shown = Mutex("")
        let results = await TestRunner(player, options: options).run(selection) { result in
            // Of thousands of seeds, those that fail are news.
            guard !isJSON, !isTerse || result.hasFailed else { return }
            let isNew = shown.withLock { file in
                defer { file = result.test.file }
                return file != result.test.file
            }
            let heading = isNew ? report.heading(file: result.test.file) : ""
            Console.printLater((heading + report.line(result)).withoutLastNewline)
        }
        await player.shutDown()
        let wallTime = ContinuousClock.now - began
        if let path = command.junit {
            try FileSystem.write(JUnitReport.text(results, wallTime: wallTime), to: path)
        }
        if command.json {
            Console.print(JSONReport.text(results, wallTime: wallTime))
        } else {
            Console.print(report.summary(results, wallTime: wallTime).withoutLastNewline)
        }
        return results
    }

    /// Plays the tests again whenever a file changes that they depend on, until the task is cancelled.
    func watch() async throws {
        while !Task.isCancelled {
            // Before the tests are played: what changes meanwhile is played too.
            let before = FileStates(watchedFiles())
            do {
                _ = try await run()
            } catch {
                Console.failure("\(error)")
            }
            guard !Task.isCancelled else { return }
            Console.print("\nWaiting for a change; Ctrl-C ends.")
            while FileStates(watchedFiles()) == before { try await Task.sleep(for: TestSession.watchInterval) }
        }
    }

    private var scriptsFolder: String { command.common.scriptsFolder(settings) }

    private var testPaths: [String] {
        command.paths.isEmpty ? [FileSystem.path("tests", in: scriptsFolder)] : command.paths
    }

    private var personasFolder: String { FileSystem.path("personas", in: scriptsFolder) }

    private func select() throws -> TestSelection {
        let files = try LuaFiles.named(
            testPaths, kind: "test file",
            hint: "Give a test file, or a folder with test files; `moonline init` makes one.")
        let flows = try LuaFiles.inside(host.flowsFolder).map {
            LoadedFlowFile(path: $0, limits: host.scriptLimits, environment: host.scriptEnvironment)
        }
        var selection = TestSelection(
            testFiles: files, flows: flows, personas: try LuaFiles.inside(personasFolder), filter: command.filter,
            seed: command.seed)
        if let mode = command.mode { selection.setMode(mode) }
        guard !selection.entries.isEmpty else {
            throw Settings.Invalid(
                description: "No test has “\(command.filter ?? "")” in its name. Leave out --filter to see all names.")
        }
        return selection
    }

    private func makePlayer(jobs: Int) async throws -> any TestPlayer {
        if command.virtual {
            var configuration = VirtualStage.Configuration(host)
            configuration.recognizes = command.recognize
            return VirtualPlayer(
                stage: try VirtualStage(configuration, logger: logger), threads: LuaExecutorPool(threads: jobs))
        }
        var configuration = LoopbackPlayer.Configuration(host: host)
        configuration.isLive = command.live
        configuration.calleeAddress = command.callee
        return try await LoopbackPlayer.start(configuration, logger: logger)
    }

    /// Everything that a test may depend on.
    private func watchedFiles() -> [String] {
        var files: [String] = []
        for path in testPaths + [host.flowsFolder, personasFolder] {
            guard FileSystem.isFolder(path) else {
                files.append(path)
                continue
            }
            // A folder that goes while it is read is looked at again soon.
            let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
            files += names.filter { $0.hasSuffix(".lua") }.map { path + "/" + $0 }
        }
        return files
    }
}

extension String {
    fileprivate var withoutLastNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
