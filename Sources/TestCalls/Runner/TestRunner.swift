import Synchronization

/// How tests are played: in virtual time, or over the wire.
public protocol TestPlayer: Sendable {
    /// Plays one test call to its end.
    ///
    /// - Parameter folder: Where recording and event log go; `nil` keeps none.
    func play(_ item: TestSelection.Item, seed: UInt64, folder: String?) async -> TestResult

    /// Whether equal seeds give equal calls: then a call that failed is played once more for its files, and no other
    /// call writes any.
    var isDeterministic: Bool { get }

    /// Gives back what the calls shared.
    func shutDown() async
}

extension TestPlayer {
    public func shutDown() async {}
}

/// Plays tests, several at a time, each with as many seeds as asked for.
public struct TestRunner: Sendable {
    public struct Options: Sendable {
        /// Calls at a time.
        public var jobs = 1
        public var firstSeed: UInt64 = 1
        /// How often each test is played, with seed after seed.
        public var seedCount = 1
        /// Where files of failed calls are kept, a folder a call; `nil` keeps none.
        public var resultsFolder: String?
        /// Whether files of all calls are kept.
        public var keepsAll = false
        /// Whether the first failure ends the run.
        public var stopsAtFailure = false

        public init() {}
    }

    public let options: Options
    private let player: any TestPlayer

    public init(_ player: any TestPlayer, options: Options) {
        self.player = player
        self.options = options
    }

    private struct Job {
        let number: Int
        let entry: TestSelection.Entry
        let seed: UInt64
        /// Where its files go.
        let folder: String?
    }

    /// Plays all tests.
    ///
    /// - Parameter told: Hears of each result, in the tests' order.
    /// - Returns: The results in the tests' order. After cancellation, those that there are.
    public func run(
        _ selection: TestSelection, told: @escaping @Sendable (TestResult) -> Void
    ) async -> [TestResult] {
        var jobs: [Job] = []
        var folders: Set<String> = []
        for entry in selection.entries {
            // What cannot be played fails once, and what is not for the mode is skipped once.
            guard case .playable(let item) = entry, item.skipReason == nil else {
                jobs.append(Job(number: jobs.count, entry: entry, seed: options.firstSeed, folder: nil))
                continue
            }
            for offset in 0..<max(1, options.seedCount) {
                let seed = options.firstSeed &+ UInt64(offset)
                let folder = folder(for: item.test, seed: seed, besides: &folders)
                jobs.append(Job(number: jobs.count, entry: entry, seed: seed, folder: folder))
            }
        }
        let progress = Progress()
        let all = jobs
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, min(options.jobs, all.count)) {
                group.addTask { await self.work(all, progress, told: told) }
            }
        }
        return progress.results.withLock { results in
            let all = results.byNumber.sorted { $0.key < $1.key }.map(\.value)
            // Behind one that was cut off.
            for result in all.dropFirst(results.told) { told(result) }
            results.told = all.count
            return all
        }
    }

    /// What all workers share.
    private final class Progress: Sendable {
        struct Results {
            var byNumber: [Int: TestResult] = [:]
            /// So many have been told of.
            var told = 0
        }

        let results = Mutex(Results())
        let next = Atomic(0)
        let mustStop = Atomic(false)
    }

    /// Plays one call after the other until there are no more.
    @concurrent private func work(
        _ jobs: [Job], _ progress: Progress, told: @Sendable (TestResult) -> Void
    ) async {
        while !Task.isCancelled, !progress.mustStop.load(ordering: .relaxed) {
            let index = progress.next.add(1, ordering: .relaxed).oldValue
            guard index < jobs.count else { return }
            let result = await play(jobs[index])
            if options.stopsAtFailure, result.hasFailed { progress.mustStop.store(true, ordering: .relaxed) }
            progress.results.withLock { results in
                results.byNumber[index] = result
                while let next = results.byNumber[results.told] {
                    told(next)
                    results.told += 1
                }
            }
        }
    }

    private func play(_ job: Job) async -> TestResult {
        switch job.entry {
        case .broken(let result): return result
        case .playable(let item):
            if let reason = item.skipReason { return .skipped(item.test, seed: job.seed, reason: reason) }
            return await play(item, seed: job.seed, folder: job.folder)
        }
    }

    private func play(_ item: TestSelection.Item, seed: UInt64, folder: String?) async -> TestResult {
        let began = ContinuousClock.now
        let writesNow = options.keepsAll || !player.isDeterministic
        var result = await player.play(item, seed: seed, folder: writesNow ? folder : nil)
        result.wallTime = ContinuousClock.now - began
        guard let folder else { return result }
        if !writesNow, !result.passed {
            let files = await player.play(item, seed: seed, folder: folder)
            result.recording = files.recording
            result.eventLog = files.eventLog
        } else if writesNow, result.passed, !options.keepsAll {
            TestFolders.remove(folder)
            result.recording = nil
            result.eventLog = nil
        }
        return result
    }

    /// A folder of its own for a call: names may differ by what no folder's name has.
    private func folder(for test: TestCase, seed: UInt64, besides folders: inout Set<String>) -> String? {
        guard let results = options.resultsFolder else { return nil }
        let name = "\(results)/\(TestFolders.name(test.file))/\(TestFolders.name(test.name))"
        var folder = "\(name)-\(seed)"
        var number = 1
        while !folders.insert(folder).inserted {
            number += 1
            folder = "\(name)-\(number)-\(seed)"
        }
        return folder
    }
}
