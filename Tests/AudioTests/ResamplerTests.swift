import Audio
import SansIO
import Testing

@Suite("Resampler")
struct ResamplerTests {
    struct Rates: CustomTestStringConvertible {
        var from: Int
        var to: Int
        var testDescription: String { "\(from) to \(to) Hz" }
    }

    @Test(
        "A tone keeps its frequency and level between telephone, speech library and model rates",
        arguments: [
            Rates(from: 8_000, to: 16_000), Rates(from: 8_000, to: 24_000), Rates(from: 16_000, to: 8_000),
            Rates(from: 24_000, to: 8_000), Rates(from: 22_050, to: 8_000), Rates(from: 8_000, to: 48_000),
        ])
    func tone(rates: Rates) throws {
        var generator = ToneGenerator(frequency: 1_000, level: -13, sampleRate: rates.from)
        let input = generator.samples(rates.from)
        let output = try Resampler.convert(input, from: rates.from, to: rates.to)
        #expect(output.count == rates.to)
        let detector = ToneDetector(frequency: 1_000, sampleRate: rates.to)
        let middle = output[rates.to / 10..<rates.to * 9 / 10]
        #expect(detector.share(in: middle) > 0.999)
        #expect(abs(detector.level(in: middle) - -13) < 0.1)
    }

    @Test("What the lower rate can't hold is removed, not folded back")
    func aliasing() throws {
        var generator = ToneGenerator(frequency: 6_000, level: -6, sampleRate: 16_000)
        let output = try Resampler.convert(generator.samples(16_000), from: 16_000, to: 8_000)
        #expect(LevelMeter.level(of: output[800..<7_200]) < -80)
    }

    @Test("How a stream is cut into chunks doesn't change its samples")
    func chunks() throws {
        var random = SeededRandom(seed: 4)
        var generator = ToneGenerator(frequency: 440, sampleRate: 8_000)
        let input = generator.samples(8_000)
        let whole = try Resampler(from: 8_000, to: 24_000).process(input)
        let resampler = try Resampler(from: 8_000, to: 24_000)
        var pieces: [Int16] = []
        var rest = input[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Int.random(in: 1...400, using: &random))
            rest = rest.dropFirst(chunk.count)
            pieces += resampler.process(Array(chunk))
        }
        #expect(pieces == whole)
        #expect(whole.count == 24_000)
    }

    @Test("A converted recording isn't delayed: a click stays where it was")
    func delay() throws {
        var input = [Int16](repeating: 0, count: 800)
        input[400] = 30_000
        let output = try Resampler.convert(input, from: 8_000, to: 16_000)
        let loudest = output.indices.max { output[$0].magnitude < output[$1].magnitude }
        #expect(loudest == 800)
    }

    @Test("A stream is delayed by what `latency` says, 5 ms or less from 8 to 16 kHz")
    func latency() throws {
        let resampler = try Resampler(from: 8_000, to: 16_000)
        var input = [Int16](repeating: 0, count: 800)
        input[400] = 30_000
        let output = resampler.process(input)
        let loudest = try #require(output.indices.max { output[$0].magnitude < output[$1].magnitude })
        #expect(abs(loudest - 800 - resampler.latency) <= 1)
        #expect(resampler.latency <= 80)
    }

    @Test("Equal rates pass samples unchanged; a reset stream begins like a new one; odd rates are refused")
    func edges() throws {
        let samples: [Int16] = [1, -2, 3, .max, .min]
        #expect(try Resampler(from: 8_000, to: 8_000).process(samples) == samples)
        #expect(try Resampler.convert([], from: 8_000, to: 16_000) == [])

        let resampler = try Resampler(from: 8_000, to: 16_000)
        var generator = ToneGenerator(frequency: 700)
        let tone = generator.samples(400)
        let first = resampler.process(tone)
        resampler.reset()
        #expect(resampler.process(tone) == first)

        #expect(throws: Resampler.Failure.unsupportedRate(0)) { try Resampler(from: 0, to: 8_000) }
        #expect(throws: Resampler.Failure.unsupportedRate(-1)) { try Resampler(from: 8_000, to: -1) }
    }

    @Test("A small output buffer takes what fits, and the rest of the input can be fed again")
    func smallOutput() throws {
        var generator = ToneGenerator(frequency: 500)
        let input = generator.samples(320)
        let whole = try Resampler(from: 8_000, to: 16_000).process(input)
        let resampler = try Resampler(from: 8_000, to: 16_000)
        var output: [Int16] = []
        var buffer = [Int16](repeating: 0, count: 100)
        var offset = 0
        for _ in 0..<100 where offset < input.count || output.count < whole.count {
            let (consumed, produced) = input[offset...].withUnsafeBufferPointer { source in
                buffer.withUnsafeMutableBufferPointer { resampler.process(source, into: $0) }
            }
            offset += consumed
            output += buffer[..<produced]
        }
        #expect(output == whole)
    }
}
