public import SansIO

/// Puts packets of one source back into order.
///
/// A packet that is next in sequence is released at once, without being copied. Behind a gap packets are kept until the
/// missing one comes, or until ``maximumWait`` has passed since the first of them arrived; then the gap is reported, for
/// concealment, and they follow. Every sequence number is released or reported missing at most once.
///
/// Owns a fixed block of memory. Nothing here allocates after `init`.
public struct ReorderBuffer: ~Copyable {
    /// What became of a packet.
    public enum Arrival: Hashable, Sendable {
        /// It is next: the caller uses the payload that it has, then calls ``next(at:)`` until that returns `nil`.
        /// - Parameter lost: Packets missing before it, already given up.
        case inOrder(lost: Int)
        /// Copied; it waits for earlier ones.
        case stored
        /// Was released or is stored already.
        case duplicate
        /// Its place was given up before.
        case late
        /// Larger than a slot, or far from the sequence once: dropped.
        case refused
        /// The sender started a new sequence; what was stored is gone. To be used like ``inOrder(lost:)``.
        case restarted
        /// The window has to move: the caller drains with ``next(at:)`` at ``Instant/distantFuture``, and inserts the
        /// packet again.
        case windowExceeded
    }

    /// What comes out next.
    public enum Release {
        /// The payload is the buffer's own memory, valid until the next `insert`.
        case packet(PacketHeader, payload: UnsafeRawBufferPointer, arrival: Instant)
        /// So many packets are missing and given up.
        case gap(lost: Int)
    }

    private struct Slot {
        var isFilled = false
        var length = 0
        var arrival = Instant.zero
        var header = PacketHeader(payloadType: 0, sequenceNumber: 0, timestamp: 0, ssrc: 0)
    }

    /// How long a packet waits behind a gap.
    public let maximumWait: Duration
    private let waitNanoseconds: Int64
    private let capacity: Int
    private let slotSize: Int
    private let slots: UnsafeMutablePointer<Slot>
    private let payloads: UnsafeMutableRawPointer

    private var expected: UInt16?
    private var stored = 0
    /// Bit n: the packet n + 1 before `expected` was received.
    private var history: UInt64 = 0
    /// The sequence number that would confirm a restart.
    private var suspect: UInt16?

    /// - Parameters:
    ///   - capacity: Packets in the window; rounded up to a power of two, so that sequence numbers may wrap.
    ///   - payloadSize: The largest payload that is kept. [bytes]
    public init(capacity: Int = 32, payloadSize: Int = 1_024, maximumWait: Duration = .milliseconds(40)) {
        var power = 8
        while power < min(capacity, 1_024) { power *= 2 }
        self.capacity = power
        slotSize = max(1, payloadSize)
        self.maximumWait = maximumWait
        waitNanoseconds = maximumWait.nanoseconds
        slots = .allocate(capacity: power)
        slots.initialize(repeating: Slot(), count: power)
        payloads = .allocate(byteCount: power * slotSize, alignment: 16)
    }

    deinit {
        slots.deinitialize(count: capacity)
        slots.deallocate()
        payloads.deallocate()
    }

    /// Forgets everything, as for a new SSRC.
    public mutating func reset() {
        for index in 0..<capacity { slots[index].isFilled = false }
        stored = 0
        expected = nil
        history = 0
        suspect = nil
    }

    /// When ``next(at:)`` will give up a gap; `nil` while nothing waits.
    public var nextDeadline: Instant? {
        guard stored > 0, let expected else { return nil }
        return Instant(nanoseconds: firstStored(from: expected).arrival.nanoseconds &+ waitNanoseconds)
    }

    /// Files one packet.
    ///
    /// - Parameter payload: Copied only for ``Arrival/stored``.
    /// - Complexity: O(1) but for a restart; allocates nothing. Called on the media thread.
    public mutating func insert(
        _ header: PacketHeader, payload: UnsafeRawBufferPointer, at arrival: Instant
    ) -> Arrival {
        let sequenceNumber = header.sequenceNumber
        guard let expected else {
            advance(past: sequenceNumber, received: true)
            return .inOrder(lost: 0)
        }
        let distance = Int(Int16(bitPattern: sequenceNumber &- expected))
        if distance == 0 {
            suspect = nil
            advance(past: sequenceNumber, received: true)
            return .inOrder(lost: 0)
        }
        if distance < -Int(ReceptionStatistics.maximumMisorder) || distance >= Int(ReceptionStatistics.maximumDropout) {
            guard suspect == sequenceNumber else {
                suspect = sequenceNumber &+ 1
                return .refused
            }
            reset()
            advance(past: sequenceNumber, received: true)
            return .restarted
        }
        suspect = nil
        if distance < 0 { return arrivedBehind(by: -distance) }
        guard distance < capacity else {
            if stored > 0 { return .windowExceeded }
            skip(distance)
            advance(past: sequenceNumber, received: true)
            return .inOrder(lost: distance)
        }
        let index = Int(sequenceNumber) & (capacity - 1)
        if slots[index].isFilled { return .duplicate }
        guard payload.count <= slotSize else { return .refused }
        slots[index] = Slot(isFilled: true, length: payload.count, arrival: arrival, header: header)
        if let source = payload.baseAddress, !payload.isEmpty {
            payloads.advanced(by: index * slotSize).copyMemory(from: source, byteCount: payload.count)
        }
        stored += 1
        return .stored
    }

    /// Takes out what may go: the next packet, or a gap that has waited long enough.
    ///
    /// - Complexity: O(1) for a packet, O(capacity) for a gap; allocates nothing.
    public mutating func next(at now: Instant) -> Release? {
        guard stored > 0, let expected else { return nil }
        let index = Int(expected) & (capacity - 1)
        let slot = slots[index]
        if slot.isFilled {
            slots[index].isFilled = false
            stored -= 1
            advance(past: expected, received: true)
            let payload = UnsafeRawBufferPointer(start: payloads.advanced(by: index * slotSize), count: slot.length)
            return .packet(slot.header, payload: payload, arrival: slot.arrival)
        }
        let first = firstStored(from: expected)
        guard now.nanoseconds &- first.arrival.nanoseconds >= waitNanoseconds else { return nil }
        skip(first.distance)
        return .gap(lost: first.distance)
    }

    /// The distance and arrival of the first stored packet at or after `expected`. `stored` is positive.
    private func firstStored(from expected: UInt16) -> (distance: Int, arrival: Instant) {
        for distance in 0..<capacity {
            let slot = slots[(Int(expected) + distance) & (capacity - 1)]
            if slot.isFilled { return (distance, slot.arrival) }
        }
        return (0, .zero)
    }

    private mutating func arrivedBehind(by distance: Int) -> Arrival {
        guard distance <= 64 else { return .late }
        let bit: UInt64 = 1 << UInt64(distance - 1)
        if history & bit != 0 { return .duplicate }
        // From now on a copy of it is a duplicate.
        history |= bit
        return .late
    }

    private mutating func advance(past sequenceNumber: UInt16, received: Bool) {
        expected = sequenceNumber &+ 1
        history = history << 1 | (received ? 1 : 0)
    }

    private mutating func skip(_ count: Int) {
        guard let expected else { return }
        self.expected = expected &+ UInt16(truncatingIfNeeded: count)
        history = count < 64 ? history << UInt64(count) : 0
    }
}
