/// Base64 (RFC 4648 §4 and §5), written for audio payloads: one pass, no intermediate strings.
public enum Base64 {
    public enum Alphabet: Sendable {
        /// RFC 4648 §4, padded with `=`.
        case standard
        /// RFC 4648 §5 (URL and file name safe), without padding.
        case urlSafe
    }

    private static let standardDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafeDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let invalid: UInt8 = 0xFF

    /// Value of each character in either alphabet; `invalid` for all others.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: invalid, count: 256)
        for (value, digit) in standardDigits.enumerated() { table[Int(digit)] = UInt8(value) }
        for (value, digit) in urlSafeDigits.enumerated() { table[Int(digit)] = UInt8(value) }
        return table
    }()

    /// The encoding of `bytes`, as ASCII.
    public static func encode(_ bytes: some Sequence<UInt8>, alphabet: Alphabet = .standard) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.underestimatedCount + 2) / 3 * 4)
        append(bytes, to: &output, alphabet: alphabet)
        return output
    }

    /// Appends the encoding of `bytes` to `output`.
    public static func append(
        _ bytes: some Sequence<UInt8>, to output: inout [UInt8], alphabet: Alphabet = .standard
    ) {
        let digits = alphabet == .standard ? standardDigits : urlSafeDigits
        var group: UInt32 = 0
        var filled = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            filled += 1
            if filled == 3 {
                output.append(digits[Int(group >> 18 & 63)])
                output.append(digits[Int(group >> 12 & 63)])
                output.append(digits[Int(group >> 6 & 63)])
                output.append(digits[Int(group & 63)])
                group = 0
                filled = 0
            }
        }
        guard filled > 0 else { return }
        group <<= UInt32(8 * (3 - filled))
        output.append(digits[Int(group >> 18 & 63)])
        output.append(digits[Int(group >> 12 & 63)])
        if filled == 2 { output.append(digits[Int(group >> 6 & 63)]) }
        if alphabet == .standard { output.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - filled)) }
    }

    /// The bytes that `text` stands for.
    ///
    /// Both alphabets are accepted, padding is optional, and trailing bits are ignored.
    /// - Returns: `nil` when a character is in neither alphabet, stands behind padding, or one is left over.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(text.count / 4 * 3 + 3)
        var group: UInt32 = 0
        var filled = 0
        var padded = false
        for character in text {
            if character == UInt8(ascii: "=") {
                padded = true
                continue
            }
            let value = values[Int(character)]
            guard value != invalid, !padded else { return nil }
            group = group << 6 | UInt32(value)
            filled += 1
            if filled == 4 {
                output.append(UInt8(truncatingIfNeeded: group >> 16))
                output.append(UInt8(truncatingIfNeeded: group >> 8))
                output.append(UInt8(truncatingIfNeeded: group))
                group = 0
                filled = 0
            }
        }
        switch filled {
        case 0: break
        case 2: output.append(UInt8(truncatingIfNeeded: group >> 4))
        case 3:
            output.append(UInt8(truncatingIfNeeded: group >> 10))
            output.append(UInt8(truncatingIfNeeded: group >> 2))
        default: return nil
        }
        return output
    }
}
