import Conversation
import SansIO
import Testing

@testable import TestCalls

@Suite("The shipped flows") struct ShippedFlowTests {
    private let flows = ShippedFlows()

    @Test("each has tests, and no test is without its flow")
    func complete() {
        #expect(!ShippedFlows.names.isEmpty)
        for name in ShippedFlows.names { #expect(!flows.tests(of: name).isEmpty, "\(name) has no tests") }
        for case .broken(let result) in flows.selection.entries { Issue.record("\(result.sentence)") }
    }

    @Test("pass all their tests in virtual time")
    func pass() async throws { try await play(flows.selection, seed: 1) }

    @Test("pass all of them in pipeline mode too")
    func passAsPipelines() async throws {
        var selection = flows.selection
        selection.setMode(.pipeline)
        try await play(selection, seed: 1)
    }

    @Test("pass all of them in live mode, or say what it lacks for them")
    func passLive() async throws {
        var selection = flows.selection
        selection.setMode(.live)
        try await play(selection, seed: 1)
    }

    @Test("pass them on a usual line too", arguments: [2, 3, 4] as [UInt64])
    func passOnUsualLine(seed: UInt64) async throws {
        var selection = flows.selection
        selection.entries = selection.entries.compactMap { entry in
            guard case .playable(var item) = entry, item.test.options.network.isPerfect else { return nil }
            item.test.options.network = Self.usualLine(seed)
            return .playable(item)
        }
        try await play(selection, seed: seed)
    }

    /// A line as people have it: nobody would blame the agent for it.
    private static func usualLine(_ seed: UInt64) -> NetworkConditions {
        var random = SeededRandom(seed: seed)
        return NetworkConditions(
            loss: Double.random(in: 0...0.03, using: &random), burst: Double.random(in: 1...2, using: &random),
            delay: .milliseconds(Int.random(in: 5...80, using: &random)),
            jitter: .milliseconds(Int.random(in: 0...40, using: &random)),
            reorder: Double.random(in: 0...0.02, using: &random),
            duplicate: Double.random(in: 0...0.02, using: &random))
    }

    private func play(_ selection: TestSelection, seed: UInt64) async throws {
        var options = TestRunner.Options()
        options.jobs = 2
        options.firstSeed = seed
        let runner = TestRunner(try ShippedFlows.player(), options: options)
        for result in await runner.run(selection, told: { _ in }) where result.hasFailed {
            Issue.record("\(result.sentence)")
        }
    }
}
