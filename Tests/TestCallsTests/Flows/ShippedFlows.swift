import FoundationEssentials
import Logging
import LuaRuntime
import Testing

@testable import ScriptAPI
@testable import TestCalls

/// The flows, tests and personas of this repository.
struct ShippedFlows {
    static let names: [String] = {
        files("flows").compactMap { $0.split(separator: "/").last }.map { String($0.dropLast(4)) }
    }()

    private static var repository: String {
        #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
    }

    /// Paths of the Lua files in a folder of `scripts`, by name.
    private static func files(_ folder: String) -> [String] {
        let path = "\(repository)/scripts/\(folder)"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(".lua") }.sorted().map { "\(path)/\($0)" }
    }

    /// All tests.
    let selection = TestSelection(
        testFiles: files("tests"), flows: files("flows").map { LoadedFlowFile(path: $0) }, personas: files("personas"),
        filter: nil, seed: 1)

    /// The tests of one flow.
    func tests(of name: String) -> [TestSelection.Item] {
        selection.entries.compactMap { entry in
            guard case .playable(let item) = entry, item.flow.path.hasSuffix("/\(name).lua") else { return nil }
            return item
        }
    }

    /// Plays for all suites, so that no sentence is synthesised twice.
    static func player() throws -> VirtualPlayer { try shared.get() }

    private static let shared = Result {
        var logger = Logger(label: "flows")
        logger.logLevel = .critical
        return VirtualPlayer(
            stage: try VirtualStage(VirtualStage.Configuration(), logger: logger), threads: LuaExecutorPool(threads: 2))
    }
}

extension TestResult {
    /// Where it failed and why, in one line.
    var sentence: String {
        guard let failure else { return "\(test.name): passed" }
        return "\(test.name), seed \(seed): line \(failure.line ?? test.line): \(failure.message); \(failure.nearest)"
    }
}
