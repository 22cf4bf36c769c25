import COpenSSL

/// Keyed hashing for message authentication (RFC 2104), computed by the system's libcrypto.
public enum HMAC {
    /// HMAC-SHA-256 (RFC 4231): 32 bytes.
    ///
    /// - Parameter key: Of any length; at least 32 bytes to be as strong as the hash.
    public static func sha256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        authenticate(key, bytes, EVP_sha256(), length: 32)
    }

    /// HMAC-SHA-1 (RFC 2202): 20 bytes.
    public static func sha1(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        authenticate(key, bytes, EVP_sha1(), length: 20)
    }

    private static func authenticate(
        _ key: [UInt8], _ bytes: [UInt8], _ algorithm: OpaquePointer?, length: Int
    ) -> [UInt8] {
        precondition(key.count <= Int(Int32.max), "a key is longer than libcrypto can take")
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { output, count in
            var written: UInt32 = 0
            let code = COpenSSL.HMAC(
                algorithm, key, Int32(key.count), bytes, bytes.count, output.baseAddress, &written)
            precondition(code != nil && Int(written) == length, "this system's libcrypto has a digest switched off")
            count = length
        }
    }
}
