import COpenSSL

/// Message digests, computed by the system's libcrypto.
///
/// MD5 and SHA-1 serve protocols that prescribe them; neither is fit for signatures.
public enum Digest {
    /// MD5 (RFC 1321): 16 bytes.
    public static func md5(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { md5($0) } }

    /// MD5 (RFC 1321): 16 bytes.
    public static func md5(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { hash(bytes, EVP_md5(), length: 16) }

    /// SHA-1 (RFC 3174): 20 bytes.
    public static func sha1(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { sha1($0) } }

    /// SHA-1 (RFC 3174): 20 bytes.
    public static func sha1(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { hash(bytes, EVP_sha1(), length: 20) }

    /// SHA-256 (RFC 6234): 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { sha256($0) } }

    /// SHA-256 (RFC 6234): 32 bytes.
    public static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { hash(bytes, EVP_sha256(), length: 32) }

    private static func hash(
        _ bytes: UnsafeRawBufferPointer, _ algorithm: OpaquePointer?, length: Int
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { output, count in
            var written: UInt32 = 0
            let isDone = EVP_Digest(bytes.baseAddress, bytes.count, output.baseAddress, &written, algorithm, nil)
            precondition(isDone == 1 && Int(written) == length, "this system's libcrypto has a digest switched off")
            count = length
        }
    }
}
