/// The audio stream that both sides have agreed upon, from our point of view.
public struct NegotiatedAudio: Hashable, Sendable {
    /// Where we send RTP: a numeric address or a host name; `0.0.0.0` or `::` when held in the old way.
    public var remoteAddress: String
    public var remotePort: UInt16
    /// Where we send RTCP: the host of `a=rtcp`, else ``remoteAddress``.
    public var rtcpAddress: String
    /// The RTP port if ``rtcpMux``, else that of `a=rtcp`, else the port after RTP's.
    public var rtcpPort: UInt16
    /// Whether RTP and RTCP share one port at both ends (RFC 5761).
    public var rtcpMux: Bool
    /// What we send, and what to expect.
    public var codec: AudioCodec
    /// The number that packets of ``codec`` have when we send them.
    public var sendPayloadType: UInt8
    /// The number that packets of ``codec`` have when they arrive.
    public var receivePayloadType: UInt8
    /// Every number that may arrive, with its codec: an answer may list several, and its sender may change among them.
    public var receivePayloadTypes: [UInt8: AudioCodec]
    /// The number of RFC 4733 events that we send; `nil` when the other side takes none.
    public var telephoneEventSend: UInt8?
    /// The number of RFC 4733 events that arrive.
    public var telephoneEventReceive: UInt8?
    /// How much audio each packet that we send holds: what the other side asks for, at least 20. [ms]
    public var packetTime: Int
    /// Who sends, seen from our end. While it doesn't ``MediaDirection/send``, the other side holds us.
    public var direction: MediaDirection

    /// Whether the other side has put us on hold.
    public var isHeld: Bool { !direction.sends }
}
