import Synchronization

/// A stream's counters: written by the media thread alone, read by anyone.
struct MediaCounters: ~Copyable {
    let packetsSent = Atomic<UInt64>(0)
    let bytesSent = Atomic<UInt64>(0)
    let packetsReceived = Atomic<UInt64>(0)
    let bytesReceived = Atomic<UInt64>(0)
    let packetsLost = Atomic<UInt64>(0)
    let packetsLate = Atomic<UInt64>(0)
    let packetsDuplicate = Atomic<UInt64>(0)
    let bytesConcealed = Atomic<UInt64>(0)
    let bytesFilled = Atomic<UInt64>(0)
    let strangersDropped = Atomic<UInt64>(0)
    let invalidDropped = Atomic<UInt64>(0)
    let bytesOverflowed = Atomic<UInt64>(0)
    let sendFailures = Atomic<UInt64>(0)
    let ticksSkipped = Atomic<UInt64>(0)
    let recordingOverflowed = Atomic<UInt64>(0)
    let eventsLost = Atomic<UInt64>(0)
    let jitterMicroseconds = Atomic<UInt64>(0)
    /// `UInt64.max`: not known.
    let roundTripMicroseconds = Atomic<UInt64>(.max)
    let remotePacketsLost = Atomic<Int64>(0)
    let remoteFractionLost = Atomic<UInt64>(0)
    let remoteJitterMicroseconds = Atomic<UInt64>(0)

    var statistics: MediaStatistics {
        var result = MediaStatistics()
        result.packetsSent = packetsSent.load(ordering: .relaxed)
        result.bytesSent = bytesSent.load(ordering: .relaxed)
        result.packetsReceived = packetsReceived.load(ordering: .relaxed)
        result.bytesReceived = bytesReceived.load(ordering: .relaxed)
        result.packetsLost = packetsLost.load(ordering: .relaxed)
        result.packetsLate = packetsLate.load(ordering: .relaxed)
        result.packetsDuplicate = packetsDuplicate.load(ordering: .relaxed)
        result.bytesConcealed = bytesConcealed.load(ordering: .relaxed)
        result.bytesFilled = bytesFilled.load(ordering: .relaxed)
        result.strangersDropped = strangersDropped.load(ordering: .relaxed)
        result.invalidDropped = invalidDropped.load(ordering: .relaxed)
        result.bytesOverflowed = bytesOverflowed.load(ordering: .relaxed)
        result.sendFailures = sendFailures.load(ordering: .relaxed)
        result.ticksSkipped = ticksSkipped.load(ordering: .relaxed)
        result.recordingOverflowed = recordingOverflowed.load(ordering: .relaxed)
        result.eventsLost = eventsLost.load(ordering: .relaxed)
        result.jitterMicroseconds = jitterMicroseconds.load(ordering: .relaxed)
        let roundTrip = roundTripMicroseconds.load(ordering: .relaxed)
        result.roundTripMicroseconds = roundTrip == .max ? nil : roundTrip
        result.remotePacketsLost = remotePacketsLost.load(ordering: .relaxed)
        result.remoteFractionLost = Double(remoteFractionLost.load(ordering: .relaxed)) / 256
        result.remoteJitterMicroseconds = remoteJitterMicroseconds.load(ordering: .relaxed)
        return result
    }
}

extension Atomic where Value == UInt64 {
    /// Adds without a locked instruction. Only the one thread that writes the counter may call it.
    func count(_ amount: Int = 1) {
        store(load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }
}
