extension OfferAnswer {
    /// Answers an offer (RFC 3264 §6).
    ///
    /// Takes the first audio line that we can use, and on it the first codec of the offer's order that we know, under the
    /// offer's payload number; refuses every other line. Hold is answered by its mirror image.
    ///
    /// - Throws: ``SDPError/noAudio``, ``SDPError/unsupportedProtocol(_:)``, ``SDPError/missingConnection``,
    ///   ``SDPError/noCommonCodec``: each a reason for 488. What was agreed upon before stays in force.
    public mutating func answer(
        _ offer: SessionDescription
    ) throws(SDPError) -> (SessionDescription, NegotiatedAudio) {
        let (index, audio) = try usableAudio(offer)
        var result = try agree(offer, audio, besides: nil)
        result.direction = result.direction.intersection(direction)
        result.rtcpMux = audio.hasRTCPMux
        if result.rtcpMux { (result.rtcpAddress, result.rtcpPort) = (result.remoteAddress, result.remotePort) }

        var payloads = [
            RTPMap(
                payloadType: result.sendPayloadType, encodingName: result.codec.encodingName,
                clockRate: result.codec.clockRate)
        ]
        if let number = result.telephoneEventReceive {
            payloads.append(RTPMap(payloadType: number, encodingName: Self.eventName, clockRate: 8_000))
        }
        let line = audioLine(
            payloads, result.direction, packetTime: result.packetTime, offersMux: result.rtcpMux,
            transport: audio.transport)
        let media = offer.media.indices.map { $0 == index ? line : Self.refusal(of: offer.media[$0]) }
        let description = publish(media)
        withdrawOffer()
        negotiated = result
        remote = offer
        return (description, result)
    }

    /// The first audio line whose transport, address and codec we can use; if none, why the first active one can't be.
    private func usableAudio(_ offer: SessionDescription) throws(SDPError) -> (Int, MediaDescription) {
        var fault: SDPError?
        for (index, medium) in offer.media.enumerated() where medium.media == "audio" && medium.port != 0 {
            do throws(SDPError) {
                guard Self.speaks(medium.transport) else { throw .unsupportedProtocol(medium.transport) }
                _ = try agree(offer, medium, besides: nil)
                return (index, medium)
            } catch {
                fault = fault ?? error
            }
        }
        throw fault ?? .noAudio
    }

    /// What results from the other side's audio line.
    ///
    /// - Parameter ours: The payload types of our offer, when `medium` is of its answer; `nil` when it is of an offer.
    func agree(
        _ description: SessionDescription, _ medium: MediaDescription, besides ours: [RTPMap]?
    ) throws(SDPError) -> NegotiatedAudio {
        guard let connection = description.connection(of: medium) else { throw .missingConnection }
        let theirs = medium.payloads
        func ourNumber(_ map: RTPMap) -> UInt8? {
            guard let ours else { return map.payloadType }
            return ours.first { $0.isEncoding(map.encodingName, clockRate: map.clockRate) }?.payloadType
        }
        var receivable: [UInt8: AudioCodec] = [:]
        var chosen: (codec: AudioCodec, send: UInt8, receive: UInt8)?
        for map in theirs {
            guard let codec = AudioCodec(map), codecs.contains(codec), let number = ourNumber(map) else { continue }
            // We answer with one codec, but an answer may leave several open.
            if chosen == nil || ours != nil { receivable[number] = codec }
            if chosen == nil { chosen = (codec, map.payloadType, number) }
        }
        guard let chosen else { throw .noCommonCodec }
        let events = theirs.first { telephoneEvents && $0.isEncoding(Self.eventName, clockRate: 8_000) }
        let eventNumber = events.flatMap(ourNumber)
        var direction = description.direction(of: medium).mirrored
        if connection.isUnspecified { direction = direction.intersection(.receiveOnly) }
        let rtcp = medium.rtcp
        return NegotiatedAudio(
            remoteAddress: connection.host, remotePort: medium.port,
            rtcpAddress: rtcp?.connection?.host ?? connection.host,
            rtcpPort: rtcp?.port ?? (medium.port == .max ? medium.port : medium.port + 1), rtcpMux: false,
            codec: chosen.codec, sendPayloadType: chosen.send, receivePayloadType: chosen.receive,
            receivePayloadTypes: receivable,
            telephoneEventSend: eventNumber == nil ? nil : events?.payloadType, telephoneEventReceive: eventNumber,
            packetTime: Self.packetTime(medium), direction: direction)
    }

    /// What the other side asks for in steps of 10 ms, between 20 and 60, and no more than it can take. [ms]
    private static func packetTime(_ medium: MediaDescription) -> Int {
        let longest = max(10, min(60, medium.maximumPacketTime ?? 60))
        let wanted = max(20, medium.packetTime ?? 20)
        return min(wanted, longest) / 10 * 10
    }
}
