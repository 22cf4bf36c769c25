import Crypto
import Testing

@Suite("Secrets")
struct SecretTests {
    @Test("Constant-time comparison sees every byte and the length")
    func comparison() {
        let secret: [UInt8] = [1, 2, 3, 4]
        #expect(ConstantTime.equal(secret, [1, 2, 3, 4]))
        #expect(ConstantTime.equal([], []))
        #expect(!ConstantTime.equal(secret, [1, 2, 3]))
        for index in secret.indices {
            var other = secret
            other[index] ^= 0x80
            #expect(!ConstantTime.equal(secret, other))
        }
    }

    @Test("Random bytes have the asked length and don't repeat")
    func random() {
        #expect(SecureRandom.bytes(0).isEmpty)
        let draws = (0..<64).map { _ in SecureRandom.bytes(16) }
        #expect(draws.allSatisfy { $0.count == 16 })
        #expect(Set(draws).count == draws.count)
    }

    @Test("Hexadecimal text is in lower case, two digits a byte")
    func hex() {
        #expect(Hex.encode([0x00, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
    }
}
