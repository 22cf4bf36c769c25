import Audio

/// Makes up audio behind a gap: the last packet again, fading to silence.
struct Concealment {
    private static let capacity = 160

    private var count = 0
    private var bytes = InlineArray<160, UInt8>(repeating: 0)

    /// Keeps the end of what was received.
    mutating func note(_ payload: UnsafeRawBufferPointer) {
        count = min(payload.count, Self.capacity)
        let start = payload.count - count
        for index in 0..<count { bytes[index] = payload[start + index] }
    }

    /// Fills `buffer` with made-up audio, from the gap's beginning.
    func fill(_ buffer: UnsafeMutableRawBufferPointer, law: G711.Law) {
        let length = Int32(UplinkTimeline.maximumConcealment)
        for index in 0..<buffer.count {
            guard count > 0, index < UplinkTimeline.maximumConcealment else {
                buffer[index] = G711.silence(law)
                continue
            }
            let level = Int32(G711.decode(bytes[index % count], law)) * (length - Int32(index)) / length
            buffer[index] = G711.encode(Int16(truncatingIfNeeded: level), law)
        }
    }
}
