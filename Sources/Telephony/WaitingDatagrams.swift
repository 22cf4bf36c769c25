import Synchronization

/// How many datagrams have been read from the socket, but not by the core.
final class WaitingDatagrams: Sendable {
    private let count = Atomic(0)

    /// Counts one more, unless `limit` wait already.
    func admit(limit: Int) -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }

    func leave() {
        count.subtract(1, ordering: .relaxed)
    }
}
