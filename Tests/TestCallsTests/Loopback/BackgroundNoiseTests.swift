import Audio
import Testing

@testable import TestCalls

@Suite("Noise around a callee")
struct BackgroundNoiseTests {
    @Test("It has its level, alone and under words", arguments: [-60.0, -40, -20, -10])
    func level(_ decibels: Double) {
        var noise = BackgroundNoise(decibels: decibels, seed: 1)
        let alone = G711.decode(noise.audio(16_000), .mu)
        #expect(abs(LevelMeter.level(of: alone) - decibels) < 1, "\(LevelMeter.level(of: alone))")
        var tone = ToneGenerator(frequency: 440)
        let words = G711.encode(tone.samples(16_000), .mu)
        let heard = zip(G711.decode(noise.add(to: words), .mu), G711.decode(words, .mu)).map { Int16(clamping: Int($0) - Int($1)) }
        // µ-law adds noise of its own to what is loud.
        #expect(LevelMeter.level(of: heard) > decibels - 2)
    }

    @Test("The same seed gives the same noise")
    func seed() {
        var first = BackgroundNoise(decibels: -30, seed: 7)
        var second = BackgroundNoise(decibels: -30, seed: 7)
        var third = BackgroundNoise(decibels: -30, seed: 8)
        let audio = first.audio(800)
        #expect(audio == second.audio(800))
        #expect(audio != third.audio(800))
    }
}
