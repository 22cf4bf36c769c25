import SansIO

/// Makes the identifiers of one session: a prefix and random base-62 characters, the same for the same seed.
struct IdentifierSource: Sendable {
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    var random: SeededRandom

    /// - Parameter prefix: With its underscore: `item_`.
    mutating func next(_ prefix: String, length: Int = 21) -> String {
        var bytes = Array(prefix.utf8)
        bytes.reserveCapacity(bytes.count + length)
        for _ in 0..<length { bytes.append(Self.digits[Int.random(in: 0..<62, using: &random)]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
