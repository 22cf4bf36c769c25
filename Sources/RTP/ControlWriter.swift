/// Writes an RTCP compound into a buffer of the caller: a report, SDES, and BYE at the end (RFC 3550 §6.1).
///
/// A packet that no longer fits is left out whole; the compound stays valid.
public struct ControlWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    public private(set) var count = 0

    public init(_ buffer: UnsafeMutableRawBufferPointer) {
        self.buffer = buffer
    }

    /// Writes an SR when `sender` is given, else an RR, with at most one report block.
    public mutating func report(ssrc: UInt32, sender: SenderInfo?, block: ReportBlock?) {
        let length = 8 + (sender == nil ? 0 : 20) + (block == nil ? 0 : ReportBlock.size)
        let type = sender == nil ? ControlReader.receiverReportType : ControlReader.senderReportType
        guard let start = begin(type: type, count: block == nil ? 0 : 1, length: length) else { return }
        buffer.storeBigEndian(ssrc, at: start + 4)
        var offset = start + 8
        if let sender {
            buffer.storeBigEndian(sender.ntp.bits, at: offset)
            buffer.storeBigEndian(sender.rtpTimestamp, at: offset + 8)
            buffer.storeBigEndian(sender.packetCount, at: offset + 12)
            buffer.storeBigEndian(sender.octetCount, at: offset + 16)
            offset += 20
        }
        block?.write(into: buffer, at: offset)
    }

    /// Writes one SDES chunk with the CNAME (RFC 3550 §6.5.1).
    ///
    /// - Parameter canonicalName: At most 255 bytes; what is longer is cut.
    public mutating func sourceDescription(ssrc: UInt32, canonicalName: UnsafeRawBufferPointer) {
        let text = UnsafeRawBufferPointer(rebasing: canonicalName.prefix(255))
        // Items, at least one zero byte, up to a multiple of four.
        let items = (2 + text.count + 4) & ~3
        guard let start = begin(type: ControlReader.sourceDescriptionType, count: 1, length: 8 + items) else { return }
        buffer.storeBigEndian(ssrc, at: start + 4)
        buffer[start + 8] = 1
        buffer[start + 9] = UInt8(text.count)
        for index in 0..<(items - 2) {
            buffer[start + 10 + index] = index < text.count ? text[index] : 0
        }
    }

    /// Writes a BYE without reason (RFC 3550 §6.6).
    public mutating func goodbye(ssrc: UInt32) {
        guard let start = begin(type: ControlReader.goodbyeType, count: 1, length: 8) else { return }
        buffer.storeBigEndian(ssrc, at: start + 4)
    }

    private mutating func begin(type: UInt8, count packetCount: UInt8, length: Int) -> Int? {
        guard count + length <= buffer.count else { return nil }
        let start = count
        buffer[start] = 0x80 | packetCount
        buffer[start + 1] = type
        buffer.storeBigEndian(UInt16(truncatingIfNeeded: length / 4 - 1), at: start + 2)
        count += length
        return start
    }
}
