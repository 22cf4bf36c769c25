/// The two companding laws of ITU-T G.711, which the telephone network speaks: 8,000 bytes a second, one a sample.
///
/// Samples are 16-bit linear PCM, full scale: the 14 bits of µ-law and the 13 bits of A-law stand left-aligned, as
/// everywhere outside the recommendation's own tables. Nothing here allocates, locks or throws; all of it may be
/// called on a media thread.
public enum G711 {
    /// Which of the two laws; RTP payload types 0 (µ) and 8 (A), RFC 3551 §4.5.14.
    public enum Law: Sendable, Hashable, CaseIterable {
        /// µ-law, PCMU: North America and Japan.
        case mu
        /// A-law, PCMA: the rest of the world.
        case a
    }

    /// Samples, and so bytes, a second. [Hz]
    public static let sampleRate = 8_000

    /// The linear value of one octet (G.711 tables 1 and 2).
    ///
    /// - Complexity: one table look-up.
    public static func decode(_ byte: UInt8, _ law: Law) -> Int16 {
        switch law {
        case .mu: decodeMu[Int(byte)]
        case .a: decodeA[Int(byte)]
        }
    }

    /// The octet whose quantising interval holds `sample`.
    ///
    /// Every octet survives `decode` and `encode` but µ-law's negative zero (`0x7F`), which becomes the positive one.
    public static func encode(_ sample: Int16, _ law: Law) -> UInt8 {
        switch law {
        case .mu: encodeMu(sample)
        case .a: encodeA(sample)
        }
    }

    /// The octet of a zero sample: `0xFF` for µ-law, `0xD5` for A-law.
    public static func silence(_ law: Law) -> UInt8 {
        switch law {
        case .mu: 0xFF
        case .a: 0xD5
        }
    }

    /// The octet of the other law that stands for the nearest level.
    ///
    /// - Complexity: one table look-up.
    public static func transcode(_ byte: UInt8, from law: Law) -> UInt8 {
        switch law {
        case .mu: muToA[Int(byte)]
        case .a: aToMu[Int(byte)]
        }
    }
}

// MARK: - Runs of samples

extension G711 {
    /// Decodes as many octets as both buffers have room for.
    ///
    /// - Returns: The number of samples written.
    @discardableResult
    public static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, _ law: Law, into samples: UnsafeMutableBufferPointer<Int16>
    ) -> Int {
        let count = min(bytes.count, samples.count)
        // The formulas, not the tables: the compiler makes vectors of them.
        switch law {
        case .mu: for index in 0..<count { samples[index] = expandMu(bytes[index]) }
        case .a: for index in 0..<count { samples[index] = expandA(bytes[index]) }
        }
        return count
    }

    /// Encodes as many samples as both buffers have room for.
    ///
    /// - Returns: The number of octets written.
    @discardableResult
    public static func encode(
        _ samples: UnsafeBufferPointer<Int16>, _ law: Law, into bytes: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        let count = min(bytes.count, samples.count)
        for index in 0..<count { bytes[index] = encode(samples[index], law) }
        return count
    }

    /// Rewrites octets of `law` in place as octets of the other law.
    public static func transcode(_ bytes: UnsafeMutableBufferPointer<UInt8>, from law: Law) {
        for index in bytes.indices { bytes[index] = transcode(bytes[index], from: law) }
    }

    /// The linear samples of `bytes`, in a new array.
    public static func decode(_ bytes: some Collection<UInt8>, _ law: Law) -> [Int16] {
        bytes.withContiguousStorageIfAvailable { decode(UnsafeRawBufferPointer($0), law) }
            ?? bytes.map { decode($0, law) }
    }

    /// The linear samples of `bytes`, in a new array.
    public static func decode(_ bytes: UnsafeRawBufferPointer, _ law: Law) -> [Int16] {
        [Int16](unsafeUninitializedCapacity: bytes.count) { samples, count in
            count = decode(bytes.bindMemory(to: UInt8.self), law, into: samples)
        }
    }

    /// The octets of `samples`, in a new array.
    public static func encode(_ samples: some Collection<Int16>, _ law: Law) -> [UInt8] {
        samples.map { encode($0, law) }
    }
}

// MARK: - The formulas, and the tables made of them

extension G711 {
    private static let decodeMu = InlineArray<256, Int16> { expandMu(UInt8($0)) }
    private static let decodeA = InlineArray<256, Int16> { expandA(UInt8($0)) }
    private static let muToA = InlineArray<256, UInt8> { encodeA(expandMu(UInt8($0))) }
    private static let aToMu = InlineArray<256, UInt8> { encodeMu(expandA(UInt8($0))) }

    /// Inverted octet: sign, three bits of segment, four of step; levels are offset by 33 of 8,159 (here ×4).
    private static func expandMu(_ byte: UInt8) -> Int16 {
        let code = ~byte
        let segment = Int32(code >> 4 & 0x07)
        let level = ((Int32(code & 0x0F) << 3) + muBias) << segment - muBias
        return Int16(truncatingIfNeeded: code & 0x80 == 0 ? level : -level)
    }

    /// Even bits inverted; the two lowest segments share one step size, and every level is the middle of its interval.
    private static func expandA(_ byte: UInt8) -> Int16 {
        let code = byte ^ 0x55
        let segment = Int32(code >> 4 & 0x07)
        let step = Int32(code & 0x0F) << 4
        let level = segment == 0 ? step + 8 : (step + 0x108) << (segment - 1)
        return Int16(truncatingIfNeeded: code & 0x80 != 0 ? level : -level)
    }

    private static func encodeMu(_ sample: Int16) -> UInt8 {
        // One's complement, so that the intervals of both signs mirror each other.
        let magnitude = min(Int32(sample < 0 ? ~sample : sample), muClip) + muBias
        let segment = 24 - Int32(magnitude.leadingZeroBitCount)
        let step = magnitude >> (segment + 3) & 0x0F
        let code = UInt8(truncatingIfNeeded: segment << 4 | step)
        return ~(sample < 0 ? code | 0x80 : code)
    }

    private static func encodeA(_ sample: Int16) -> UInt8 {
        let magnitude = Int32(sample < 0 ? ~sample : sample)
        let segment = max(0, 24 - Int32(magnitude.leadingZeroBitCount))
        let step = magnitude >> (segment == 0 ? 4 : segment + 3) & 0x0F
        let code = UInt8(truncatingIfNeeded: segment << 4 | step)
        return (sample < 0 ? code : code | 0x80) ^ 0x55
    }

    /// The offset that makes µ-law's segments powers of two.
    private static let muBias: Int32 = 0x84
    /// The greatest magnitude that µ-law has an interval for.
    private static let muClip: Int32 = 32_635
}
