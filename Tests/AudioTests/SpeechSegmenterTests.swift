import Audio
import SansIO
import Testing

@Suite("Turns of speech")
struct SpeechSegmenterTests {
    /// Feeds 20 ms frames at 8 kHz: `#` voiced, `.` not.
    static func events(
        _ frames: String, _ settings: SpeechSegmenter.Settings = .init()
    ) -> [SpeechSegmenter.Event] {
        var segmenter = SpeechSegmenter(settings: settings)
        return frames.compactMap { segmenter.receive(isVoiced: $0 == "#", sampleCount: 160) }
    }

    static func dots(_ count: Int) -> String { String(repeating: ".", count: count) }
    static func voice(_ count: Int) -> String { String(repeating: "#", count: count) }

    @Test("A turn begins a padding before its first voiced frame and ends with the silence that ended it")
    func boundaries() {
        let events = Self.events(Self.dots(50) + Self.voice(50) + Self.dots(50))
        #expect(
            events == [
                .speechStarted(at: 50 * 160 - 2_400),
                .speechStopped(at: 100 * 160 + 4_000, lastVoice: 100 * 160),
            ])
    }

    @Test("Padding never reaches before the first sample or into an earlier turn")
    func paddingIsClamped() {
        let settings = SpeechSegmenter.Settings(silenceDuration: .milliseconds(200))
        let events = Self.events(Self.voice(10) + Self.dots(11) + Self.voice(10) + Self.dots(20), settings)
        #expect(
            events == [
                .speechStarted(at: 0), .speechStopped(at: 20 * 160, lastVoice: 10 * 160),
                .speechStarted(at: 20 * 160), .speechStopped(at: 41 * 160, lastVoice: 31 * 160),
            ])
    }

    @Test("A click of 80 ms begins nothing, nor do clicks apart")
    func clicks() {
        #expect(Self.events(Self.dots(20) + Self.voice(4) + Self.dots(60)) == [])
        let apart = String(repeating: Self.voice(2) + Self.dots(8), count: 20)
        #expect(Self.events(apart) == [])
    }

    @Test("Voice broken by single frames still begins a turn")
    func brokenOnset() {
        #expect(Self.events(Self.dots(30) + "##.##.#") == [.speechStarted(at: 30 * 160 - 2_400)])
    }

    @Test("A pause shorter than the silence keeps the turn; a blip in the silence doesn't")
    func pauses() {
        let pause = Self.events(Self.voice(20) + Self.dots(24) + Self.voice(20) + Self.dots(25))
        #expect(pause == [.speechStarted(at: 0), .speechStopped(at: 89 * 160, lastVoice: 64 * 160)])
        let blip = Self.events(Self.voice(20) + Self.dots(12) + "#" + Self.dots(12))
        #expect(blip == [.speechStarted(at: 0), .speechStopped(at: 45 * 160, lastVoice: 20 * 160)])
    }

    @Test("Frames of 10 ms give the same turn as frames of 20 ms")
    func frameLength() {
        var segmenter = SpeechSegmenter()
        var events: [SpeechSegmenter.Event] = []
        for frame in 0..<200 {
            let event = segmenter.receive(isVoiced: (40..<100).contains(frame), sampleCount: 80)
            if let event { events.append(event) }
        }
        #expect(events == [.speechStarted(at: 800), .speechStopped(at: 12_000, lastVoice: 8_000)])
    }

    @Test("Stopping by hand ends a turn at once, and is nothing outside one")
    func stopping() {
        var segmenter = SpeechSegmenter()
        #expect(segmenter.stop() == nil)
        for _ in 0..<10 { _ = segmenter.receive(isVoiced: true, sampleCount: 160) }
        #expect(segmenter.isSpeaking)
        #expect(segmenter.stop() == .speechStopped(at: 1_600, lastVoice: 1_600))
        #expect(!segmenter.isSpeaking)
        #expect(segmenter.position == 1_600)
    }

    @Test("Whatever is fed, starts and stops alternate, in order, inside what was fed")
    func alternation() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<50 {
            var segmenter = SpeechSegmenter(settings: .init(silenceDuration: .milliseconds(200)))
            var expectsStart = true
            var last = 0
            for _ in 0..<400 {
                let voiced = random.chance(segmenter.isSpeaking ? 0.6 : 0.45)
                switch segmenter.receive(
                    isVoiced: voiced, sampleCount: [80, 160, 240].randomElement(using: &random) ?? 80)
                {
                case nil: continue
                case .speechStarted(let at):
                    #expect(expectsStart && at >= last && at < segmenter.position)
                    (expectsStart, last) = (false, at)
                case .speechStopped(let at, let lastVoice):
                    #expect(!expectsStart && at == segmenter.position && lastVoice >= last && lastVoice <= at)
                    (expectsStart, last) = (true, at)
                }
            }
        }
    }
}
