import ArgumentParser
import Conversation
import SansIO
import TestSupport
import Testing

@testable import moonline

@Suite("moonline replay")
struct ReplayCommandTests {
    private static let beginning = CallLogBeginning(
        seed: 1, clock: .zero, flowPath: "flows/none.lua",
        configuration: CallSession.Configuration(
            facts: CallFacts(
                id: "c", to: "+1", from: "", direction: .outbound, metadata: [:], startedAt: 0, room: "r",
                version: "0a1b2c"),
            definition: AgentDefinition(name: "a", instructions: "i")),
        script: [:])

    private func message(_ bytes: [UInt8]) throws -> String {
        let folder = try TemporaryFolder("replay-command")
        try folder.write(bytes, to: "events.jsonl")
        do {
            _ = try ReplayCommand.log(at: folder.path)
            return ""
        } catch {
            return "\(error)".replacing(folder.path + "/", with: "")
        }
    }

    @Test("the log of a call is found in the call's folder, with or without a slash, and by its own name")
    func folder() throws {
        let folder = try TemporaryFolder("replay-command")
        let line = CallLog.line(.begin, elapsed: .zero, body: Self.beginning.logged)
        try folder.write(line + [10], to: "events.jsonl")
        for path in [folder.path, folder.path + "/", folder.file("events.jsonl")] {
            #expect(try ReplayCommand.log(at: path).beginning.seed == 1)
        }
        #expect(throws: ReplayCommand.Unusable.self) { try ReplayCommand.log(at: folder.path + "/..") }
        #expect(throws: FileSystem.Unreadable.self) { try ReplayCommand.log(at: folder.file("none.jsonl")) }
    }

    @Test("empty, foreign, broken and endless files give one sentence that names the file")
    func foreign() throws {
        #expect(try message([]) == "events.jsonl: the file is empty; give the events.jsonl of a call that was made.")
        #expect(try message(Array("hello\n".utf8)).hasPrefix("events.jsonl: line 1 is not the beginning of"))
        #expect(try message([UInt8](repeating: 0, count: 100_000)).hasPrefix("events.jsonl: line 1 is not"))
        let first = CallLog.line(.begin, elapsed: .zero, body: Self.beginning.logged) + [10]
        #expect(try message(first + Array("{}\n".utf8)).hasPrefix("events.jsonl: line 2 is not one of an event log"))
        #expect(throws: FileSystem.Unreadable.self) { try FileSystem.read("/dev/zero", maximumBytes: 1 << 20) }
        #expect(throws: FileSystem.Unreadable.self) { try FileSystem.read("/", maximumBytes: 1 << 20) }
    }

    @Test("a log of half a million lines is read")
    func huge() throws {
        var bytes = CallLog.line(.begin, elapsed: .zero, body: Self.beginning.logged) + [10]
        let event = CallLog.line(.event, elapsed: .seconds(1), body: CallSession.Event.media(.drained).logged) + [10]
        for _ in 0..<500_000 { bytes += event }
        let folder = try TemporaryFolder("replay-command")
        try folder.write(bytes, to: "events.jsonl")
        #expect(try ReplayCommand.log(at: folder.path).entries.count == 500_000)
    }

    @Test("a test is written instead of a replay, not with one")
    func options() throws {
        #expect(throws: (any Error).self) { try ReplayCommand.parse(["a", "--to-test", "b.lua", "--json"]) }
        #expect(throws: (any Error).self) { try ReplayCommand.parse(["a", "--to-test", "b.lua", "--flow", "c.lua"]) }
        #expect(throws: (any Error).self) { try ReplayCommand.parse([]) }
        #expect(try ReplayCommand.parse(["a", "--flow", "c.lua", "--json"]).flow == "c.lua")
    }
}
