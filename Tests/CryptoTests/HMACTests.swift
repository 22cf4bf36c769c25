import Crypto
import Testing

@Suite("HMAC")
struct HMACTests {
    struct Vector: Sendable {
        let key: [UInt8]
        let text: [UInt8]
        let code: String
    }

    static let rfc4231 = [
        Vector(
            key: Array(repeating: 0x0B, count: 20), text: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            key: Array("Jefe".utf8), text: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            key: Array(repeating: 0xAA, count: 20), text: Array(repeating: 0xDD, count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            key: Array(repeating: 0xAA, count: 131),
            text: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ]

    @Test("HMAC-SHA-256 gives the codes of RFC 4231 §4", arguments: rfc4231)
    func sha256(vector: Vector) {
        #expect(Hex.encode(HMAC.sha256(key: vector.key, vector.text)) == vector.code)
    }

    @Test("HMAC-SHA-1 gives the codes of RFC 2202 §3")
    func sha1() {
        #expect(
            Hex.encode(HMAC.sha1(key: Array(repeating: 0x0B, count: 20), Array("Hi There".utf8)))
                == "b617318655057264e28bc0b6fb378c8ef146be00")
        #expect(
            Hex.encode(HMAC.sha1(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
                == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    }

    @Test("An empty key and an empty text have a code")
    func empty() {
        #expect(
            Hex.encode(HMAC.sha256(key: [], []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }
}
