import CLinux
public import SansIO

/// The clock of the drivers: CLOCK_MONOTONIC, which no administrator and no leap second moves.
public enum MonotonicClock {
    /// The present. Instants of one process compare; those of two do only on one machine since its start.
    public static func now() -> Instant {
        Instant(nanoseconds: clinux_monotonic_nanoseconds())
    }
}
