/// Reads dates and times from text, from left to right.
struct TimeTextReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// What has not been read, for messages.
    var remainder: String { String(decoding: rest.prefix(32), as: UTF8.self) }

    mutating func skipBlanks() {
        while let byte = rest.first, byte == 0x20 || (0x09...0x0D).contains(byte) { rest = rest.dropFirst() }
    }

    /// Takes one byte if it is that one, letters in either case.
    mutating func take(_ byte: UInt8) -> Bool {
        guard let first = rest.first, TimeTextReader.lowercase(first) == TimeTextReader.lowercase(byte) else {
            return false
        }
        rest = rest.dropFirst()
        return true
    }

    mutating func take(anyOf bytes: String.UTF8View) -> UInt8? {
        guard let first = rest.first, bytes.contains(first) else { return nil }
        rest = rest.dropFirst()
        return first
    }

    /// A number of at least and at most so many digits.
    mutating func number(_ digits: ClosedRange<Int>) -> Int? {
        let found = rest.prefix(digits.upperBound).prefix { (0x30...0x39).contains($0) }
        guard found.count >= digits.lowerBound else { return nil }
        rest = rest.dropFirst(found.count)
        return found.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// The digits behind a decimal point. [s]
    mutating func fraction() -> Double? {
        let found = rest.prefix { (0x30...0x39).contains($0) }
        guard !found.isEmpty else { return nil }
        rest = rest.dropFirst(found.count)
        var scale = 0.1
        var value = 0.0
        for digit in found.prefix(12) {
            value += Double(digit - 0x30) * scale
            scale /= 10
        }
        return value
    }

    /// `Z`, `+02:00`, `-0800` or `+01`. [s]
    mutating func offset() -> Int? {
        if take(UInt8(ascii: "Z")) { return 0 }
        guard let sign = take(anyOf: "+-".utf8), let hours = number(2...2), hours <= 14 else { return nil }
        let hasColon = take(UInt8(ascii: ":"))
        let minutes = number(2...2)
        guard minutes != nil || !hasColon, (0...59).contains(minutes ?? 0) else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 3_600 + (minutes ?? 0) * 60)
    }

    /// The index of one of the names, or of its first three letters.
    mutating func name(among names: [String]) -> Int? {
        for (index, name) in names.enumerated() {
            for candidate in [name, String(name.prefix(3))]
            where rest.count >= candidate.utf8.count
                && zip(rest, candidate.utf8).allSatisfy({
                    TimeTextReader.lowercase($0) == TimeTextReader.lowercase($1)
                })
            {
                rest = rest.dropFirst(candidate.utf8.count)
                return index
            }
        }
        return nil
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
