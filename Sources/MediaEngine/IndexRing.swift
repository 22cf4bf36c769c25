import Synchronization

/// A wait-free ring of small numbers between one producer and one consumer.
struct IndexRing: ~Copyable {
    private let capacity: Int
    private let storage: UnsafeMutablePointer<UInt32>
    private let taken = Atomic<Int>(0)
    private let put = Atomic<Int>(0)

    /// - Parameter capacity: A power of two.
    init(capacity: Int) {
        self.capacity = capacity
        storage = .allocate(capacity: capacity)
        storage.initialize(repeating: 0, count: capacity)
    }

    deinit { storage.deallocate() }

    /// Producer. The caller knows that there is room.
    func push(_ index: Int) {
        let position = put.load(ordering: .relaxed)
        storage[position & (capacity - 1)] = UInt32(truncatingIfNeeded: index)
        put.store(position + 1, ordering: .sequentiallyConsistent)
    }

    /// Consumer.
    func pop() -> Int? {
        let position = taken.load(ordering: .relaxed)
        guard position < put.load(ordering: .sequentiallyConsistent) else { return nil }
        let index = storage[position & (capacity - 1)]
        taken.store(position + 1, ordering: .releasing)
        return Int(index)
    }

    /// Consumer.
    var isEmpty: Bool { taken.load(ordering: .relaxed) == put.load(ordering: .sequentiallyConsistent) }
}
