/// A random number generator whose whole sequence follows from its seed: SplitMix64 (Steele, Lea and Flood, 2014).
///
/// Cores take it as an argument or as state. It is not fit for secrets.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    /// The seed of one of the many sequences that a seed stands for.
    ///
    /// Neighbouring seeds, and seeds a step of the generator apart, give the same sequence shifted by one; what comes from
    /// different numbers here has nothing in common.
    public static func seed(_ seed: UInt64, number: UInt64) -> UInt64 {
        var (base, own) = (SeededRandom(seed: seed), SeededRandom(seed: number))
        return base.next() ^ own.next()
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `true` with the given probability.
    ///
    /// - Parameter probability: 0…1; values outside are clamped.
    public mutating func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < probability
    }

    /// A token of characters that SIP, SDP and JSON all take unquoted.
    ///
    /// - Parameter length: Number of characters, each worth five bits.
    public mutating func token(length: Int) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        for _ in 0..<length { bytes.append(alphabet[Int(next() >> 59)]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
