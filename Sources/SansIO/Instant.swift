/// A point on the monotonic clock that a driver (or a simulation) hands to a protocol core.
///
/// Cores never read a clock: they are told the time with each input, so that the same core runs in real and in
/// virtual time.
public struct Instant: Comparable, Hashable, Sendable {
    /// Nanoseconds since an origin that is fixed for the life of the process. [ns]
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The origin of the clock.
    public static let zero = Instant(nanoseconds: 0)
    /// Later than every instant that a driver can report.
    public static let distantFuture = Instant(nanoseconds: .max)

    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later; saturates at ``distantFuture``.
    public static func + (left: Instant, right: Duration) -> Instant {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    public static func - (left: Instant, right: Duration) -> Instant {
        left + .nanoseconds(-right.nanoseconds)
    }

    /// The time from `right` to `left`; negative when `left` is earlier.
    public static func - (left: Instant, right: Instant) -> Duration {
        .nanoseconds(left.nanoseconds &- right.nanoseconds)
    }

    public static func += (left: inout Instant, right: Duration) {
        left = left + right
    }
}

extension Duration {
    /// The whole duration in nanoseconds, saturating at the range of `Int64`. [ns]
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds, rounded towards zero. [ms]
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// The duration as seconds. [s]
    public var seconds: Double { Double(nanoseconds) / 1e9 }
}
