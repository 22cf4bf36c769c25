import MediaEngine
import Net
import SDP
import SansIO

/// A call as ``PhoneCore`` keeps it.
struct CallEntry: Sendable {
    let isOutgoing: Bool
    var session: OfferAnswer
    /// The caller's offer. `nil` when our answer has to make the offer, and for calls that we placed.
    var remoteOffer: [UInt8]?
    /// What has been agreed upon; early media counts.
    var audio: NegotiatedAudio?
    /// The codec of the stream's first start: it keeps that law to its owner, and converts if the wire changes.
    var codec: MediaParameters.Codec?
    var isAnswered = false
    /// Set when we ended the call for a reason that the owner has been told; the core's own report adds nothing.
    var isClosed = false
}

extension CallEntry {
    /// Enters what offer and answer have agreed upon.
    ///
    /// - Returns: How the stream is to be started, or changed.
    /// - Throws: ``TelephonyError/Code/hostNotFound``.
    mutating func agree(on audio: NegotiatedAudio) throws(TelephonyError) -> MediaParameters {
        let parameters = try audio.mediaParameters()
        codec = codec ?? parameters.codec
        self.audio = audio
        return parameters
    }
}

extension NegotiatedAudio {
    /// The agreement in the media engine's terms.
    ///
    /// A name in the far end's `c=` line is refused: to look it up would hold up all other calls' signalling, and trunks
    /// send addresses.
    /// - Throws: ``TelephonyError/Code/hostNotFound``.
    func mediaParameters() throws(TelephonyError) -> MediaParameters {
        let remote = try NegotiatedAudio.address(remoteAddress, port: remotePort)
        let control =
            rtcpAddress == remoteAddress
            ? TransportAddress(host: remote.host, port: rtcpPort)
            : try NegotiatedAudio.address(rtcpAddress, port: rtcpPort)
        return MediaParameters(
            remote: remote, remoteControl: control, multiplexesControl: rtcpMux, codec: codec == .pcmu ? .pcmu : .pcma,
            sendPayloadType: sendPayloadType, receivePayloadType: receivePayloadType,
            telephoneEventSendPayloadType: telephoneEventSend, telephoneEventReceivePayloadType: telephoneEventReceive,
            packetTime: packetTime, direction: direction.mediaDirection)
    }

    private static func address(_ host: String, port: UInt16) throws(TelephonyError) -> TransportAddress {
        if let address = Resolver.numericAddress(host, port: port) { return address }
        throw TelephonyError(
            .hostNotFound, "The far end's media address “\(host)” is a name; only numeric addresses are taken.")
    }
}

extension MediaDirection {
    fileprivate var mediaDirection: MediaParameters.Direction {
        switch self {
        case .sendReceive: .sendReceive
        case .sendOnly: .sendOnly
        case .receiveOnly: .receiveOnly
        case .inactive: .inactive
        }
    }
}

extension SDPError {
    /// What is wrong with the far end's session description, for an operator.
    var sentence: String {
        switch self {
        case .noCommonCodec: "The far end takes none of our codecs, PCMU and PCMA. Allow one of them there."
        case .noAudio: "The far end's session description has no audio."
        case .audioRejected: "The far end refused audio."
        case .unsupportedProtocol(let transport): "The far end wants \(transport); only RTP/AVP is spoken here."
        case .missingConnection: "The far end's session description names no address for audio."
        case .unexpectedAnswer: "The far end answered an offer that was never made."
        case .tooLong, .malformedLine, .unknownType, .malformedField, .misplacedField, .missingField:
            "The far end's session description cannot be read: \(self)."
        }
    }
}
