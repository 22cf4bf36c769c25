import SansIO

/// What is to happen later in a virtual call, in order of time; what is due at the same time happens in the order in
/// which it was planned. A binary heap.
struct EventQueue<Event> {
    private struct Entry {
        let at: Instant
        let number: UInt64
        let event: Event

        func precedes(_ other: Entry) -> Bool {
            at != other.at ? at < other.at : number < other.number
        }
    }

    private var heap: [Entry] = []
    private var lastNumber: UInt64 = 0

    /// When the next event is due.
    var next: Instant? { heap.first?.at }

    mutating func insert(_ event: Event, at time: Instant) {
        lastNumber += 1
        heap.append(Entry(at: time, number: lastNumber, event: event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// The first event, if it is due.
    mutating func takeDue(at now: Instant) -> Event? {
        guard let first = heap.first, first.at <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first.event }
        heap[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].precedes(heap[smallest]) { smallest = child }
            }
            guard smallest != parent else { return first.event }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
