import Audio
import Foundation
import MediaEngine
import SansIO
import Testing

@Suite("A recording that is stepped")
struct SteppedRecordingTests {
    @Test("Behind its end it writes nothing: its descriptor is another file's by then")
    func end() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("moonline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("recording.wav").path
        let recording = try SteppedRecording(path: path)
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        recording.begin(on: call.channel)
        call.run(until: 1_000)
        _ = call.session.close(at: call.now)
        recording.write()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(try WAVFile(parsing: Array(whole)).channelCount == 2)

        // The next files that are opened get the descriptor.
        let others = try (0..<8).map { number in
            let file = folder.appendingPathComponent("\(number)")
            try Data("another's".utf8).write(to: file)
            return try FileHandle(forUpdating: file)
        }
        recording.write()
        recording.finish()
        for other in others {
            #expect(try other.readToEnd() == Data("another's".utf8))
            try other.close()
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
    }
}
