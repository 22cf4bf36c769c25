import Audio
import Glibc
import SansIO
import Testing

@Suite("WAV files")
struct WAVFileTests {
    /// A file as another program might have written it.
    static func file(
        format: Int, channels: Int, rate: Int, bits: Int, data: [UInt8], before: [UInt8] = [],
        formatExtra: [UInt8] = [], claimed: Int? = nil
    ) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let frame = channels * bits / 8
        let formatChunk =
            little(format, 2) + little(channels, 2) + little(rate, 4) + little(rate * frame, 4) + little(frame, 2)
            + little(bits, 2) + formatExtra
        let body =
            Array("WAVE".utf8) + before + Array("fmt ".utf8) + little(formatChunk.count, 4) + formatChunk
            + Array("data".utf8) + little(claimed ?? data.count, 4) + data
        return Array("RIFF".utf8) + little(body.count, 4) + body
    }

    @Test("What is written is read back, mono and stereo, at any rate")
    func roundTrip() throws {
        var random = SeededRandom(seed: 9)
        for (rate, channels) in [(8_000, 1), (8_000, 2), (24_000, 1), (44_100, 2), (48_000, 6)] {
            let samples = (0..<channels * 77).map { _ in Int16.random(in: .min ... .max, using: &random) }
            let file = WAVFile(sampleRate: rate, channelCount: channels, samples: samples)
            #expect(try WAVFile(parsing: file.bytes) == file)
            #expect(file.frameCount == 77)
        }
    }

    @Test("The header is the 44 bytes that every player knows")
    func header() {
        let header = WAVFile.header(sampleRate: 8_000, channelCount: 2, dataByteCount: 640)
        #expect(header.count == WAVFile.headerByteCount)
        #expect(
            header == Array(Self.file(format: 1, channels: 2, rate: 8_000, bits: 16, data: [], claimed: 640)[..<4])
                + [0xA4, 0x02, 0, 0]
                + Array(Self.file(format: 1, channels: 2, rate: 8_000, bits: 16, data: [], claimed: 640)[8...]))
    }

    @Test("G.711 is decoded: format 6 is A-law, format 7 µ-law")
    func companded() throws {
        let octets: [UInt8] = [0x00, 0x80, 0xFF, 0x55, 0xD5]
        for (format, law) in [(6, G711.Law.a), (7, .mu)] {
            let file = try WAVFile(
                parsing: Self.file(format: format, channels: 1, rate: 8_000, bits: 8, data: octets))
            #expect(file.samples == G711.decode(octets, law))
            #expect(file.duration == .microseconds(625))
        }
    }

    @Test("Other chunks are skipped, with their padding; EXTENSIBLE is unwrapped; half a frame is dropped")
    func tolerance() throws {
        let list = Array("LIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0]
        let guid: [UInt8] =
            [22, 0, 16, 0, 3, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
        let bytes = Self.file(
            format: 0xFFFE, channels: 2, rate: 8_000, bits: 16, data: [1, 0, 2, 0, 3, 0, 4], before: list,
            formatExtra: guid)
        let file = try WAVFile(parsing: bytes)
        #expect(file.samples == [1, 2])
        #expect(file.channel(0) == [1])
        #expect(file.channel(1) == [2])
        #expect(file.channel(2) == [])
        #expect(file.mono == [1])
    }

    @Test("A recording whose recorder was cut off reads to the end of the file", arguments: [0, 0xFFFF_FFFF])
    func openLength(claimed: Int) throws {
        let bytes = Self.file(format: 1, channels: 1, rate: 8_000, bits: 16, data: [5, 0, 6, 0], claimed: claimed)
        #expect(try WAVFile(parsing: bytes).samples == [5, 6])
    }

    @Test(
        "Linear samples of every width become 16 bits; a last sample that is not whole is left out",
        arguments: [
            (8, [0x80, 0x00, 0xFF, 0x81] as [UInt8], [0, -32_768, 32_512, 256] as [Int16]),
            (16, [0x34, 0x12, 0x00, 0x80, 0x01], [0x1234, -32_768]),
            (24, [0xFF, 0x34, 0x12, 0x00, 0x00, 0x80, 0xFF, 0xFF], [0x1234, -32_768]),
            (32, [0xFF, 0xFF, 0x34, 0x12, 0, 0, 0, 0x80, 1, 2, 3], [0x1234, -32_768]), (24, [0, 0], []),
        ])
    func widths(bits: Int, data: [UInt8], samples: [Int16]) throws {
        let bytes = Self.file(format: 1, channels: 1, rate: 8_000, bits: bits, data: data)
        #expect(try WAVFile(parsing: bytes).samples == samples)
    }

    @Test("Every fault has its own error")
    func faults() {
        func expect(_ error: WAVFile.ParseError, _ bytes: [UInt8], _ location: SourceLocation = #_sourceLocation) {
            #expect(throws: error, sourceLocation: location) { try WAVFile(parsing: bytes) }
        }
        expect(.notWAVE, [])
        expect(.notWAVE, Array("RIFFxxxxWAVX".utf8))
        expect(.missingFormat, Array("RIFFxxxxWAVE".utf8))
        expect(.missingFormat, Array("RIFFxxxxWAVEdata".utf8) + [0, 0, 0, 0])
        expect(.missingFormat, Array("RIFFxxxxWAVEfmt ".utf8) + [2, 0, 0, 0, 1, 0])
        expect(.truncatedChunk(offset: 12), Array("RIFFxxxxWAVEfmt ".utf8) + [16, 0, 0, 0, 1, 0])
        let good = Self.file(format: 1, channels: 1, rate: 8_000, bits: 16, data: [1, 0, 2, 0])
        expect(.truncatedChunk(offset: 36), Array(good.dropLast()))
        expect(.missingSamples, Array(good[..<36]))
        expect(
            .unsupportedCoding(format: 1, bitsPerSample: 12),
            Self.file(format: 1, channels: 1, rate: 8_000, bits: 12, data: []))
        expect(
            .unsupportedCoding(format: 3, bitsPerSample: 32),
            Self.file(format: 3, channels: 1, rate: 8_000, bits: 32, data: []))
        expect(.unsupportedChannelCount(0), Self.file(format: 1, channels: 0, rate: 8_000, bits: 16, data: []))
        expect(.unsupportedChannelCount(33), Self.file(format: 1, channels: 33, rate: 8_000, bits: 16, data: []))
        expect(.unsupportedRate(0), Self.file(format: 1, channels: 1, rate: 0, bits: 16, data: []))
    }

    @Test("No mutation of a good file traps; what parses is whole frames")
    func mutations() {
        var random = SeededRandom(seed: 1_991)
        let seeds = [
            Self.file(format: 1, channels: 2, rate: 8_000, bits: 16, data: [UInt8](repeating: 7, count: 40)),
            Self.file(format: 7, channels: 1, rate: 8_000, bits: 8, data: [UInt8](repeating: 7, count: 40)),
            Self.file(format: 1, channels: 1, rate: 8_000, bits: 24, data: [UInt8](repeating: 7, count: 40)),
        ]
        var parsed = 0
        for round in 0..<5_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(.random(in: .min ... .max, using: &random), at: index)
                case 2: bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &random))
                default: bytes[index] = .random(in: .min ... .max, using: &random)
                }
            }
            do {
                let file = try WAVFile(parsing: bytes)
                #expect(file.samples.count % file.channelCount == 0)
                parsed += 1
            } catch {
                continue
            }
        }
        #expect((100..<4_900).contains(parsed))
    }

    @Test("A file on disk is written and read back; a missing one names its path and errno")
    func disk() throws {
        let path = "/tmp/moonline-wav-\(getpid()).wav"
        defer { unlink(path) }
        let file = WAVFile(sampleRate: 8_000, left: [1, 2, 3], right: [4])
        #expect(file.samples == [1, 4, 2, 0, 3, 0])
        try file.write(to: path)
        #expect(try WAVFile(contentsOf: path) == file)
        #expect(throws: WAVFile.FileError.system(path: "/nonexistent.wav", code: ENOENT)) {
            try WAVFile(contentsOf: "/nonexistent.wav")
        }
        #expect(throws: WAVFile.FileError.malformed(path: "/dev/null", .notWAVE)) {
            try WAVFile(contentsOf: "/dev/null")
        }
    }
}
