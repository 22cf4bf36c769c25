import Audio
import Conversation
import SansIO
import Testing
import VoiceAgent

@Suite("What the caller said")
struct CallerAudioTests {
    private func append(_ bytes: [UInt8], to audio: inout CallerAudio, pieces: Int = 160) -> [PipelineEvent] {
        var events: [PipelineEvent] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            Array(bytes[start..<min(bytes.count, start + pieces)]).withUnsafeBytes { events += audio.append($0) }
        }
        return events
    }

    @Test("A voice begins with its padding, and ends where it was last heard, a short pause later")
    func voice() throws {
        let words = try Samples.speech("Hello, this is Carol.")
        var audio = try CallerAudio()
        let before = Samples.silence(milliseconds: 1_000)
        let events = append(before + words + Samples.silence(milliseconds: 1_000), to: &audio)
        #expect(audio.end == 2_000 + words.count / 8)
        guard case .voiceStarted(let start) = events.first, case .voiceStopped(let stop) = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect((700...1_200).contains(start))
        #expect(abs(stop - (1_000 + words.count / 8)) < 200)
    }

    @Test("However the audio is cut, voices are the same", arguments: [1, 80, 237, 10_000])
    func pieces(size: Int) throws {
        let bytes =
            Samples.silence(milliseconds: 500) + (try Samples.speech("Tomorrow at three."))
            + Samples.silence(milliseconds: 600) + (try Samples.speech("Thank you."))
            + Samples.silence(milliseconds: 700)
        var whole = try CallerAudio()
        var cut = try CallerAudio()
        let expected = append(bytes, to: &whole)
        #expect(expected.count >= 4)
        #expect(append(bytes, to: &cut, pieces: size) == expected)
    }

    @Test("The pause that ends a voice is about 200 ms: events come that soon")
    func promptness() throws {
        let words = try Samples.speech("Yes.")
        var audio = try CallerAudio()
        _ = append(Samples.silence(milliseconds: 500) + words, to: &audio)
        var waited = 0
        while append(Samples.silence(milliseconds: 20), to: &audio).isEmpty {
            waited += 20
            guard waited < 1_000 else { break }
        }
        #expect(waited <= 260)
    }

    @Test("Audio can be had again for a minute; what is older, or has not come, is left out")
    func ring() throws {
        var settings = CallerAudio.Settings()
        settings.kept = .seconds(2)
        var audio = try CallerAudio(settings: settings)
        let bytes = (0..<40_003).map { UInt8(truncatingIfNeeded: $0 &* 7 + $0 / 256) }
        _ = append(bytes, to: &audio, pieces: 333)
        #expect(audio.end == 5_000)
        #expect(audio.start == 3_001)
        #expect(audio.audio(4_000..<4_500) == Array(bytes[32_000..<36_000]))
        #expect(audio.audio(3_001..<5_000) == Array(bytes[24_008..<40_000]))
        #expect(audio.audio(0..<9_000) == Array(bytes.suffix(16_000)))
        #expect(audio.audio(0..<3_000) == [])
        #expect(audio.audio(6_000..<7_000) == [])
        #expect(audio.audio(-5..<0) == [])
        // One packet that is longer than the ring.
        _ = append(bytes, to: &audio, pieces: .max)
        #expect(audio.audio(0..<20_000) == Array(bytes.suffix(16_000)))
    }
}
