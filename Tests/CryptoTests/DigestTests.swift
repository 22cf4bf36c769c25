import Crypto
import Testing

@Suite("Digests")
struct DigestTests {
    @Test(
        "MD5 gives the digests of RFC 1321 §A.5",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a"
            ),
        ])
    func md5(text: String, digest: String) {
        #expect(Hex.encode(Digest.md5(Array(text.utf8))) == digest)
    }

    @Test(
        "SHA-1 gives the digests of RFC 3174 §7.3",
        arguments: [
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
        ])
    func sha1(text: String, digest: String) {
        #expect(Hex.encode(Digest.sha1(Array(text.utf8))) == digest)
    }

    @Test(
        "SHA-256 gives the digests of RFC 6234 §8.5",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(text: String, digest: String) {
        #expect(Hex.encode(Digest.sha256(Array(text.utf8))) == digest)
    }

    @Test("A digest of a raw buffer is the digest of its bytes")
    func rawBuffer() {
        let bytes = Array("abc".utf8)
        #expect(bytes.withUnsafeBytes { Digest.sha256($0) } == Digest.sha256(bytes))
    }
}
