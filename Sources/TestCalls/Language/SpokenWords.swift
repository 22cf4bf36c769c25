import Speech

/// A text as the words that are compared: lower case, without punctuation, numbers in words.
///
/// "Three p.m.", "3pm" and "3 PM" are the same words. Texts in scripts that the synthesiser cannot speak are split at
/// what is neither letter nor digit.
enum SpokenWords {
    static func words(of text: some StringProtocol) -> [String] {
        guard text.unicodeScalars.allSatisfy(isLatin) else {
            return text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "'" }.map(String.init)
        }
        // Zero is read "oh" in times and numbers.
        return SpokenText.words(text).map { $0 == "oh" ? "zero" : $0 }
    }

    /// Where `words` stand in `text`, at or behind `start`: a run of whole words, of which the last may have an ending.
    ///
    /// - Returns: The words that matched; `nil` when they are not there, or when there are none.
    static func range(of words: [String], in text: [String], from start: Int = 0) -> Range<Int>? {
        guard !words.isEmpty, text.count - start >= words.count else { return nil }
        for first in start...(text.count - words.count) {
            let candidate = text[first..<first + words.count]
            guard candidate.dropLast().elementsEqual(words.dropLast()), let last = candidate.last,
                let wanted = words.last, isForm(last, of: wanted)
            else { continue }
            return first..<first + words.count
        }
        return nil
    }

    /// Whether a word is the given one, or that with an ending: "prices" of "price", "booked" of "book".
    private static func isForm(_ word: String, of stem: String) -> Bool {
        if word == stem { return true }
        guard stem.utf8.count >= 3, word.hasPrefix(stem), !numbers.contains(stem) else { return false }
        return endings.contains(String(word.dropFirst(stem.count)))
    }

    private static let endings: Set<String> = ["s", "es", "'s", "d", "ed", "ing"]

    private static let numbers: Set<String> = Set(
        (0...20).flatMap { SpokenText.words("\($0)") } + (3...9).flatMap { SpokenText.words("\($0)0") })

    private static func isLatin(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.properties.isAlphabetic || scalar.value < 0x250
    }
}

/// How near two rows of words are.
enum WordSimilarity {
    /// How well `words` are found in `text`, by their sound: 1 where all are there in order, 0 where nothing resembles.
    ///
    /// The best alignment of all `words` with a run of `text`; a wrong word costs by the letters of its sound that differ,
    /// a missing or additional one costs 1. Two words may stand for one, as recognisers hear "choose day" for "Tuesday".
    ///
    /// - Complexity: O(words · text), for each pair of words the square of their lengths.
    static func score(of words: [String], in text: [String]) -> Double {
        guard !words.isEmpty else { return 0 }
        let wanted = words.map(sound)
        let heard = text.map(sound)
        // Row by row over `words`; the run may begin anywhere in `text`, so that the first row costs nothing.
        var rows = [[Double](repeating: 0, count: heard.count + 1)]
        for (index, word) in wanted.enumerated() {
            var next = [rows[index][0] + 1]
            for (column, other) in heard.enumerated() {
                var least = min(
                    rows[index][column] + cost(word, other), rows[index][column + 1] + 1, next[column] + 1)
                if column > 0 {
                    least = min(least, rows[index][column - 1] + cost(word, heard[column - 1] + other))
                }
                if index > 0 {
                    least = min(least, rows[index - 1][column] + 2 * cost(wanted[index - 1] + word, other))
                }
                next.append(least)
            }
            rows.append(next)
        }
        let best = rows[wanted.count].min() ?? Double(words.count)
        return max(0, 1 - best / Double(words.count))
    }

    /// 0 for words that sound alike to 1 for those that have nothing in common.
    private static func cost(_ left: [UInt8], _ right: [UInt8]) -> Double {
        if left == right { return 0 }
        let longest = max(left.count, right.count, 1)
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var next = [index + 1]
            for (column, other) in right.enumerated() {
                next.append(min(row[column] + (byte == other ? 0 : 1), row[column + 1] + 1, next[column] + 1))
            }
            row = next
        }
        let share = Double(row[right.count]) / Double(longest)
        // Words that have less than half in common are different words.
        return share > 0.5 ? 1 : share
    }

    /// The letters that carry a word's sound in English: groups that sound alike become one, vowels behind the first
    /// letter become `a`, doubled letters one.
    private static func sound(_ word: String) -> [UInt8] {
        var text = word
        for (spelling, sound) in spellings { text = text.replacing(spelling, with: sound) }
        var output: [UInt8] = []
        for byte in text.utf8.prefix(32) {
            let letter = classes[byte] ?? byte
            if output.last != letter { output.append(letter) }
        }
        return output
    }

    private static let spellings = [
        ("tion", "shan"), ("ph", "f"), ("gh", ""), ("ck", "k"), ("kn", "n"), ("wr", "r"), ("wh", "w"), ("th", "t"),
        ("dge", "j"), ("qu", "kw"), ("x", "ks"), ("ce", "se"), ("ci", "si"), ("cy", "sy"), ("'", ""),
    ]

    private static let classes: [UInt8: UInt8] = {
        var classes: [UInt8: UInt8] = [:]
        for vowel in "eiouy".utf8 { classes[vowel] = UInt8(ascii: "a") }
        for (letter, sound) in [("c", "k"), ("q", "k"), ("z", "s"), ("d", "t"), ("b", "p"), ("v", "f"), ("g", "j")] {
            for byte in letter.utf8 { classes[byte] = sound.utf8.first }
        }
        return classes
    }()
}
