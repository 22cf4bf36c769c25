import Audio

/// ``MediaParameters`` as plain bits, as they travel to the media thread.
struct WireParameters: BitwiseCopyable {
    /// What a payload type stands for.
    enum Kind: Equatable {
        case audio(G711.Law)
        case telephoneEvent
        /// RFC 3389; its level is not used, silence is silence.
        case comfortNoise
        case unknown
    }

    private static let absent: UInt8 = 0xFF

    let remote: SocketAddress
    let remoteControl: SocketAddress
    let multiplexesControl: Bool
    let isMu: Bool
    let sends: Bool
    let receives: Bool
    let sendPayloadType: UInt8
    private let receivePayloadType: UInt8
    private let eventSend: UInt8
    private let eventReceive: UInt8
    /// Samples, and so bytes, in a packet.
    let packetSamples: Int

    init(_ parameters: MediaParameters) {
        remote = SocketAddress(parameters.remote) ?? .none
        if let control = parameters.remoteControl {
            remoteControl = SocketAddress(control) ?? .none
        } else {
            remoteControl = remote.port < .max ? remote.withPort(remote.port + 1) : .none
        }
        multiplexesControl = parameters.multiplexesControl
        isMu = parameters.codec == .pcmu
        sends = parameters.direction.sends
        receives = parameters.direction.receives
        sendPayloadType = parameters.sendPayloadType & 0x7F
        receivePayloadType = parameters.receivePayloadType & 0x7F
        eventSend = parameters.telephoneEventSendPayloadType ?? Self.absent
        eventReceive = parameters.telephoneEventReceivePayloadType ?? Self.absent
        packetSamples = min(max(parameters.packetTime, 10), 60) * 8
    }

    var law: G711.Law { isMu ? .mu : .a }

    /// The payload type of the events that we send; `nil` when the far end takes none.
    var telephoneEventSendPayloadType: UInt8? { eventSend == Self.absent ? nil : eventSend }

    /// What a received payload type means. Those of either direction's SDP count, since answers that swap them are seen;
    /// so do the static types of both laws.
    func kind(of payloadType: UInt8) -> Kind {
        switch payloadType {
        case eventReceive, eventSend: .telephoneEvent
        case receivePayloadType, sendPayloadType: .audio(law)
        case 0: .audio(.mu)
        case 8: .audio(.a)
        case 13, 19: .comfortNoise
        default: .unknown
        }
    }
}
