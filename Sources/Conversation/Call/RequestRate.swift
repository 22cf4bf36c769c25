import SansIO

/// How often something happens, counted by the second.
struct RequestRate: Hashable, Sendable {
    private var began = Instant.zero
    private var count = 0

    /// Counts once more.
    ///
    /// - Returns: Whether that is within the limit of the second.
    mutating func admits(at now: Instant, limit: Int) -> Bool {
        if now - began >= .seconds(1) {
            began = now
            count = 0
        }
        count += 1
        return count <= limit
    }
}
