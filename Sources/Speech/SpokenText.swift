/// Written English as it is said: what the synthesiser is given, and what the recogniser compares with.
///
/// Numbers, times, dates, amounts, telephone numbers and a few abbreviations become words; what has no sound is
/// dropped. Both sides use the same rules, so that a written sentence finds itself again in what was heard.
public enum SpokenText {
    /// The text in words, with the punctuation that shapes intonation.
    ///
    /// - Returns: Printable ASCII in one line; empty when nothing in `text` has a sound.
    public static func normalize(_ text: some StringProtocol) -> String {
        var result: [String] = []
        for token in tokens(text) {
            let words = token.words
            if words.isEmpty {
                if let last = result.popLast() { result.append(last + (endsWithPause(last) ? "" : token.pause)) }
            } else {
                result.append(words.joined(separator: " ") + token.pause)
            }
        }
        return result.joined(separator: " ")
    }

    /// The words alone, in lower case: letters and apostrophes.
    public static func words(_ text: some StringProtocol) -> [String] {
        tokens(text).flatMap { $0.words.map { $0.lowercased() } }
    }

    /// Cuts a text at the ends of its sentences; none is longer than `limit` characters if words allow it.
    ///
    /// "Dr. Smith", "3.5" and "a.m." don't end a sentence.
    public static func sentences(_ text: some StringProtocol, limit: Int = 300) -> [String] {
        var sentences: [String] = []
        var current = ""
        let pieces = cleaned(text).split(separator: " ")
        for (index, piece) in pieces.enumerated() {
            if !current.isEmpty, current.utf8.count + piece.utf8.count >= limit {
                sentences.append(current)
                current = ""
            }
            current += (current.isEmpty ? "" : " ") + piece
            if endsSentence(piece, before: index + 1 < pieces.count ? pieces[index + 1] : nil) {
                sentences.append(current)
                current = ""
            }
        }
        if !current.isEmpty { sentences.append(current) }
        return sentences
    }

    private static func endsSentence(_ piece: Substring, before next: Substring?) -> Bool {
        let bare = piece.reversed().drop { "\"')]".contains($0) }
        guard let last = bare.first, ".?!".contains(last) else { return false }
        if last != "." { return true }
        return SpokenToken.expansion(of: piece, before: next) == nil && !["a.m.", "p.m."].contains(piece.lowercased())
    }

    private static func endsWithPause(_ text: String) -> Bool {
        text.last.map { ".,?!;:".contains($0) } ?? false
    }

    private static func tokens(_ text: some StringProtocol) -> [SpokenToken] {
        var tokens: [SpokenToken] = []
        let pieces = cleaned(text).split(separator: " ")
        for (index, piece) in pieces.enumerated() {
            var token = SpokenToken(piece, before: index + 1 < pieces.count ? pieces[index + 1] : nil)
            // "3 pm" is one time.
            if let hour = tokens.last, hour.pause.isEmpty, let joined = hour.joined(withMeridiem: token) {
                tokens.removeLast()
                token = joined
            }
            tokens.append(token)
        }
        return tokens
    }

    /// One line of ASCII: typographic signs and accented letters become their plain forms, all else a space.
    private static func cleaned(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if (0x20..<0x7F).contains(scalar.value) {
                result.unicodeScalars.append(scalar)
            } else {
                result += plainForms[scalar] ?? " "
            }
        }
        return result
    }

    private static let plainForms: [Unicode.Scalar: String] = {
        var forms: [Unicode.Scalar: String] = [
            "\u{2018}": "'", "\u{2019}": "'", "\u{201C}": "\"", "\u{201D}": "\"", "\u{2013}": "-", "\u{2014}": ", ",
            "\u{2026}": ". ", "\u{2011}": "-", "\u{2010}": "-", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "ø": "o",
            "Ø": "O", "€": "EUR", "£": "GBP", "°": " degrees ", "½": " one half ", "¼": " one quarter ",
        ]
        for (plain, accented) in [
            ("a", "àáâãäå"), ("c", "ç"), ("e", "èéêë"), ("i", "ìíîï"), ("n", "ñ"), ("o", "òóôõö"), ("u", "ùúûü"),
            ("y", "ýÿ"),
        ] {
            for scalar in accented.unicodeScalars {
                forms[scalar] = plain
                for upper in String(scalar).uppercased().unicodeScalars where upper.value > 0x7F {
                    forms[upper] = plain.uppercased()
                }
            }
        }
        return forms
    }()
}
