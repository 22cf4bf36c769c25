import Conversation
import Foundation
import OfflineModel
import SansIO
import ScriptAPI
import Synchronization
import Testing

@testable import TestCalls

@Suite("Any test call, of any seed")
struct VirtualCallInvariantTests {
    /// `MOONLINE_SEEDS=N` plays so many calls, `MOONLINE_SEED=N` begins there.
    private static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["MOONLINE_SEED"].flatMap { UInt64($0) } ?? 1
        let count = environment["MOONLINE_SEEDS"].flatMap { UInt64($0) }
        return first..<first + (count ?? (environment["MOONLINE_SEED"] == nil ? 2_000 : 1))
    }()
    private static let blockSize: UInt64 = 50

    private static func makeScene(mode: AgentMode = .realtime) throws -> VirtualScene {
        let scene = try VirtualScene(source: RandomScene.flow, mode: mode)
        try scene.writeBeep()
        return scene
    }

    private static func play(
        _ seed: UInt64, in scene: VirtualScene, stage: VirtualStage? = nil
    ) async throws -> VirtualInvariants {
        let random = RandomScene(seed: seed)
        let results = try await scene.play(file: random.text, seed: seed, keepsAudio: true, stage: stage)
        return VirtualInvariants(try #require(results.first), network: random.network)
    }

    @Test(
        """
        It has one outcome and leaves nothing; ledger, transcript, log and the other end's ears agree; \
        no sample is said twice
        """, arguments: Array(stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(blockSize))))
    func invariants(block: UInt64) async throws {
        let scene = try Self.makeScene()
        for seed in block..<min(block + Self.blockSize, Self.seeds.upperBound) {
            let invariants = try await Self.play(seed, in: scene)
            #expect(
                invariants.violations.isEmpty,
                """
                seed \(seed); to repeat it: \
                MOONLINE_SEED=\(seed) scripts/test --filter VirtualCallInvariantTests.invariants
                \(RandomScene(seed: seed).text)
                \(invariants.result.story)
                """)
        }
    }

    @Test(
        "The same holds of pipelines whose servers are slow, refuse, drop, stall and cut what they send",
        arguments: Array(stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(blockSize) * 4)))
    func pipelines(block: UInt64) async throws {
        let stage = try VirtualScene.stage(
            misbehaving: """
                latency=100ms~1s; status=500 chance=0.05; drop=start chance=0.05; stall=start chance=0.03; \
                chat: drop=middle chance=0.05; chat: stall=middle chance=0.03; chat: truncate chance=0.03; odd-chunks
                """)
        let scene = try Self.makeScene(mode: .pipeline)
        for seed in block..<min(block + Self.blockSize, Self.seeds.upperBound) {
            let invariants = try await Self.play(seed, in: scene, stage: stage)
            #expect(
                invariants.violations.isEmpty,
                """
                seed \(seed); to repeat it: \
                MOONLINE_SEED=\(seed) scripts/test --filter VirtualCallInvariantTests.pipelines
                \(RandomScene(seed: seed).text)
                \(invariants.result.story)
                """)
        }
    }

    @Test("Such calls are conversations: they are answered, talk, are interrupted, act, fail, and lose packets")
    func coverage() async throws {
        let scene = try Self.makeScene()
        var total: [String: Int] = [:]
        for seed in UInt64(1)...400 {
            total.merge(try await Self.play(seed, in: scene).coverage) { $0 + $1 }
        }
        for (name, least) in [
            ("connected", 80), ("completed", 40), ("model_failed", 2), ("transferred", 5), ("busy", 2),
            ("no_answer", 2),
            ("sentences heard", 50), ("sentences cut", 25), ("interruptions", 15), ("turns", 40),
            ("keys received", 20), ("actions", 6), ("transfers", 5), ("faults", 8), ("calls with loss", 20),
            ("lines compared", 40),
        ] {
            #expect(total[name] ?? 0 >= least, "\(name): \(total[name] ?? 0); all: \(total)")
        }
    }
}
