/// A `t=` line and the `r=` lines after it (RFC 8866 §5.9, §5.10).
public struct TimeDescription: Hashable, Sendable {
    /// Start and stop as sent: seconds since 1900; `0 0` for a session without bounds, which every call is.
    public var bounds: String
    /// The values of the `r=` lines, as sent.
    public var repeats: [String]

    public init(bounds: String = "0 0", repeats: [String] = []) {
        self.bounds = bounds
        self.repeats = repeats
    }
}
