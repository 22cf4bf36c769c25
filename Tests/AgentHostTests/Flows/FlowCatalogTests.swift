import Conversation
import ScriptAPI
import TestSupport
import Testing

@testable import AgentHost

@Suite("The catalogue of flows")
struct FlowCatalogTests {
    private let shelf: FlowShelf

    init() throws {
        shelf = try FlowShelf()
    }

    private func agent(_ text: String, name: String = "good") -> String { FlowShelf.agent(name, text) }

    /// A catalogue in which the texts were taken as `good.lua`, one after the other.
    private func catalog(_ texts: String..., share: Double = 1) throws -> FlowCatalog {
        var catalog = FlowCatalog(FlowCatalog.Policy(canaryShare: share, canarySeed: 7))
        for text in texts {
            _ = catalog.offer([try shelf.usable("good.lua", agent(text))], occasion: .change, at: 1)
        }
        return catalog
    }

    /// What a new call would get.
    private func next(_ catalog: FlowCatalog, _ agent: String = "good", call: String = "call") throws -> String {
        var copy = catalog
        return try copy.beginCall(call, agent: agent).version
    }

    private func version(_ text: String) throws -> String { try shelf.flow("good.lua", agent(text)).version }

    private func states(_ catalog: FlowCatalog) -> [FlowVersionStatus.State] { catalog.versions.map(\.state) }

    @Test("a new version serves the next call; the one before goes on in its calls until they end")
    func swap() throws {
        var catalog = try catalog("1")
        let first = try catalog.beginCall("a", agent: "good")
        let changes = catalog.offer(
            [try shelf.usable("good.lua", agent("2"))], written: [shelf.path("good.lua"), "elsewhere"],
            occasion: .change, at: 2)
        let change = try #require(changes.first)
        #expect(changes.count == 1 && change.kind == .loaded && change.isNews)
        #expect(change.previous == first.version && change.files == [shelf.path("good.lua")])
        #expect(try catalog.beginCall("b", agent: "good").version == change.version)
        #expect(catalog.versions.map(\.calls) == [1, 1])
        #expect(states(catalog) == [.superseded, .serving])
        catalog.moveCall("a", to: try #require(change.version))
        #expect(catalog.versions.map(\.calls) == [0, 2])
        catalog.endCall("a")
        catalog.endCall("a")
        catalog.endCall("b")
        #expect(catalog.versions.map(\.calls) == [0, 0])
    }

    @Test("a text that cannot be used changes nothing, and is told once: until the text or its error is another")
    func refusal() throws {
        var catalog = try catalog("1")
        let good = try next(catalog)
        func offer(_ message: String, text: UInt64) throws -> FlowChange {
            let changes = catalog.offer(
                [shelf.unusable("good.lua", message, text: text)], occasion: .change, at: 2)
            #expect(try next(catalog) == good)
            return try #require(changes.first)
        }
        let first = try offer("no", text: 1)
        #expect(first.kind == .refused && first.isNews && first.previous == good)
        #expect(try !offer("no", text: 1).isNews)
        #expect(try offer("no", text: 2).isNews)
        #expect(try offer("never", text: 2).isNews)
        #expect(try !offer("never", text: 2).isNews)
        #expect(states(catalog) == [.serving, .failed])
        let mended = catalog.offer([try shelf.usable("good.lua", agent("1"))], occasion: .change, at: 3)
        #expect(mended.map(\.kind) == [.mended] && mended.allSatisfy { $0.isNews })
        #expect(try offer("never", text: 2).isNews)
    }

    @Test("a file that never worked is left out, and one that is as it was is no news")
    func neverWorked() throws {
        var catalog = FlowCatalog()
        let refused = catalog.offer([shelf.unusable("new.lua", "no")], occasion: .change, at: 1)
        #expect(refused.map(\.previous) == [nil])
        #expect(catalog.agentNames.isEmpty)
        #expect(throws: FlowRefusal(.unknownAgent, "there is no agent “good”; this host has none")) {
            try catalog.beginCall("a", agent: "good")
        }
        var other = try self.catalog("1")
        let again = other.offer([try shelf.usable("good.lua", agent("1"))], occasion: .change, at: 2)
        #expect(again.map(\.kind) == [.unchanged] && !again.contains { $0.isNews })
    }

    @Test("a rollback serves the version before; it survives a touch, and ends with another text or a reload")
    func rollback() throws {
        var catalog = try catalog("1", "2", "3")
        let back = try catalog.rollBack(agent: "good", to: nil, at: 2)
        #expect(back.map(\.kind) == [.rolledBack])
        #expect(try next(catalog) == version("2"))
        #expect(states(catalog) == [.superseded, .serving, .rolledBack])
        let third = try shelf.usable("good.lua", agent("3"))
        for isFirst in [true, false] {
            let touched = catalog.offer([third], occasion: .change, at: 3)
            #expect(touched.map(\.kind) == [.heldBack] && touched.map(\.isNews) == [isFirst])
            #expect(try next(catalog) == version("2"))
        }
        // Further back, and no further.
        _ = try catalog.rollBack(agent: "good", to: nil, at: 4)
        #expect(try next(catalog) == version("1"))
        #expect(
            throws: FlowRefusal(.impossible, "there is no earlier version of agent “good” to go back to")
        ) { try catalog.rollBack(agent: "good", to: nil, at: 4) }
        _ = catalog.offer([third], occasion: .change, at: 5)
        #expect(try next(catalog) == version("1"))

        var reloaded = catalog
        _ = reloaded.offer([third], occasion: .request(promote: false), at: 6)
        #expect(try next(reloaded) == version("3"))

        _ = catalog.offer([try shelf.usable("good.lua", agent("4"))], occasion: .change, at: 6)
        #expect(try next(catalog) == version("4"))
        // The text that was rolled back may come again by an edit.
        _ = catalog.offer([third], occasion: .change, at: 7)
        #expect(try next(catalog) == version("3"))
    }

    @Test("a rollback may name a version, or its beginning")
    func rollbackByName() throws {
        var catalog = try catalog("1", "2", "3")
        let first = try version("1")
        _ = try catalog.rollBack(agent: "good", to: String(first.prefix(6)), at: 2)
        #expect(try next(catalog) == first)
        // Forward again: nothing is held back then.
        _ = try catalog.rollBack(agent: "good", to: version("3"), at: 3)
        #expect(try next(catalog) == version("3"))
        let third = try version("3")
        #expect(throws: FlowRefusal(.impossible, "version \(third) serves all new calls already")) {
            try catalog.rollBack(agent: "good", to: third, at: 4)
        }
        let known = catalog.versions.compactMap(\.version).joined(separator: ", ")
        #expect(
            throws: FlowRefusal(
                .unknownVersion, "there is no version “xyz” of agent “good”; in memory are: \(known)")
        ) { try catalog.rollBack(agent: "good", to: "xyz", at: 4) }
        #expect(
            throws: FlowRefusal(
                .unknownVersion, "more than one version of agent “good” begins with “”: \(known)")
        ) { try catalog.rollBack(agent: "good", to: "", at: 4) }
        #expect(throws: FlowRefusal(.unknownAgent, "there is no agent “bad”; this host has: good")) {
            try catalog.rollBack(agent: "bad", to: nil, at: 4)
        }
    }

    @Test("a canary gets its share of the new calls, the same calls every time, until it is promoted")
    func canary() throws {
        var catalog = try catalog("1", "2", share: 0.1)
        #expect(states(catalog) == [.serving, .canary(0.1)])
        let canary = try version("2")
        let chosen = try (0..<5_000).filter { try next(catalog, call: "CL_\($0)") == canary }
        #expect((400...600).contains(chosen.count), "\(chosen.count) of 5000")
        #expect(try chosen.prefix(50).allSatisfy { try next(catalog, call: "CL_\($0)") == canary })
        // Read again, it stays a canary; a newer one takes its place.
        let second = try shelf.usable("good.lua", agent("2"))
        let again = catalog.offer([second], occasion: .request(promote: false), at: 3)
        #expect(again.map(\.kind) == [.unchanged])
        let third = try shelf.usable("good.lua", agent("3"))
        #expect(catalog.offer([third], occasion: .change, at: 3).map(\.share) == [0.1])
        #expect(states(catalog) == [.serving, .superseded, .canary(0.1)])
        let promoted = catalog.offer([third], occasion: .request(promote: true), at: 4)
        #expect(promoted.map(\.kind) == [.promoted])
        #expect(try promoted.map(\.previous) == [version("1")])
        #expect(states(catalog) == [.superseded, .superseded, .serving])
        #expect(try next(catalog) == version("3"))
    }

    @Test("a canary that is rolled back, or whose text is withdrawn, gets no more calls")
    func canaryWithdrawn() throws {
        var catalog = try catalog("1", "2", share: 0.5)
        var withdrawn = catalog
        let back = try catalog.rollBack(agent: "good", to: nil, at: 2)
        #expect(try back.map(\.version) == [version("1")])
        #expect(states(catalog) == [.serving, .rolledBack])
        _ = catalog.offer([try shelf.usable("good.lua", agent("2"))], occasion: .change, at: 3)
        #expect(states(catalog) == [.serving, .rolledBack])
        _ = catalog.offer([try shelf.usable("good.lua", agent("2"))], occasion: .request(promote: false), at: 3)
        #expect(states(catalog) == [.serving, .canary(0.5)])
        _ = withdrawn.offer([try shelf.usable("good.lua", agent("1"))], occasion: .change, at: 3)
        #expect(states(withdrawn) == [.serving, .superseded])
        let newest = try version("2")
        #expect(
            throws: FlowRefusal(
                .impossible, "version \(newest) is the newest; `moonline reload --promote` gives it all new calls")
        ) { try catalog.rollBack(agent: "good", to: newest, at: 4) }
    }

    @Test("of two files with one agent's name the first stays; the second waits until the name is free")
    func conflict() throws {
        var catalog = try catalog("1")
        let copy = try shelf.usable("copy.lua", agent("other"))
        let refused = catalog.offer([copy], occasion: .change, at: 2)
        #expect(
            refused.flatMap(\.diagnostics).map(\.message) == [
                "the agent's name 'good' is that of \(shelf.path("good.lua")), which goes on serving it"
            ])
        #expect(!catalog.offer([copy], occasion: .change, at: 3).contains { $0.isNews })
        #expect(try next(catalog) == version("1"))
        var renamed = catalog
        let gone = catalog.offer([shelf.missing("good.lua")], occasion: .change, at: 4)
        #expect(gone.map(\.kind) == [.loaded, .removed])
        #expect(try next(catalog) == shelf.flow("copy.lua", agent("other")).version)
        // The file that comes back finds its name taken.
        let back = catalog.offer([try shelf.usable("good.lua", agent("1"))], occasion: .change, at: 5)
        #expect(back.map(\.kind) == [.refused])
        #expect(catalog.agentNames == ["good"])

        _ = renamed.offer([try shelf.usable("good.lua", agent("1", name: "better"))], occasion: .change, at: 4)
        #expect(renamed.agentNames == ["better", "good"])
        // Its earlier version had the name that another file has now.
        #expect(
            throws: FlowRefusal(
                .impossible, "in version \(try version("1")) the agent's name is that of \(shelf.path("copy.lua"))")
        ) { try renamed.rollBack(agent: "better", to: nil, at: 5) }
    }

    @Test("a file that is gone refuses new calls and keeps those that run; it may come back")
    func removal() throws {
        var catalog = try catalog("1")
        _ = try catalog.beginCall("a", agent: "good")
        #expect(catalog.offer([shelf.missing("good.lua")], occasion: .change, at: 2).map(\.kind) == [.removed])
        #expect(catalog.offer([shelf.missing("good.lua")], occasion: .change, at: 3).isEmpty)
        #expect(
            throws: FlowRefusal(
                .unknownAgent, "the file of agent “good”, \(shelf.path("good.lua")), is gone; this host has none")
        ) { try catalog.beginCall("b", agent: "good") }
        #expect(states(catalog) == [.removed])
        #expect(catalog.versions.map(\.calls) == [1])
        // It comes back spoilt: then the last good version goes on.
        let spoilt = catalog.offer([shelf.unusable("good.lua", "no")], occasion: .change, at: 4)
        #expect(try spoilt.map(\.previous) == [version("1")])
        #expect(try next(catalog) == version("1"))
    }

    @Test("an agent that is renamed in its file is called by the new name; the old one is told where it went")
    func rename() throws {
        var catalog = try catalog("1")
        _ = catalog.offer([try shelf.usable("good.lua", agent("1", name: "better"))], occasion: .change, at: 2)
        #expect(catalog.agentNames == ["better"])
        #expect(
            throws: FlowRefusal(
                .unknownAgent,
                "agent “good” is now called “better” (\(shelf.path("good.lua"))); this host has: better")
        ) { try catalog.beginCall("a", agent: "good") }
        #expect(try catalog.rollBack(agent: "better", to: nil, at: 3).map(\.agent) == ["good"])

        // As a canary the new name is beside the old one.
        var careful = try self.catalog("1", share: 0.1)
        let better = try shelf.usable("good.lua", agent("1", name: "better"))
        _ = careful.offer([better], occasion: .change, at: 2)
        #expect(careful.agentNames == ["better", "good"])
        for call in 0..<50 {
            #expect(try next(careful, "good", call: "\(call)") != next(careful, "better", call: "\(call)"))
        }
    }

    @Test("a file beside the flows that one of them requires need not return an agent")
    func library() throws {
        var catalog = FlowCatalog()
        try shelf.write("return {}", to: "prices.lua")
        let good = try shelf.usable("good.lua", FlowShelf.agent("good", requires: "prices"))
        let changes = catalog.offer(
            [good, shelf.unusable("prices.lua", "must return an agent")], occasion: .change, at: 1)
        #expect(changes.map(\.kind) == [.loaded])
        #expect(states(catalog) == [.serving])
        let written: Set = [shelf.path("prices.lua")]
        #expect(
            catalog.affected(by: written, folder: shelf.flows) == [shelf.path("good.lua"), shelf.path("prices.lua")])
    }

    @Test("what is read again: flows that require a file, those that failed, and all when a file is new to them")
    func affected() throws {
        var catalog = try catalog("1")
        try shelf.write("return {}", to: "lib/prices.lua")
        let other = try shelf.usable("other.lua", FlowShelf.agent("other", requires: "lib.prices"))
        _ = catalog.offer([other], occasion: .change, at: 1)
        func affected(_ names: String...) -> [String] {
            catalog.affected(by: Set(names.map(shelf.path)), folder: shelf.flows)
                .map { String($0.dropFirst(shelf.flows.count + 1)) }
        }
        #expect(affected("lib/prices.lua") == ["other.lua"])
        #expect(affected("good.lua") == ["good.lua"])
        #expect(affected("new.lua") == ["new.lua"])
        #expect(affected("lib/new.lua") == ["good.lua", "other.lua"])
        _ = catalog.offer([shelf.unusable("good.lua", "no")], occasion: .change, at: 2)
        #expect(affected("lib/prices.lua") == ["good.lua", "other.lua"])
    }

    @Test("ten idle versions of a file are kept, and those on which calls run")
    func bounded() throws {
        var catalog = try catalog("0")
        let first = try catalog.beginCall("a", agent: "good").version
        for number in 1...40 {
            _ = catalog.offer([try shelf.usable("good.lua", agent("\(number)"))], occasion: .change, at: 2)
            #expect(catalog.versions.count <= 11)
        }
        #expect(catalog.versions.first?.version == first)
        catalog.endCall("a")
        #expect(catalog.versions.count == 10)
        #expect(try catalog.versions.last?.version == version("40"))
        for number in 0..<50 {
            let name = "agent\(number).lua"
            _ = catalog.offer([try shelf.usable(name, FlowShelf.agent("\(number)"))], occasion: .change, at: 3)
            _ = catalog.offer([shelf.missing(name)], occasion: .change, at: Int64(4 + number))
        }
        #expect(states(catalog).count { $0 == .removed } == 20)
    }
}
