/// One piece of text between spaces, and the words that it is said with.
struct SpokenToken {
    /// The piece without the punctuation around it.
    private(set) var core: Substring
    /// The sign after it that shapes intonation, if any: one of `. , ? ! ; :`.
    private(set) var pause: String
    /// What an abbreviation stands for.
    private let expansion: String?
    /// "a m" or "p m", where the next piece said so.
    private var meridiem: [String] = []

    /// Pieces whose full stop is part of them.
    private static let abbreviations = [
        "dr.": "doctor", "mr.": "mister", "mrs.": "missus", "ms.": "miz", "st.": "saint", "vs.": "versus",
        "approx.": "approximately", "appt.": "appointment", "min.": "minutes", "no.": "number",
    ]
    private static let currencies = ["$": "dollar", "EUR": "euro", "GBP": "pound"]
    private static let symbols = ["&": ["and"], "+": ["plus"], "@": ["at"], "%": ["percent"], "=": ["equals"]]
    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
        "november", "december",
    ]

    /// No word is longer; the rest of one that is goes unsaid, as letters read out for minutes help nobody.
    private static let longestWord = 40

    /// What an abbreviation stands for; `nil` for anything else.
    ///
    /// - Parameter next: The piece behind it: "no." is a number's where one follows, and a refusal otherwise.
    static func expansion(of piece: Substring, before next: Substring?) -> String? {
        let lower = piece.lowercased()
        if lower == "no.", !(next?.utf8.contains(where: isDigit) ?? false) { return nil }
        return abbreviations[lower]
    }

    /// - Parameter next: The piece behind it.
    init(_ piece: Substring, before next: Substring?) {
        let opening: Set<Character> = ["(", "[", "{", "\"", "'", "*", "_", "#", "-", "<", ">", "~", "`", "|"]
        let closing: Set<Character> = opening.union([")", "]", "}", ".", ",", "?", "!", ";", ":", "/"])
        var core = piece
        while let first = core.first, opening.contains(first) { core.removeFirst() }
        var pause = ""
        expansion = Self.expansion(of: core, before: next)
        if expansion == nil {
            while let last = core.last, closing.contains(last) {
                core.removeLast()
                if ".,?!;:".contains(last) { pause = String(last) }
            }
            // The full stop of "a.m." is part of it.
            if pause == ".", ["a.m", "p.m"].contains(core.lowercased()) { pause = "" }
        }
        self.core = core
        self.pause = pause
    }

    /// This hour together with the "am" or "pm" that follows it.
    func joined(withMeridiem next: SpokenToken) -> SpokenToken? {
        guard let half = Self.meridiem(next.core), clockTime(core) != nil else { return nil }
        var joined = self
        joined.meridiem = half
        joined.pause = next.pause
        return joined
    }

    /// What is said; letters said by name are upper-case.
    var words: [String] {
        guard !core.isEmpty else { return [] }
        if let expansion { return [expansion] }
        if let symbol = Self.symbols[String(core)] { return symbol }
        if !meridiem.isEmpty { return (clockTime(core) ?? []) + meridiem }
        // "am" alone is the verb.
        if core.lowercased() != "am", let half = Self.meridiem(core) { return half }
        return numberWords ?? plainWords
    }

    private var numberWords: [String]? {
        guard core.utf8.contains(where: Self.isDigit) else { return nil }
        return date ?? timeOfDay ?? money ?? telephone ?? quantity ?? range
    }

    /// `2026-12-01`.
    private var date: [String]? {
        let parts = core.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            let year = Self.integer(parts[0]), let month = Self.integer(parts[1]), let day = Self.integer(parts[2]),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        return [Self.months[month - 1]] + NumberWords.ordinal(day) + NumberWords.year(year)
    }

    /// `3pm`, `10:30`, `9:05a.m.`, `15:00`.
    private var timeOfDay: [String]? {
        for suffix in ["am", "pm", "a.m", "p.m", "a.m.", "p.m."] where core.lowercased().hasSuffix(suffix) {
            guard let half = Self.meridiem(Substring(suffix)) else { continue }
            return clockTime(core.dropLast(suffix.count)).map { $0 + half }
        }
        guard core.contains(":"), let hour = core.split(separator: ":").first.flatMap({ Self.integer($0) }) else {
            return nil
        }
        if hour > 12 {
            return clockTime("\(hour - 12)" + core.drop { $0 != ":" }).map { $0 + ["P", "M"] }
        }
        guard let words = clockTime(core) else { return nil }
        return words.count == 1 ? words + ["o'clock"] : words
    }

    /// The hour and, if any, the minutes of `3` or `3:05`.
    private func clockTime(_ text: Substring) -> [String]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let hour = parts.first.flatMap({ Self.integer($0) }), (0...12).contains(hour), parts.count <= 2 else {
            return nil
        }
        let hourWords = NumberWords.cardinal(hour == 0 ? 12 : hour)
        guard parts.count == 2 else { return hourWords }
        guard parts[1].utf8.count == 2, let minute = Self.integer(parts[1]), minute < 60 else { return nil }
        if minute == 0 { return hourWords }
        return hourWords + (minute < 10 ? ["oh"] : []) + NumberWords.cardinal(minute)
    }

    private static func meridiem(_ text: Substring) -> [String]? {
        switch text.lowercased() {
        case "am", "a.m", "a.m.": ["A", "M"]
        case "pm", "p.m", "p.m.": ["P", "M"]
        default: nil
        }
    }

    /// `$20`, `EUR20`, `$1,250.50`.
    private var money: [String]? {
        for (sign, name) in Self.currencies where core.hasPrefix(sign) {
            let parts = core.dropFirst(sign.count).split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count <= 2, let whole = parts.first.flatMap({ Self.integer($0) }) else { return nil }
            var words = NumberWords.cardinal(whole) + [whole == 1 ? name : name + "s"]
            if parts.count == 2 {
                guard parts[1].utf8.count == 2, let cents = Self.integer(parts[1]) else { return nil }
                if cents > 0 { words += ["and"] + NumberWords.cardinal(cents) + [cents == 1 ? "cent" : "cents"] }
            }
            return words
        }
        return nil
    }

    /// Digits with a plus before them, or seven and more of them: each is read out.
    private var telephone: [String]? {
        let count = core.utf8.count(where: Self.isDigit)
        let isInternational = core.hasPrefix("+")
        guard core.utf8.allSatisfy({ Self.isDigit($0) || "+-.()/".utf8.contains($0) }), isInternational || count >= 7
        else { return nil }
        return (isInternational ? ["plus"] : []) + NumberWords.digits(core)
    }

    /// `7`, `1,250`, `3.5`, `21st`, `50%`, `2026`.
    private var quantity: [String]? {
        var text = core
        var unit: [String] = []
        if text.hasSuffix("%") {
            text.removeLast()
            unit = ["percent"]
        }
        if let suffix = ["st", "nd", "rd", "th"].first(where: { text.lowercased().hasSuffix($0) }) {
            return Self.integer(text.dropLast(suffix.count)).map { NumberWords.ordinal($0) }
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ Self.integer($0) }) else { return nil }
        switch parts.count {
        case 1:
            let isYear = text.utf8.count == 4 && (1_900..<2_100).contains(whole) && unit.isEmpty
            return (isYear ? NumberWords.year(whole) : NumberWords.cardinal(whole)) + unit
        case 2 where !parts[1].isEmpty && parts[1].utf8.allSatisfy(Self.isDigit):
            return NumberWords.cardinal(whole) + ["point"] + NumberWords.digits(parts[1]) + unit
        default:
            return nil
        }
    }

    /// `10-11`, `9am-5pm`.
    private var range: [String]? {
        let parts = core.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.contains(where: Self.isDigit) }) else { return nil }
        return SpokenToken(parts[0], before: nil).words + ["to"] + SpokenToken(parts[1], before: nil).words
    }

    /// Runs of letters and of digits, apart; single capitals and short runs of capitals without vowels by letter.
    private var plainWords: [String] {
        var words: [String] = []
        var run = ""
        func finish() {
            let bare = run.drop { $0 == "'" }.prefix(Self.longestWord)
            let trimmed = String(bare.reversed().drop { $0 == "'" }.reversed())
            run = ""
            if trimmed.isEmpty { return }
            if trimmed.utf8.allSatisfy(Self.isDigit) {
                words += Self.integer(trimmed[...]).map { NumberWords.cardinal($0) } ?? NumberWords.digits(trimmed)
            } else if Self.isSpelledOut(trimmed) {
                words += trimmed.map { String($0) }
            } else {
                words.append(trimmed)
            }
        }
        for character in core {
            let isDigit = character.isASCII && character.isNumber
            let belongs = isDigit || character.isLetter || character == "'"
            if let last = run.last, (last.isNumber != isDigit) || !belongs { finish() }
            if belongs {
                run.append(character)
            } else if let symbol = Self.symbols[String(character)] {
                words += symbol
            }
        }
        finish()
        return words
    }

    private static func isSpelledOut(_ word: String) -> Bool {
        (2...5).contains(word.count) && word.allSatisfy { $0.isUppercase } && !word.contains { "AEIOUY".contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Decimal digits, with commas between thousands; at most twelve digits.
    private static func integer(_ text: Substring) -> Int? {
        let groups = text.split(separator: ",", omittingEmptySubsequences: false)
        guard let first = groups.first, !first.isEmpty, groups.dropFirst().allSatisfy({ $0.utf8.count == 3 }) else {
            return nil
        }
        let digits = text.utf8.filter { $0 != UInt8(ascii: ",") }
        guard digits.count <= 12, digits.allSatisfy(isDigit) else { return nil }
        return digits.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
    }
}
