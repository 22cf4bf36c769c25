import Conversation
import SansIO
import ScriptAPI
import TestSupport
import Testing

@testable import AgentHost

/// Seeded histories of edits, calls and operators' wishes, in virtual time.
@Suite("Flows that are edited at random")
struct FlowEditingTests {
    private static let names = ["a.lua", "b.lua", "c.lua"]
    private static let agents = ["one", "two", "three"]

    @Test(
        "a call always gets a version that passed, an agent has one file, an error is told once",
        arguments: UInt64(1)...24)
    func history(_ seed: UInt64) throws {
        var history = try History(seed: seed, shelf: FlowShelf())
        for _ in 0..<600 { try history.step() }
        #expect(history.begun > 20, "the history has no calls")
    }

    private struct History {
        private let shelf: FlowShelf
        private let share: Double
        private var random: SeededRandom
        private var catalog: FlowCatalog
        private var now: Int64 = 0
        /// By path and text.
        private var loaded: [String: Flow] = [:]
        /// Versions that were offered as usable, by path.
        private var passed: [String: Set<String>] = [:]
        private var running: [(id: String, path: String, version: String)] = []
        /// What was told last of a file: text and error; `nil` when it is usable or gone.
        private var told: [String: String] = [:]
        private(set) var begun = 0

        init(seed: UInt64, shelf: FlowShelf) {
            self.shelf = shelf
            random = SeededRandom(seed: seed)
            share = seed.isMultiple(of: 2) ? 1 : 0.3
            catalog = FlowCatalog(FlowCatalog.Policy(canaryShare: share, canarySeed: seed))
        }

        mutating func step() throws {
            now += 1
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3: try edit()
            case 4...6: begin()
            case 7: end()
            case 8: rollBack()
            default: break
            }
            check()
        }

        /// Some files are written, spoilt, removed or touched; all are read.
        private mutating func edit() throws {
            var readings: [FlowReading] = []
            for name in FlowEditingTests.names where random.chance(0.5) {
                let path = shelf.path(name)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: readings.append(FlowReading(path: path, result: .missing))
                case 1:
                    let text = UInt64.random(in: 1...2, using: &random)
                    readings.append(shelf.unusable(name, "error \(Int.random(in: 1...2, using: &random))", text: text))
                default:
                    let agent = FlowEditingTests.agents.randomElement(using: &random) ?? "one"
                    let text = FlowShelf.agent(agent, "\(Int.random(in: 1...4, using: &random))")
                    let flow = try loaded[path + text] ?? shelf.flow(name, text)
                    loaded[path + text] = flow
                    passed[path, default: []].insert(flow.version)
                    readings.append(FlowReading(path: path, result: .usable(flow)))
                }
            }
            let isRequested = random.chance(0.2)
            let occasion: FlowFile.Occasion = isRequested ? .request(promote: random.chance(0.5)) : .change
            let before = catalog.versions.filter { $0.calls > 0 }
            let changes = catalog.offer(readings, occasion: occasion, at: now)
            for status in before {
                #expect(
                    catalog.versions.contains {
                        $0.path == status.path && $0.version == status.version && $0.calls == status.calls
                    }, "an edit has touched running calls")
            }
            #expect(Set(changes.map(\.path)).count == changes.count, "a file has two outcomes: \(changes)")
            note(changes, readings)
        }

        private mutating func note(_ changes: [FlowChange], _ readings: [FlowReading]) {
            for change in changes where change.kind == .refused {
                let fingerprint = readings.first { $0.path == change.path }?.fingerprint ?? 0
                let text = "\(fingerprint) \(change.version ?? "") \(change.diagnostics)"
                #expect(change.isNews == (told[change.path] != text), "\(change)")
                #expect(!change.diagnostics.isEmpty)
                told[change.path] = text
            }
            for change in changes where change.kind != .refused && change.kind != .rolledBack {
                told[change.path] = nil
            }
            for reading in readings where reading.isMissing { told[reading.path] = nil }
        }

        private mutating func begin() {
            let agent = FlowEditingTests.agents.randomElement(using: &random) ?? "one"
            let id = "call \(now)"
            do throws(FlowRefusal) {
                let flow = try catalog.beginCall(id, agent: agent)
                #expect(flow.definition.name == agent)
                #expect(passed[flow.path]?.contains(flow.version) == true, "the version never passed")
                let status = catalog.versions.first { $0.path == flow.path && $0.version == flow.version }
                #expect(status?.state == .serving || status?.state == .canary(share))
                running.append((id, flow.path, flow.version))
                begun += 1
            } catch {
                #expect(!catalog.agentNames.contains(agent), "\(error)")
                #expect(error.reason == .unknownAgent)
            }
        }

        private mutating func end() {
            guard let index = running.indices.randomElement(using: &random) else { return }
            catalog.endCall(running.remove(at: index).id)
        }

        private mutating func rollBack() {
            guard let agent = catalog.agentNames.randomElement(using: &random) else { return }
            do throws(FlowRefusal) {
                let changes = try catalog.rollBack(agent: agent, to: nil, at: now)
                #expect(changes.first?.kind == .rolledBack)
                note(changes, [])
            } catch {
                #expect(error.reason == .impossible)
            }
        }

        private func check() {
            let versions = catalog.versions
            for (path, rows) in Dictionary(grouping: versions, by: \.path) {
                #expect(rows.count { $0.state == .serving } <= 1)
                #expect(rows.count { if case .canary = $0.state { true } else { false } } <= 1)
                #expect(rows.count { $0.state == .failed } <= 1)
                #expect(rows.count { $0.calls == 0 && $0.state != .failed } <= 10)
                let names = rows.filter { $0.state != .failed }.compactMap(\.version)
                #expect(Set(names).count == names.count, "a version stands twice: \(rows)")
                #expect(passed[path]?.isSuperset(of: names) ?? names.isEmpty)
            }
            let callable = versions.filter { row in
                if case .canary = row.state { true } else { row.state == .serving }
            }
            for (agent, rows) in Dictionary(grouping: callable, by: \.agent) {
                #expect(Set(rows.map(\.path)).count == 1, "agent \(agent) has two files")
            }
            #expect(Set(callable.map(\.agent)).sorted() == catalog.agentNames)
            let counted = versions.reduce(0) { $0 + $1.calls }
            #expect(counted == running.count)
        }
    }
}
