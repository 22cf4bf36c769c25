import SansIO

/// At most one deadline for each of many machines, earliest first; equal deadlines come in the order in which they
/// were set, so that a run can be repeated exactly.
///
/// A binary heap whose outdated entries are dropped when they come to its top.
struct DeadlineQueue<ID: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        let instant: Instant
        let order: UInt64
        let id: ID
    }

    private struct Current: Sendable {
        let instant: Instant
        let order: UInt64
    }

    private var heap: [Entry] = []
    private var current: [ID: Current] = [:]
    private var order: UInt64 = 0

    /// The earliest deadline.
    var next: Instant? { heap.first?.instant }

    /// Replaces the deadline of `id`; `nil` removes it.
    mutating func set(_ id: ID, _ instant: Instant?) {
        guard current[id]?.instant != instant else { return }
        if let instant {
            order += 1
            current[id] = Current(instant: instant, order: order)
            push(Entry(instant: instant, order: order, id: id))
        } else {
            current[id] = nil
        }
        dropOutdated()
    }

    /// Removes and returns the earliest machine whose deadline is not after `now`.
    mutating func popDue(at now: Instant) -> ID? {
        guard let top = heap.first, top.instant <= now else { return nil }
        current[top.id] = nil
        pop()
        dropOutdated()
        return top.id
    }

    private mutating func dropOutdated() {
        while let top = heap.first, current[top.id]?.order != top.order { pop() }
        if heap.count > 64 && heap.count > current.count * 4 {
            let live = heap.filter { current[$0.id]?.order == $0.order }
            heap.removeAll(keepingCapacity: true)
            for entry in live { push(entry) }
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].instant, heap[left].order) < (heap[right].instant, heap[right].order)
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, smallest) {
                smallest = child
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
