import SansIO
import Testing

@testable import OfflineModel

@Suite("Turn detection")
struct TurnDetectorTests {
    /// Feeds frames of 20 ms, `v` for voiced.
    static func events(_ frames: String, _ change: (inout TurnDetection) -> Void = { _ in }) -> [TurnDetector.Event] {
        var settings = TurnDetection()
        change(&settings)
        var detector = TurnDetector(settings: settings, from: 0)
        return frames.enumerated().compactMap { index, frame in
            detector.receive(isVoiced: frame == "v", from: Int64(index) * 20, to: Int64(index) * 20 + 20)
        }
    }

    private static func row(_ pattern: (String, Int)...) -> String {
        pattern.map { String(repeating: $0.0, count: $0.1) }.joined()
    }

    @Test("Speech begins at the first voiced frame less the padding, and never before the audio")
    func begin() {
        #expect(Self.events(Self.row((".", 30), ("v", 10))).first == .started(at: 300))
        #expect(Self.events(Self.row((".", 5), ("v", 10))).first == .started(at: 0))
        #expect(Self.events(Self.row((".", 30), ("v", 10))) { $0.prefixPadding = 0 }.first == .started(at: 600))
    }

    @Test("A click begins nothing; a higher threshold wants more voice")
    func threshold() {
        #expect(Self.events(Self.row((".", 10), ("v", 3), (".", 30))).isEmpty)
        let short = Self.row((".", 10), ("v", 5), (".", 30))
        #expect(Self.events(short).count == 2)
        #expect(Self.events(short) { $0.threshold = 0.9 }.isEmpty)
    }

    @Test("Speech ends when the silence is as long as asked for; a single voiced frame does not call it off")
    func end() {
        let speech = Self.row((".", 10), ("v", 20), (".", 5), ("v", 1), (".", 30))
        #expect(Self.events(speech).last == .stopped(at: 600 + 200))
        #expect(Self.events(speech) { $0.silenceDuration = 500 }.last == .stopped(at: 600 + 500))
        let resumed = Self.row((".", 10), ("v", 20), (".", 5), ("v", 2), (".", 30))
        #expect(Self.events(resumed).last == .stopped(at: 740 + 200))
    }

    @Test("A turn begins no earlier than the one before it ended")
    func neighbours() {
        let frames = Self.row((".", 20), ("v", 20), (".", 11), ("v", 20), (".", 20))
        #expect(
            Self.events(frames) == [
                .started(at: 100), .stopped(at: 1000), .started(at: 1000), .stopped(at: 1620),
            ])
    }

    @Test("semantic_vad waits as long as its eagerness says")
    func semantic() {
        let patient = TurnDetection(json: ["type": "semantic_vad", "eagerness": "low"], previous: nil)
        let eager = TurnDetection(json: ["type": "semantic_vad", "eagerness": "high"], previous: nil)
        #expect(patient.silenceDuration > eager.silenceDuration)
        #expect(patient.json["silence_duration_ms"] == nil)
    }
}

@Suite("The input buffer's clock")
struct InputAudioBufferTests {
    @Test("Positions survive discarding, taking, clearing and a change of format")
    func clock() {
        var buffer = InputAudioBuffer(format: .pcmu, keepsAudio: true)
        buffer.append([UInt8](repeating: 1, count: 800))
        buffer.append([UInt8](repeating: 2, count: 800))
        #expect(buffer.end == 200)
        buffer.discard(before: 50)
        #expect(buffer.milliseconds == 150)
        #expect(buffer.take(from: 90, to: 110) == [UInt8](repeating: 1, count: 80) + [UInt8](repeating: 2, count: 80))
        #expect(buffer.end == 200)
        #expect(buffer.milliseconds == 90)
        buffer.clear()
        #expect(buffer.end == 200)
        buffer.use(.pcm)
        buffer.append([UInt8](repeating: 3, count: 4800))
        #expect(buffer.end == 300)
        #expect(buffer.take(from: 0, to: 9999).count == 4800)
        #expect(buffer.milliseconds == 0)
    }

    @Test("A counting buffer holds no bytes, only their number")
    func counting() {
        var buffer = InputAudioBuffer(format: .pcmu, keepsAudio: false)
        buffer.append([UInt8](repeating: 1, count: 800))
        buffer.count(800)
        #expect(buffer.end == 200)
        #expect(buffer.take() == [])
        #expect(buffer.end == 200)
    }
}
