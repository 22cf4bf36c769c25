import Audio
import SansIO
import Testing

@Suite("Tones and levels")
struct ToneTests {
    @Test("A generated tone has its frequency, its level, and no other")
    func tone() {
        var generator = ToneGenerator(frequency: 440, level: -20)
        let samples = generator.samples(8_000)
        let detector = ToneDetector(frequency: 440)
        #expect(abs(detector.level(in: samples) - -20) < 0.05)
        #expect(abs(LevelMeter.level(of: samples) - -20) < 0.05)
        #expect(detector.share(in: samples) > 0.999)
        #expect(detector.isPresent(in: samples))
        for other in [220.0, 430, 450, 880, 1_000] {
            #expect(ToneDetector(frequency: other).share(in: samples) < 0.001)
        }
    }

    @Test("A tone is found in 20 ms of µ-law, and in noise as loud as itself")
    func disturbed() {
        var generator = ToneGenerator(frequency: 1_000, level: -20)
        let coded = G711.decode(G711.encode(generator.samples(160), .mu), .mu)
        #expect(ToneDetector(frequency: 1_000).isPresent(in: coded))

        var random = SeededRandom(seed: 12)
        let noisy = generator.samples(1_600).map { $0 &+ Int16.random(in: -5_600...5_600, using: &random) }
        #expect(ToneDetector(frequency: 1_000).isPresent(in: noisy, share: 0.4))
        #expect(!ToneDetector(frequency: 1_500).isPresent(in: noisy, share: 0.4))
    }

    @Test("The phase runs on between calls")
    func phase() {
        var whole = ToneGenerator(frequency: 697)
        var pieces = ToneGenerator(frequency: 697)
        #expect(whole.samples(400) == pieces.samples(150) + pieces.samples(250))
    }

    @Test("Full scale is 0 dBFS for a square wave, −3.01 for a sine; silence and nothing are −120")
    func levels() {
        #expect(abs(LevelMeter.level(of: [Int16.min, .max, .min, .max])) < 0.01)
        var sine = ToneGenerator(frequency: 1_000, level: 0)
        #expect(abs(LevelMeter.level(of: sine.samples(8_000)) - -3.01) < 0.01)
        #expect(LevelMeter.level(of: [Int16](repeating: 0, count: 80)) == LevelMeter.silence)
        #expect(LevelMeter.level(of: [Int16]()) == LevelMeter.silence)
        #expect(LevelMeter.peak(of: [3, -5, 4] as [Int16]) == 5)
        #expect(LevelMeter.peak(of: [Int16.min]) == 32_768)
        #expect(ToneDetector(frequency: 400).share(in: [Int16](repeating: 0, count: 80)) == 0)
        #expect(ToneDetector(frequency: 400).level(in: [Int16]()) == LevelMeter.silence)
    }
}
