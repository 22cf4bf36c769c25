import AgentHost
public import ArgumentParser
public import Conversation
import FoundationEssentials
import Glibc
import Logging
import SansIO
import ScriptAPI
import TestCalls
import VoiceAgent

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Play test calls against your flows.",
        discussion: """
            Test files are Lua: `moonline reference --tests` says what they may use. Without --virtual each call goes \
            over real SIP and RTP on this machine, in real time; with it the same call is played on a virtual clock, as \
            fast as the processor allows, and the same seed gives the same call. The model is the offline one, or what \
            a test says by t.model; --live takes the real service, and costs what it costs.

            Recordings and event logs of calls that failed are kept below the results folder. Exit status 0 means that \
            no test failed, 1 that one did, 2 that nothing could be tested or reported. A test that requires what the mode \
            cannot do is skipped, and says so.
            """)

    @Argument(
        help: "Test files, or folders with test files; the scripts folder's tests/ without any.", completion: .file())
    var paths: [String] = []

    @OptionGroup var common: CommonOptions

    @Flag(help: "Play the calls in virtual time.")
    var virtual = false

    @Flag(help: "Take the model from OPENAI_BASE_URL with OPENAI_API_KEY, over the wire.")
    var live = false

    @Option(help: "Play the tests in this mode, whatever their flows say.")
    var mode: AgentMode?

    @Option(help: "Let this telephone take the calls in place of our callee: host:port or a sip: URI.")
    var callee: String?

    @Flag(help: "Let personas listen with the recogniser in virtual time too; slower.")
    var recognize = false

    @Option(help: "Play the tests whose name or file contains this.")
    var filter: String?

    @Option(
        name: .shortAndLong,
        help: "Calls at a time; default: 1 over the wire, the number of processors in virtual time.")
    var jobs: Int?

    @Option(help: "Seed of everything that is random.")
    var seed: UInt64 = 1

    @Option(help: "Play each test with so many seeds, from --seed on.")
    var seeds: Int = 1

    @Flag(help: "End with the first failure.")
    var failFast = false

    @Flag(help: "Keep the files of calls that passed too.")
    var keep = false

    @Option(help: "Folder of the files that calls leave; default: .moonline/tests.")
    var results: String?

    @Option(help: "Write a report for machines to this file, in JUnit's XML.")
    var junit: String?

    @Flag(help: "Print one JSON object and nothing else on standard output.")
    var json = false

    @Flag(help: "Play the tests again whenever a test, a flow or a persona changes.")
    var watch = false

    func validate() throws {
        guard jobs ?? 1 >= 1 else { throw ValidationError("--jobs must be at least 1.") }
        guard jobs ?? 1 <= TestCommand.maximumJobs else {
            throw ValidationError("--jobs must be at most \(TestCommand.maximumJobs).")
        }
        guard seeds >= 1 else { throw ValidationError("--seeds must be at least 1.") }
        guard seeds <= TestCommand.maximumSeeds else {
            throw ValidationError("--seeds must be at most \(TestCommand.maximumSeeds); play others from --seed on.")
        }
        guard !(virtual && live) else {
            throw ValidationError("--live needs the real clock: leave out --virtual.")
        }
        guard !(virtual && callee != nil) else {
            throw ValidationError("--callee is a telephone on a real network: leave out --virtual.")
        }
        guard !(recognize && !virtual) else {
            throw ValidationError("--recognize is for --virtual; over the wire the model always listens.")
        }
        guard !(watch && (json || junit != nil)) else {
            throw ValidationError("--watch is for people: leave out --json and --junit.")
        }
    }

    func run() async throws {
        try await reportingFailures(status: 2) {
            let settings = try Settings()
            let session = try TestSession(self, settings: settings)
            let signals = Signals()
            let isWatching = watch
            let playing = Task {
                if isWatching {
                    try await session.watch()
                    return true
                }
                return try await !session.run().contains(where: \.hasFailed)
            }
            let interrupted = Task {
                var count = 0
                for await _ in signals.received {
                    count += 1
                    if count > 1 { Glibc.exit(TestCommand.interruptedStatus) }
                    if !isWatching { Console.error("Ending after the calls that are played; once more ends at once.") }
                    playing.cancel()
                }
            }
            defer { interrupted.cancel() }
            let hasPassed: Bool
            do {
                hasPassed = try await playing.value
            } catch is CancellationError {
                hasPassed = true
            }
            Console.flush()
            if playing.isCancelled { throw ExitCode(TestCommand.interruptedStatus) }
            if !hasPassed { throw ExitCode(1) }
        }
    }

    /// More calls at a time than any machine has ports, threads or processors for.
    static let maximumJobs = 1_000
    static let maximumSeeds = 1_000_000

    /// As shells count a process that SIGINT ended.
    private static let interruptedStatus: Int32 = 130
}

extension TestCommand {
    /// Threads for calls in virtual time; each has a stack of its own.
    private static let maximumThreads = 256

    /// Calls at a time: no more than there are, and in virtual time no more than one a thread.
    ///
    /// - Parameter tests: Each is played with every seed.
    func jobs(forCalls tests: Int) -> Int {
        let wanted = jobs ?? (virtual ? ProcessInfo.processInfo.activeProcessorCount : 1)
        let (calls, isMany) = tests.multipliedReportingOverflow(by: seeds)
        let useful = isMany ? wanted : min(wanted, max(1, calls))
        return virtual ? min(useful, TestCommand.maximumThreads) : useful
    }

    /// Limits and surroundings of scripts; with `--live` the model too.
    func hostConfiguration(_ settings: Settings) throws -> HostConfiguration {
        var host = HostOptions()
        host.common = common
        if live { return try host.configuration(settings) }
        var configuration = HostConfiguration(
            flowsFolder: common.flowsFolder(settings), dataFolder: "",
            model: RealtimeConfiguration(baseURL: "", apiKey: "", model: HostOptions.defaultModel))
        try configuration.applyScriptSettings(settings)
        return configuration
    }
}

extension AgentMode: ExpressibleByArgument {}
