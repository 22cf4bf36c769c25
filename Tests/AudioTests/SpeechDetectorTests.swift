import Audio
import Glibc
import SansIO
import Testing

@Suite("Speech detector")
struct SpeechDetectorTests {
    /// A person's recorded telephone prompt, 8 kHz, from Debian's package `asterisk-core-sounds-en-wav`.
    static let promptPath = "/usr/share/asterisk/sounds/en_US_f_Allison/vm-intro.wav"
    static var hasPrompt: Bool { access(promptPath, R_OK) == 0 }

    static func silence(_ milliseconds: Int) -> [Int16] { [Int16](repeating: 0, count: milliseconds * 8) }

    @Test("A person's prompt between silences is one turn, found within 200 ms", .enabled(if: hasPrompt))
    func prompt() throws {
        let prompt = try WAVFile(contentsOf: Self.promptPath).samples
        let loud = prompt.indices.filter { prompt[$0].magnitude > 1_000 }
        let first = try #require(loud.first) + 8_000
        let last = try #require(loud.last) + 8_000
        let detector = try SpeechDetector(settings: .init(silenceDuration: .milliseconds(800)))
        let events = detector.process(Self.silence(1_000) + prompt + Self.silence(2_000))
        try #require(events.count == 2)
        guard case .speechStarted(let start) = events[0], case .speechStopped(let stop, _) = events[1] else {
            Issue.record("\(events)")
            return
        }
        #expect(abs(start + 2_400 - first) < 1_600)
        #expect(abs(stop - 6_400 - last) < 1_600)
    }

    @Test("How the stream is cut into chunks doesn't matter", .enabled(if: hasPrompt))
    func chunks() throws {
        let audio = Self.silence(500) + (try WAVFile(contentsOf: Self.promptPath).samples) + Self.silence(1_000)
        let whole = try SpeechDetector().process(audio)
        #expect(!whole.isEmpty)
        var random = SeededRandom(seed: 6)
        let detector = try SpeechDetector()
        var events: [SpeechSegmenter.Event] = []
        var rest = audio[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Int.random(in: 1...500, using: &random))
            rest = rest.dropFirst(chunk.count)
            events += detector.process(chunk)
        }
        #expect(events == whole)
    }

    @Test("Silence, clicks, faint noise and a whisper under the gate are no speech")
    func nothing() throws {
        var random = SeededRandom(seed: 8)
        let detector = try SpeechDetector()
        #expect(detector.process(Self.silence(1_000)) == [])
        for _ in 0..<10 {
            var click = Self.silence(300)
            for index in 0..<80 { click[index] = .random(in: -20_000...20_000, using: &random) }
            #expect(detector.process(click) == [])
        }
        let noise = (0..<16_000).map { _ in Int16.random(in: -60...60, using: &random) }
        #expect(detector.process(noise) == [])
    }

    @Test("The WebRTC detector refuses other rates, and frames of other lengths count as no voice")
    func limits() throws {
        #expect(throws: VoiceActivityDetector.Failure.unsupportedRate(11_025)) {
            try VoiceActivityDetector(sampleRate: 11_025)
        }
        let detector = try VoiceActivityDetector()
        #expect(!detector.isSpeech([Int16](repeating: 9_000, count: 123)))
        #expect(!detector.isSpeech([]))
    }
}
