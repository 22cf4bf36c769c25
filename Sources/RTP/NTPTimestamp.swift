public import SansIO

/// A wall-clock time as RTCP carries it (RFC 3550 §4): seconds since 1900 and a fraction of 2⁻³² s.
public struct NTPTimestamp: Hashable, Sendable {
    public var bits: UInt64

    public init(bits: UInt64) {
        self.bits = bits
    }

    /// The wall-clock time of `instant`.
    ///
    /// - Parameter origin: The wall-clock time of ``Instant/zero``. Only its difference to the peer's clock is seen by
    ///   others; round trips are measured on the monotonic clock alone.
    public init(_ instant: Instant, origin: NTPTimestamp) {
        let seconds = instant.nanoseconds / 1_000_000_000
        let rest = instant.nanoseconds % 1_000_000_000
        let fraction = UInt64(bitPattern: (rest << 32) / 1_000_000_000)
        bits = origin.bits &+ UInt64(bitPattern: seconds) << 32 &+ fraction
    }

    /// The middle 32 bits, in units of 1/65,536 s, as in LSR and DLSR (RFC 3550 §6.4.1).
    public var compact: UInt32 { UInt32(truncatingIfNeeded: bits >> 16) }
}
