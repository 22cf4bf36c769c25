/// What a receiver says about one sender's packets (RFC 3550 §6.4.1).
public struct ReportBlock: Hashable, Sendable {
    public static let size = 24

    /// The sender that the block is about.
    public var ssrc: UInt32
    /// Packets lost since the last report, in 1/256.
    public var fractionLost: UInt8
    /// Packets lost since the beginning; negative when duplicates outnumber losses. 24 bits signed on the wire.
    public var cumulativeLost: Int32
    /// Cycles of the sequence number in the high half, highest sequence number in the low half.
    public var highestSequenceNumber: UInt32
    /// Interarrival jitter in timestamp units.
    public var jitter: UInt32
    /// Compact NTP time of the last sender report heard; 0 before the first.
    public var lastSenderReport: UInt32
    /// Time since that report, in 1/65,536 s.
    public var delaySinceLastSenderReport: UInt32

    public init(
        ssrc: UInt32, fractionLost: UInt8, cumulativeLost: Int32, highestSequenceNumber: UInt32, jitter: UInt32,
        lastSenderReport: UInt32, delaySinceLastSenderReport: UInt32
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.highestSequenceNumber = highestSequenceNumber
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }

    /// Reads a block of ``size`` bytes at `offset`. The caller has checked that it lies within the buffer.
    init(reading buffer: UnsafeRawBufferPointer, at offset: Int) {
        ssrc = buffer.loadBigEndian(UInt32.self, at: offset)
        let losses = buffer.loadBigEndian(UInt32.self, at: offset + 4)
        fractionLost = UInt8(losses >> 24)
        cumulativeLost = Int32(bitPattern: losses << 8) >> 8
        highestSequenceNumber = buffer.loadBigEndian(UInt32.self, at: offset + 8)
        jitter = buffer.loadBigEndian(UInt32.self, at: offset + 12)
        lastSenderReport = buffer.loadBigEndian(UInt32.self, at: offset + 16)
        delaySinceLastSenderReport = buffer.loadBigEndian(UInt32.self, at: offset + 20)
    }

    func write(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        let lost = max(-0x80_0000, min(0x7F_FFFF, cumulativeLost))
        buffer.storeBigEndian(ssrc, at: offset)
        buffer.storeBigEndian(
            UInt32(fractionLost) << 24 | UInt32(bitPattern: lost) & 0xFF_FFFF, at: offset + 4)
        buffer.storeBigEndian(highestSequenceNumber, at: offset + 8)
        buffer.storeBigEndian(jitter, at: offset + 12)
        buffer.storeBigEndian(lastSenderReport, at: offset + 16)
        buffer.storeBigEndian(delaySinceLastSenderReport, at: offset + 20)
    }

    /// The round trip that this block proves to the sender it is about: A − LSR − DLSR (RFC 3550 §6.4.1).
    ///
    /// - Parameter arrival: Compact NTP time at which the block arrived, on the clock of the sender reports.
    /// - Returns: 1/65,536 s; `nil` when the reporter has heard no sender report, or when the figures contradict.
    public func roundTrip(arrival: UInt32) -> UInt32? {
        guard lastSenderReport != 0 else { return nil }
        let trip = arrival &- lastSenderReport &- delaySinceLastSenderReport
        return trip < 0x8000_0000 ? trip : nil
    }
}

/// The report blocks of one packet, read in place.
public struct ReportBlocks: Sequence, IteratorProtocol {
    private let buffer: UnsafeRawBufferPointer
    private var offset: Int
    private var remaining: Int

    init(buffer: UnsafeRawBufferPointer, offset: Int, count: Int) {
        self.buffer = buffer
        self.offset = offset
        remaining = count
    }

    public mutating func next() -> ReportBlock? {
        guard remaining > 0 else { return nil }
        remaining -= 1
        defer { offset += ReportBlock.size }
        return ReportBlock(reading: buffer, at: offset)
    }
}

/// The sender's half of a sender report (RFC 3550 §6.4.1).
public struct SenderInfo: Hashable, Sendable {
    public var ntp: NTPTimestamp
    public var rtpTimestamp: UInt32
    public var packetCount: UInt32
    /// Payload bytes, without headers and padding.
    public var octetCount: UInt32

    public init(ntp: NTPTimestamp, rtpTimestamp: UInt32, packetCount: UInt32, octetCount: UInt32) {
        self.ntp = ntp
        self.rtpTimestamp = rtpTimestamp
        self.packetCount = packetCount
        self.octetCount = octetCount
    }
}
