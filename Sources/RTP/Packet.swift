/// Why a datagram is not an RTP packet.
public enum PacketError: Error, Hashable, Sendable {
    /// Shorter than the fixed header, the CSRC list or the header extension that it announces.
    case truncated(length: Int, needed: Int)
    /// The version field is not 2.
    case version(UInt8)
    /// The padding count is zero or reaches into the header.
    case padding(UInt8)
    /// The payload type lies in 64…95 with the marker bit as RTCP would have it (RFC 5761 §4).
    case control
}

/// The fields of an RTP header that a receiver acts on (RFC 3550 §5.1).
public struct PacketHeader: Hashable, Sendable {
    /// Bytes of a header without CSRC list and extension.
    public static let size = 12

    public var marker: Bool
    /// 0…127.
    public var payloadType: UInt8
    public var sequenceNumber: UInt16
    /// In units of the payload's clock, 8,000 a second for G.711.
    public var timestamp: UInt32
    public var ssrc: UInt32

    public init(marker: Bool = false, payloadType: UInt8, sequenceNumber: UInt16, timestamp: UInt32, ssrc: UInt32) {
        self.marker = marker
        self.payloadType = payloadType & 0x7F
        self.sequenceNumber = sequenceNumber
        self.timestamp = timestamp
        self.ssrc = ssrc
    }

    /// Writes the fixed header, without CSRC list and extension.
    ///
    /// - Parameter buffer: At least ``size`` bytes.
    /// - Returns: Bytes written; 0 when the buffer is too small.
    /// - Complexity: O(1); allocates nothing.
    @discardableResult
    public func write(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard buffer.count >= Self.size else { return 0 }
        buffer[0] = 0x80
        buffer[1] = (marker ? 0x80 : 0) | (payloadType & 0x7F)
        buffer.storeBigEndian(sequenceNumber, at: 2)
        buffer.storeBigEndian(timestamp, at: 4)
        buffer.storeBigEndian(ssrc, at: 8)
        return Self.size
    }
}

/// An RTP packet as a view: its header, and where in the datagram its payload lies.
public struct Packet: Hashable, Sendable {
    public let header: PacketHeader
    /// The payload without padding, as offsets into the datagram; may be empty.
    public let payload: Range<Int>

    /// Reads a datagram (RFC 3550 §5.1, §5.3.1; validity checks of A.1).
    ///
    /// - Throws: ``PacketError``. Every sequence of bytes either parses or throws.
    /// - Complexity: O(1); allocates nothing. Called on the media thread.
    public init(parsing datagram: UnsafeRawBufferPointer) throws(PacketError) {
        let length = datagram.count
        guard length >= PacketHeader.size else { throw .truncated(length: length, needed: PacketHeader.size) }
        let first = datagram[0]
        guard first >> 6 == 2 else { throw .version(first >> 6) }
        guard !Packet.isControl(datagram) else { throw .control }
        var start = PacketHeader.size + 4 * Int(first & 0x0F)
        if first & 0x10 != 0 {
            guard length >= start + 4 else { throw .truncated(length: length, needed: start + 4) }
            start += 4 + 4 * Int(datagram.loadBigEndian(UInt16.self, at: start + 2))
        }
        guard length >= start else { throw .truncated(length: length, needed: start) }
        var end = length
        if first & 0x20 != 0 {
            let padding = datagram[length - 1]
            guard padding > 0, Int(padding) <= length - start else { throw .padding(padding) }
            end -= Int(padding)
        }
        header = PacketHeader(
            marker: datagram[1] & 0x80 != 0,
            payloadType: datagram[1] & 0x7F,
            sequenceNumber: datagram.loadBigEndian(UInt16.self, at: 2),
            timestamp: datagram.loadBigEndian(UInt32.self, at: 4),
            ssrc: datagram.loadBigEndian(UInt32.self, at: 8))
        payload = start..<end
    }

    /// Whether a datagram on a port that carries both is RTCP: second byte 192…223 (RFC 5761 §4).
    public static func isControl(_ datagram: UnsafeRawBufferPointer) -> Bool {
        datagram.count >= 2 && (192...223).contains(datagram[1])
    }
}
