public import SansIO

/// What is known about one source's packets: losses, jitter, and what the next report block says.
///
/// The algorithms of RFC 3550 A.1 (sequence numbers), A.3 (losses) and A.8 (jitter). A source counts as valid from its
/// first packet, not after MIN_SEQUENTIAL: SDP has announced it, and the first word of a call matters.
public struct ReceptionStatistics: Sendable {
    /// A forward jump from which a restart of the sender is suspected (RFC 3550 A.1 MAX_DROPOUT).
    public static let maximumDropout: UInt16 = 3_000
    /// A backward distance up to which a packet is merely late (RFC 3550 A.1 MAX_MISORDER).
    public static let maximumMisorder: UInt16 = 100

    /// The source, once a packet of it has come.
    public private(set) var ssrc: UInt32?
    /// Packets received, late and duplicate ones included.
    public private(set) var received: UInt32 = 0

    private let clockRate: Int64
    private var baseSequence: UInt32 = 0
    private var highest: UInt16 = 0
    private var cycles: UInt32 = 0
    private var suspect: UInt16?
    private var expectedPrior: UInt32 = 0
    private var receivedPrior: UInt32 = 0
    private var transit: UInt32?
    private var scaledJitter: UInt32 = 0
    private var lastSenderReport: (compact: UInt32, arrival: Instant)?

    /// - Parameter clockRate: Timestamp units a second; 8,000 for G.711.
    public init(clockRate: Int = 8_000) {
        self.clockRate = Int64(max(1, clockRate))
    }

    /// Counts one packet. A new SSRC starts everything afresh.
    ///
    /// - Complexity: O(1); allocates nothing.
    public mutating func receive(_ header: PacketHeader, at arrival: Instant) {
        if ssrc != header.ssrc {
            self = ReceptionStatistics(clockRate: Int(clockRate))
            ssrc = header.ssrc
            restart(at: header.sequenceNumber)
        } else {
            updateSequence(header.sequenceNumber)
        }
        updateJitter(timestamp: header.timestamp, arrival: arrival)
    }

    /// Notes a sender report of the source, for LSR and DLSR.
    public mutating func receive(senderReport info: SenderInfo, at arrival: Instant) {
        lastSenderReport = (info.ntp.compact, arrival)
    }

    /// Packets that should have come by now (RFC 3550 A.3).
    public var expected: UInt32 { ssrc == nil ? 0 : cycles &+ UInt32(highest) &- baseSequence &+ 1 }

    /// Packets lost; negative when duplicates outnumber losses.
    public var lost: Int32 { Int32(bitPattern: expected &- received) }

    /// Interarrival jitter in timestamp units.
    public var jitter: UInt32 { scaledJitter >> 4 }

    /// The block for the next report; closes the interval that `fractionLost` covers.
    ///
    /// - Returns: `nil` before the first packet.
    public mutating func takeReportBlock(at now: Instant) -> ReportBlock? {
        guard let ssrc else { return nil }
        let expectedInterval = expected &- expectedPrior
        let receivedInterval = received &- receivedPrior
        expectedPrior = expected
        receivedPrior = received
        let lostInterval = Int32(bitPattern: expectedInterval &- receivedInterval)
        let fraction =
            expectedInterval == 0 || lostInterval <= 0
            ? 0 : min(255, (UInt64(lostInterval) << 8) / UInt64(expectedInterval))
        let delay = lastSenderReport.map { max(0, now.nanoseconds &- $0.arrival.nanoseconds) } ?? 0
        return ReportBlock(
            ssrc: ssrc, fractionLost: UInt8(truncatingIfNeeded: fraction), cumulativeLost: lost,
            highestSequenceNumber: cycles | UInt32(highest), jitter: jitter,
            lastSenderReport: lastSenderReport?.compact ?? 0,
            delaySinceLastSenderReport: UInt32(truncatingIfNeeded: delay / 1_000 * 65_536 / 1_000_000))
    }

    private mutating func restart(at sequenceNumber: UInt16) {
        baseSequence = UInt32(sequenceNumber)
        highest = sequenceNumber
        cycles = 0
        suspect = nil
        received = 1
        expectedPrior = 0
        receivedPrior = 0
    }

    /// `update_seq` of RFC 3550 A.1.
    private mutating func updateSequence(_ sequenceNumber: UInt16) {
        let distance = sequenceNumber &- highest
        if distance < Self.maximumDropout {
            if sequenceNumber < highest { cycles &+= 0x1_0000 }
            highest = sequenceNumber
        } else if distance <= 0 &- Self.maximumMisorder {
            guard suspect == sequenceNumber else {
                suspect = sequenceNumber &+ 1
                return
            }
            restart(at: sequenceNumber)
            return
        }
        received &+= 1
    }

    /// The estimator of RFC 3550 A.8, kept as sixteen times the jitter.
    private mutating func updateJitter(timestamp: UInt32, arrival: Instant) {
        let units = arrival.nanoseconds / 1_000 &* clockRate / 1_000_000
        let now = UInt32(truncatingIfNeeded: units) &- timestamp
        defer { transit = now }
        guard let transit else { return }
        let difference = Int32(bitPattern: now &- transit).magnitude
        // A jump of the sender's timestamps is not jitter.
        guard difference < UInt32(clockRate) * 2 else { return }
        scaledJitter = scaledJitter &+ difference &- ((scaledJitter &+ 8) >> 4)
    }
}
