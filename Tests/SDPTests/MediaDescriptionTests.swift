import SDP
import Testing

@Suite("Media descriptions")
struct MediaDescriptionTests {
    static func medium(_ lines: String...) throws -> MediaDescription {
        let text = "v=0\no=- 1 1 IN IP4 h\n" + lines.joined(separator: "\n")
        return try #require(try SessionDescription(parsing: text).media.first)
    }

    @Test("Payload types mean their rtpmap, else their static assignment, in the m= line's order (RFC 3551 §6)")
    func payloads() throws {
        let medium = try Self.medium(
            "m=audio 1 RTP/AVP 101 8 0 97 13 98 x 200", "a=rtpmap:101 telephone-event/8000", "a=rtpmap:0 PCMU/8000/1",
            "a=rtpmap:97 opus/48000/2", "a=rtpmap:98", "a=rtpmap:bad PCMU/8000", "a=rtpmap:102 PCMU/8000")
        #expect(
            medium.payloads.map { $0.text } == [
                "101 telephone-event/8000", "8 PCMA/8000", "0 PCMU/8000", "97 opus/48000/2", "13 CN/8000",
            ])
        #expect(medium.rtpMap(payloadType: 102)?.encodingName == "PCMU")
        #expect(medium.rtpMap(payloadType: 98) == nil)
    }

    @Test("fmtp, ptime, maxptime, rtcp, rtcp-mux, direction and crypto are read; nonsense in them is nothing")
    func attributes() throws {
        let medium = try Self.medium(
            "m=audio 1 RTP/SAVP 0", "a=fmtp:1 other", "a=fmtp:101 0-16,66", "a=ptime:30", "a=maxptime:60.5",
            "a=rtcp:53020 IN IP6 2001:db8::1", "a=rtcp-mux", "a=sendonly",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc", "a=crypto:2 X inline:d")
        #expect(medium.formatParameters(of: "101") == "0-16,66")
        #expect(medium.formatParameters(of: "8") == nil)
        #expect(medium.packetTime == 30)
        #expect(medium.maximumPacketTime == 60)
        #expect(medium.rtcp?.port == 53_020)
        #expect(medium.rtcp?.connection?.host == "2001:db8::1")
        #expect(medium.hasRTCPMux)
        #expect(medium.direction == .sendOnly)
        #expect(medium.cryptos == ["1 AES_CM_128_HMAC_SHA1_80 inline:abc", "2 X inline:d"])

        let nonsense = try Self.medium(
            "m=audio 1 RTP/AVP 0", "a=ptime:-3", "a=maxptime:99999999999999999999", "a=rtcp:x")
        #expect(nonsense.packetTime == nil)
        #expect(nonsense.maximumPacketTime == nil)
        #expect(nonsense.rtcp == nil)
        #expect(nonsense.direction == nil)
    }

    @Test("A medium's direction is its own, else the session's, else both ways (RFC 8866 §6.7)")
    func direction() throws {
        let text = "v=0\no=- 1 1 IN IP4 h\na=recvonly\nm=audio 1 RTP/AVP 0\na=inactive\nm=audio 2 RTP/AVP 0\n"
        let description = try SessionDescription(parsing: text)
        #expect(description.media.map { description.direction(of: $0) } == [.inactive, .receiveOnly])
        let plain = try SessionDescription(parsing: "v=0\no=- 1 1 IN IP4 h\nm=audio 1 RTP/AVP 0\n")
        #expect(plain.direction(of: plain.media[0]) == .sendReceive)
    }

    @Test("Directions mirror and intersect as sets of senders do")
    func directionAlgebra() {
        #expect(MediaDirection.allCases.map { $0.mirrored } == [.sendReceive, .receiveOnly, .sendOnly, .inactive])
        for first in MediaDirection.allCases {
            #expect(first.intersection(.sendReceive) == first)
            #expect(first.intersection(.inactive) == .inactive)
            for second in MediaDirection.allCases {
                let both = first.intersection(second)
                #expect(
                    both.sends == (first.sends && second.sends) && both.receives == (first.receives && second.receives))
            }
        }
    }
}
