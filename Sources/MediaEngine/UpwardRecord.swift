import SansIO

/// A record from a media thread to ordinary code, other than audio.
struct UpwardRecord {
    enum Kind: UInt32 {
        /// Audio: the payload is G.711.
        case uplink = 1
        case started
        case playoutStarted
        /// `first`: bytes played.
        case playoutEnded
        /// `first`: bytes played, `second`: bytes dropped.
        case flushed
        case flushedNothing
        case drained
        /// `tag`: the key as ASCII, `first`: milliseconds.
        case digit
        case timedOut
        /// `first`: first byte, `second`: RTP timestamp, bytes in the first and in each packet, 32, 16 and 16 bits.
        case runOpened
        /// `first`: bytes in all.
        case runClosed
        /// The last record of a session.
        case closed
    }

    private struct Fields: BitwiseCopyable {
        var tag: UInt32 = 0
        var first: Int64 = 0
        var second: Int64 = 0
    }

    let kind: Kind
    let instant: Instant
    private let fields: Fields

    init(_ kind: Kind, tag: UInt32 = 0, first: Int = 0, second: Int = 0, at instant: Instant) {
        self.kind = kind
        self.instant = instant
        fields = Fields(tag: tag, first: Int64(first), second: Int64(second))
    }

    init(opening run: PlayoutLedger.Run) {
        let packed =
            Int64(run.rtpTimestamp) << 32 | Int64(UInt16(truncatingIfNeeded: run.bytesInFirstPacket)) << 16
            | Int64(UInt16(truncatingIfNeeded: run.bytesPerPacket))
        kind = .runOpened
        instant = run.start
        fields = Fields(tag: run.tag, first: Int64(run.firstByte), second: packed)
    }

    init(kind: Kind, reading record: RecordRing.Record) {
        self.kind = kind
        instant = record.instant
        let isWhole = record.payload.count >= MemoryLayout<Fields>.size
        fields = isWhole ? record.payload.loadUnaligned(as: Fields.self) : Fields()
    }

    /// Puts the record into the ring.
    func write(to ring: borrowing RecordRing) -> Bool {
        withUnsafeBytes(of: fields) { ring.write(kind: kind.rawValue, at: instant, $0) }
    }

    var tag: UInt32 { fields.tag }
    var first: Int64 { fields.first }

    var run: PlayoutLedger.Run {
        PlayoutLedger.Run(
            tag: tag, firstByte: Int(first), rtpTimestamp: UInt32(truncatingIfNeeded: fields.second >> 32),
            start: instant, bytesInFirstPacket: Int(fields.second >> 16 & 0xFFFF),
            bytesPerPacket: Int(fields.second & 0xFFFF))
    }

    /// The event that the record stands for; `nil` for those of the ledger and the end.
    var event: MediaEvent? {
        switch kind {
        case .started: .started(at: instant)
        case .playoutStarted: .playoutStarted(tag: tag, at: instant)
        case .playoutEnded: .playoutEnded(tag: tag, played: Int(first), at: instant)
        case .flushed: .flushed(tag: tag, played: Int(first), dropped: Int(fields.second), at: instant)
        case .flushedNothing: .flushed(tag: nil, played: 0, dropped: Int(fields.second), at: instant)
        case .drained: .drained(at: instant)
        case .digit:
            .digit(
                Character(Unicode.Scalar(UInt8(truncatingIfNeeded: tag))), durationMilliseconds: Int(first))
        case .timedOut: .timedOut
        case .uplink, .runOpened, .runClosed, .closed: nil
        }
    }
}
