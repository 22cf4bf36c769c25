import MediaEngine
import Net
import SDP
import SIP
import SansIO

/// A call as the user agent keeps it.
struct CallEntry {
    let handlers: PhoneCallHandlers
    let media: MediaStream
    let isOutgoing: Bool
    var session: OfferAnswer
    /// The caller's offer, until the call is answered. `nil` when our answer has to make the offer.
    var remoteOffer: [UInt8]?
    /// What has been agreed upon; early media counts.
    var audio: NegotiatedAudio?
    var isAnswered = false
    /// Set when we ended the call for a reason that the owner has been told; the core's own report adds nothing.
    var isClosed = false
}

extension NegotiatedAudio {
    /// The agreement in the media engine's terms.
    ///
    /// - Throws: ``TelephonyError/Code/hostNotFound`` when the far end's `c=` line has a name without address.
    func mediaParameters() async throws(TelephonyError) -> MediaParameters {
        let remote = try await NegotiatedAudio.resolve(remoteAddress, port: remotePort)
        let control =
            rtcpAddress == remoteAddress
            ? TransportAddress(host: remote.host, port: rtcpPort)
            : try await NegotiatedAudio.resolve(rtcpAddress, port: rtcpPort)
        return MediaParameters(
            remote: remote, remoteControl: control, multiplexesControl: rtcpMux, codec: codec == .pcmu ? .pcmu : .pcma,
            sendPayloadType: sendPayloadType, receivePayloadType: receivePayloadType,
            telephoneEventSendPayloadType: telephoneEventSend, telephoneEventReceivePayloadType: telephoneEventReceive,
            packetTime: packetTime, direction: direction.mediaDirection)
    }

    private static func resolve(_ host: String, port: UInt16) async throws(TelephonyError) -> TransportAddress {
        do {
            if let address = try await Resolver.resolve(host: host, port: port).first { return address }
        } catch {
            throw TelephonyError(.hostNotFound, "The far end's media address cannot be used: \(error.message)")
        }
        throw TelephonyError(.hostNotFound, "The far end's media address “\(host)” has no address.")
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
