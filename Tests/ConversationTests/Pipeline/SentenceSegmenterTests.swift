import SansIO
import Testing

@testable import Conversation

@Suite("Sentences for speech")
struct SentenceSegmenterTests {
    /// A text with `¦` where it is to be cut, and the language that the segmenter is told.
    struct Case: Sendable, CustomTestStringConvertible {
        var language: String?
        var marked: String

        init(_ language: String?, _ marked: String) {
            self.language = language
            self.marked = marked
        }

        var text: String { marked.split(separator: "¦").joined() }
        var sentences: [String] { marked.split(separator: "¦").map { Self.trimmed(String($0)) } }
        var testDescription: String { "\(language ?? "–"): \(marked)" }

        static func trimmed(_ text: String) -> String {
            let scalars = Array(text.unicodeScalars)
            guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
                let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
            else { return "" }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[first...last])
            return String(view)
        }
    }

    private func segment(
        _ text: String, language: String? = nil, pieces: (Int) -> Int = { $0 }
    ) -> [String] {
        var segmenter = SentenceSegmenter(language: language)
        var rest = Array(text.unicodeScalars)[...]
        var sentences: [String] = []
        while !rest.isEmpty {
            let count = max(1, min(rest.count, pieces(rest.count)))
            var view = String.UnicodeScalarView()
            view.append(contentsOf: rest.prefix(count))
            sentences += segmenter.append(String(view))
            rest = rest.dropFirst(count)
        }
        return sentences + segmenter.finish()
    }

    @Test("Ends of sentences are found, and nothing else is taken for one", arguments: SentenceCases.all)
    func table(_ sentence: Case) {
        #expect(segment(sentence.text, language: sentence.language) == sentence.sentences)
        #expect(segment(sentence.text, language: sentence.language, pieces: { _ in 1 }) == sentence.sentences)
    }

    @Test("The table is large, and in many languages")
    func tableSize() {
        #expect(SentenceCases.all.count >= 120)
        #expect(Set(SentenceCases.all.compactMap(\.language)).count >= 7)
    }

    @Test("However a text is delivered, its sentences are the same and hold all of it")
    func chunking() {
        var random = SeededRandom(seed: 51)
        let texts = SentenceCases.all.map(\.text)
        let noise = [
            " ", "\n", "\n\n", "\r\n", ".", "...", "…", "!", "?", ",", " – ", "—", "\"", "“", "”", "(", ")", "*", "**",
            "`",
            "```\n", "1. ", "2. ", "- ", "# ", "Dr. ", "a.m. ", "z. B. ", "3. ", "No. ", "😀", "👩‍👩‍👧", "🇩🇪", "e\u{301}", "。",
            "、",
            "「", "」", "は", "?\u{202F}»", "«", "I ", "The ", "x", "ok ", "U.S. ", "Dezember ", "\u{A0}",
        ]
        for round in 0..<2_000 {
            var text = ""
            for _ in 0..<(1 + random.next() % 12) {
                if random.chance(0.4), let sentence = texts.randomElement(using: &random) {
                    text += sentence + (random.chance(0.7) ? " " : "")
                } else {
                    text += noise.randomElement(using: &random) ?? ""
                }
            }
            let language = ["en", "de", "fr", nil].randomElement(using: &random) ?? nil
            let whole = segment(text, language: language)
            let limit = Int(1 + random.next() % 9)
            let pieces = segment(text, language: language) { _ in
                Int(1 + random.next() % UInt64(limit))
            }
            #expect(pieces == whole, "round \(round): \(text.debugDescription)")
            #expect(
                Self.solid(whole.joined()) == Self.solid(text), "round \(round): \(text.debugDescription)")
            #expect(whole.allSatisfy { !$0.isEmpty && $0 == Case.trimmed($0) })
        }
    }

    private static func solid(_ text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.filter { !$0.properties.isWhitespace }
    }

    @Test(
        "A sentence is given out with the first character of the next",
        arguments: [
            "Hello there.| W", "Is that so?| ", "At 3:30 p.m.| Th", "No.| I", "Wait!| T", "Well...| M", "Yes.\n|\n",
            "好的。|我",
            "It was Dr. Smith.| H", "\"Really?\"| T", "We open at 9 a.m.| W", "Am 3. Dezember.| W", "Item\n|- ",
            "He works at Apple Inc.| The ", "Call me at 5.| T", "¿Qué tal?| ¿",
        ])
    func latency(_ marked: String) throws {
        let parts = marked.split(separator: "|")
        let first = String(try #require(parts.first))
        let second = Array(String(try #require(parts.last)).unicodeScalars)
        for language in ["en", nil] where language == nil || !marked.contains("Dezember") {
            var segmenter = SentenceSegmenter(language: language)
            var given = segmenter.append(first)
            for scalar in second.dropLast() { given += segmenter.append(String(scalar)) }
            // The question may be known with the space already.
            #expect(given.count <= 1)
            given += segmenter.append(second.suffix(1).map { String($0) }.joined() + "x")
            #expect(given == [Case.trimmed(first)], "\(marked), \(language ?? "–")")
        }
    }

    @Test("A sentence without an end is cut at a clause after 240 characters, at a space at the latest after 400")
    func length() {
        let clauses = String(repeating: "and then we went on to the next house, ", count: 20)
        let cut = segment(clauses)
        #expect(cut.dropLast().allSatisfy { $0.hasSuffix(",") && (241...280).contains($0.count) })
        let words = String(repeating: "word ", count: 200)
        #expect(segment(words).dropLast().allSatisfy { $0.count == 399 || $0.count == 398 || $0.count == 394 })
        #expect(segment(words).joined(separator: " ") == Case.trimmed(words))
        let late = "A clause that ends here, " + words
        #expect(segment(late).first?.count ?? 0 > 390)
        let early = String(repeating: "word ", count: 30) + "here, " + words
        #expect(segment(early).first?.hasSuffix("here,") == true)
        let one = String(repeating: "x", count: 1_000)
        #expect(segment(one).map(\.count) == [400, 400, 200])
        let families = String(repeating: "👩‍👩‍👧", count: 200)
        #expect(segment("a" + families).joined() == "a" + families)
        let chinese = String(repeating: "我们继续往前走，", count: 60)
        #expect(segment(chinese).allSatisfy { $0.hasSuffix("，") && $0.count < 250 })
    }

    @Test(
        "A number that no list reaches numbers no item",
        arguments: [
            "9223372036854775807.¦ Call room 12.¦ Then go.",
            "9223372036854775806.¦ Call 9223372036854775807.¦ Then go.",
            "-9223372036854775808.¦ Call room 12.¦ Then go.", "12345.¦ Call room 12346.¦ Then go.",
            "9999. Call room 12.¦ Then go.",
        ])
    func hugeNumbers(_ marked: String) {
        let sentence = Case("en", marked)
        #expect(segment(sentence.text, language: "en") == sentence.sentences)
        #expect(segment(sentence.text, language: "en", pieces: { _ in 1 }) == sentence.sentences)
    }

    @Test("Whatever a model writes, it is cut without an end to the program, and none of it is lost", arguments: 0..<10)
    func hostile(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let pieces = [
            "9223372036854775807", "-9223372036854775808", "18446744073709551616", "٣", "１２", "²", "Ⅻ", "0", "1", "2",
            "999", "9999", "99999", "-1", "+2", ".", ". ", ".\n", "...", "…", "!", "?", "。", ",", ":", ";", "-", "–",
            "—",
            "#", "*", "_", ">", "`", "``", "```", "~", "(", ")", "[", "]", "\"", "'", "’", "«", "»", "」", " ", "\t",
            "\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{A0}", "\u{202F}", "\u{0}", "\u{FEFF}", "\u{200D}", "\u{301}",
            "\u{FE0F}", "\u{E0067}", "🇩", "👩", "\u{10FFFF}", "a", "Z", "ß", "ı", "Dr", "No", "z", "B", "St", "U.S",
            "p.m",
            "am 3", "IV", "l'", "は", "我", "ก", String(repeating: "9", count: 450), String(repeating: ".", count: 450),
            String(repeating: " ", count: 450), String(repeating: "\u{301}", count: 450),
        ]
        for round in 0..<40 {
            var text = ""
            for _ in 0..<(1 + random.next() % 40) { text += pieces.randomElement(using: &random) ?? "" }
            let language = ["en", "de", "fr", "zz", "", nil].randomElement(using: &random) ?? nil
            let whole = segment(text, language: language)
            #expect(Self.solid(whole.joined()) == Self.solid(text), "round \(round): \(text.debugDescription)")
            let streamed = segment(text, language: language) { _ in Int(1 + random.next() % 30)
            }
            #expect(streamed == whole, "round \(round): \(text.debugDescription)")
        }
    }

    @Test("A segmenter can be used again")
    func again() {
        var segmenter = SentenceSegmenter()
        #expect(segmenter.append("```a. B") == [])
        #expect(segmenter.finish() == ["```a. B"])
        #expect(segmenter.finish() == [])
        #expect(segmenter.append("Well, yes. N") == ["Well, yes."])
        #expect(segmenter.append("") == [])
        #expect(segmenter.finish() == ["N"])
    }
}
