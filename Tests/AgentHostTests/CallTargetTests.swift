import AgentHost
import SansIO
import Testing

@Suite("Whom a dispatch wants to call")
struct CallTargetTests {
    @Test(
        "a bare number is taken without its visual separators (RFC 3966 §3)",
        arguments: [
            ("+15105550100", "+15105550100"), ("  +1 (510) 555-0100\n", "+15105550100"),
            ("+1.510.555.0100", "+15105550100"), ("tel:+1-510-555-0100", "+15105550100"), ("TEL:911", "911"),
            ("123456789012345", "123456789012345"),
        ])
    func number(_ text: String, _ number: String) throws {
        let target = try CallTarget(metadata: text)
        #expect(target.number == number)
        #expect(target.metadata == ["phone_number": .string(number)])
    }

    @Test("a SIP URI stays as it is", arguments: ["sip:alice@192.0.2.1:5070;transport=udp", "SIP:bob@example.com"])
    func uri(_ text: String) throws {
        #expect(try CallTarget(metadata: " \(text) ").number == text)
    }

    @Test("a sips: URI is refused, for it would be sent in the clear", arguments: ["sips:bob@example.com", "SIPS:b@c"])
    func secure(_ text: String) {
        #expect {
            try CallTarget(metadata: text)
        } throws: { "\($0)" == "“\(text)” asks for TLS on every hop, and only UDP is spoken so far: give a sip: URI." }
    }

    @Test("a JSON object reaches the script whole")
    func object() throws {
        let target = try CallTarget(
            metadata: #" {"phone_number": "+1 510 555 0100", "patient_name": "Ann", "visits": [1, 2]} "#)
        #expect(target.number == "+15105550100")
        #expect(
            target.metadata == ["phone_number": "+1 510 555 0100", "patient_name": "Ann", "visits": [1, 2]])
    }

    @Test("a long text is quoted only in part, and nothing in it is believed")
    func excerpt() {
        #expect {
            try CallTarget(metadata: String(repeating: "9", count: 100_000))
        } throws: { "\($0)".hasPrefix("“" + String(repeating: "9", count: 40) + "…” is not a telephone number.") }
        for text in ["sip:a b@c", "sip:\u{7}", "sip:" + String(repeating: "a", count: 300)] {
            #expect(throws: CallTarget.Invalid.self) { try CallTarget(metadata: text) }
        }
    }
}
