import SIP
import Testing

@Suite("Digest calculation")
struct DigestCalculationTests {
    private func calculation(
        _ algorithm: DigestAlgorithm, protection: DigestCalculation.Protection = .auth, body: String = ""
    ) -> DigestCalculation {
        DigestCalculation(
            algorithm: algorithm, username: "Mufasa", realm: "http-auth@example.org", password: "Circle of Life",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", method: Method(rawValue: "GET"),
            uri: "/dir/index.html",
            counted: DigestCalculation.Counted(
                protection: protection, nonceCount: "00000001",
                clientNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"), body: Array(body.utf8))
    }

    @Test("MD5 and SHA-256 give the responses of RFC 7616 §3.9.1")
    func rfc7616() {
        #expect(calculation(.md5).response == "8ca523f5e9506fed4657c9700eebdbec")
        #expect(calculation(.sha256).response == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")
    }

    @Test("MD5 gives the response of RFC 2617 §3.5, and without qop that of RFC 2069 §2.4 as corrected")
    func rfc2617() {
        var calculation = DigestCalculation(
            algorithm: .md5, username: "Mufasa", realm: "testrealm@host.com", password: "Circle Of Life",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", method: Method(rawValue: "GET"), uri: "/dir/index.html",
            counted: DigestCalculation.Counted(protection: .auth, nonceCount: "00000001", clientNonce: "0a4f113b"))
        #expect(calculation.response == "6629fae49393a05397450978507c4ef1")
        calculation.counted = nil
        calculation.password = "CircleOfLife"
        #expect(calculation.response == "1949323746fe6a43ef61f9606e7febea")
    }

    @Test("Session variants hash nonce and cnonce into the first part (RFC 7616 §3.4.2)")
    func sessions() {
        #expect(calculation(.md5Session).response == "e783283f46242139c486a698fec7211d")
        #expect(
            calculation(.sha256Session).response == "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7")
    }

    @Test("auth-int covers the body (RFC 7616 §3.4.3)")
    func integrity() {
        #expect(
            calculation(.md5, protection: .authInt, body: "v=0\r\n").response == "d1b8e2ac3f6782372de4bf3d8735b406")
        #expect(
            calculation(.sha256, protection: .authInt, body: "v=0\r\n").response
                == "385d2de062660ced11876f42d9497c69cacf5caaf3d951dd424aee9f7157d563")
    }

    @Test("A password is in no description and no dump")
    func secrecy() {
        var text = "\(calculation(.md5))"
        dump(calculation(.md5), to: &text)
        let client = DigestClient(username: "Mufasa", password: "Circle of Life")
        text += "\(client)"
        dump(client, to: &text)
        #expect(text.contains("Mufasa"))
        #expect(!text.contains("Circle"))
    }
}
