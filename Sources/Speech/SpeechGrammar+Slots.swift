extension SpeechGrammar {
    /// Slots that any phrase may use without defining them.
    ///
    /// `{digit}`, `{digits}` (one or more), `{number}` (0…99), `{time}` ("three", "ten thirty a m", "noon"), `{day}`
    /// ("today", "next tuesday"), `{date}` ("december first").
    public static let builtInSlots: [String: Element] = {
        let digit = choice((0...9).map { NumberWords.cardinal($0) } + [["oh"]])
        let number = choice((0...99).map { NumberWords.cardinal($0) })
        let hour = choice((1...12).map { NumberWords.cardinal($0) })
        let minute = choice(
            [["o'clock"]] + stride(from: 5, to: 60, by: 5).map { ($0 < 10 ? ["oh"] : []) + NumberWords.cardinal($0) })
        let half = choice([["a", "m"], ["p", "m"], ["in", "the", "morning"], ["in", "the", "afternoon"]])
        let clock = Element.sequence([hour, .optional(minute), .optional(half)])
        let weekday = choice(
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].map { [$0] })
        let month = choice(
            [
                "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                "november", "december",
            ].map { [$0] })
        let ordinal = choice((1...31).map { NumberWords.ordinal($0) })
        return [
            "digit": digit,
            "digits": .repeated(digit),
            "number": number,
            "time": .alternatives([clock, .word("noon"), .word("midnight")]),
            "day": .alternatives([
                .word("today"), .word("tomorrow"),
                .sequence([.optional(.alternatives([.word("next"), .word("this")])), weekday]),
            ]),
            "date": .sequence([.optional(.sequence([weekday])), month, .optional(.word("the")), ordinal]),
        ]
    }()

    private static func choice(_ wordings: [[String]]) -> Element {
        .alternatives(
            wordings.map { words in
                let parts = words.map { Element.word($0) }
                return parts.count == 1 ? parts[0] : .sequence(parts)
            })
    }
}
