/// Random bytes that are fit for secrets: keys, tags that must not be guessed, nonces.
///
/// They come from the kernel's generator (`getrandom`).
public enum SecureRandom {
    /// - Parameter count: Not negative.
    public static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
