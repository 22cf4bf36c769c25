/// How much of each tag is queued and played. A fixed table: when it is full, the oldest tag that is done makes room.
struct PlayoutTallies: ~Copyable {
    struct Tally {
        var tag: UInt32
        var queued = 0
        var played = 0
        /// No more bytes will come.
        var isFinished = false
        var isStarted = false
        /// Ended or flushed: kept only to know its tag again.
        var isDone = false

        var remaining: Int { queued - played }
    }

    static let capacity = 128
    private let table: UnsafeMutablePointer<Tally>
    /// Tags in the table, in order of first mention.
    private(set) var count = 0

    init() {
        table = .allocate(capacity: Self.capacity)
        table.initialize(repeating: Tally(tag: 0), count: Self.capacity)
    }

    deinit { table.deallocate() }

    /// The tally at `index`, below ``count``.
    subscript(index: Int) -> Tally {
        get { table[index] }
        set { table[index] = newValue }
    }

    /// Where `tag` stands; the newest are found first.
    func index(of tag: UInt32) -> Int? {
        var index = count - 1
        while index >= 0 {
            if table[index].tag == tag { return index }
            index -= 1
        }
        return nil
    }

    /// Where `tag` stands, entered if it is new.
    ///
    /// - Returns: `nil` when the table is full of tags that are still to be played.
    mutating func enter(_ tag: UInt32) -> Int? {
        if let known = index(of: tag) { return known }
        if count == Self.capacity {
            guard let oldest = (0..<count).first(where: { table[$0].isDone }) else { return nil }
            for index in (oldest + 1)..<count { table[index - 1] = table[index] }
            count -= 1
        }
        table[count] = Tally(tag: tag)
        count += 1
        return count - 1
    }
}
