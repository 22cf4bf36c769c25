/// The codecs that a call can agree upon.
public enum AudioCodec: String, Hashable, Sendable, CaseIterable {
    /// G.711 µ-law.
    case pcmu = "PCMU"
    /// G.711 A-law.
    case pcma = "PCMA"

    /// The static payload type (RFC 3551 §6).
    public var payloadType: UInt8 {
        switch self {
        case .pcmu: 0
        case .pcma: 8
        }
    }

    /// The name in `a=rtpmap`.
    public var encodingName: String { rawValue }

    /// RTP timestamp units a second. [Hz]
    public var clockRate: Int { 8_000 }

    /// The codec that a payload type stands for, if it is one of these.
    init?(_ map: RTPMap) {
        guard let codec = Self.allCases.first(where: { map.isEncoding($0.rawValue, clockRate: $0.clockRate) }) else {
            return nil
        }
        self = codec
    }
}
