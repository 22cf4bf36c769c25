/// Messages in the form that real peers send them.
enum MessageFixtures {
    /// Joins lines with CRLF, and ends the header.
    static func message(_ lines: [String], body: String = "") -> [UInt8] {
        Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }

    static let compactInvite = message(
        [
            "INVITE sip:+15105550100@trunk.example.com;transport=udp SIP/2.0",
            "v: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKa1;rport, SIP/2.0/TCP [2001:db8::9:1];branch=z9hG4bKb2",
            "f: \"Agent, \\\"Moon\\\"\" <sip:agent@example.com>;tag=1",
            "t: <tel:+1-510-555-0100>",
            "i: a84b4c76e66710@example.com",
            "CSeq: 314159 INVITE",
            "Max-Forwards: 70",
            "m: <sip:agent@192.0.2.10:5060>;q=0.5, Other <sips:agent@example.net>;expires=60",
            "k: timer, replaces",
            "c: application/sdp; charset=\"utf-8\"",
            "Date: Sat, 13 Nov 2010 23:29:00 GMT",
            "Warning: 301 isi.edu \"Incompatible, \\\"really\\\"\", 399 - \"x\"",
            "l: 5",
        ], body: "v=0\r\n")

    static let challenge = message([
        "SIP/2.0 407 Proxy Authentication Required",
        "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKa1;received=203.0.113.7;rport=40000",
        "From: <sip:agent@example.com>;tag=1",
        "To: <sip:+15105550100@trunk.example.com>;tag=as5/x==",
        "Call-ID: a84b4c76e66710@example.com",
        "CSeq: 314159 INVITE",
        "Proxy-Authenticate: Digest realm=\"sip.example.com\", nonce=\"n,1\", qop=\"auth,auth-int\", algorithm=MD5",
        "Retry-After: 18 (in a \\(short\\) meeting);duration=3600",
        "Content-Length: 0",
    ])

    static let notify = message(
        [
            "NOTIFY sip:agent@192.0.2.10:5060 SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKc3",
            "From: <sip:b@example.com>;tag=2",
            "To: <sip:agent@example.com>;tag=1",
            "Call-ID: x",
            "CSeq: 7 NOTIFY",
            "Max-Forwards: 69",
            "Record-Route: <sip:p2.example.com;lr>",
            "Record-Route: <sip:p1.example.com;lr>, <sip:p0.example.com>",
            "Event: refer;id=93809824",
            "Subscription-State: terminated;reason=noresource",
            "Content-Type: message/sipfrag;version=2.0",
            "Content-Length: 22",
        ], body: "SIP/2.0 603 Declined\r\n")

    static let refer = message([
        "REFER sip:b@192.0.2.1 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKd4",
        "From: <sip:agent@example.com>;tag=1",
        "To: <sip:b@example.com>;tag=2",
        "Call-ID: x",
        "CSeq: 8 REFER",
        "Max-Forwards: 70",
        "Contact: *",
        "Refer-To: <sip:c@example.com?Replaces=12345%40192.168.118.3%3Bto-tag%3D1%3Bfrom-tag%3D5>",
        "Referred-By: sip:agent@example.com",
        "Content-Length: 0",
    ])

    static let all = [compactInvite, challenge, notify, refer]
}
