import SDP
import SansIO
import Testing

@Suite("Offer and answer")
struct OfferAnswerTests {
    static func side(
        _ codecs: [AudioCodec] = [.pcmu, .pcma], events: Bool = true, address: String = "198.51.100.7"
    ) -> OfferAnswer {
        OfferAnswer(address: address, port: 20_000, sessionID: 7, codecs: codecs, telephoneEvents: events)
    }

    static func parse(_ text: String) throws -> SessionDescription { try SessionDescription(parsing: text) }

    @Test("Our offer has every codec, events, ptime, direction, and RTCP on the RTP port")
    func offer() {
        var side = Self.side()
        #expect(
            side.makeOffer().description
                == Samples.lines(
                    "v=0", "o=- 7 7 IN IP4 198.51.100.7", "s=-", "c=IN IP4 198.51.100.7", "t=0 0",
                    "m=audio 20000 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
                    "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:20", "a=sendrecv", "a=rtcp:20000",
                    "a=rtcp-mux"))
        #expect(side.isOfferPending)
    }

    @Test("Two of us agree, both ways round")
    func bothSides() throws {
        var caller = Self.side([.pcma, .pcmu])
        var callee = Self.side(address: "2001:db8::9")
        let (answer, calleeAudio) = try callee.answer(caller.makeOffer())
        let callerAudio = try caller.receiveAnswer(try Self.parse(answer.description))
        #expect(callerAudio.codec == .pcma && calleeAudio.codec == .pcma)
        #expect(callerAudio.remoteAddress == "2001:db8::9" && callerAudio.remotePort == 20_000)
        #expect(answer.connection?.addressType == "IP6")
        #expect(callerAudio.rtcpMux && calleeAudio.rtcpMux)
        #expect(callerAudio.rtcpPort == 20_000)
        #expect(callerAudio.telephoneEventSend == 101 && calleeAudio.telephoneEventReceive == 101)
        #expect(callerAudio.direction == .sendReceive)
        #expect(!caller.isOfferPending)
    }

    @Test("The answer takes the first of the offer's codecs that we know, under the offer's numbers (RFC 3264 §6.1)")
    func offerersOrder() throws {
        var side = Self.side()
        let (answer, audio) = try side.answer(try Self.parse(Samples.baresip))
        #expect(audio.codec == .pcmu)
        #expect(audio.sendPayloadType == 0 && audio.receivePayloadType == 0)
        #expect(audio.telephoneEventSend == 97 && audio.telephoneEventReceive == 97)
        #expect(audio.remotePort == 24_712 && audio.rtcpPort == 24_713 && !audio.rtcpMux)
        #expect(answer.media[0].formats == ["0", "97"])
        #expect(answer.media[0].formatParameters(of: "97") == "0-16")
        #expect(!answer.media[0].hasRTCPMux)

        var pbx = Self.side()
        #expect(try pbx.answer(try Self.parse(Samples.asterisk)).1.codec == .pcma)
        var pcmuOnly = Self.side([.pcmu], events: false)
        let (plain, plainAudio) = try pcmuOnly.answer(try Self.parse(Samples.asterisk))
        #expect(plain.media[0].formats == ["0"])
        #expect(plainAudio.telephoneEventSend == nil && plainAudio.telephoneEventReceive == nil)
    }

    @Test("A codec under a dynamic number is known by its name")
    func dynamicNumbers() throws {
        var side = Self.side()
        let text = Samples.audio(
            "96 97 98", attributes: ["rtpmap:96 G729/8000", "rtpmap:97 pcma/8000", "rtpmap:98 Telephone-Event/8000"])
        let (answer, audio) = try side.answer(try Self.parse(text))
        #expect(audio.codec == .pcma && audio.sendPayloadType == 97 && audio.receivePayloadType == 97)
        #expect(answer.media[0].formats == ["97", "98"])
        var other = Self.side()
        let misleading = Samples.audio("0", attributes: ["rtpmap:0 G729/8000"])
        #expect(throws: SDPError.noCommonCodec) { try other.answer(try Self.parse(misleading)) }
    }

    @Test("Payload numbers may differ by direction: we send theirs and receive ours (RFC 3264 §5.1)")
    func asymmetricNumbers() throws {
        var side = Self.side()
        _ = side.makeOffer()
        let text = Samples.audio("110 96", attributes: ["rtpmap:110 PCMA/8000", "rtpmap:96 telephone-event/8000"])
        let audio = try side.receiveAnswer(try Self.parse(text))
        #expect(audio.codec == .pcma)
        #expect(audio.sendPayloadType == 110 && audio.receivePayloadType == 8)
        #expect(audio.telephoneEventSend == 96 && audio.telephoneEventReceive == 101)
    }

    @Test("Of an answer's codecs the first is sent and all are received; static ones need no rtpmap")
    func severalCodecs() throws {
        var side = Self.side()
        _ = side.makeOffer()
        let audio = try side.receiveAnswer(try Self.parse(Samples.audio("8 0")))
        #expect(audio.codec == .pcma)
        #expect(audio.receivePayloadTypes == [8: .pcma, 0: .pcmu])
        #expect(audio.telephoneEventSend == nil && audio.telephoneEventReceive == nil)
        #expect(audio.packetTime == 20)
    }

    @Test("Packets hold what the other side asks for: at least 20 ms, at most 60, and no more than its maxptime")
    func packetTime() throws {
        for (attributes, expected) in [
            ([], 20), (["ptime:10"], 20), (["ptime:30"], 30), (["ptime:60"], 60), (["ptime:200"], 60),
            (["ptime:25"], 20), (["ptime:40", "maxptime:30"], 30), (["maxptime:10"], 10), (["maxptime:5"], 10),
            (["ptime:0"], 20), (["ptime:x"], 20),
        ] {
            var side = Self.side()
            let (answer, audio) = try side.answer(try Self.parse(Samples.audio("0", attributes: attributes)))
            #expect(audio.packetTime == expected, "\(attributes)")
            #expect(answer.media[0].packetTime == expected)
        }
    }

    @Test("Other lines are refused in place, with their transport and formats (RFC 3264 §6)")
    func otherLines() throws {
        var side = Self.side()
        let (answer, audio) = try side.answer(try Self.parse(Samples.standard))
        #expect(audio.remotePort == 49_170)
        #expect(answer.media.map { $0.media } == ["audio", "audio", "video"])
        #expect(answer.media.map { $0.port } == [20_000, 0, 0])
        #expect(answer.media[2].formats == ["99"])

        let secureFirst = Samples.audio("0", transport: "RTP/SAVP") + "m=audio 4002 RTP/AVP 8\r\n"
        let (second, secondAudio) = try side.answer(try Self.parse(secureFirst))
        #expect(second.media.map { $0.port } == [0, 20_000])
        #expect(second.media[0].transport == "RTP/SAVP")
        #expect(secondAudio.remotePort == 4_002)
    }

    @Test("Each reason for 488 has its own error, and leaves what was agreed upon in force")
    func refusals() throws {
        var side = Self.side()
        let before = try side.answer(try Self.parse(Samples.twilio)).1
        for (error, text) in [
            (SDPError.noAudio, Samples.fax), (.unsupportedProtocol("UDP/TLS/RTP/SAVPF"), Samples.browser),
            (.noCommonCodec, Samples.audio("18 101", attributes: ["rtpmap:101 telephone-event/8000"])),
            (.missingConnection, Samples.audio("0", connection: nil)), (.noAudio, Samples.audio("0", port: 0)),
            (.noAudio, Samples.lines("v=0", "o=- 1 1 IN IP4 h")), (.noCommonCodec, Samples.audio("")),
            (.noCommonCodec, Samples.audio("0 8", attributes: ["rtpmap:0 PCMU/16000", "rtpmap:8 PCMA/8000/2"])),
        ] {
            #expect(throws: error) { try side.answer(try Self.parse(text)) }
        }
        #expect(side.negotiated == before)
    }

    @Test("An answer that refuses, has no codec of ours, or comes without an offer is an error")
    func badAnswers() throws {
        var side = Self.side()
        #expect(throws: SDPError.unexpectedAnswer) { try side.receiveAnswer(try Self.parse(Samples.twilio)) }
        for (error, text) in [
            (SDPError.audioRejected, Samples.audio("0", port: 0)), (.noCommonCodec, Samples.audio("9 3")),
            (.noAudio, Samples.fax), (.unsupportedProtocol("RTP/SAVP"), Samples.audio("0", transport: "RTP/SAVP")),
            (.missingConnection, Samples.audio("0", connection: nil)),
        ] {
            _ = side.makeOffer()
            #expect(throws: error) { try side.receiveAnswer(try Self.parse(text)) }
            #expect(side.negotiated == nil)
        }
    }

    @Test("A second answer to the same offer replaces the first, as after early media")
    func earlyMedia() throws {
        var side = Self.side()
        _ = side.makeOffer()
        #expect(try side.receiveAnswer(try Self.parse(Samples.audio("0", port: 5_000))).remotePort == 5_000)
        #expect(try side.receiveAnswer(try Self.parse(Samples.audio("8", port: 6_000))).codec == .pcma)
        #expect(side.negotiated?.remotePort == 6_000)
    }

    @Test("RTCP goes to a=rtcp's port and host, to the next port, or to RTP's when both sides share it")
    func rtcp() throws {
        var side = Self.side()
        func audio(_ attributes: [String], port: Int = 4_000) throws -> NegotiatedAudio {
            try side.answer(try Self.parse(Samples.audio("0", port: port, attributes: attributes))).1
        }
        #expect(try audio([]).rtcpPort == 4_001)
        #expect(try audio([], port: 65_535).rtcpPort == 65_535)
        let elsewhere = try audio(["rtcp:9000 IN IP4 192.0.2.77"])
        #expect(elsewhere.rtcpPort == 9_000 && elsewhere.rtcpAddress == "192.0.2.77")
        let shared = try audio(["rtcp:9000 IN IP4 192.0.2.77", "rtcp-mux"])
        #expect(shared.rtcpPort == 4_000 && shared.rtcpAddress == "192.0.2.1" && shared.rtcpMux)
    }

    @Test("Whatever is offered or answered, nothing traps, and an answer has the offer's lines (RFC 3264 §6)")
    func mutations() throws {
        var random = SeededRandom(seed: 3_264)
        var agreed = 0
        for round in 0..<10_000 {
            let bytes = SessionDescriptionTests.mutate(
                Array(Samples.all[round % Samples.all.count].utf8), &random)
            var side = Self.side()
            do {
                let offer = try SessionDescription(parsing: bytes)
                let (answer, audio) = try side.answer(offer)
                #expect(answer.media.count == offer.media.count)
                #expect(answer.media.count { $0.port != 0 } == 1)
                #expect((10...60).contains(audio.packetTime))
                agreed += 1
                _ = side.makeOffer()
                _ = try side.receiveAnswer(offer)
            } catch {
                continue
            }
        }
        #expect(agreed > 2_000, "\(agreed)")
    }
}
