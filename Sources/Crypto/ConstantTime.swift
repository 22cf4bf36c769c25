import COpenSSL

/// Comparison of secrets.
public enum ConstantTime {
    /// Whether two byte strings are the same, in a time that depends on their lengths only.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }
}
