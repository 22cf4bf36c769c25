import Speech
import Testing

@Suite("Speech grammar")
struct SpeechGrammarTests {
    @Test("Phrases become rules; alternatives, options and slots keep their shape")
    func jsgf() throws {
        let grammar = try SpeechGrammar(
            phrases: ["(Yes|yeah), {answer} is fine [thank you].", "Dr. Lee at 3pm"],
            slots: ["answer": ["one", "(two|three) o'clock"]], allowsSequences: false)
        #expect(
            grammar.jsgf == """
                #JSGF V1.0;
                grammar moonline;
                public <utterance> = <phrase>;
                <phrase> = ((yes | yeah) <slot_answer> is fine [(thank you)]) | (doctor lee at three p m);
                <slot_answer> = (one | ((two | three) o'clock));

                """)
        #expect(grammar.words.isSuperset(of: ["yeah", "o'clock", "doctor", "p"]))
        #expect(!grammar.words.contains("monday"))
    }

    @Test("Words find the phrases that they are made of, in order, the fewest that will do")
    func matching() throws {
        let grammar = try SpeechGrammar(phrases: [
            "yes", "yes please", "[on] {day} at {time}", "call {digits}", "please",
        ])
        func phrases(_ text: String) -> [String]? {
            grammar.phrases(in: text.split(separator: " ").map { String($0) })?.map { $0.phrase.text }
        }
        #expect(phrases("yes please") == ["yes please"])
        #expect(phrases("yes next tuesday at ten thirty a m please") == ["yes", "[on] {day} at {time}", "please"])
        #expect(phrases("call five oh one") == ["call {digits}"])
        #expect(phrases("tomorrow at noon") == ["[on] {day} at {time}"])
        #expect(phrases("tomorrow at") == nil)
        #expect(phrases("no") == nil)
        #expect(phrases("") == [])
        var single = grammar
        single.allowsSequences = false
        #expect(single.phrases(in: ["yes", "yes"]) == nil)
    }

    @Test("Plain sentences may hold any brackets; each sentence of a text is a phrase, doubles count once")
    func sentences() {
        let grammar = SpeechGrammar(sentences: ["Hello (again) {you}. How are you?", "hello, again you!", "…"])
        #expect(grammar.phrases.map { $0.text } == ["Hello (again) {you}.", "How are you?"])
    }

    @Test("Malformed notation says what and where")
    func faults() {
        func expect(
            _ fault: SpeechGrammar.ParseError.Fault, _ phrase: String, slots: [String: [String]] = [:],
            _ location: SourceLocation = #_sourceLocation
        ) {
            let error = #expect(throws: SpeechGrammar.ParseError.self, sourceLocation: location) {
                try SpeechGrammar(phrases: [phrase], slots: slots)
            }
            #expect(error?.fault == fault, sourceLocation: location)
        }
        for phrase in ["(a", "a)", "[a", "(a]", "{time", "a}", "(a|b"] { expect(.unbalanced, phrase) }
        for phrase in ["{}", "{Time}", "{a b}"] { expect(.badSlotName, phrase) }
        expect(.unknownSlot("colour"), "a {colour} car")
        expect(.emptySlot, "a", slots: ["x": ["", "?"]])
        expect(.badSlotName, "a", slots: ["x;<y>": ["z"]])
        expect(.badSlotName, "a", slots: ["x": ["{time}"]])
        expect(.nestedTooDeep, String(repeating: "(", count: 5_000))
    }

    @Test("Empty parts are nothing: (a|) is an option, () and [] vanish")
    func emptyParts() throws {
        let grammar = try SpeechGrammar(phrases: ["a (b|) () [] c", "()", "?"])
        #expect(grammar.phrases.count == 1)
        #expect(grammar.phrases(in: ["a", "c"]) != nil)
        #expect(grammar.phrases(in: ["a", "b", "c"]) != nil)
    }
}
