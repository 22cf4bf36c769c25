import SansIO
import Synchronization

/// A wait-free ring of records of any length, between one producer and one consumer.
///
/// A record is 16 bytes of header and its payload, contiguous in memory. When there is no room the producer is told at
/// once; nothing blocks on either side.
struct RecordRing: ~Copyable {
    /// A record, read in place: the payload is valid until ``RecordRing/advance(over:)``.
    struct Record {
        var kind: UInt32
        var instant: Instant
        var payload: UnsafeRawBufferPointer
        fileprivate var position: Int
    }

    private static let headerSize = 16
    /// The kind of a record that only fills the rest of the ring.
    private static let filler = UInt32.max

    /// Bytes; a power of two.
    private let capacity: Int
    private let storage: UnsafeMutableRawPointer
    /// Bytes ever taken out, written by the consumer.
    private let taken = Atomic<Int>(0)
    /// Bytes ever put in, written by the producer.
    private let put = Atomic<Int>(0)

    init(capacity: Int) {
        var power = 1_024
        while power < capacity { power *= 2 }
        self.capacity = power
        storage = .allocate(byteCount: power, alignment: 64)
    }

    deinit { storage.deallocate() }

    /// Producer: puts a record in.
    ///
    /// - Parameter reserve: Bytes that must stay free behind it, for records that matter more.
    /// - Returns: `false` when there is no room.
    func write(kind: UInt32, at instant: Instant, _ payload: UnsafeRawBufferPointer, reserve: Int = 0) -> Bool {
        let size = Self.headerSize + (payload.count + 15) & ~15
        var position = put.load(ordering: .relaxed)
        let free = capacity - (position - taken.load(ordering: .acquiring))
        let contiguous = capacity - position & (capacity - 1)
        let needed = contiguous < size ? contiguous + size : size
        guard needed + reserve <= free else { return false }
        if contiguous < size {
            writeHeader(at: position, length: contiguous - Self.headerSize, kind: Self.filler, instant: .zero)
            position += contiguous
        }
        writeHeader(at: position, length: payload.count, kind: kind, instant: instant)
        if let source = payload.baseAddress, !payload.isEmpty {
            address(of: position + Self.headerSize).copyMemory(from: source, byteCount: payload.count)
        }
        put.store(position + size, ordering: .releasing)
        return true
    }

    /// Consumer: the oldest record, which stays until ``advance(over:)``.
    func first() -> Record? {
        while true {
            let position = taken.load(ordering: .relaxed)
            guard position < put.load(ordering: .acquiring) else { return nil }
            let header = address(of: position)
            let length = Int(header.load(as: UInt32.self))
            let kind = header.load(fromByteOffset: 4, as: UInt32.self)
            guard kind != Self.filler else {
                taken.store(position + Self.headerSize + length, ordering: .releasing)
                continue
            }
            let payload = UnsafeRawBufferPointer(start: header + Self.headerSize, count: length)
            let instant = Instant(nanoseconds: header.load(fromByteOffset: 8, as: Int64.self))
            return Record(kind: kind, instant: instant, payload: payload, position: position)
        }
    }

    /// Consumer: gives the record's room back.
    func advance(over record: Record) {
        taken.store(record.position + Self.headerSize + (record.payload.count + 15) & ~15, ordering: .releasing)
    }

    private func address(of position: Int) -> UnsafeMutableRawPointer { storage + position & (capacity - 1) }

    private func writeHeader(at position: Int, length: Int, kind: UInt32, instant: Instant) {
        let header = address(of: position)
        header.storeBytes(of: UInt32(truncatingIfNeeded: length), as: UInt32.self)
        header.storeBytes(of: kind, toByteOffset: 4, as: UInt32.self)
        header.storeBytes(of: instant.nanoseconds, toByteOffset: 8, as: Int64.self)
    }
}
