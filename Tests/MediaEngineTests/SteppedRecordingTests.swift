import Audio
import Foundation
import MediaEngine
import SansIO
import TestSupport
import Testing

@Suite("A recording that is stepped")
struct SteppedRecordingTests {
    @Test("Behind its end it writes nothing: its descriptor is another file's by then")
    func end() throws {
        let folder = try TemporaryFolder("moonline-recording")
        let recording = try SteppedRecording(path: folder.file("recording.wav"))
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        recording.begin(on: call.channel)
        call.run(until: 1_000)
        _ = call.session.close(at: call.now)
        recording.write()
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder.file("recording.wav")))
        #expect(try WAVFile(parsing: Array(whole)).channelCount == 2)

        // The next files that are opened get the descriptor.
        let others = try (0..<8).map { number in
            try folder.write("another's", to: "\(number)")
            return try FileHandle(forUpdating: URL(fileURLWithPath: folder.file("\(number)")))
        }
        recording.write()
        recording.finish()
        for other in others {
            #expect(try other.readToEnd() == Data("another's".utf8))
            try other.close()
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("recording.wav"))) == whole)
    }
}
