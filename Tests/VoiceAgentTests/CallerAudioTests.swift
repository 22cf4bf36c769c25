import AllocationCount
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

    @Test("A voice can be had again while it lasts and for a while behind, silence for a second or a little more")
    func kept() throws {
        var audio = try CallerAudio(settings: CallerAudio.Settings(keptBehind: .seconds(3)))
        let words = try Samples.speech("This is Carol, and I should like to come at three in the afternoon.")
        var bytes = Samples.silence(milliseconds: 5_000)
        _ = append(bytes, to: &audio)
        #expect((3_000...4_000).contains(audio.start))
        let start = try #require(
            append(words, to: &audio).compactMap { if case .voiceStarted(let at) = $0 { at } else { nil } }.first)
        bytes += words
        #expect(audio.audio(start..<audio.end) == Array(bytes[(start * 8)...].prefix((audio.end - start) * 8)))
        let stops = append(Samples.silence(milliseconds: 3_000), to: &audio)
        guard case .voiceStopped(let stop)? = stops.last else {
            Issue.record("\(stops)")
            return
        }
        #expect(audio.audio(start..<stop) == Array(bytes[start * 8..<stop * 8]))
        #expect(audio.start <= start)
        _ = append(Samples.silence(milliseconds: 2_000), to: &audio)
        #expect(audio.start > stop)
        #expect(audio.audio(start..<stop) == [])
        #expect(audio.audio(audio.end - 1_000..<audio.end + 9_000).count == 8_000)
        #expect(audio.audio(-5..<0) == [])
        #expect(audio.audio(audio.end + 1_000..<audio.end + 2_000) == [])
    }

    @Test("A voice that does not end is kept in part", arguments: [333, Int.max])
    func limit(pieces: Int) throws {
        var audio = try CallerAudio(settings: CallerAudio.Settings(kept: .seconds(2)))
        var bytes: [UInt8] = []
        while bytes.count < 100_000 { bytes += try Samples.speech("One two three four five six seven eight.") }
        var start = 0
        while start < bytes.count {
            let end = pieces < bytes.count - start ? start + pieces : bytes.count
            Array(bytes[start..<end]).withUnsafeBytes { _ = audio.append($0) }
            start = end
        }
        #expect(audio.end == bytes.count / 8)
        #expect((audio.end - 2_800...audio.end - 2_000).contains(audio.start))
        #expect(audio.audio(audio.end - 2_000..<audio.end).count == 16_000)
        #expect(
            audio.audio(audio.start..<audio.end)
                == Array(bytes[(audio.start * 8)...].prefix((audio.end - audio.start) * 8)))
    }

    @Test("A packet allocates nothing")
    func allocations() throws {
        var audio = try CallerAudio()
        let words = try Samples.speech("Tomorrow at three.")
        _ = append(words + Samples.silence(milliseconds: 20_000), to: &audio)
        let packet = Samples.silence(milliseconds: 20)
        let before = allocation_count_of_thread()
        for _ in 0..<10_000 { packet.withUnsafeBytes { _ = audio.append($0) } }
        let silent = allocation_count_of_thread() - before
        #expect(silent == 0)
        // In a voice: what it grows by, and events.
        let talk = allocation_count_of_thread()
        for start in stride(from: 0, to: words.count - 160, by: 160) {
            words.withUnsafeBytes { _ = audio.append(UnsafeRawBufferPointer(rebasing: $0[start..<start + 160])) }
        }
        #expect(allocation_count_of_thread() - talk < 20)
    }
}
