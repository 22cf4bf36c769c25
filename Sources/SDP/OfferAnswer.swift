/// One side of RFC 3264: makes offers, answers them, and keeps what has been agreed upon.
///
/// One audio stream, PCMU and PCMA, with telephone-events; other media are refused line by line. A value: copy it for
/// each early dialog of a forked call. An answer may be received again for the same offer, as when a 200 carries
/// another one than the 183 before it.
public struct OfferAnswer: Sendable {
    /// Codecs that we take, the preferred one first.
    public let codecs: [AudioCodec]
    /// Whether we take RFC 4733 events.
    public let telephoneEvents: Bool
    /// Where we receive: RTP and, at the same port, RTCP. A change goes into the next description.
    public var address: String
    public var port: UInt16
    /// What we want; `.sendOnly` or `.inactive` puts the other side on hold with the next offer.
    public var direction = MediaDirection.sendReceive
    /// How much audio a packet should hold that we receive. [ms]
    public var preferredPacketTime = 20

    /// What has been agreed upon last.
    public internal(set) var negotiated: NegotiatedAudio?
    /// The description that we sent last.
    public internal(set) var local: SessionDescription?
    /// The description that was received last and agreed upon.
    public internal(set) var remote: SessionDescription?

    /// The offer of ours that an answer may refer to.
    var offer: SessionDescription?
    let sessionID: UInt64
    private var version: UInt64

    /// - Parameters:
    ///   - address: Numeric address at which we receive.
    ///   - port: Port at which we receive RTP and RTCP.
    ///   - sessionID: Random, for the `o=` line; below 2⁶³, as some peers read it as a signed number.
    ///   - codecs: The preferred one first; at least one.
    ///   - telephoneEvents: Whether to offer and accept RFC 4733 events.
    public init(
        address: String, port: UInt16, sessionID: UInt64, codecs: [AudioCodec] = [.pcmu, .pcma],
        telephoneEvents: Bool = true
    ) {
        precondition(!codecs.isEmpty, "an offer needs a codec")
        self.address = address
        self.port = port
        self.sessionID = sessionID & (UInt64.max >> 1)
        self.codecs = codecs
        self.telephoneEvents = telephoneEvents
        version = self.sessionID
    }

    /// Whether an offer of ours waits for its first answer. Neither side may offer anew meanwhile (491).
    public private(set) var isOfferPending = false

    // MARK: - Offering

    /// A full offer: every codec of ours, also in a re-INVITE and where a peer's INVITE had no offer.
    ///
    /// Keeps the number and order of `m=` lines and the payload numbers of earlier descriptions (RFC 3264 §8), and the
    /// version if nothing changes.
    public mutating func makeOffer() -> SessionDescription {
        var payloads: [RTPMap] = []
        for codec in codecs {
            payloads.append(
                RTPMap(
                    payloadType: number(codec.encodingName, preferring: codec.payloadType, besides: payloads),
                    encodingName: codec.encodingName, clockRate: codec.clockRate))
        }
        if telephoneEvents {
            payloads.append(
                RTPMap(
                    payloadType: number(Self.eventName, preferring: 101, besides: payloads),
                    encodingName: Self.eventName, clockRate: 8_000))
        }
        let audio = audioLine(payloads, direction, packetTime: preferredPacketTime, offersMux: true)
        var media = (local?.media ?? []).map { Self.refusal(of: $0) }
        if let index = audioIndex { media[index] = audio } else { media.append(audio) }
        let description = publish(media)
        offer = description
        isOfferPending = true
        return description
    }

    /// Takes the answer to our last offer.
    ///
    /// - Throws: ``SDPError/unexpectedAnswer``, ``SDPError/noAudio``, ``SDPError/audioRejected``,
    ///   ``SDPError/unsupportedProtocol(_:)``, ``SDPError/missingConnection``, ``SDPError/noCommonCodec``. What was
    ///   agreed upon before stays in force.
    public mutating func receiveAnswer(_ answer: SessionDescription) throws(SDPError) -> NegotiatedAudio {
        guard let offer else { throw .unexpectedAnswer }
        isOfferPending = false
        guard let index = offer.media.firstIndex(where: { $0.media == "audio" && $0.port != 0 }),
            answer.media.indices.contains(index), answer.media[index].media == "audio"
        else { throw .noAudio }
        let audio = answer.media[index]
        if audio.port == 0 { throw .audioRejected }
        guard Self.speaks(audio.transport) else { throw .unsupportedProtocol(audio.transport) }
        let ours = offer.media[index].payloads
        var result = try agree(answer, audio, besides: ours)
        result.rtcpMux = audio.hasRTCPMux
        if result.rtcpMux { (result.rtcpAddress, result.rtcpPort) = (result.remoteAddress, result.remotePort) }
        result.direction = result.direction.intersection(offer.direction(of: offer.media[index]))
        negotiated = result
        remote = answer
        return result
    }

    /// The offer was refused or given up: what was agreed upon before stays in force (RFC 6141).
    public mutating func withdrawOffer() {
        offer = nil
        isOfferPending = false
    }

    // MARK: - Descriptions

    static let eventName = "telephone-event"

    /// Whether `transport` is plain RTP; AVPF differs in RTCP timing only, and a peer that offers it must bear our RTCP.
    static func speaks(_ transport: String) -> Bool {
        ["RTP/AVP", "RTP/AVPF"].contains(transport.uppercased())
    }

    /// A line that refuses what `medium` proposes (RFC 3264 §6).
    static func refusal(of medium: MediaDescription) -> MediaDescription {
        MediaDescription(media: medium.media, port: 0, transport: medium.transport, formats: medium.formats)
    }

    /// Our audio line.
    func audioLine(
        _ payloads: [RTPMap], _ direction: MediaDirection, packetTime: Int, offersMux: Bool,
        transport: String = "RTP/AVP"
    ) -> MediaDescription {
        var attributes = payloads.map { Attribute("rtpmap", $0.text) }
        if let events = payloads.first(where: { $0.encodingName == Self.eventName }) {
            attributes.append(Attribute("fmtp", "\(events.payloadType) 0-16"))
        }
        attributes.append(Attribute("ptime", "\(packetTime)"))
        attributes.append(Attribute(direction.rawValue))
        // RTCP comes to the RTP port even from peers that don't know a=rtcp-mux (RFC 3605, RFC 5761 §5.1.1).
        attributes.append(Attribute("rtcp", "\(port)"))
        if offersMux { attributes.append(Attribute("rtcp-mux")) }
        return MediaDescription(
            media: "audio", port: port, transport: transport, formats: payloads.map { "\($0.payloadType)" },
            attributes: attributes)
    }

    /// Wraps media lines into a description, with the next version if it differs from the last one (RFC 3264 §8).
    mutating func publish(_ media: [MediaDescription]) -> SessionDescription {
        let connection = ConnectionData(address: address)
        var description = SessionDescription(
            origin: Origin(
                sessionID: "\(sessionID)", sessionVersion: "\(version)", addressType: connection.addressType,
                address: address),
            connection: connection, media: media)
        if let local, description != local {
            version &+= 1
            description.origin.sessionVersion = "\(version)"
        }
        local = description
        return description
    }

    /// Which of our lines is the audio line.
    private var audioIndex: Int? {
        local?.media.firstIndex { $0.media == "audio" && $0.port != 0 }
            ?? local?.media.firstIndex { $0.media == "audio" }
    }

    /// The number that an encoding had in our descriptions, or in the peer's; else the preferred one; else a free
    /// dynamic one.
    private func number(_ encoding: String, preferring preferred: UInt8, besides taken: [RTPMap]) -> UInt8 {
        guard let index = audioIndex else { return preferred }
        var known = local?.media[index].payloads ?? []
        if let remote, remote.media.indices.contains(index) { known += remote.media[index].payloads }
        let isFree = { (number: UInt8) in !taken.contains { $0.payloadType == number } }
        let earlier = known.first { $0.isEncoding(encoding, clockRate: 8_000) && isFree($0.payloadType) }
        if let earlier { return earlier.payloadType }
        let isUnknown = { (number: UInt8) in !known.contains { $0.payloadType == number } && isFree(number) }
        return ([preferred] + Array(96...127)).first(where: isUnknown) ?? preferred
    }
}
