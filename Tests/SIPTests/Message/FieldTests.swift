import SIP
import Testing

@Suite("Header fields")
struct FieldTests {
    @Test("Field names are compared without case, compact forms equal long ones")
    func names() {
        var headers = Headers()
        headers.append("contact", "a")
        headers.append("M", "b")
        headers.append("X-One", "c")
        #expect(headers.all(.contact) == ["a", "b"])
        #expect(headers["CONTACT"] == "a")
        headers.set("m", "z")
        #expect(headers.all(.contact) == ["z"])
        headers.prepend("X-Zero", "d")
        #expect(headers.fields.map(\.name.text) == ["X-Zero", "contact", "X-One"])
        headers["x-one"] = nil
        #expect(!headers.contains("X-One"))
    }

    @Test("Commas in quotes and angle brackets don't separate list elements")
    func lists() {
        let headers = Headers([
            Headers.Field("X", #""a,b" <sip:c,d@e>, f ,, "g\",h""#), Headers.Field("Y", "n"), Headers.Field("x", "i"),
        ])
        #expect(headers.list("X") == [#""a,b" <sip:c,d@e>"#, "f", #""g\",h""#, "i"])
    }

    @Test("A display name is quoted unless it is one token")
    func displayNames() throws {
        let uri = try URI(parsing: "sip:a@b")
        #expect(NameAddress(displayName: "Bob", uri: uri).description == "Bob <sip:a@b>")
        #expect(NameAddress(displayName: #"B "x" \"#, uri: uri).description == #""B \"x\" \\" <sip:a@b>"#)
        #expect(
            NameAddress(uri: uri, parameters: Parameters([("tag", "1"), ("x", nil)])).description == "<sip:a@b>;tag=1;x"
        )
        for name in ["Bob", "", "Jörg", "a  b", #"\"#, "\u{01}"] {
            let address = NameAddress(displayName: name, uri: uri)
            #expect(try NameAddress(parsing: address.description) == address)
        }
    }

    @Test("Unquoted names of several words are read, also beyond ASCII")
    func unquotedNames() throws {
        #expect(try NameAddress(parsing: "A.  G. Bell <sip:a@b>").displayName == "A. G. Bell")
        #expect(try NameAddress(parsing: "Jörg <sip:a@b>").displayName == "Jörg")
        #expect(try NameAddress(parsing: "<sip:a@b>").displayName == nil)
    }

    @Test(
        "What is not an address is refused",
        arguments: [
            "", "Bob", "Bob sip:a@b", "<sip:a@b", "\"Bob <sip:a@b>", "\"Bob\" sip:a@b", "<sip:a@b>;", "<sip:a@b>;=1",
            "<sip:a@b>;tag=", "<sip:a@b> x", "sip:a@b?x=y", "<sip:a@b>;x=\"y",
        ])
    func badAddresses(text: String) {
        #expect(throws: GrammarError.self) { try NameAddress(parsing: text) }
    }

    @Test("Via values are read with their white space, and written without")
    func via() throws {
        let via = try Via(
            parsing: "SIP / 2.0 / udp first.example.com : 4000 ;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1")
        #expect(
            via.description == "SIP/2.0/udp first.example.com:4000;ttl=16;maddr=224.2.0.1;branch=z9hG4bKa7c6a8dlze.1")
        #expect(via.maddr == "224.2.0.1")
        #expect(via.hasRFC3261Branch)
        #expect(try !Via(parsing: "SIP/2.0/UDP h;branch=1").hasRFC3261Branch)
        #expect(try !Via(parsing: "SIP/2.0/UDP h").hasRFC3261Branch)
    }

    @Test("IPv6 addresses stand in brackets in sent-by, and with or without in received (RFC 5118 §4.5)")
    func viaIPv6() throws {
        let bare = try Via(parsing: "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8:0:0:0:0:0:1;branch=z9hG4bKas3")
        let bracketed = try Via(
            parsing: "SIP/2.0/UDP [2001:DB8::9:1];received=[2001:db8:0:0:0:0:0:1];branch=z9hG4bKas3")
        #expect(bare.received == bracketed.received)
        #expect(bare.sentBy == bracketed.sentBy)
        #expect(bare.host == "2001:db8::9:1")
        #expect(throws: GrammarError.self) { try Via(parsing: "SIP/2.0/UDP 2001:db8::9:1;branch=1") }
    }

    @Test("A receiver notes address and port in the top Via (RFC 3581 §4)")
    func responsePort() throws {
        var via = Via(transport: "UDP", host: "10.0.0.1", branch: "z9hG4bK1", parameters: Parameters([("rport", nil)]))
        #expect(via.asksForResponsePort)
        via.received = "203.0.113.7"
        via.responsePort = 40000
        #expect(via.description == "SIP/2.0/UDP 10.0.0.1;rport=40000;branch=z9hG4bK1;received=203.0.113.7")
    }

    @Test("CSeq numbers end below 2^31 (RFC 3261 §8.1.1.5)")
    func cseq() throws {
        #expect(try CSeq(parsing: "2147483647 INVITE").number == CSeq.maximumNumber)
        for text in ["2147483648 INVITE", "-1 INVITE", "1", "INVITE", "1INVITE", "1 IN VITE", ""] {
            #expect(throws: GrammarError.self) { try CSeq(parsing: text) }
        }
    }

    @Test("Lists that are set are read again")
    func settingLists() throws {
        let message = try Message(parsing: MessageFixtures.notify)
        var request = try #require(message.request)
        request.route = [NameAddress(uri: try URI(parsing: "sip:p;lr")), NameAddress(uri: try URI(parsing: "sip:q"))]
        #expect(request.headers[.route] == "<sip:p;lr>, <sip:q>")
        request.route = []
        #expect(!request.headers.contains(.route))
        request.allow = [.invite, .bye]
        #expect(request.headers[.allow] == "INVITE, BYE")
        #expect(request.allow == [.invite, .bye])
        request.contacts = .all
        #expect(request.headers[.contact] == "*")
    }

    @Test("An unreadable optional field counts as missing")
    func unreadable() throws {
        var request = try #require(try Message(parsing: MessageFixtures.refer).request)
        request.headers.set(.referTo, "nonsense")
        request.headers.set(.expires, "soon")
        request.headers.set(.retryAfter, "later")
        #expect(request.referTo == nil)
        #expect(request.expires == nil)
        #expect(request.retryAfter == nil)
    }

    @Test("A response copies what RFC 3261 §8.2.6.2 names, and tags the To once")
    func response() throws {
        var request = try #require(try Message(parsing: MessageFixtures.compactInvite).request)
        request.headers.append(.recordRoute, "<sip:a;lr>")
        request.headers.append(.recordRoute, "<sip:b;lr>")
        request.headers.append(.timestamp, "54")
        var ringing = Response(to: request, statusCode: 180, toTag: "x")
        ringing.copyRecordRoute(of: request)
        #expect(ringing.vias == request.vias)
        #expect(ringing.to.tag == "x")
        #expect(ringing.reason == "Ringing")
        #expect(ringing.headers.all(.recordRoute) == ["<sip:a;lr>", "<sip:b;lr>"])
        #expect(ringing.headers[.timestamp] == nil)
        #expect(Response(to: request, statusCode: 100).headers[.timestamp] == "54")
        request.to.tag = "y"
        #expect(Response(to: request, statusCode: 200, toTag: "x").to.tag == "y")
        #expect(Response.reasonPhrase(for: 699) == "Global Failure")
    }
}
