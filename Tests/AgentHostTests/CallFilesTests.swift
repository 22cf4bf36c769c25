import Conversation
import Foundation
import SansIO
import TestSupport
import Testing

@testable import AgentHost

@Suite("The files of a call")
struct CallFilesTests {
    @Test("lines stand in the order in which they were added, and only the owner can read them")
    func lines() async throws {
        let folder = try TemporaryFolder("line-file")
        let file = try LineFile(path: folder.file("x"))
        for number in 0..<1_000 { file.append("line \(number)".utf8) }
        #expect(await file.close())
        #expect(folder.text(of: "x") == (0..<1_000).map { "line \($0)\n" }.joined())
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.file("x"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // What comes too late is dropped.
        file.append("late".utf8)
        #expect(await file.close())
        #expect(folder.text(of: "x")?.contains("late") == false)
    }

    @Test("a full disk and a file that cannot be made are told", arguments: [true, false])
    func fullDisk(flushesLines: Bool) async throws {
        let file = try LineFile(path: "/dev/full", flushesLines: flushesLines)
        file.append("line".utf8)
        #expect(await file.close() == false)
        #expect(throws: LineFile.Unwritable.self) { try LineFile(path: "/nonexistent/x") }
    }

    @Test("a call leaves an event log of JSON lines and a transcript of time, speaker and text")
    func whole() async throws {
        let folder = try TemporaryFolder("call-files")
        let log = CollectedLog()
        var files = CallFiles(folder: folder.file("a/b"), logger: log.logger)
        files.create()
        files.log(.event, elapsed: .milliseconds(1_234), body: ["event": "start"])
        let began = Instant(nanoseconds: 5_000_000_000)
        files.write(
            TranscriptEntry(
                role: .agent, text: "Hello.", isFinal: true, itemID: "i", startedAt: began + .milliseconds(1_250),
                endedAt: began), began: began)
        await files.close()
        let line = #"{"ns":1234000000,"kind":"in","what":{"event":"start"}}"#
        #expect(folder.text(of: "a/b/events.jsonl") == line + "\n")
        #expect(folder.text(of: "a/b/transcript.txt") == "1.2 s\tagent\tHello.\n")
        #expect(files.eventLogPath == folder.file("a/b/events.jsonl"))
        #expect(files.transcriptPath == folder.file("a/b/transcript.txt"))
    }
}
