public import Audio
public import SansIO

/// What SDP has settled about a stream.
public struct MediaParameters: Sendable, Hashable {
    /// The codecs that are carried without transcoding.
    public enum Codec: Sendable, Hashable, CaseIterable {
        case pcmu
        case pcma

        public var law: G711.Law { self == .pcmu ? .mu : .a }

        /// RFC 3551 §6 table 4.
        public var staticPayloadType: UInt8 { self == .pcmu ? 0 : 8 }
    }

    /// Which way audio flows, seen from us (RFC 8866 §6.7).
    public enum Direction: Sendable, Hashable, CaseIterable {
        case sendReceive
        case sendOnly
        case receiveOnly
        case inactive

        public var sends: Bool { self == .sendReceive || self == .sendOnly }
        public var receives: Bool { self == .sendReceive || self == .receiveOnly }
    }

    /// Where the far end's SDP wants RTP. `0.0.0.0` or port 0: nowhere, as in an old-fashioned hold.
    public var remote: TransportAddress
    /// Where the far end's SDP wants RTCP (RFC 3605); `nil`: the port above ``remote``.
    public var remoteControl: TransportAddress?
    /// Whether RTCP shares the RTP port (RFC 5761).
    public var multiplexesControl: Bool
    public var codec: Codec
    /// The payload type in their SDP, which we send.
    public var sendPayloadType: UInt8
    /// The payload type in our SDP, which they send.
    public var receivePayloadType: UInt8
    /// Of telephone-event in their SDP; `nil`: digits are sent as tones.
    public var telephoneEventSendPayloadType: UInt8?
    /// Of telephone-event in our SDP.
    public var telephoneEventReceivePayloadType: UInt8?
    /// The length of the packets that we send, 10…60. [ms]
    public var packetTime: Int
    public var direction: Direction

    public init(
        remote: TransportAddress, remoteControl: TransportAddress? = nil, multiplexesControl: Bool = false,
        codec: Codec = .pcmu, sendPayloadType: UInt8? = nil, receivePayloadType: UInt8? = nil,
        telephoneEventSendPayloadType: UInt8? = nil, telephoneEventReceivePayloadType: UInt8? = nil,
        packetTime: Int = 20, direction: Direction = .sendReceive
    ) {
        self.remote = remote
        self.remoteControl = remoteControl
        self.multiplexesControl = multiplexesControl
        self.codec = codec
        self.sendPayloadType = sendPayloadType ?? codec.staticPayloadType
        self.receivePayloadType = receivePayloadType ?? codec.staticPayloadType
        self.telephoneEventSendPayloadType = telephoneEventSendPayloadType
        self.telephoneEventReceivePayloadType = telephoneEventReceivePayloadType
        self.packetTime = packetTime
        self.direction = direction
    }
}
