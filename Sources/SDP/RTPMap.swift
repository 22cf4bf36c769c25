/// What a payload type stands for: `a=rtpmap:101 telephone-event/8000` (RFC 8866 §6.6).
public struct RTPMap: Hashable, Sendable {
    /// 0…127.
    public var payloadType: UInt8
    /// Compared without regard to case (RFC 4855 §3).
    public var encodingName: String
    /// [Hz]
    public var clockRate: Int
    /// Channels, for audio.
    public var channelCount: Int

    public init(payloadType: UInt8, encodingName: String, clockRate: Int, channelCount: Int = 1) {
        self.payloadType = payloadType
        self.encodingName = encodingName
        self.clockRate = clockRate
        self.channelCount = channelCount
    }

    init?(parsing value: String) {
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let payloadType = UInt8(parts[0]), payloadType < 128 else { return nil }
        let encoding = parts[1].split(separator: "/").map { $0.filter { $0 != " " } }
        guard encoding.count >= 2, let clockRate = Int(encoding[1]), clockRate > 0 else { return nil }
        let channelCount = encoding.count > 2 ? Int(encoding[2]) ?? 1 : 1
        self.init(
            payloadType: payloadType, encodingName: String(encoding[0]), clockRate: clockRate,
            channelCount: channelCount)
    }

    /// The static payload types that telephony meets (RFC 3551 §6).
    static func assigned(_ payloadType: UInt8) -> RTPMap? {
        switch payloadType {
        case 0: RTPMap(payloadType: 0, encodingName: "PCMU", clockRate: 8_000)
        case 3: RTPMap(payloadType: 3, encodingName: "GSM", clockRate: 8_000)
        case 8: RTPMap(payloadType: 8, encodingName: "PCMA", clockRate: 8_000)
        case 9: RTPMap(payloadType: 9, encodingName: "G722", clockRate: 8_000)
        case 13: RTPMap(payloadType: 13, encodingName: "CN", clockRate: 8_000)
        case 18: RTPMap(payloadType: 18, encodingName: "G729", clockRate: 8_000)
        default: nil
        }
    }

    func isEncoding(_ name: String, clockRate: Int) -> Bool {
        encodingName.lowercased() == name.lowercased() && self.clockRate == clockRate && channelCount == 1
    }

    /// The value of the attribute.
    public var text: String {
        "\(payloadType) \(encodingName)/\(clockRate)" + (channelCount == 1 ? "" : "/\(channelCount)")
    }
}
