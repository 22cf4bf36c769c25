/// Numbers as a speaker of American English says them, in lower-case words without hyphens.
enum NumberWords {
    private static let units = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ]
    private static let tens = [
        "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ]
    private static let scales = [(1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")]
    private static let irregularOrdinals = [
        "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
        "twelve": "twelfth",
    ]

    /// "two thousand five hundred seven"; nothing for negative numbers.
    static func cardinal(_ number: Int) -> [String] {
        guard number >= 0 else { return [] }
        if number < 20 { return [units[number]] }
        if number < 100 {
            return [tens[number / 10]] + (number % 10 == 0 ? [] : [units[number % 10]])
        }
        if number < 1_000 {
            return [units[number / 100], "hundred"] + (number % 100 == 0 ? [] : cardinal(number % 100))
        }
        for (scale, name) in scales where number >= scale {
            return cardinal(number / scale) + [name] + (number % scale == 0 ? [] : cardinal(number % scale))
        }
        return []
    }

    /// "twenty first".
    static func ordinal(_ number: Int) -> [String] {
        var words = cardinal(number)
        guard let last = words.popLast() else { return [] }
        if let irregular = irregularOrdinals[last] { return words + [irregular] }
        if last.hasSuffix("y") { return words + [last.dropLast() + "ieth"] }
        return words + [last + (last.hasSuffix("t") ? "h" : "th")]
    }

    /// "nineteen eighty four", "two thousand six", "twenty twenty six".
    static func year(_ number: Int) -> [String] {
        guard (1_100..<10_000).contains(number), number / 100 % 10 != 0 || number % 100 >= 10 else {
            return cardinal(number)
        }
        let century = cardinal(number / 100)
        switch number % 100 {
        case 0: return century + ["hundred"]
        case 1..<10: return century + ["oh"] + cardinal(number % 100)
        default: return century + cardinal(number % 100)
        }
    }

    /// Digit by digit, as telephone numbers are read: "five oh" is "five zero".
    static func digits(_ text: some StringProtocol) -> [String] {
        text.utf8.compactMap { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? units[Int(byte - UInt8(ascii: "0"))] : nil
        }
    }
}
