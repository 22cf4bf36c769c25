/// A stream's figures since it was opened.
public struct MediaStatistics: Sendable, Hashable {
    public var packetsSent: UInt64 = 0
    /// Payload bytes.
    public var bytesSent: UInt64 = 0
    public var packetsReceived: UInt64 = 0
    /// Payload bytes.
    public var bytesReceived: UInt64 = 0
    /// Packets of the far end that were given up as lost.
    public var packetsLost: UInt64 = 0
    /// Packets that came after they had been given up.
    public var packetsLate: UInt64 = 0
    public var packetsDuplicate: UInt64 = 0
    /// Audio that was made up behind a gap. [bytes]
    public var bytesConcealed: UInt64 = 0
    /// Silence that was filled in where the far end sent nothing. [bytes]
    public var bytesFilled: UInt64 = 0
    /// Datagrams of a source that is not the far end.
    public var strangersDropped: UInt64 = 0
    /// Datagrams that are neither RTP nor RTCP, or have an unknown payload type.
    public var invalidDropped: UInt64 = 0
    /// Audio that found the way up full, because its reader stood still. [bytes]
    public var bytesOverflowed: UInt64 = 0
    /// Datagrams that the system refused to send.
    public var sendFailures: UInt64 = 0
    /// Ticks left out because the thread was stopped for longer than can be caught up.
    public var ticksSkipped: UInt64 = 0
    /// Recorded bytes that found the way to the writer full.
    public var recordingOverflowed: UInt64 = 0
    /// Events, tags or keys for which there was no room.
    public var eventsLost: UInt64 = 0
    /// Interarrival jitter (RFC 3550 A.8). [µs]
    public var jitterMicroseconds: UInt64 = 0
    /// Round trip by RTCP; `nil` before a report of ours was answered. [µs]
    public var roundTripMicroseconds: UInt64?
    /// Packets of ours that the far end says it lost; 0 before its first report.
    public var remotePacketsLost: Int64 = 0
    /// Of the far end's last report, 0…1.
    public var remoteFractionLost: Double = 0
    /// Interarrival jitter that the far end sees. [µs]
    public var remoteJitterMicroseconds: UInt64 = 0
    /// How late packets left, against their absolute deadline.
    public var tickLateness = LatencyHistogram()

    public init() {}
}
