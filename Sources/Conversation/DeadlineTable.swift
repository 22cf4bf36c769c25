import SansIO

/// The deadlines of a core, by name. One time a name; setting it again replaces it.
struct DeadlineTable<Name: Hashable & Sendable>: Sendable {
    private var entries: [Name: (instant: Instant, order: UInt64)] = [:]
    private var nextOrder: UInt64 = 0

    var next: Instant? { entries.values.map(\.instant).min() }

    subscript(name: Name) -> Instant? {
        get { entries[name]?.instant }
        set {
            entries[name] = newValue.map { ($0, nextOrder) }
            nextOrder &+= 1
        }
    }

    mutating func removeAll() {
        entries = [:]
    }

    /// Removes and returns the earliest deadline that has come, the first set first among equals.
    mutating func takeDue(at now: Instant) -> Name? {
        let due = entries.filter { $0.value.instant <= now }
        let first = due.min { ($0.value.instant, $0.value.order) < ($1.value.instant, $1.value.order) }
        guard let name = first?.key else { return nil }
        entries[name] = nil
        return name
    }
}
