public import SansIO

/// What was handed to RTP, byte by byte: the record from which everything is told that was heard and when.
///
/// A run is a stretch of one tag's bytes that left without interruption. An open run grows by a packet a tick, which the
/// ledger knows without being told: it answers for any instant.
public struct PlayoutLedger: Sendable, Hashable {
    /// A stretch of one tag's bytes in consecutive packets.
    public struct Run: Sendable, Hashable {
        public var tag: UInt32
        /// The first byte, counted from the beginning of the tag.
        public var firstByte: Int
        /// The RTP timestamp of that byte.
        public var rtpTimestamp: UInt32
        /// When the packet with that byte left.
        public var start: Instant
        /// Bytes of the tag in that packet, which the tag before may have begun.
        public var bytesInFirstPacket: Int
        /// Bytes in each packet that follows.
        public var bytesPerPacket: Int
        /// Bytes in all; `nil` while the run goes on.
        public var count: Int?

        public init(
            tag: UInt32, firstByte: Int, rtpTimestamp: UInt32, start: Instant, bytesInFirstPacket: Int,
            bytesPerPacket: Int, count: Int? = nil
        ) {
            self.tag = tag
            self.firstByte = firstByte
            self.rtpTimestamp = rtpTimestamp
            self.start = start
            self.bytesInFirstPacket = bytesInFirstPacket
            self.bytesPerPacket = bytesPerPacket
            self.count = count
        }

        /// Bytes of the run that had left by `instant`.
        public func bytes(sentBy instant: Instant) -> Int {
            guard instant >= start else { return 0 }
            // G.711: 8 bytes a millisecond.
            let interval = Int64(max(1, bytesPerPacket)) * 125_000
            let packets = (instant.nanoseconds &- start.nanoseconds) / interval
            let (grown, overflow) = Int(packets).multipliedReportingOverflow(by: bytesPerPacket)
            let sent = overflow ? Int.max : bytesInFirstPacket.addingReportingOverflow(grown).partialValue
            return min(sent, count ?? sent)
        }
    }

    /// Runs kept; older ones are forgotten.
    public static let capacity = 1_024

    /// Oldest first.
    public private(set) var runs: [Run] = []

    public init() {}

    /// Enters a run that has begun, or is whole.
    public mutating func open(_ run: Run) {
        if runs.count >= Self.capacity { runs.removeFirst(Self.capacity / 4) }
        runs.append(run)
    }

    /// Ends the open run of `tag` with the bytes that it really had.
    public mutating func close(tag: UInt32, count: Int) {
        guard let index = runs.lastIndex(where: { $0.tag == tag && $0.count == nil }) else { return }
        runs[index].count = count
    }

    /// Bytes of `tag` handed to RTP up to `instant`.
    public func bytes(of tag: UInt32, sentBy instant: Instant) -> Int {
        runs.reduce(0) { $1.tag == tag ? $0 + $1.bytes(sentBy: instant) : $0 }
    }
}
