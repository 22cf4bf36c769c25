import SansIO

/// Decides when the folder of flows is looked at: shortly after the last change of a burst, and at intervals where
/// changes may go unannounced.
struct WatchPacing: Sendable {
    enum Input: Hashable, Sendable {
        /// Something in the folder changed. The paths are those that are known to have been written.
        case changed(Set<String>)
        case deadline
        /// The look that was ordered has been taken.
        ///
        /// - Parameter isAnnounced: Whether every further change will be announced.
        case looked(isAnnounced: Bool)
    }

    /// The order to look at the folder now.
    struct Look: Hashable, Sendable {
        /// Files that count as changed even if they look the same: one that is written twice within a tick of the
        /// kernel's clock does.
        var written: Set<String>
    }

    private enum State: Hashable, Sendable {
        /// Nothing has changed. → `gathering`
        case quiet(nextLook: Instant?)
        /// A burst of changes. → `quiet`
        case gathering(first: Instant, last: Instant, written: Set<String>)
    }

    /// A burst is over when nothing has changed for so long.
    static let quiet: Duration = .milliseconds(100)
    /// The look is taken so long after a burst's first change at the latest.
    static let patience: Duration = .seconds(1)
    /// From look to look where changes may go unannounced.
    static let interval: Duration = .seconds(1)

    private var state = State.quiet(nextLook: nil)

    init() {}

    /// When to call back with ``Input/deadline``; `nil` when only a change can move us.
    var nextDeadline: Instant? {
        switch state {
        case .quiet(let nextLook): nextLook
        case .gathering(let first, let last, _): min(last + WatchPacing.quiet, first + WatchPacing.patience)
        }
    }

    mutating func receive(_ input: Input, at now: Instant) -> Look? {
        switch (input, state) {
        case (.changed(let paths), .quiet): state = .gathering(first: now, last: now, written: paths)
        case (.changed(let paths), .gathering(let first, _, let written)):
            state = .gathering(first: first, last: now, written: written.union(paths))
        case (.deadline, .quiet(let nextLook)):
            guard let nextLook, now >= nextLook else { break }
            state = .quiet(nextLook: nil)
            return Look(written: [])
        case (.deadline, .gathering(_, _, let written)):
            guard let due = nextDeadline, now >= due else { break }
            state = .quiet(nextLook: nil)
            return Look(written: written)
        case (.looked(let isAnnounced), .quiet):
            state = .quiet(nextLook: isAnnounced ? nil : now + WatchPacing.interval)
        case (.looked, .gathering): break
        }
        return nil
    }
}
