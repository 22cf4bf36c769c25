import Conversation
import Foundation
import LuaRuntime
import ScriptAPI
import TestSupport
import Testing

@testable import AgentHost

@Suite("The library of flows, on a real folder", .serialized, .timeLimit(.minutes(1)))
struct FlowLibraryTests {
    /// A library, and all that it tells.
    private struct Open {
        let shelf: FlowShelf
        let library: FlowLibrary
        let news: Watched<[FlowNews]>
        let swaps: Watched<[String]>

        init(
            _ shelf: FlowShelf, share: Double = 1,
            verify: @escaping @Sendable (Flow) async -> [FlowDiagnostic] = { _ in [] }
        ) async throws {
            let news = Watched<[FlowNews]>([])
            let swaps = Watched<[String]>([])
            var configuration = FlowLibrary.Configuration(folder: shelf.flows + "/")
            configuration.policy.canaryShare = share
            configuration.verify = verify
            configuration.tell = { item in news.update { $0.append(item) } }
            configuration.swapped = { flow in swaps.update { $0.append(flow.version) } }
            self.shelf = shelf
            self.news = news
            self.swaps = swaps
            library = try await FlowLibrary.open(configuration)
        }

        var changes: [FlowChange] { Open.changes(news.value) }

        static func changes(_ news: [FlowNews]) -> [FlowChange] {
            news.compactMap { if case .change(let change) = $0 { change } else { nil } }
        }

        /// Waits for the change of that number, from 0.
        func change(_ number: Int) async throws -> FlowChange {
            try await news.wait(for: "change \(number)") { news in
                let changes = Open.changes(news)
                return changes.indices.contains(number) ? changes[number] : nil
            }
        }
    }

    private static func shelf(_ text: String = "1") throws -> FlowShelf {
        let shelf = try FlowShelf()
        try shelf.write(FlowShelf.agent("good", text), to: "good.lua")
        return shelf
    }

    @Test("an edit serves, a half-written file does not, the next save mends it; each is told once")
    func edits() async throws {
        let open = try await Open(Self.shelf())
        let library = open.library
        let first = try library.beginCall("a", agent: "good")
        #expect(open.changes.map(\.kind) == [.loaded])

        let text = FlowShelf.agent("good", "2")
        try open.shelf.write(String(text.prefix(text.count / 2)), to: "good.lua")
        let refused = try await open.change(1)
        #expect(refused.kind == .refused && refused.previous == first.version)
        #expect(refused.diagnostics.first?.file == open.shelf.path("good.lua"))
        #expect(try library.beginCall("b", agent: "good").version == first.version)

        try open.shelf.write(text, to: "good.lua")
        let loaded = try await open.change(2)
        #expect(loaded.kind == .loaded && loaded.previous == first.version)
        #expect(loaded.files == [open.shelf.path("good.lua")])
        #expect(loaded.duration.map { $0 < .seconds(5) } == true)
        #expect(try library.beginCall("c", agent: "good").version == loaded.version)
        #expect(library.versions.map(\.calls) == [2, 1])
        try await open.swaps.wait(for: "the swap") { $0 == [loaded.version] ? true : nil }
        await library.shutDown()
    }

    @Test("a file below that flows require reloads them, and only them")
    func dependency() async throws {
        let shelf = try Self.shelf()
        try shelf.write("return 1", to: "lib/prices.lua")
        for name in ["x", "y"] {
            try shelf.write(FlowShelf.agent(name, requires: "lib.prices"), to: "\(name).lua")
        }
        let open = try await Open(shelf)
        #expect(open.changes.count == 3)
        try shelf.write("return 2", to: "lib/prices.lua")
        let changes = [try await open.change(3), try await open.change(4)]
        #expect(changes.map(\.agent) == ["x", "y"] && changes.allSatisfy { $0.kind == .loaded })
        #expect(changes.allSatisfy { $0.files == [shelf.path("lib/prices.lua")] })
        // What it does not say loads in neither.
        try shelf.remove("lib/prices.lua")
        let refused = [try await open.change(5), try await open.change(6)]
        #expect(refused.map(\.kind) == [.refused, .refused])
        try shelf.write("return 2", to: "lib/prices.lua")
        #expect(try await open.change(8).kind == .mended)
        #expect(open.changes.count == 9)
        #expect(open.library.agentNames == ["good", "x", "y"])
        await open.library.shutDown()
    }

    @Test("what the verification finds keeps a version from serving; it runs once a version, and beside the calls")
    func verification() async throws {
        let shelf = try Self.shelf()
        let verified = Watched<[String]>([])
        let gate = Watched(false)
        let open = try await Open(shelf) { flow in
            verified.update { $0.append(flow.definition.instructions) }
            guard flow.definition.instructions.contains("bad") else { return [] }
            do {
                try await gate.wait(for: "the gate") { $0 ? true : nil }
            } catch {
                return [FlowDiagnostic(file: flow.path, message: "\(error)")]
            }
            return [FlowDiagnostic(file: "tests/good.lua", line: 3, message: "the agent did not hang up")]
        }
        let first = try open.library.beginCall("a", agent: "good").version
        try shelf.write(FlowShelf.agent("good", "bad"), to: "good.lua")
        try await verified.wait(for: "the verification") { $0.count == 2 ? true : nil }
        // While the test calls run, calls are taken.
        #expect(try open.library.beginCall("b", agent: "good").version == first)
        gate.update { $0 = true }
        let refused = try await open.change(1)
        #expect(refused.kind == .refused && refused.version != nil && refused.previous == first)
        #expect(refused.diagnostics.map(\.message) == ["the agent did not hang up"])
        #expect(open.library.versions.map(\.state) == [.serving, .failed])

        // A touch asks for no second look, an operator does.
        try shelf.write(FlowShelf.agent("good", "bad"), to: "good.lua")
        try shelf.write(FlowShelf.agent("other"), to: "other.lua")
        #expect(try await open.change(2).agent == "other")
        #expect(verified.value.count == 3)
        let again = try await open.library.reload(agent: "good", isPromoted: false)
        #expect(again.map(\.kind) == [.refused])
        #expect(verified.value.count == 4)
        #expect(open.changes.count == 3)
        try shelf.write(FlowShelf.agent("good", "1"), to: "good.lua")
        #expect(try await open.change(3).kind == .mended)
        #expect(verified.value.count == 4)
        await open.library.shutDown()
    }

    @Test("an end during a verification does not wait for it, and answers who waits")
    func endDuringVerification() async throws {
        let shelf = try Self.shelf()
        let hasBegun = Watched(false)
        let open = try await Open(shelf) { flow in
            guard flow.definition.instructions.contains("slow") else { return [] }
            hasBegun.update { $0 = true }
            let never = Watched(false)
            do {
                try await never.wait(for: "the end of the world", limit: .seconds(50)) { $0 ? true : nil }
                return []
            } catch {
                return [FlowDiagnostic(file: flow.path, message: "given up")]
            }
        }
        try shelf.write(FlowShelf.agent("good", "slow"), to: "good.lua")
        try await hasBegun.wait(for: "the verification") { $0 ? true : nil }
        let library = open.library
        let waiting = Task { try await library.reload(agent: nil, isPromoted: false) }
        let began = ContinuousClock.now
        await library.shutDown()
        #expect(try await waiting.value.isEmpty)
        #expect(ContinuousClock.now - began < .seconds(10))
        #expect(try await library.reload(agent: nil, isPromoted: false).isEmpty)
        #expect(open.changes.count == 1)
    }

    @Test("a reload reads all files and tells of each what became of it; a rollback holds until then")
    func reload() async throws {
        let shelf = try Self.shelf()
        let open = try await Open(shelf)
        try shelf.write(FlowShelf.agent("good", "2"), to: "good.lua")
        let second = try await open.change(1)
        let back = try open.library.rollBack(agent: "good", to: nil)
        #expect(back.previous == second.version)
        try shelf.write("return 1", to: "bad.lua")
        #expect(try await open.change(3).kind == .refused)
        let changes = try await open.library.reload(agent: nil, isPromoted: false)
        #expect(changes.map(\.kind) == [.refused, .loaded])
        #expect(changes.map(\.version) == [nil, second.version])
        await #expect(throws: FlowRefusal(.unknownAgent, "there is no agent “bad”; this host has: good")) {
            try await open.library.reload(agent: "bad", isPromoted: false)
        }
        #expect(try await open.library.reload(agent: "good", isPromoted: true).map(\.kind) == [.unchanged])
        await open.library.shutDown()
    }

    @Test("a canary tells the running calls of nothing until it is promoted")
    func canary() async throws {
        let shelf = try Self.shelf()
        let open = try await Open(shelf, share: 0.2)
        try shelf.write(FlowShelf.agent("good", "2"), to: "good.lua")
        #expect(try await open.change(1).kind == .canary)
        #expect(open.swaps.value.isEmpty)
        let promoted = try await open.library.reload(agent: nil, isPromoted: true)
        #expect(promoted.map(\.kind) == [.promoted])
        #expect(open.swaps.value == promoted.map(\.version))
        await open.library.shutDown()
    }

    @Test("what is read is a snapshot: a flow never has a file of one moment and another of a later one")
    func snapshot() async throws {
        let shelf = try FlowShelf()
        // The library is always written first: a snapshot has it as old as the flow, or one younger.
        func write(_ number: Int) throws {
            try shelf.write("return \(number)", to: "lib/number.lua")
            try shelf.write(
                """
                local moonline = require "moonline"
                local wasted = 0
                for number = 1, 1000000 do wasted = wasted + number end
                local number = require "lib.number"
                return moonline.agent { name = "good", instructions = "\(number) " .. number }
                """, to: "good.lua")
        }
        try write(0)
        let path = shelf.path("good.lua")
        // Between the reading of one file and of the other there is time for many writes.
        var limits = ScriptLimits()
        limits.lua.processorTime = .seconds(2)
        let loader = FlowLoader(folder: shelf.flows, limits: limits)
        var number = 0
        var usable = 0
        for _ in 0..<10 {
            let numbers = (number + 1)...(number + 20)
            number += 20
            async let reading = loader.read([path])
            for number in numbers { try write(number) }
            guard case .usable(let flow)? = try await reading.first?.result else { continue }
            usable += 1
            let found = flow.definition.instructions.split(separator: " ").compactMap { Int($0) }
            try #require(found.count == 2)
            #expect((0...1).contains(found[1] - found[0]), "\(found)")
        }
        #expect(usable > 0)
    }
}
