public import SansIO

/// When to send the next RTCP report (RFC 3550 §6.2, §6.3.1 and A.7).
public struct ReportInterval: Sendable {
    /// The least deterministic interval; halved before the first report. [ns]
    public static let minimum: Int64 = 5_000_000_000

    /// RTCP's share of the session, 5 % (RFC 3550 §6.2). [bytes/s]
    private let bandwidth: Double
    private var averageSize: Double
    private var isInitial = true
    private var random: SeededRandom

    /// - Parameters:
    ///   - sessionBitsPerSecond: The media bandwidth, headers included.
    ///   - averageSize: A guess at the size of a compound, UDP and IP headers included. [bytes]
    public init(sessionBitsPerSecond: Int = 80_000, averageSize: Int = 128, random: SeededRandom) {
        bandwidth = max(1, Double(sessionBitsPerSecond) * 0.05 / 8)
        self.averageSize = Double(averageSize)
        self.random = random
    }

    /// Notes a compound that was sent or received (RFC 3550 §6.3.3).
    ///
    /// - Parameter bytes: Its size without UDP and IP headers.
    public mutating func note(bytes: Int) {
        averageSize += (Double(bytes + 28) - averageSize) / 16
    }

    /// The time until the next report, randomised over 0.5…1.5 and compensated by e − 1.5 (RFC 3550 §6.3.1). [ns]
    ///
    /// - Parameters:
    ///   - members: Participants, ourselves included.
    ///   - senders: Those of them that send.
    ///   - weSend: Whether we are one of them.
    public mutating func next(members: Int, senders: Int, weSend: Bool) -> Int64 {
        var share = bandwidth
        var count = Double(max(1, members))
        if Double(senders) <= 0.25 * count {
            share *= weSend ? 0.25 : 0.75
            count = weSend ? Double(max(1, senders)) : Double(max(1, members - senders))
        }
        let least = Double(isInitial ? Self.minimum / 2 : Self.minimum)
        isInitial = false
        let deterministic = max(least, averageSize * count / share * 1e9)
        let factor = 0.5 + Double(random.next() >> 11) * 0x1p-53
        return Int64(deterministic * factor / 1.218_281_828_459_05)
    }
}
