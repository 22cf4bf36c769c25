import Conversation
import FoundationEssentials
import SansIO
import Testing

@testable import LuaSyntax
@testable import ScriptAPI
@testable import TestCalls

/// Whether the tests of the shipped flows notice it when a flow is broken.
///
/// `MOONLINE_MUTANTS` says how many mutants of each flow are played: a number, or `all`.
@Suite("Mutants of the shipped flows") struct FlowMutationTests {
    /// Mutants of each flow, unless the environment says otherwise.
    private static let usualCount = 8
    /// The share of mutants that the tests catch, at least: of all flows together, and of each. What survives changes
    /// only what a test cannot see (the store, the log), or nothing at all.
    private static let share = 0.8
    private static let flowShare = 0.6
    private static let seed: UInt64 = 1

    private struct Mutant {
        let flow: String
        let mutant: LuaMutant
        let tests: [TestSelection.Item]
    }

    @Test("their tests notice a dropped effect, a swapped branch, another word, another number")
    func areCaught() async throws {
        let flows = ShippedFlows()
        var mutants: [Mutant] = []
        for name in ShippedFlows.names { mutants += try Self.mutants(of: name, flows.tests(of: name)) }
        let survivors = await Self.survivors(among: mutants, try ShippedFlows.player())
        for name in ShippedFlows.names {
            let lines = survivors.map { mutants[$0] }.filter { $0.flow == name }.map(\.mutant.description)
            let caught = Self.report(name, survivors: lines.count, of: mutants.count { $0.flow == name })
            for line in lines.sorted() { print("    \(line)") }
            #expect(caught >= Self.flowShare, "\(name)")
        }
        #expect(Self.report("All flows", survivors: survivors.count, of: mutants.count) >= Self.share)
    }

    /// Prints the share that was caught.
    ///
    /// - Parameter survivors: How many were not.
    private static func report(_ name: String, survivors: Int, of count: Int) -> Double {
        let caught = Double(count - survivors) / Double(max(count, 1))
        print("\(name): \(count - survivors) of \(count) mutants caught, \(Int(caught * 100)) %")
        return caught
    }

    /// The mutants of a flow that are to be played: all that load, or some of them by a seed.
    private static func mutants(of name: String, _ tests: [TestSelection.Item]) throws -> [Mutant] {
        let flow = try #require(tests.first?.flow)
        let source = flow.main.bytes
        let wanted = ProcessInfo.processInfo.environment["MOONLINE_MUTANTS"] ?? "\(usualCount)"
        let count = wanted == "all" ? Int.max : try #require(Int(wanted), "MOONLINE_MUTANTS is a number or all")
        var random = SeededRandom(seed: seed)
        var mutants: [Mutant] = []
        for mutant in LuaMutation(of: source).mutants.shuffled(using: &random) where mutants.count < count {
            let text = CallLogFlow(
                version: "mutant", path: flow.path,
                files: [CallLogFlow.File(path: flow.path, bytes: mutant.text(of: source))])
            let broken: Flow
            do throws(FlowError) { broken = try Flow.load(text) } catch { continue }
            let items = likelyFirst(tests, for: mutant).map { item in
                var item = item
                item.flow = broken
                return item
            }
            mutants.append(Mutant(flow: name, mutant: mutant, tests: items))
        }
        return mutants
    }

    /// The tests of a flow, those first that have more words in common with what the mutant changes.
    private static func likelyFirst(_ tests: [TestSelection.Item], for mutant: LuaMutant) -> [TestSelection.Item] {
        let changed = words(mutant.surroundings)
        let ends = tests.dropFirst().map(\.test.line) + [Int.max]
        let scored = zip(tests, ends).map { item, end in
            (item, score: words(text(of: item.test, until: max(end, item.test.line + 1))).intersection(changed).count)
        }
        return scored.enumerated().sorted {
            ($0.element.score, $1.offset) > ($1.element.score, $0.offset)
        }.map(\.element.0)
    }

    private static func text(of test: TestCase, until end: Int) -> String {
        let lines = test.text.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let part = lines.dropFirst(test.line - 1).prefix(min(end - test.line, 40))
        return test.name + " " + String(decoding: Array(part.joined(separator: " ".utf8)), as: UTF8.self)
    }

    private static func words(_ text: String) -> Set<Substring> {
        Set(text.split { !$0.isLetter && !$0.isNumber }.filter { $0.count > 2 })
    }

    /// Plays two mutants at a time, each until the first test that fails.
    ///
    /// - Returns: Places of those that no test catches, in order.
    private static func survivors(among mutants: [Mutant], _ player: VirtualPlayer) async -> [Int] {
        await withTaskGroup(of: [Int].self) { group in
            let workers = 2
            for worker in 0..<workers {
                group.addTask {
                    var survivors: [Int] = []
                    for index in stride(from: worker, to: mutants.count, by: workers) {
                        if await passes(mutants[index].tests, player) { survivors.append(index) }
                    }
                    return survivors
                }
            }
            return await group.reduce(into: []) { $0 += $1 }.sorted()
        }
    }

    private static func passes(_ tests: [TestSelection.Item], _ player: VirtualPlayer) async -> Bool {
        for item in tests {
            guard await player.play(item, seed: seed, folder: nil).passed else { return false }
        }
        return true
    }
}
