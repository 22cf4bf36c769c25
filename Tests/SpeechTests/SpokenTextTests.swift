import SansIO
import Speech
import Testing

@Suite("Spoken text")
struct SpokenTextTests {
    @Test(
        "Numbers, times, dates, amounts and telephone numbers are read as people say them",
        arguments: [
            ("3pm", "three P M"), ("3 pm", "three P M"), ("10:30", "ten thirty"), ("9:05 a.m.", "nine oh five A M"),
            ("15:00", "three P M"), ("9:00", "nine o'clock"), ("12:00am", "twelve A M"),
            ("2026-12-01", "december first twenty twenty six"),
            ("2007-01-22", "january twenty second two thousand seven"),
            ("$20", "twenty dollars"), ("$1,250.50", "one thousand two hundred fifty dollars and fifty cents"),
            ("$1.01", "one dollar and one cent"), ("€5", "five euros"), ("50%", "fifty percent"),
            ("3.14", "three point one four"),
            ("21st", "twenty first"), ("the 12th", "the twelfth"), ("30th", "thirtieth"), ("100", "one hundred"),
            ("1999", "nineteen ninety nine"), ("1,000,007", "one million seven"), ("10-11am", "ten to eleven A M"),
            ("+15105550100", "plus one five one zero five five five zero one zero zero"),
            ("555-0100", "five five five zero one zero zero"), ("B12", "B twelve"), ("0", "zero"),
            ("Dr. Smith vs. Mrs. Jones", "doctor Smith versus missus Jones"), ("NHS", "N H S"),
            ("I am fine", "I am fine"), ("No. 7", "number seven"), ("press 2 for no.", "press two for no."),
            ("No. That is all.", "No. That is all."),
            ("well-known & loved", "well known and loved"), ("**bold** _text_", "bold text"),
            (
                "99:99 25:61 2026-13-40",
                "ninety nine ninety nine twenty five sixty one twenty twenty six thirteen forty"
            ),
        ])
    func readings(written: String, spoken: String) {
        let said = SpokenText.normalize(written)
        if written.hasPrefix("99:99") {
            // Nonsense is read somehow, without a digit left.
            #expect(!said.isEmpty && !said.contains { $0.isNumber })
        } else {
            #expect(said == spoken)
        }
    }

    @Test("Typographic signs become plain, accents are dropped, and what has no sound is silent")
    func characters() {
        #expect(SpokenText.normalize("“It’s” naïve — José… 😀!") == "It's naive, Jose.")
        #expect(SpokenText.normalize("a\u{0}b\u{7}c\r\n\td") == "a b c d")
        #expect(SpokenText.normalize("😀 … !!! ---") == "")
        #expect(SpokenText.words("It's “Three”, OK?") == ["it's", "three", "ok"])
    }

    @Test("Sentences end at their signs, but not at abbreviations, decimals and a.m.; long ones are cut between words")
    func sentences() {
        #expect(
            SpokenText.sentences("Dr. Smith is in. At 3.5 or 9 a.m. today? \"Yes.\" OK")
                == ["Dr. Smith is in.", "At 3.5 or 9 a.m. today?", "\"Yes.\"", "OK"])
        let long = SpokenText.sentences(String(repeating: "word ", count: 500))
        #expect(long.count > 5 && long.allSatisfy { $0.count <= 300 })
        #expect(SpokenText.sentences("") == [])
    }

    @Test("Whatever is written, words are lower-case letters and apostrophes, and nothing traps")
    func anything() {
        var random = SeededRandom(seed: 2)
        let pieces = [
            "3", "pm", ":", "30", "-", "$", ".", ",", " ", "'", "é", "😀", "99999999999999999999", "AM", "+", "st", "%",
            "x", "\n", "2026-12-01", "(", "/",
        ]
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            .joined()
            for word in SpokenText.words(text) {
                #expect(!word.isEmpty && word.allSatisfy { ("a"..."z").contains($0) || $0 == "'" }, "\(text)")
            }
            #expect(SpokenText.normalize(text).utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        }
    }
}
