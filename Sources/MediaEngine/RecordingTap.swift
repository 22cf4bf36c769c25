import SansIO

/// The way from a media session to the recording's writer.
struct RecordingTap: ~Copyable {
    enum Side: UInt32 {
        /// The far end.
        case left = 0
        /// What was sent.
        case right = 1
    }

    /// A record's kind: ``Side`` in bit 0, A-law in bit 1, end in bit 2. Its instant is a sample position.
    static let lawBit: UInt32 = 2
    static let endBit: UInt32 = 4
    /// More than eight seconds of both sides.
    static let capacity = 262_144

    let ring = RecordRing(capacity: RecordingTap.capacity)

    /// - Parameter position: Samples since the recording began.
    func write(_ payload: UnsafeRawBufferPointer, side: Side, isMu: Bool, position: Int) -> Bool {
        let kind = side.rawValue | (isMu ? 0 : Self.lawBit)
        return ring.write(kind: kind, at: Instant(nanoseconds: Int64(position)), payload, reserve: 64)
    }

    /// Ends the recording: nothing follows.
    func end(position: Int) {
        // The reserve of `write` always leaves room for this record.
        _ = ring.write(
            kind: Self.endBit, at: Instant(nanoseconds: Int64(position)), UnsafeRawBufferPointer(start: nil, count: 0))
    }
}
