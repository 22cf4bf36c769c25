extension WAVFile {
    /// Why bytes are not a sound file of a kind that ``WAVFile`` reads.
    public enum ParseError: Error, Equatable {
        /// The file doesn't begin as `RIFF` … `WAVE`.
        case notWAVE
        /// The chunk that begins at `offset` claims more bytes than the file has.
        case truncatedChunk(offset: Int)
        /// No `fmt ` chunk before the samples, or one shorter than 16 bytes.
        case missingFormat
        /// No `data` chunk.
        case missingSamples
        /// A coding other than linear of 8, 16, 24 or 32 bits, A-law or µ-law.
        case unsupportedCoding(format: Int, bitsPerSample: Int)
        /// A number of channels outside 1…``WAVFile/maximumChannels``.
        case unsupportedChannelCount(Int)
        /// A rate outside ``WAVFile/supportedRates``. [Hz]
        case unsupportedRate(Int)
    }

    private enum Coding {
        /// Little-endian; one byte is unsigned, more are signed.
        case linear(bytesPerSample: Int)
        case companded(G711.Law)
    }

    private struct Format {
        var coding: Coding
        var channelCount: Int
        var sampleRate: Int
    }

    /// Reads a whole file. Unknown chunks are skipped, and a last frame that isn't whole is left out.
    ///
    /// A `data` length of 0 or 2³²−1, which a recorder leaves that was cut off, stands for all bytes that follow.
    ///
    /// - Throws: ``ParseError``. No input traps.
    public init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count >= 12, Self.tag(bytes, at: 0) == "RIFF", Self.tag(bytes, at: 8) == "WAVE" else {
            throw .notWAVE
        }
        var format: Format?
        var offset = 12
        while offset + 8 <= bytes.count {
            let name = Self.tag(bytes, at: offset)
            let claimed = Self.integer(bytes, at: offset + 4, byteCount: 4)
            let start = offset + 8
            let rest = bytes.count - start
            if name == "data" {
                guard let format else { throw .missingFormat }
                let isOpen = claimed == 0 || claimed == Int(UInt32.max)
                if !isOpen, claimed > rest { throw .truncatedChunk(offset: offset) }
                let body = bytes[start..<start + (isOpen ? rest : claimed)]
                self.init(format, body)
                return
            }
            if claimed > rest { throw .truncatedChunk(offset: offset) }
            if name == "fmt " { format = try Self.parseFormat(bytes, at: start, byteCount: claimed) }
            offset = start + claimed + claimed & 1
        }
        throw format == nil ? .missingFormat : .missingSamples
    }

    private init(_ format: Format, _ body: ArraySlice<UInt8>) {
        var samples: [Int16]
        switch format.coding {
        case .companded(let law):
            samples = G711.decode(body, law)
        case .linear(bytesPerSample: 1):
            samples = body.map { Int16(bitPattern: UInt16($0 ^ 0x80) << 8) }
        case .linear(let size):
            samples = []
            samples.reserveCapacity(body.count / size)
            // The two highest bytes are the last two.
            for last in stride(from: body.startIndex + size - 1, to: body.endIndex, by: size) {
                samples.append(Int16(bitPattern: UInt16(body[last - 1]) | UInt16(body[last]) << 8))
            }
        }
        samples.removeLast(samples.count % format.channelCount)
        self.init(sampleRate: format.sampleRate, channelCount: format.channelCount, samples: samples)
    }

    private static func parseFormat(
        _ bytes: [UInt8], at start: Int, byteCount: Int
    ) throws(ParseError) -> Format {
        guard byteCount >= 16 else { throw .missingFormat }
        var number = integer(bytes, at: start, byteCount: 2)
        if number == extensibleFormat, byteCount >= 40 {
            // The first two bytes of the sub-format's GUID are the format that it extends.
            number = integer(bytes, at: start + 24, byteCount: 2)
        }
        let channelCount = integer(bytes, at: start + 2, byteCount: 2)
        let sampleRate = integer(bytes, at: start + 4, byteCount: 4)
        let bitsPerSample = integer(bytes, at: start + 14, byteCount: 2)
        let coding: Coding
        switch (number, bitsPerSample) {
        case (1, 8), (1, 16), (1, 24), (1, 32): coding = .linear(bytesPerSample: bitsPerSample / 8)
        case (6, 8): coding = .companded(.a)
        case (7, 8): coding = .companded(.mu)
        default: throw .unsupportedCoding(format: number, bitsPerSample: bitsPerSample)
        }
        guard (1...maximumChannels).contains(channelCount) else { throw .unsupportedChannelCount(channelCount) }
        guard supportedRates.contains(sampleRate) else { throw .unsupportedRate(sampleRate) }
        return Format(coding: coding, channelCount: channelCount, sampleRate: sampleRate)
    }

    /// `WAVE_FORMAT_EXTENSIBLE`: the real format follows in a longer chunk.
    private static let extensibleFormat = 0xFFFE

    private static func tag(_ bytes: [UInt8], at offset: Int) -> String {
        String(decoding: bytes[offset..<offset + 4], as: Unicode.ASCII.self)
    }

    /// An unsigned little-endian integer; the caller has checked that it lies within the file.
    private static func integer(_ bytes: [UInt8], at offset: Int, byteCount: Int) -> Int {
        bytes[offset..<offset + byteCount].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
