import SIP
import Testing

@Suite("URIs")
struct URITests {
    private func sip(_ text: String) throws -> SIPURI { try #require(try URI(parsing: text).sip) }

    @Test(
        "URIs are written as they were read",
        arguments: [
            "sip:alice@atlanta.com", "sip:alice:secretword@atlanta.com;transport=tcp", "sips:1212@gateway.com",
            "sip:+1-212-555-1212:1234@gateway.com;user=phone", "sip:alice@192.0.2.4", "sip:[2001:db8::10]:5070",
            "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", "sip:alice;day=tuesday@atlanta.com",
            "sips:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:h;lr;x=%41", "sip:a:@b",
            "tel:+1-201-555-0123", "tel:7042;phone-context=example.com", "tel:863-1234;phone-context=+1-914-555",
            "urn:service:sos", "mailto:a@b",
        ])
    func roundTrip(text: String) throws {
        #expect(try URI(parsing: text).description == text)
    }

    @Test("The parts of a SIP URI are told apart (RFC 3261 §19.1.1)")
    func parts() throws {
        let uri = try sip("SIPS:alice%20b:pa%24s@[2001:DB8::1]:5061;transport=TCP;lr?Subject=a%26b&X=")
        #expect(uri.isSecure)
        #expect(uri.user == "alice b")
        #expect(uri.password == "pa$s")
        #expect(uri.host == "2001:DB8::1")
        #expect(uri.port == 5061)
        #expect(uri.transport == "tcp")
        #expect(uri.isLooseRouter)
        #expect(uri.header("subject") == "a&b")
        #expect(uri.header("x") == "")
        #expect(uri.header("y") == nil)
    }

    @Test("A user part is escaped on writing, and only where it must be")
    func escaping() throws {
        var uri = SIPURI(user: "a b@c:#ü;x", host: "example.com")
        #expect(uri.description == "sip:a%20b%40c%3A%23%C3%BC;x@example.com")
        #expect(try sip(uri.description).user == "a b@c:#ü;x")
        uri.password = "p:@"
        uri.appendHeader("Replaces", "1@b;to-tag=2")
        #expect(uri.description.hasSuffix(":p%3A%40@example.com?Replaces=1%40b%3Bto-tag%3D2"))
        #expect(try sip(uri.description) == uri)
    }

    @Test(
        "What is not a URI is refused",
        arguments: [
            "", ":", "sip", "sip:", "sip:@h", "sip:a@", "sip:a b@h", "sip:a@h:port", "sip:a@h:70000", "sip:a@h;",
            "sip:a@h;=x",
            "sip:a@h;x=", "sip:a%zz@h", "sip:a@[::1", "sip:a@[1]", "sip:a@h?x", "sip:<a@h>", "sip:a@h>", "tel:",
            "tel:+", "tel:()",
            "tel:+1#", "1sip:a", "x:", "x:a b", "sip:a@.h",
        ])
    func refused(text: String) {
        #expect(throws: GrammarError.self) { try URI(parsing: text) }
    }

    @Test(
        "SIP URIs that RFC 3261 §19.1.4 calls equivalent are",
        arguments: [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x"
            ),
        ])
    func equivalent(left: String, right: String) throws {
        #expect(try URI(parsing: left).isEquivalent(to: URI(parsing: right)))
        #expect(try URI(parsing: right).isEquivalent(to: URI(parsing: left)))
    }

    @Test(
        "SIP URIs that RFC 3261 §19.1.4 tells apart are not equivalent",
        arguments: [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:bob@biloxi.com", "tel:+1"),
        ])
    func different(left: String, right: String) throws {
        #expect(try !URI(parsing: left).isEquivalent(to: URI(parsing: right)))
        #expect(try !URI(parsing: right).isEquivalent(to: URI(parsing: left)))
    }

    @Test("Of a parameter that stands twice the first counts, and an escaped name is the name")
    func repeatedParameters() throws {
        let twice = try sip("sip:a@b;transport=tcp;transport=udp")
        #expect(twice.transport == "tcp")
        #expect(twice.isEquivalent(to: twice))
        #expect(try twice.isEquivalent(to: sip("sip:a@b;transport=tcp")))
        #expect(try sip("sip:a@b;%74ransport=tcp").isEquivalent(to: sip("sip:a@b;transport=TCP")))
    }

    @Test("Telephone numbers are compared without visual separators (RFC 3966 §4)")
    func telephoneNumbers() throws {
        func equivalent(_ left: String, _ right: String) throws -> Bool {
            try URI(parsing: left).isEquivalent(to: URI(parsing: right))
        }
        #expect(try equivalent("tel:+1-510-555.0100", "TEL:+1(510)5550100"))
        #expect(
            try equivalent("tel:7042;phone-context=Example.com;ext=1-2", "tel:70-42;ext=12;phone-context=example.com"))
        #expect(try equivalent("tel:1;phone-context=+1-914-555", "tel:1;phone-context=+1914555"))
        #expect(try !equivalent("tel:+15105550100", "tel:15105550100"))
        #expect(try !equivalent("tel:+15105550100", "tel:+15105550100;ext=1"))
        #expect(try !equivalent("tel:7042;phone-context=a.com", "tel:7042;phone-context=b.com"))
    }

    @Test("A telephone number stays a tel: URI, with its separators")
    func telephoneURI() throws {
        let uri = try TelURI(number: "+1-510-555-0100")
        #expect(uri.description == "tel:+1-510-555-0100")
        #expect(uri.digits == "+15105550100")
        #expect(uri.isGlobal)
        #expect(throws: GrammarError.self) { try TelURI(number: "+1 510") }
        #expect(throws: GrammarError.self) { try TelURI(number: "555;x=1") }
    }
}
