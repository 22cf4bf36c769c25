import SIP
import Testing

@testable import Telephony

@Suite("Targets and trunks")
struct TargetTests {
    @Test("A trunk's address is a host, with or without port")
    func addresses() throws {
        #expect(TrunkRoute(address: "example.pstn.twilio.com") == TrunkRoute(host: "example.pstn.twilio.com"))
        #expect(TrunkRoute(address: "192.0.2.1:5070") == TrunkRoute(host: "192.0.2.1", port: 5070))
        #expect(TrunkRoute(address: "[2001:db8::1]:5070")?.host == "2001:db8::1")
        for bad in ["", "user@host", "host:port", "host:99999", "two words", "host;transport=tcp", "host?a=b"] {
            #expect(TrunkRoute(address: bad) == nil, "\(bad)")
        }
    }

    @Test("From has the trunk's own host, or the one that it asks for; without trunk, ours")
    func callerHost() throws {
        var call = OutgoingCall(
            target: "+15105550100", callerID: "+15105550123", trunk: TrunkRoute(host: "example.pstn.twilio.com"))
        #expect(call.callerURI(ownHost: "192.0.2.7").description == "sip:+15105550123@example.pstn.twilio.com")
        call.trunk = TrunkRoute(address: "192.0.2.1:5070", fromHost: "pbx.example.com")
        #expect(call.callerURI(ownHost: "192.0.2.7").description == "sip:+15105550123@pbx.example.com")
        #expect(try call.requestURI().description == "sip:+15105550100@192.0.2.1:5070")
        call.trunk = TrunkRoute(address: "192.0.2.1", fromHost: "")
        #expect(call.callerURI(ownHost: "192.0.2.7").description == "sip:+15105550123@192.0.2.1")
        call.trunk = nil
        call.callerID = nil
        #expect(call.callerURI(ownHost: "192.0.2.7").description == "sip:anonymous@192.0.2.7")
        for bad in ["user@host", "host:5060", "two words"] {
            #expect(TrunkRoute(address: "192.0.2.1", fromHost: bad) == nil, "\(bad)")
        }
    }

    @Test("A number becomes a user of the trunk's own domain, as Twilio demands")
    func number() throws {
        let call = OutgoingCall(target: "+15105550100", trunk: TrunkRoute(host: "example.pstn.twilio.com"))
        #expect(try call.requestURI().description == "sip:+15105550100@example.pstn.twilio.com")
    }

    @Test("A SIP URI is called as it is, and needs no trunk; a number does")
    func uri() throws {
        #expect(try OutgoingCall(target: "sip:bob@192.0.2.9:5070").requestURI().port == 5070)
        #expect(throws: TelephonyError.self) { try OutgoingCall(target: "+15105550100").requestURI() }
        #expect(throws: TelephonyError.self) { try OutgoingCall(target: "sip:").requestURI() }
        #expect {
            try OutgoingCall(target: "sips:bob@example.com").requestURI()
        } throws: { "\($0)".contains("TLS") }
    }
}

@Suite("DTMF by INFO")
struct DTMFInfoTests {
    @Test("application/dtmf-relay carries key and duration")
    func relay() {
        let info = DTMFInfo(contentType: "application/dtmf-relay", body: Array("Signal= 5\r\nDuration=250\r\n".utf8))
        #expect(info?.digit == "5")
        #expect(info?.durationMilliseconds == 250)
    }

    @Test(
        "Keys by RFC 4733's numbers, letters in either case",
        arguments: [("10", "*"), ("11", "#"), ("a", "A"), ("*", "*")])
    func names(signal: String, key: Character) {
        #expect(DTMFInfo(contentType: "application/dtmf", body: Array(signal.utf8))?.digit == key)
    }

    @Test(
        "What names no key is none",
        arguments: [
            ("application/dtmf-relay", "Duration=250"), ("application/dtmf", "55"), ("application/dtmf", ""),
            ("text/plain", "5"), ("application/dtmf-relay", "Signal=XY\r\nDuration=99999999999999999999"),
        ])
    func nothing(type: String, body: String) {
        #expect(DTMFInfo(contentType: type, body: Array(body.utf8)) == nil)
    }
}

@Suite("How calls end")
struct CallEndTests {
    @Test("The Reason header's text tells more than a BYE")
    func reason() {
        let end = CallEnd(by: .remote, cause: .bye, reasons: ["Q.850;cause=16;text=\"Normal call clearing\""])
        #expect(end.text == "Normal call clearing")
        #expect(CallEnd(by: .remote, cause: .bye).text == "remote_hangup")
    }

    @Test("Twilio's own error is told, for a 603 of a fraud block is no callee that declines")
    func twilio() {
        var headers = Headers()
        headers.append("X-Twilio-Error", "32203 Blocked")
        let event = PhoneCallEvent(CallFailure(cause: .refused, status: 603, reason: "Decline", headers: headers))
        guard case .failed(603, "Decline", let sentence) = event else {
            Issue.record("unexpected \(event)")
            return
        }
        #expect(sentence.contains("32203"))
    }

    @Test("A trunk that gives no answer has no status")
    func silent() {
        let event = PhoneCallEvent(CallFailure(cause: .noResponse, status: 408, reason: "Request Timeout"))
        guard case .failed(nil, "no response", let sentence) = event else {
            Issue.record("unexpected \(event)")
            return
        }
        #expect(sentence.contains("address"))
    }
}
