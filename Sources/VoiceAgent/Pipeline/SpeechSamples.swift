import Audio

/// Makes µ-law at 8 kHz of a stream of bytes that are samples, with or without a WAV file's header.
///
/// The result begins and ends with the speech: the converter's delay is cut off, so that sentences follow each other
/// without a seam.
struct SpeechSamples {
    /// The bytes are no samples.
    struct Failure: Error {
        /// What they are instead.
        var what: String
    }

    private enum State {
        /// The first bytes, until they tell what comes; then a WAV file's header until its samples begin.
        case undecided(seen: [UInt8])
        case samples(SampleConverter)
        /// The samples of a WAV file are over.
        case ended
    }

    private let rate: Int
    private let wrongType: String?
    /// The type says that samples come; otherwise the bytes have to.
    private let isNamed: Bool
    private var state = State.undecided(seen: [])

    /// OpenAI's rate of samples without header. [Hz]
    private static let defaultRate = 24_000
    /// A header that is longer is none. [byte]
    private static let longestHeader = 65_536

    /// - Parameter contentType: In lower case.
    init(contentType: String) {
        let media = contentType.prefix { $0 != ";" && $0 != " " }
        let compressed = ["mpeg", "mp3", "ogg", "opus", "aac", "flac", "mp4", "webm"]
        // A page, or an error that is told as a success. Events are taken apart before their samples come here.
        let isText = media.hasPrefix("text/") && media != "text/event-stream"
        wrongType = isText || compressed.contains { media == "audio/" + $0 } ? String(media) : nil
        isNamed = media.hasPrefix("audio/") || media == "text/event-stream" || media == "application/json"
        rate =
            contentType.split { $0 == ";" || $0 == " " }.first { $0.hasPrefix("rate=") }
            .flatMap { Int($0.dropFirst("rate=".count)) } ?? SpeechSamples.defaultRate
    }

    mutating func receive(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        if let wrongType { throw Failure(what: wrongType) }
        switch state {
        case .undecided(let seen):
            state = .undecided(seen: seen + bytes)
            return try decide(seen + bytes)
        case .samples(var converter):
            let audio = converter.convert(bytes)
            state = converter.isFinished ? .ended : .samples(converter)
            return audio
        case .ended: return []
        }
    }

    /// The stream has ended: gives what the converter still holds.
    mutating func finish() throws(Failure) -> [UInt8] {
        defer { state = .ended }
        switch state {
        case .undecided(let seen):
            if let what = SpeechSamples.kind(of: seen, isNamed: isNamed) { throw Failure(what: what) }
            // Fewer bytes than a header: samples, unless a WAV file was cut off.
            guard !seen.starts(with: "RIFF".utf8), var converter = plainConverter else { return [] }
            return converter.convert(seen) + converter.finish()
        case .samples(var converter): return converter.finish()
        case .ended: return []
        }
    }

    private var plainConverter: SampleConverter? {
        SampleConverter(coding: .linear, rate: rate, channelCount: 1, byteCount: nil)
    }

    private mutating func decide(_ seen: [UInt8]) throws(Failure) -> [UInt8] {
        guard seen.count >= (isNamed ? 4 : SpeechSamples.tellingBytes) else { return [] }
        if let what = SpeechSamples.kind(of: seen, isNamed: isNamed) { throw Failure(what: what) }
        guard seen.starts(with: "RIFF".utf8) else {
            guard let converter = plainConverter else { throw Failure(what: "samples at \(rate) Hz") }
            return begin(converter, seen[...])
        }
        guard let (converter, start) = try SpeechSamples.readHeader(seen) else {
            guard seen.count <= SpeechSamples.longestHeader else { throw Failure(what: "an endless WAV header") }
            return []
        }
        return begin(converter, seen[start...])
    }

    /// Bytes of which chance does not make a text. [byte]
    private static let tellingBytes = 16

    /// What an answer is by its first bytes, if they are no samples.
    ///
    /// - Parameter isNamed: The type says that they are: then only what is unmistakable counts.
    private static func kind(of seen: [UInt8], isNamed: Bool) -> String? {
        for (magic, what) in [("ID3", "MP3"), ("OggS", "Ogg"), ("fLaC", "FLAC")] where seen.starts(with: magic.utf8) {
            return what
        }
        if isNamed { return nil }
        let words = seen.prefix(tellingBytes)
        let isText = words.allSatisfy { (0x20...0x7E).contains($0) || [0x09, 0x0A, 0x0D].contains($0) || $0 >= 0xC2 }
        let body = words.drop { $0 <= 0x20 }
        for (beginning, what) in [("{", "JSON"), ("<", "a page"), ("data:", "events"), ("event:", "events")]
        where isText && body.starts(with: beginning.utf8) {
            return what
        }
        return isMPEG(seen) ? "MPEG audio" : nil
    }

    /// Whether the bytes begin with a frame of MPEG audio (ISO/IEC 11172-3 §2.4.1.3), layer III or AAC in ADTS.
    private static func isMPEG(_ seen: [UInt8]) -> Bool {
        guard seen.count >= 4, seen[0] == 0xFF else { return false }
        let (version, layer) = (seen[1] >> 3 & 3, seen[1] >> 1 & 3)
        let (bitRate, sampleRate) = (seen[2] >> 4, seen[2] >> 2 & 3)
        switch layer {
        case 1: return seen[1] >= 0xE0 && version != 1 && (1...14).contains(bitRate) && sampleRate != 3
        case 0: return seen[1] & 0xF6 == 0xF0 && seen[2] >> 2 & 0xF <= 12
        default: return false
        }
    }

    private mutating func begin(_ converter: SampleConverter, _ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var converter = converter
        let audio = converter.convert(Array(bytes))
        state = converter.isFinished ? .ended : .samples(converter)
        return audio
    }

    /// Reads a WAV file's header; `nil` when it is not complete.
    ///
    /// A streamed file's `data` has a length of 0, of 2³²−1 or of any other nonsense near it: those have no end.
    private static func readHeader(_ bytes: [UInt8]) throws(Failure) -> (SampleConverter, start: Int)? {
        func integer(_ offset: Int, _ count: Int) -> Int {
            bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        var format: (coding: SampleConverter.Coding, rate: Int, channelCount: Int)?
        var offset = 12
        while offset + 8 <= bytes.count {
            let name = String(decoding: bytes[offset..<offset + 4], as: UTF8.self)
            let length = integer(offset + 4, 4)
            let start = offset + 8
            if name == "data" {
                guard let format else { throw Failure(what: "a WAV file without format") }
                let isOpen = length == 0 || length >= 0x7FFF_0000
                guard
                    let converter = SampleConverter(
                        coding: format.coding, rate: format.rate, channelCount: format.channelCount,
                        byteCount: isOpen ? nil : length)
                else { throw Failure(what: "a WAV file of \(format.rate) Hz and \(format.channelCount) channels") }
                return (converter, start)
            }
            if name == "fmt ", length >= 16 {
                guard start + length <= bytes.count else { return nil }
                let coding = (integer(start, 2), integer(start + 14, 2))
                switch coding {
                case (1, 16), (0xFFFE, 16): format = (.linear, integer(start + 4, 4), integer(start + 2, 2))
                case (7, 8): format = (.companded(.mu), integer(start + 4, 4), integer(start + 2, 2))
                case (6, 8): format = (.companded(.a), integer(start + 4, 4), integer(start + 2, 2))
                default: throw Failure(what: "a WAV file of format \(coding.0) with \(coding.1) bits")
                }
            }
            offset = start + length + length & 1
        }
        return nil
    }
}

/// Samples of one coding and rate to µ-law at 8 kHz, cut anywhere, also within a sample.
struct SampleConverter {
    enum Coding {
        /// 16 bits, little-endian.
        case linear
        case companded(G711.Law)

        var byteCount: Int { if case .linear = self { 2 } else { 1 } }
    }

    private let coding: Coding
    private let channelCount: Int
    private let resampler: Resampler
    /// Bytes that may still come; `nil` for any number.
    private var bytesLeft: Int?
    /// The beginning of a frame whose rest has not come.
    private var carry: [UInt8] = []
    private var frames = 0
    private var produced = 0
    /// Samples at the beginning that are the filter's delay.
    private var toSkip: Int

    /// - Parameter byteCount: Bytes of all samples; `nil` for any number.
    init?(coding: Coding, rate: Int, channelCount: Int, byteCount: Int?) {
        guard (1...8).contains(channelCount) else { return nil }
        do {
            resampler = try Resampler(from: rate, to: G711.sampleRate)
        } catch {
            return nil
        }
        self.coding = coding
        self.channelCount = channelCount
        bytesLeft = byteCount
        toSkip = resampler.latency
    }

    /// All bytes that were announced have come.
    var isFinished: Bool { bytesLeft == 0 && carry.isEmpty && produced >= wanted }

    /// Samples that the frames so far amount to.
    private var wanted: Int { frames * G711.sampleRate / resampler.inputRate }

    mutating func convert(_ bytes: [UInt8]) -> [UInt8] {
        let taken = bytes.prefix(bytesLeft ?? bytes.count)
        if let bytesLeft { self.bytesLeft = bytesLeft - taken.count }
        let all = carry + taken
        let frameSize = coding.byteCount * channelCount
        let whole = all.count / frameSize * frameSize
        carry = Array(all[whole...])
        let mono = mixed(all[..<whole])
        frames += mono.count
        let audio = encoded(resampler.process(mono))
        return bytesLeft == 0 ? audio + finish() : audio
    }

    /// What the filter still holds.
    mutating func finish() -> [UInt8] {
        carry = []
        var rest: [UInt8] = []
        let silence = [Int16](repeating: 0, count: resampler.inputRate / 50)
        while produced < wanted {
            let more = encoded(resampler.process(silence))
            if more.isEmpty, toSkip == 0 { break }
            rest += more
        }
        return rest
    }

    private mutating func encoded(_ samples: [Int16]) -> [UInt8] {
        let skipped = min(toSkip, samples.count)
        toSkip -= skipped
        let audio = samples[skipped...].prefix(max(0, wanted - produced))
        produced += audio.count
        return G711.encode(audio, .mu)
    }

    private func mixed(_ bytes: ArraySlice<UInt8>) -> [Int16] {
        let samples: [Int16] =
            switch coding {
            case .companded(let law): G711.decode(bytes, law)
            case .linear: SampleConverter.linear(bytes)
            }
        guard channelCount > 1 else { return samples }
        return stride(from: 0, to: samples.count, by: channelCount).map { frame in
            Int16(clamping: samples[frame..<frame + channelCount].reduce(0) { $0 + Int($1) } / channelCount)
        }
    }

    private static func linear(_ bytes: ArraySlice<UInt8>) -> [Int16] {
        bytes.withUnsafeBytes { bytes in
            [Int16](unsafeUninitializedCapacity: bytes.count / 2) { samples, count in
                count = bytes.count / 2
                for index in 0..<count {
                    samples[index] = Int16(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self))
                }
            }
        }
    }
}
