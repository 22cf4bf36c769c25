/// The last bytes of a stream, as many as it has room for.
///
/// - Complexity: To append costs the length of what is appended, however much is kept.
struct ByteRing: Sendable {
    private let capacity: Int
    private var bytes: [UInt8] = []
    /// Where the oldest byte is, once the ring is full.
    private var next = 0

    /// - Parameter capacity: More is forgotten, the oldest first. [byte]
    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { bytes.count }

    mutating func append(_ payload: UnsafeRawBufferPointer) {
        var rest = payload.suffix(capacity)
        let growth = rest.prefix(capacity - bytes.count)
        bytes.append(contentsOf: growth)
        rest = rest.dropFirst(growth.count)
        while !rest.isEmpty {
            let piece = rest.prefix(capacity - next)
            bytes.withUnsafeMutableBytes { ring in
                UnsafeMutableRawBufferPointer(rebasing: ring[next..<next + piece.count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
            }
            next = (next + piece.count) % capacity
            rest = rest.dropFirst(piece.count)
        }
    }

    /// The last bytes, the oldest first.
    func suffix(_ count: Int) -> [UInt8] {
        let count = min(max(0, count), bytes.count)
        let newer = bytes[..<next].suffix(count)
        return Array(bytes[next...].suffix(count - newer.count)) + newer
    }

    mutating func removeAll() {
        bytes = []
        next = 0
    }
}
