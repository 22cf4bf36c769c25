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
        append(bytes, to: &output, alphabet: alphabet)
        return output
    }

    /// Appends the encoding of `bytes` to `output`.
    public static func append(
        _ bytes: some Sequence<UInt8>, to output: inout [UInt8], alphabet: Alphabet = .standard
    ) {
        let isDone: Void? = bytes.withContiguousStorageIfAvailable {
            append(buffer: $0, to: &output, alphabet: alphabet)
        }
        if isDone == nil {
            Array(bytes).withUnsafeBufferPointer { append(buffer: $0, to: &output, alphabet: alphabet) }
        }
    }

    /// The bytes that `text` stands for.
    ///
    /// Both alphabets are accepted, padding is optional, and trailing bits are ignored.
    /// - Returns: `nil` when a character is in neither alphabet, stands behind padding, or one is left over.
    public static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let decoded: [UInt8]?? = text.withContiguousStorageIfAvailable { decode(buffer: $0) }
        return decoded ?? Array(text).withUnsafeBufferPointer { decode(buffer: $0) }
    }

    private static func append(buffer: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], alphabet: Alphabet) {
        let digits = alphabet == .standard ? standardDigits : urlSafeDigits
        output.reserveCapacity(output.count + (buffer.count + 2) / 3 * 4)
        var index = 0
        while index + 3 <= buffer.count {
            let group = UInt32(buffer[index]) << 16 | UInt32(buffer[index + 1]) << 8 | UInt32(buffer[index + 2])
            output.append(digits[Int(group >> 18)])
            output.append(digits[Int(group >> 12 & 63)])
            output.append(digits[Int(group >> 6 & 63)])
            output.append(digits[Int(group & 63)])
            index += 3
        }
        let left = buffer.count - index
        guard left > 0 else { return }
        let group = UInt32(buffer[index]) << 16 | (left == 2 ? UInt32(buffer[index + 1]) << 8 : 0)
        output.append(digits[Int(group >> 18)])
        output.append(digits[Int(group >> 12 & 63)])
        if left == 2 { output.append(digits[Int(group >> 6 & 63)]) }
        if alphabet == .standard { output.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - left)) }
    }

    private static func decode(buffer: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(buffer.count / 4 * 3 + 3)
        var group: UInt32 = 0
        var filled = 0
        var isPadded = false
        for character in buffer {
            if character == UInt8(ascii: "=") {
                isPadded = true
                continue
            }
            let value = values[Int(character)]
            guard value != invalid, !isPadded else { return nil }
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
