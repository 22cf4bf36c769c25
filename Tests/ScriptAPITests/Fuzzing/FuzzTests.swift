import Conversation
import Glibc
import LuaRuntime
import SansIO
import Testing

@testable import ScriptAPI

/// Flows that random changes have made hostile.
///
/// `MOONLINE_FUZZ_SECONDS` says how long, beginning at a seed that is printed; without it the same few hundred seeds
/// run. `MOONLINE_FUZZ_SEED` is where to begin; without seconds that seed runs alone, and its flows are printed.
/// The seed at work is written to the file `MOONLINE_FUZZ_FILE`, for the case that the process dies of it.
@Suite("Fuzzing") struct FuzzTests {
    /// Seeds that run when no time is given.
    private static let seeds: UInt64 = 300
    /// One in so many runs twice, and must do the same again.
    private static let repetition: UInt64 = 8
    /// A seed that takes longer hangs: the system ends the process. [s]
    private static let longestSeed: UInt32 = 120

    @Test("whatever stands in a flow, the host goes on: no crash, no hang, no memory lost, each command answered once")
    func fuzz() async throws {
        let plan = try FuzzPlan()
        let thread = ScriptThread()
        let tally = try await thread.fuzz(plan)
        for (seed, problem) in tally.problems.prefix(50) {
            Issue.record("seed \(seed): \(problem)   (MOONLINE_FUZZ_SEED=\(seed) repeats it)")
        }
        guard plan.count == nil || plan.count == Self.seeds else { return }
        // Enough of them get past the checks to be worth the while.
        #expect(tally.refusals * 3 > tally.seeds)
        #expect(tally.calls * 3 > tally.seeds)
        #expect(tally.faults > tally.calls / 4 && tally.waits > tally.calls && tally.returns > tally.calls)
    }

    /// What was asked for by the environment.
    struct FuzzPlan: Sendable {
        let start: UInt64
        /// `nil` goes by time.
        let count: UInt64?
        let seconds: Double
        let file: String?

        init() throws {
            let given = try FuzzPlan.number("MOONLINE_FUZZ_SEED")
            let time = try FuzzPlan.number("MOONLINE_FUZZ_SECONDS")
            seconds = Double(time ?? 0)
            file = FuzzPlan.variable("MOONLINE_FUZZ_FILE")
            if time != nil {
                count = nil
                start = given ?? UInt64.random(in: 1...999_999) * 1_000_000
            } else {
                count = given == nil ? FuzzTests.seeds : 1
                start = given ?? 1
            }
        }

        private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

        private static func number(_ name: String) throws -> UInt64? {
            guard let text = variable(name) else { return nil }
            let number: UInt64 = try #require(UInt64(text), "\(name) is no number: \(text)")
            return number
        }
    }

    struct Tally: Sendable, CustomStringConvertible {
        var seeds = 0
        var loads = 0
        var refusals = 0
        var calls = 0
        var waits = 0
        var returns = 0
        var faults = 0
        /// [s]
        var longestLoad = 0.0
        var longestRun = 0.0
        var slowestSeed: UInt64 = 0
        var problems: [(seed: UInt64, text: String)] = []

        var description: String {
            """
            fuzzed \(seeds) seeds: \(refusals) flows refused, \(loads) loaded, the slowest in \(Int(longestLoad * 1_000)) ms; \
            \(calls) calls with \(waits) waits, \(returns) ends, \(faults) faults, the longest run of \
            \(Int(longestRun * 1_000)) ms at seed \(slowestSeed); \(problems.count) problems
            """
        }
    }

    /// A thread like those that scripts have in the host, with their stack.
    private actor ScriptThread {
        private let executor = LuaExecutorPool(threads: 1).makeExecutor()

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        func fuzz(_ plan: FuzzPlan) throws -> Tally {
            let flows = try FuzzTests.corpus()
            let module = try FuzzTests.contents("\(FuzzTests.fixtures)/parts/list.lua")
            let directory = try FlowDirectory([:])
            let note = try SeedNote(path: plan.file)
            var tally = Tally()
            let began = FuzzTests.now()
            var seed = plan.start
            if plan.count == nil { print("fuzzing from seed \(seed) for \(Int(plan.seconds)) s") }
            while plan.count.map({ UInt64(tally.seeds) < $0 }) ?? (FuzzTests.now() - began < plan.seconds) {
                note.write(seed)
                if plan.count == nil { alarm(FuzzTests.longestSeed) }
                let first = try FuzzedFlow(seed: seed, corpus: flows, module: module, in: directory)
                if plan.count == 1 { FuzzTests.show(first) }
                tally.add(first, seed: seed)
                if seed % FuzzTests.repetition == 0 {
                    let second = try FuzzedFlow(seed: seed, corpus: flows, module: module, in: directory)
                    tally.compare(first, second, seed: seed)
                }
                seed += 1
            }
            alarm(0)
            if plan.count != FuzzTests.seeds {
                print(tally)
            }
            return tally
        }
    }

    /// The flows that are shipped, and those that use all of the script API.
    private static func corpus() throws -> [[UInt8]] {
        var paths = try luaFiles(in: "\(repository)/scripts/flows")
        try #require(!paths.isEmpty, "no flow is shipped")
        paths += try luaFiles(in: fixtures)
        return try paths.map(contents)
    }

    private static var fixtures: String { "\(repository)/Tests/ScriptAPITests/Fixtures/fuzzing" }

    private static func luaFiles(in folder: String) throws -> [String] {
        let stream = try #require(opendir(folder), "cannot read \(folder)")
        defer { closedir(stream) }
        var paths: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".lua") { paths.append("\(folder)/\(name)") }
        }
        return paths.sorted()
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        try FlowFolder(of: path, maximumBytes: 1 << 20).main().bytes
    }

    private static func show(_ flow: FuzzedFlow) {
        for (name, bytes) in flow.files.sorted(by: { $0.key < $1.key }) {
            print("==> \(name)\n" + String(decoding: bytes, as: UTF8.self))
        }
        for outcome in flow.outcomes { print(outcome) }
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

extension FuzzTests.Tally {
    mutating func add(_ flow: FuzzedFlow, seed: UInt64) {
        seeds += 1
        loads += flow.loads
        refusals += flow.refusals
        calls += flow.hasRun ? 1 : 0
        for outcome in flow.outcomes {
            switch outcome {
            case .yielded: waits += 1
            case .returned: returns += 1
            case .failed: faults += 1
            }
        }
        longestLoad = max(longestLoad, flow.longestLoad)
        if flow.longestRun > longestRun { (longestRun, slowestSeed) = (flow.longestRun, seed) }
        problems += flow.problems.map { (seed, $0) }
    }

    /// The same seed, the same script, the same events: the same outcomes.
    mutating func compare(_ first: FuzzedFlow, _ second: FuzzedFlow, seed: UInt64) {
        guard first.outcomes != second.outcomes || first.loads != second.loads else { return }
        let pair = zip(first.outcomes, second.outcomes).first { $0 != $1 }
        problems.append((seed, "the second time it goes otherwise: \(pair.map { "\($0.0) | \($0.1)" } ?? "in number")"))
    }
}

/// Where the seed at work stands, so that it is known when the process has died.
private struct SeedNote {
    private let descriptor: Int32?

    init(path: String?) throws {
        guard let path else {
            descriptor = nil
            return
        }
        let opened = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        try #require(opened >= 0, "cannot write \(path)")
        descriptor = opened
    }

    func write(_ seed: UInt64) {
        guard let descriptor else { return }
        let digits = String(seed)
        let line = Array((String(repeating: " ", count: max(0, 20 - digits.utf8.count)) + digits + "\n").utf8)
        let written = pwrite(descriptor, line, line.count, 0)
        precondition(written == line.count, "the seed cannot be noted")
    }
}
