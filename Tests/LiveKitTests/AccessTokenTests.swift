import SansIO
import Testing

@testable import LiveKit

@Suite("AccessToken")
struct AccessTokenTests {
    private let secret = Secret("secret")
    private let now: Int64 = 1_700_000_000

    /// Computed with Python's `hmac`, `hashlib` and `base64` alone.
    private let foreign =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
        + "eyJ2aWRlbyI6eyJyb29tQWRtaW4iOnRydWUsInJvb20iOiJjYWxsLTEiLCJjYW5QdWJsaXNoIjpmYWxzZX0sInNpcCI6eyJhZG1pbiI6"
        + "dHJ1ZSwiY2FsbCI6dHJ1ZX0sImlzcyI6ImRldmtleSIsInN1YiI6IiIsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDIxNjAwLCJu"
        + "YW1lIjoibGsifQ.znll_NxH2akYSHOMnOuKEj5SIWAbqPkJpq-Z430-ikI"

    private func verify(_ token: String, at time: Int64? = nil) throws(AccessTokenError) -> AccessToken {
        try AccessToken(verifying: token, now: time ?? now) { $0 == "devkey" ? secret : nil }
    }

    private func failure(_ token: String, at time: Int64? = nil) -> AccessTokenError? {
        do throws(AccessTokenError) {
            _ = try verify(token, at: time)
            return nil
        } catch {
            return error
        }
    }

    /// A token of arbitrary header and claims, properly signed.
    private func minted(header: String = #"{"alg":"HS256"}"#, claims: String) -> String {
        SignedText(secret: secret).sign(header: header, claims: claims)
    }

    @Test("A token that another program signed is read")
    func vector() throws {
        let token = try verify(foreign)
        #expect(token.issuer == "devkey")
        #expect(token.identity == "")
        #expect(token.name == "lk")
        #expect(token.expires == 1_700_021_600)
        #expect(token.video?.roomAdmin == true)
        #expect(token.video?.room == "call-1")
        #expect(token.video?.canPublish == false)
        #expect(token.video?.canSubscribe == nil)
        #expect(token.video?.roomCreate == false)
        #expect(token.sip == SIPGrant(admin: true, call: true))
        #expect(token.agent == nil)
    }

    @Test("What is signed here is verified here, with every claim")
    func roundTrip() throws {
        var token = AccessToken(issuer: "devkey", now: now, life: 60)
        token.identity = "agent \"ü\""
        token.name = "n"
        token.metadata = #"{"a":1}"#
        token.kind = "agent"
        var video = VideoGrant.admin(of: "room")
        video.roomJoin = true
        video.canPublishData = false
        video.destinationRoom = "other"
        token.video = video
        token.sip = SIPGrant(call: true)
        token.agent = AgentGrant(admin: true)
        let text = token.signed(secret: secret)
        #expect(text.split(separator: ".").first == "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9")
        #expect(try verify(text) == token)
    }

    @Test("Every changed character of header, claims or signature is noticed")
    func tampering() throws {
        let text = Array(foreign)
        for index in text.indices where index % 3 == 0 && text[index] != "." {
            var changed = text
            changed[index] = text[index] == "A" ? "B" : "A"
            #expect(failure(String(changed)) != nil, "character \(index)")
        }
    }

    @Test("Another secret and an unknown key are refused")
    func wrongKey() {
        var other = AccessToken(issuer: "devkey", now: now)
        #expect(failure(other.signed(secret: Secret("wrong"))) == .badSignature)
        other.issuer = "nobody"
        #expect(failure(other.signed(secret: secret)) == .unknownKey)
    }

    @Test("Only HS256 is accepted (RFC 8725 §3.1)", arguments: ["none", "None", "HS512", "RS256", "hs256"])
    func algorithm(name: String) throws {
        let text = minted(header: #"{"alg":"\#(name)","typ":"JWT"}"#, claims: #"{"iss":"devkey","exp":1800000000}"#)
        #expect(failure(text) == .unsupportedAlgorithm(name))
        let unsigned = text.split(separator: ".").prefix(2).joined(separator: ".") + "."
        #expect(failure(unsigned) == .unsupportedAlgorithm(name))
    }

    @Test("Expiry is required; clocks may differ by the leeway and no more")
    func times() throws {
        let claims = #"{"iss":"devkey","nbf":1700000000,"exp":1700000100}"#
        let text = minted(claims: claims)
        #expect(failure(text, at: 1_700_000_160) == nil)
        #expect(failure(text, at: 1_700_000_161) == .expired)
        #expect(failure(text, at: 1_699_999_940) == nil)
        #expect(failure(text, at: 1_699_999_939) == .notYetValid)
        #expect(failure(minted(claims: #"{"iss":"devkey"}"#)) == .missingExpiry)
        #expect(failure(minted(claims: #"{"iss":"devkey","exp":"soon"}"#)) == .missingExpiry)
        let far = minted(claims: #"{"iss":"devkey","exp":9223372036854775807}"#)
        #expect(failure(far, at: .max) == nil)
    }

    @Test(
        "Garbage is malformed",
        arguments: ["", ".", "..", "a.b", "a.b.c.d", "!.!.!", "e30.e30.", "W10.e30.AA", "bm9wZQ.e30.AA"])
    func garbage(text: String) {
        #expect(failure(text) != nil)
    }

    @Test("Grants of another type than expected grant nothing")
    func oddGrants() throws {
        let text = minted(
            claims: #"{"iss":"devkey","exp":1800000000,"sip":{"admin":"true"},"video":{"roomAdmin":1},"agent":[]}"#)
        let token = try verify(text)
        #expect(token.sip?.admin == false)
        #expect(token.video?.roomAdmin == false)
        #expect(token.agent?.admin == false)
    }

    @Test("Random changes never trap", arguments: 0..<20 as Range<UInt64>)
    func mutated(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            var bytes = Array(foreign.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            if text != foreign { #expect(failure(text) != nil) }
        }
    }
}
