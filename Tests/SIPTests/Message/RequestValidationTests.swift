import SIP
import Testing

@Suite("Request validation")
struct RequestValidationTests {
    private let validation = RequestValidation(
        allowedMethods: [.invite, .ack, .bye, .cancel, .options], supportedExtensions: ["timer"])

    private func request(
        _ method: Method, uri: String = "sip:a@b", _ fields: [(HeaderName, String)] = [], body: String = ""
    )
        throws -> Request
    {
        Request(
            method: method, uri: try URI(parsing: uri), via: Via(transport: "UDP", host: "h", branch: "z9hG4bK1"),
            from: NameAddress(uri: try URI(parsing: "sip:c@d"), parameters: Parameters([("tag", "1")])),
            to: NameAddress(uri: try URI(parsing: "sip:a@b")), callID: "1", sequenceNumber: 1,
            headers: Headers(fields.map { Headers.Field($0.0, $0.1) }), body: Array(body.utf8))
    }

    private func status(_ request: Request) -> Int? { validation.refusal(of: request, toTag: "t")?.statusCode }

    @Test("A plain request passes, with 70 hops to go")
    func passes() throws {
        #expect(status(try request(.options)) == nil)
        #expect(try request(.options).maxForwards == 70)
        #expect(status(try request(.invite, uri: "tel:+1", [(.require, "TIMER")])) == nil)
        #expect(status(try request(.invite, [(.contentType, "application/SDP;x=y")], body: "v=0")) == nil)
    }

    @Test("A known method that is not served is 405 with Allow, an unknown one 501 (RFC 3261 §8.2.1)")
    func methods() throws {
        let refusal = try #require(validation.refusal(of: try request(.subscribe), toTag: "t"))
        #expect(refusal.statusCode == 405)
        #expect(refusal.allow == validation.allowedMethods)
        #expect(refusal.to.tag == "t")
        #expect(status(try request(Method(rawValue: "invite"))) == 501)
    }

    @Test("The checks come in the order of RFC 3261 §8.2")
    func order() throws {
        let fields: [(HeaderName, String)] = [
            (.require, "100rel"), (.contentType, "text/plain"), (.accept, "text/plain"),
        ]
        #expect(status(try request(.publish, uri: "isbn:1", fields, body: "x")) == 405)
        #expect(status(try request(.invite, uri: "isbn:1", fields, body: "x")) == 416)
        #expect(status(try request(.invite, fields, body: "x")) == 420)
        #expect(status(try request(.invite, Array(fields.dropFirst()), body: "x")) == 415)
        #expect(status(try request(.invite, Array(fields.dropFirst(2)), body: "")) == 406)
    }

    @Test("ACK is never refused; CANCEL not for Require (RFC 3261 §8.2.2.3)")
    func exceptions() throws {
        #expect(status(try request(.ack, uri: "isbn:1", [(.require, "x")])) == nil)
        #expect(status(try request(.cancel, [(.require, "x")])) == nil)
    }

    @Test("A body that may be ignored, and one in plain encoding, pass; others are 415 (RFC 3261 §8.2.3)")
    func bodies() throws {
        let type = (HeaderName.contentType, "text/plain")
        #expect(
            status(try request(.bye, [type, ("Content-Disposition", "render; handling=optional")], body: "x")) == nil)
        #expect(status(try request(.bye, [type], body: "x")) == 415)
        #expect(status(try request(.bye, body: "x")) == 415)
        #expect(status(try request(.bye, [(.contentType, "application/sdp"), ("e", "gzip")], body: "x")) == 415)
        #expect(status(try request(.bye, [(.contentType, "application/sdp"), ("e", "Identity")], body: "x")) == nil)
    }

    @Test(
        "An INVITE whose Accept has room for SDP passes",
        arguments: ["application/sdp", "text/plain, */*;q=0.1", "Application/*"])
    func accept(value: String) throws {
        #expect(status(try request(.invite, [(.accept, value)])) == nil)
    }
}
