/// Which session ticks in which millisecond: a wheel of lists, one a millisecond, with room for the longest packet time.
struct TickWheel: ~Copyable {
    static let size: Int64 = 64
    private static let none: Int32 = -1

    private let heads: UnsafeMutablePointer<Int32>
    private let links: UnsafeMutablePointer<Int32>
    /// Bit n: list n is not empty.
    private var occupied: UInt64 = 0
    /// The last millisecond whose list was taken.
    private(set) var position: Int64

    /// - Parameter position: The present. [ms]
    init(capacity: Int, position: Int64) {
        heads = .allocate(capacity: Int(Self.size))
        heads.initialize(repeating: Self.none, count: Int(Self.size))
        links = .allocate(capacity: capacity)
        links.initialize(repeating: Self.none, count: capacity)
        self.position = position
    }

    deinit {
        heads.deallocate()
        links.deallocate()
    }

    /// Enters `index` for a millisecond behind ``position``, less than ``size`` ahead.
    mutating func insert(_ index: Int, at millisecond: Int64) {
        let slot = Int(millisecond & (Self.size - 1))
        links[index] = heads[slot]
        heads[slot] = Int32(truncatingIfNeeded: index)
        occupied |= 1 << UInt64(slot)
    }

    mutating func remove(_ index: Int, at millisecond: Int64) {
        let slot = Int(millisecond & (Self.size - 1))
        var link = heads + slot
        while link.pointee != Self.none {
            if link.pointee == Int32(truncatingIfNeeded: index) {
                link.pointee = links[index]
                break
            }
            link = links + Int(link.pointee)
        }
        if heads[slot] == Self.none { occupied &= ~(1 << UInt64(slot)) }
    }

    /// Takes one index whose millisecond has come; moves on to `millisecond` when there is none left.
    mutating func takeDue(by millisecond: Int64) -> Int? {
        if millisecond - position > Self.size { position = millisecond - Self.size }
        while true {
            let slot = Int(position & (Self.size - 1))
            let index = heads[slot]
            if index != Self.none {
                heads[slot] = links[Int(index)]
                if heads[slot] == Self.none { occupied &= ~(1 << UInt64(slot)) }
                return Int(index)
            }
            guard position < millisecond else { return nil }
            position += 1
        }
    }

    /// The next millisecond with a list; `nil` when all are empty.
    var next: Int64? {
        guard occupied != 0 else { return nil }
        let start = UInt64((position + 1) & (Self.size - 1))
        let rotated = start == 0 ? occupied : occupied >> start | occupied << (UInt64(Self.size) - start)
        return position + 1 + Int64(rotated.trailingZeroBitCount)
    }
}
