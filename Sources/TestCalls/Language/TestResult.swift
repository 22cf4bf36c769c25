public import Conversation
import SansIO

/// What became of a test.
public struct TestResult: Hashable, Sendable {
    public var test: TestCase.Identity
    /// With which it can be repeated.
    public var seed: UInt64
    /// `nil`: it has not failed.
    public var failure: TestFailure?
    /// Why it was not played; one sentence. `nil`: it was.
    public var skipReason: String?
    /// All that happened, in order.
    public var timeline: [TimelineEntry]
    public var statistics: TestStatistics
    /// `nil` when the call never ended.
    public var outcome: CallOutcome?
    /// From the beginning of the test to the end of its call, on the test's clock.
    public var callTime: Duration
    /// Set by whoever runs tests: the time that it took to run.
    public var wallTime: Duration = .zero
    /// Set by whoever runs tests: where the recording lies, if one was kept.
    public var recording: String?
    /// Set by whoever runs tests: where the call's event log lies, if one was kept.
    public var eventLog: String?

    public init(
        test: TestCase.Identity, seed: UInt64, failure: TestFailure? = nil, timeline: [TimelineEntry] = [],
        statistics: TestStatistics = TestStatistics(), outcome: CallOutcome? = nil, callTime: Duration = .zero
    ) {
        self.test = test
        self.seed = seed
        self.failure = failure
        self.timeline = timeline
        self.statistics = statistics
        self.outcome = outcome
        self.callTime = callTime
    }

    public var passed: Bool { failure == nil && !isSkipped }
    public var hasFailed: Bool { failure != nil }
    /// Neither passed nor failed.
    public var isSkipped: Bool { skipReason != nil }

    /// A test that is not for the mode that it would be played in.
    ///
    /// - Parameter reason: One sentence.
    public static func skipped(_ test: TestCase, seed: UInt64, reason: String) -> TestResult {
        var result = TestResult(test: test.identity, seed: seed)
        result.skipReason = reason
        return result
    }

    /// A test that could not begin.
    ///
    /// - Parameter message: Why; one sentence.
    public static func notRun(_ test: TestCase, seed: UInt64, message: String) -> TestResult {
        TestResult(
            test: test.identity, seed: seed,
            failure: TestFailure(kind: .host, message: message, file: test.file, line: test.line))
    }

    /// A file that does not load, as a test that failed.
    public static func notLoaded(_ error: TestFileError, seed: UInt64) -> TestResult {
        TestResult(
            test: TestCase.Identity(name: "the file loads", file: error.file, line: error.line ?? 1), seed: seed,
            failure: TestFailure(
                kind: .script, message: error.message, file: error.file, line: error.line, traceback: error.traceback))
    }
}

/// Why a test failed.
public struct TestFailure: Error, Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// Something that was expected did not happen, or something happened that must not.
        case expectation
        /// The test itself is wrong, or failed in its own code.
        case script
        /// The test took longer than it may.
        case timeLimit = "time_limit"
        /// What runs the test failed.
        case host
    }

    public var kind: Kind
    /// One sentence.
    public var message: String
    /// Where the test says so: the file's path, and the line from 1.
    public var file: String
    public var line: Int?
    /// The test's text up to that line, which is the last; empty where it is not known.
    public var source: [SourceLine]
    /// What was to happen; empty where nothing was.
    public var expected: String
    /// What happened that comes nearest to it.
    public var nearest: String
    /// Since the test began.
    public var at: Duration
    /// Lua's own; empty when no code failed.
    public var traceback: String

    /// A line of a test's file.
    public struct SourceLine: Hashable, Sendable {
        /// From 1.
        public var number: Int
        /// With its indentation.
        public var text: String

        public init(number: Int, text: String) {
            self.number = number
            self.text = text
        }
    }

    public init(
        kind: Kind, message: String, file: String, line: Int? = nil, source: [SourceLine] = [], expected: String = "",
        nearest: String = "", at: Duration = .zero, traceback: String = ""
    ) {
        self.kind = kind
        self.message = message
        self.file = file
        self.line = line
        self.source = source
        self.expected = expected
        self.nearest = nearest
        self.at = at
        self.traceback = traceback
    }
}

/// What was measured in a test's call.
public struct TestStatistics: Hashable, Sendable {
    /// From the end of the callee's words to the first packet of the answer, turn by turn.
    public var responses: [Duration]
    /// From the answer of the call to the agent's first sound; `nil` when it never spoke.
    public var firstWord: Duration?
    /// Actions that the model called.
    public var actions: Int
    /// How often the agent was interrupted.
    public var interruptions: Int

    public init(
        responses: [Duration] = [], firstWord: Duration? = nil, actions: Int = 0, interruptions: Int = 0
    ) {
        self.responses = responses
        self.firstWord = firstWord
        self.actions = actions
        self.interruptions = interruptions
    }

    /// The response time that so many of all turns do not exceed (nearest rank); `nil` without a turn.
    ///
    /// - Parameter share: 0…1.
    public func response(percentile share: Double) -> Duration? {
        let sorted = responses.sorted()
        guard let last = sorted.last else { return nil }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted.indices.contains(rank - 1) ? sorted[rank - 1] : (rank < 1 ? sorted[0] : last)
    }
}
