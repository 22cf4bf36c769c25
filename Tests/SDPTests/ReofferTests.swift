import SDP
import Testing

@Suite("Offers within a call")
struct ReofferTests {
    static func parse(_ text: String) throws -> SessionDescription { try SessionDescription(parsing: text) }

    static func answered(_ text: String) throws -> (OfferAnswer, SessionDescription) {
        var side = OfferAnswerTests.side()
        let (answer, _) = try side.answer(try parse(text))
        return (side, answer)
    }

    @Test("The version grows by one when the description changes, and only then (RFC 3264 §8)")
    func version() throws {
        var side = OfferAnswerTests.side()
        let first = side.makeOffer()
        #expect(first.origin.sessionVersion == "7")
        #expect(side.makeOffer() == first)
        _ = try side.receiveAnswer(try Self.parse(Samples.twilio))
        #expect(side.makeOffer() == first)
        side.port = 20_002
        #expect(side.makeOffer().origin.sessionVersion == "8")
        side.direction = .sendOnly
        let held = side.makeOffer()
        #expect(held.origin.sessionVersion == "9" && held.origin.sessionID == "7")
        #expect(held.media[0].direction == .sendOnly)
    }

    @Test("The same offer again gets the same answer, version included: a session refresh (RFC 4028 §7.4)")
    func refresh() throws {
        var (side, first) = try Self.answered(Samples.twilio)
        #expect(try side.answer(try Self.parse(Samples.twilio)).0 == first)
    }

    @Test("Hold is answered by its mirror image, and resumed (RFC 3264 §8.4)")
    func hold() throws {
        var side = OfferAnswerTests.side()
        for (attribute, answered, isHeld) in [
            ("sendrecv", MediaDirection.sendReceive, false), ("sendonly", .receiveOnly, true),
            ("inactive", .inactive, true), ("recvonly", .sendOnly, false), ("sendrecv", .sendReceive, false),
        ] {
            let (answer, audio) = try side.answer(try Self.parse(Samples.audio("0", attributes: [attribute])))
            #expect(answer.media[0].direction == answered)
            #expect(audio.direction == answered)
            #expect(audio.isHeld == isHeld)
        }
    }

    @Test("0.0.0.0 and :: hold in the old way: we don't send (RFC 3264 §8.4)")
    func oldHold() throws {
        var side = OfferAnswerTests.side()
        let (answer, audio) = try side.answer(try Self.parse(Samples.audio("0", connection: "0.0.0.0")))
        #expect(audio.isHeld && audio.direction == .receiveOnly)
        #expect(answer.media[0].direction == .receiveOnly)
        let inactive = Samples.audio("0", connection: "0.0.0.0", attributes: ["inactive"])
        #expect(try side.answer(try Self.parse(inactive)).1.direction == .inactive)
        let six = Samples.audio("0").replacingLineEnds(with: "\n").split(separator: "\n").map { line in
            line.hasPrefix("c=") ? "c=IN IP6 ::" : String(line)
        }
        #expect(try side.answer(try Self.parse(six.joined(separator: "\n"))).1.isHeld)
    }

    @Test("While we hold, offers are answered by what both want; our hold offer is answered by recvonly")
    func ourHold() throws {
        var side = OfferAnswerTests.side()
        side.direction = .sendOnly
        #expect(try side.answer(try Self.parse(Samples.audio("0"))).1.direction == .sendOnly)
        #expect(try side.answer(try Self.parse(Samples.audio("0", attributes: ["sendonly"]))).1.direction == .inactive)
        _ = side.makeOffer()
        let held = try side.receiveAnswer(try Self.parse(Samples.audio("0", attributes: ["recvonly"])))
        #expect(held.direction == .sendOnly)
        _ = side.makeOffer()
        let careless = try side.receiveAnswer(try Self.parse(Samples.audio("0")))
        #expect(careless.direction == .sendOnly)
    }

    @Test("A re-offer keeps every line in its place, and payload numbers as they were (RFC 3264 §8)")
    func places() throws {
        let text = Samples.lines(
            "v=0", "o=- 1 1 IN IP4 h", "c=IN IP4 192.0.2.1", "m=video 5000 RTP/AVP 99", "m=audio 4000 RTP/AVP 97 96",
            "a=rtpmap:97 PCMU/8000", "a=rtpmap:96 telephone-event/8000")
        var (side, answer) = try Self.answered(text)
        #expect(answer.media.map { $0.port } == [0, 20_000])
        let offer = side.makeOffer()
        #expect(offer.media.map { $0.media } == ["video", "audio"])
        #expect(offer.media.map { $0.port } == [0, 20_000])
        #expect(offer.media[1].formats == ["97", "8", "96"])
    }

    @Test("A number that the peer uses for something else is not taken (RFC 3264 §8.3.2)")
    func conflictingNumbers() throws {
        let text = Samples.audio("8 101", attributes: ["rtpmap:8 PCMU/8000", "rtpmap:101 PCMA/8000"])
        var (side, _) = try Self.answered(text)
        let offer = side.makeOffer()
        #expect(offer.media[0].payloads.map { $0.text } == ["8 PCMU/8000", "101 PCMA/8000", "96 telephone-event/8000"])
        #expect(Set(offer.media[0].formats).count == 3)
    }

    @Test("An offer without a peer's offer, and after one, is a full one: late offer and re-INVITE without SDP")
    func fullOffer() throws {
        var (side, answer) = try Self.answered(Samples.asterisk)
        #expect(answer.media[0].formats == ["8", "101"])
        #expect(side.makeOffer().media[0].formats == ["0", "8", "101"])
    }

    @Test("A refused re-offer leaves the agreed session, and the next answer is unexpected (RFC 6141)")
    func withdrawn() throws {
        var side = OfferAnswerTests.side()
        _ = side.makeOffer()
        let agreed = try side.receiveAnswer(try Self.parse(Samples.twilio))
        side.direction = .inactive
        _ = side.makeOffer()
        #expect(side.isOfferPending)
        side.withdrawOffer()
        #expect(!side.isOfferPending)
        #expect(side.negotiated == agreed)
        #expect(throws: SDPError.unexpectedAnswer) { try side.receiveAnswer(try Self.parse(Samples.twilio)) }
    }

    @Test("A peer that adds, refuses and takes up lines again is followed")
    func changingLines() throws {
        var (side, _) = try Self.answered(Samples.audio("0"))
        let more = Samples.audio("0") + "m=video 6000 RTP/AVP 31\r\n"
        #expect(try side.answer(try Self.parse(more)).0.media.map { $0.port } == [20_000, 0])
        let moved = Samples.audio("0", port: 0) + "m=video 0 RTP/AVP 31\r\nm=audio 7000 RTP/AVP 8\r\n"
        let (answer, audio) = try side.answer(try Self.parse(moved))
        #expect(answer.media.map { $0.port } == [0, 0, 20_000])
        #expect(audio.remotePort == 7_000)
        #expect(side.makeOffer().media.map { $0.port } == [0, 0, 20_000])
    }
}
