/// One packet of an RTCP compound (RFC 3550 §6), as a view into the datagram.
public enum ControlPacket {
    case senderReport(ssrc: UInt32, SenderInfo, ReportBlocks)
    case receiverReport(ssrc: UInt32, ReportBlocks)
    /// The CNAME of the first chunk, if it has one.
    case sourceDescription(ssrc: UInt32, canonicalName: UnsafeRawBufferPointer?)
    /// The first source that leaves; RTCP BYE does not end a call.
    case goodbye(ssrc: UInt32)
    /// A type that is skipped: APP, feedback (RFC 4585), extended reports (RFC 3611), ….
    case other(type: UInt8)
}

/// Why a datagram is not an RTCP compound.
public enum ControlError: Error, Hashable, Sendable {
    /// A packet ends behind the end of the datagram, or is too short for what it announces.
    case truncated(offset: Int)
    case version(UInt8, offset: Int)
    /// The first packet is neither SR nor RR (RFC 3550 A.2), nor a type that RFC 5506 lets stand alone.
    case firstType(UInt8)
}

/// Reads the packets of an RTCP compound in order, without copying.
///
/// The first packet must be a report (RFC 3550 A.2), or a feedback packet or APP sent alone (RFC 5506). Padding is
/// accepted in any packet, since its length field already covers it.
public struct ControlReader {
    public static let senderReportType: UInt8 = 200
    public static let receiverReportType: UInt8 = 201
    public static let sourceDescriptionType: UInt8 = 202
    public static let goodbyeType: UInt8 = 203

    private let datagram: UnsafeRawBufferPointer
    private var offset = 0

    public init(_ datagram: UnsafeRawBufferPointer) {
        self.datagram = datagram
    }

    /// The next packet, or `nil` at the end.
    ///
    /// - Throws: ``ControlError``; what was returned before stays valid, nothing follows.
    /// - Complexity: O(1) but for the text of an SDES chunk; allocates nothing.
    public mutating func next() throws(ControlError) -> ControlPacket? {
        guard offset < datagram.count else { return nil }
        let start = offset
        guard start + 4 <= datagram.count else { throw .truncated(offset: start) }
        let version = datagram[start] >> 6
        guard version == 2 else { throw .version(version, offset: start) }
        let count = Int(datagram[start] & 0x1F)
        let type = datagram[start + 1]
        let length = 4 * (1 + Int(datagram.loadBigEndian(UInt16.self, at: start + 2)))
        guard start + length <= datagram.count else { throw .truncated(offset: start) }
        if start == 0, type != Self.senderReportType, type != Self.receiverReportType, !(204...207).contains(type) {
            throw .firstType(type)
        }
        offset = start + length
        switch type {
        case Self.senderReportType: return try senderReport(at: start, length: length, count: count)
        case Self.receiverReportType:
            guard length >= 8 + count * ReportBlock.size else { throw .truncated(offset: start) }
            return .receiverReport(
                ssrc: datagram.loadBigEndian(UInt32.self, at: start + 4),
                ReportBlocks(buffer: datagram, offset: start + 8, count: count))
        case Self.sourceDescriptionType where count > 0:
            guard length >= 8 else { throw .truncated(offset: start) }
            return .sourceDescription(
                ssrc: datagram.loadBigEndian(UInt32.self, at: start + 4),
                canonicalName: canonicalName(in: (start + 8)..<(start + length)))
        case Self.goodbyeType where count > 0:
            guard length >= 4 + 4 * count else { throw .truncated(offset: start) }
            return .goodbye(ssrc: datagram.loadBigEndian(UInt32.self, at: start + 4))
        default: return .other(type: type)
        }
    }

    private func senderReport(at start: Int, length: Int, count: Int) throws(ControlError) -> ControlPacket {
        guard length >= 28 + count * ReportBlock.size else { throw .truncated(offset: start) }
        let info = SenderInfo(
            ntp: NTPTimestamp(bits: datagram.loadBigEndian(UInt64.self, at: start + 8)),
            rtpTimestamp: datagram.loadBigEndian(UInt32.self, at: start + 16),
            packetCount: datagram.loadBigEndian(UInt32.self, at: start + 20),
            octetCount: datagram.loadBigEndian(UInt32.self, at: start + 24))
        return .senderReport(
            ssrc: datagram.loadBigEndian(UInt32.self, at: start + 4), info,
            ReportBlocks(buffer: datagram, offset: start + 28, count: count))
    }

    /// The value of the first CNAME item (type 1) of the chunk whose items lie in `range` (RFC 3550 §6.5).
    private func canonicalName(in range: Range<Int>) -> UnsafeRawBufferPointer? {
        var position = range.lowerBound
        while position + 2 <= range.upperBound, datagram[position] != 0 {
            let end = position + 2 + Int(datagram[position + 1])
            guard end <= range.upperBound else { return nil }
            if datagram[position] == 1 { return UnsafeRawBufferPointer(rebasing: datagram[(position + 2)..<end]) }
            position = end
        }
        return nil
    }
}
