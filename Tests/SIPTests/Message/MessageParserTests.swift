import SIP
import Testing

@Suite("Message parser")
struct MessageParserTests {
    private let minimal = [
        "OPTIONS sip:a@example.com SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "From: <sip:b@example.com>;tag=1",
        "To: <sip:a@example.com>",
        "Call-ID: 1@b",
        "CSeq: 1 OPTIONS",
    ]

    private func request(_ lines: [String], body: String = "") throws -> Request {
        try #require(try Message(parsing: MessageFixtures.message(lines, body: body)).request)
    }

    private func error(_ lines: [String], body: String = "") throws -> ParseError {
        try #require(throws: ParseError.self) { try Message(parsing: MessageFixtures.message(lines, body: body)) }
    }

    @Test("Compact names are the long ones (RFC 3261 §7.3.3)")
    func compactForms() throws {
        let request = try #require(try Message(parsing: MessageFixtures.compactInvite).request)
        #expect(request.vias.map(\.sentBy) == ["192.0.2.10:5060", "[2001:db8::9:1]"])
        #expect(request.topVia.asksForResponsePort)
        #expect(request.topVia.responsePort == nil)
        #expect(request.from.displayName == "Agent, \"Moon\"")
        #expect(request.to.uri.tel?.digits == "+15105550100")
        #expect(request.callID == "a84b4c76e66710@example.com")
        #expect(request.contacts?.addresses.map(\.uri.scheme) == ["sip", "sips"])
        #expect(request.contacts?.addresses.map(\.quality) == [0.5, 1])
        #expect(request.contacts?.addresses.last?.displayName == "Other")
        #expect(request.contacts?.addresses.last?.expires == 60)
        #expect(request.supported == ["timer", "replaces"])
        #expect(request.contentType?.matches(.sdp) == true)
        #expect(request.contentType?.parameters["charset"] == "utf-8")
        #expect(request.headers[.date] == "Sat, 13 Nov 2010 23:29:00 GMT")
        #expect(request.headers.list(.warning).count == 2)
        #expect(request.body == Array("v=0\r\n".utf8))
    }

    @Test("Compact names are written long, and Content-Length last")
    func serialization() throws {
        let text = String(decoding: try Message(parsing: MessageFixtures.compactInvite).serialized(), as: UTF8.self)
        #expect(text.hasPrefix("INVITE sip:+15105550100@trunk.example.com;transport=udp SIP/2.0\r\nVia: SIP/2.0/UDP "))
        #expect(text.contains("\r\nTo: <tel:+1-510-555-0100>\r\n"))
        #expect(text.contains("\r\nFrom: \"Agent, \\\"Moon\\\"\" <sip:agent@example.com>;tag=1\r\n"))
        #expect(text.contains("\r\nSupported: timer, replaces\r\n"))
        #expect(text.hasSuffix("\r\nContent-Length: 5\r\n\r\nv=0\r\n"))
    }

    @Test("A response's fields are read", arguments: [MessageFixtures.challenge])
    func responseFields(datagram: [UInt8]) throws {
        let response = try #require(try Message(parsing: datagram).response)
        #expect(response.statusCode == 407)
        #expect(response.topVia.received == "203.0.113.7")
        #expect(response.topVia.responsePort == 40000)
        #expect(response.to.tag == "as5/x==")
        #expect(response.retryAfter?.seconds == 18)
        #expect(response.retryAfter?.comment == "in a (short) meeting")
        #expect(response.retryAfter?.parameters["duration"] == "3600")
        let challenge = try #require(response.digestChallenges(.proxyAuthenticate).first)
        #expect(challenge.nonce == "n,1")
        #expect(challenge.qop == ["auth", "auth-int"])
    }

    @Test("A NOTIFY's event, state and fragment are read (RFC 3515 §2.4)")
    func notifyFields() throws {
        let request = try #require(try Message(parsing: MessageFixtures.notify).request)
        #expect(request.event?.package == "refer")
        #expect(request.event?.id == "93809824")
        #expect(request.subscriptionState?.phase == .terminated)
        #expect(request.subscriptionState?.reason == "noresource")
        #expect(request.contentType == .sipfrag)
        #expect(StatusLine(fragment: request.body) == StatusLine(statusCode: 603, reason: "Declined"))
        #expect(request.recordRoute.map { $0.uri.sip?.host } == ["p2.example.com", "p1.example.com", "p0.example.com"])
        #expect(StatusLine(fragment: Array("INVITE sip:a@b SIP/2.0".utf8)) == nil)
    }

    @Test("A REFER's target keeps its escaped header (RFC 3891 §3)")
    func referFields() throws {
        let request = try #require(try Message(parsing: MessageFixtures.refer).request)
        #expect(request.referTo?.uri.sip?.header("Replaces") == "12345@192.168.118.3;to-tag=1;from-tag=5")
        #expect(request.referredBy?.uri.sip?.user == "agent")
        #expect(request.contacts == .all)
    }

    @Test("Messages mean the same when they are written and read again", arguments: MessageFixtures.all)
    func roundTrip(datagram: [UInt8]) throws {
        let message = try Message(parsing: datagram)
        #expect(try Message(parsing: message.serialized()) == message)
    }

    @Test("Line ends in front of a message are skipped; a datagram of nothing else is a keep-alive")
    func leadingLineEnds() throws {
        let datagram = MessageFixtures.message(minimal)
        #expect(try Message(parsing: [0x0D, 0x0A, 0x0D, 0x0A] + datagram) == Message(parsing: datagram))
        for keepAlive: [UInt8] in [[], [0x0D, 0x0A], [0x0D, 0x0A, 0x0D, 0x0A]] {
            let error = #expect(throws: ParseError.self) { try Message(parsing: keepAlive) }
            #expect(error?.reason == .empty)
            #expect(error?.refusal == nil)
        }
    }

    @Test("Lines may end in LF alone")
    func bareLineFeeds() throws {
        let datagram = Array((minimal.joined(separator: "\n") + "\n\nbody").utf8)
        let request = try #require(try Message(parsing: datagram).request)
        #expect(request.callID == "1@b")
        #expect(request.body == Array("body".utf8))
    }

    @Test("Without Content-Length the body is the rest of the datagram (RFC 3261 §18.3)")
    func bodyWithoutLength() throws {
        #expect(try request(minimal, body: "rest").body == Array("rest".utf8))
    }

    @Test("Content-Length cuts the datagram, and may repeat only itself (RFC 3261 §18.3)")
    func contentLength() throws {
        #expect(try request(minimal + ["l: 2"], body: "rest").body == Array("re".utf8))
        #expect(try request(minimal + ["l: 2", "Content-Length: 02"], body: "rest").body.count == 2)
        #expect(try error(minimal + ["l: 2", "Content-Length: 3"], body: "rest").reason == .repeatedField)
        #expect(try error(minimal + ["l: 5"], body: "rest").reason == .incompleteBody)
        for value in ["-1", "+1", "1x", "", "99999999999999999999"] {
            #expect(try error(minimal + ["l: \(value)"], body: "rest").field == .contentLength)
        }
    }

    @Test("An error names offset, field and reason, and the answer echoes what was read")
    func errorDetails() throws {
        var lines = minimal
        lines[2] = "From: <sip:b@exa mple.com>;tag=1"
        let error = try error(lines)
        #expect(error.field == .from)
        #expect(error.reason == .badField(.unexpectedCharacter))
        #expect(error.offset == lines[0].utf8.count + 2 + lines[1].utf8.count + 2 + "From: <sip:b@exa".utf8.count)
        let refusal = try #require(error.refusal)
        #expect(refusal.statusCode == 400)
        #expect(refusal.topVia?.branch == "z9hG4bK1")
        let answer = String(decoding: refusal.serialized(toTag: "t9"), as: UTF8.self)
        #expect(answer.contains("\r\nTo: <sip:a@example.com>;tag=t9\r\n"))
        #expect(answer.contains("\r\nFrom: <sip:b@exa mple.com>;tag=1\r\n"))
        #expect(answer.contains("\r\nCall-ID: 1@b\r\nCSeq: 1 OPTIONS\r\n"))
    }

    @Test("Each mandatory field must be there, once (RFC 3261 §8.1.1)", arguments: 1...5)
    func mandatoryFields(index: Int) throws {
        var lines = minimal
        let removed = lines.remove(at: index)
        let missing = try error(lines)
        #expect(missing.reason == .missingField)
        #expect(missing.field == HeaderName(String(removed.prefix { $0 != ":" })))
        if index > 1 { #expect(try error(minimal + [removed]).reason == .repeatedField) }
    }

    @Test("ACK and responses are never answered")
    func noAnswer() throws {
        var ack = minimal
        ack[0] = "ACK sip:a@example.com SIP/2.0"
        #expect(try error(ack).reason == .methodMismatch)
        #expect(try error(ack).refusal == nil)
        var response = minimal
        response[0] = "SIP/2.0 200 OK"
        response[3] = "To: nonsense"
        #expect(try error(response).refusal == nil)
    }

    @Test(
        "A bad first line is refused",
        arguments: [
            ("OPTIONS sip:a@b", 400), ("OPTIONS sip:a@b SIP/3.0", 505), ("OPTIONS  sip:a@b SIP/2.0", 400),
            ("OPTIONS sip:a@b SIP/2", 400), ("OPTIONS a@b SIP/2.0", 400), ("OPTIONS sip: SIP/2.0", 400),
            ("OPTIONS sip:a@b SIP/2.0 ", 400), ("OPTIONS sip:a@b:99999 SIP/2.0", 400),
            ("OPTIONS sip:a%4@b SIP/2.0", 400),
        ])
    func badFirstLines(line: String, status: Int) throws {
        var lines = minimal
        lines[0] = line
        #expect(try error(lines).refusal?.statusCode == status)
    }

    @Test("What is not SIP is told apart, and not answered")
    func notSIP() throws {
        for bytes: [UInt8] in [[0x00, 0x01, 0x00, 0x00], Array("hello".utf8), Array("HTTP/1.1 200 OK\r\n\r\n".utf8)] {
            let error = #expect(throws: ParseError.self) { try Message(parsing: bytes) }
            #expect(error?.reason == .notSIP)
            #expect(error?.refusal == nil)
        }
    }

    @Test("First line, fields and message have upper bounds, each with its status")
    func limits() throws {
        var long = minimal
        long[0] = "OPTIONS sip:\(String(repeating: "a", count: MessageLimits.startLine))@b SIP/2.0"
        #expect(try error(long).refusal?.statusCode == 414)
        let many = minimal + Array(repeating: "X: 1", count: MessageLimits.fields - minimal.count + 1)
        #expect(try request(many).headers.all("X").count == MessageLimits.fields - minimal.count + 1)
        #expect(try error(many + ["X: 1"]).reason == .tooManyFields)
        let large = try error(minimal, body: String(repeating: "b", count: MessageLimits.message))
        #expect(large.reason == .messageTooLarge)
        #expect(large.refusal?.statusCode == 513)
    }

    @Test("A value that is not UTF-8 is read as ISO 8859-1")
    func latin1() throws {
        var datagram = MessageFixtures.message(minimal + ["Subject: Gr@n"])
        let index = try #require(datagram.lastIndex(of: UInt8(ascii: "@")))
        datagram[index] = 0xFC
        #expect(try Message(parsing: datagram).request?.headers[.subject] == "Grün")
    }

    @Test("A value can't smuggle a field into a written message")
    func injection() throws {
        var request = try request(minimal)
        request.headers.append(.subject, "a\r\nX-Evil: 1")
        request.from.displayName = "b\r\nX-Evil: 1"
        let written = try #require(try Message(parsing: request.serialized()).request)
        #expect(!written.headers.contains("X-Evil"))
        #expect(written.from.displayName == "b  X-Evil: 1")
    }
}
