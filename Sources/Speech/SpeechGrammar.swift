/// What a recogniser expects to hear: phrases, with choices, optional parts and slots.
///
/// A phrase is written as text; `(yes|yes please)` are alternatives, `[please]` may be left out, and `{time}` is a
/// slot: a named set of wordings, built in (``builtInSlots``) or the caller's. Numbers and abbreviations are read as
/// ``SpokenText`` reads them.
public struct SpeechGrammar: Hashable, Sendable {
    /// A part of a phrase.
    public indirect enum Element: Hashable, Sendable {
        /// One word in lower case.
        case word(String)
        case sequence([Element])
        case alternatives([Element])
        case optional(Element)
        /// One or more times.
        case repeated(Element)
        /// The wordings of the slot of this name.
        case slot(String)
    }

    /// One thing that may be said.
    public struct Phrase: Hashable, Sendable {
        /// As the caller wrote it.
        public let text: String
        public let element: Element
    }

    /// What may be said, in the caller's order.
    public private(set) var phrases: [Phrase] = []
    /// Every slot that a phrase may name.
    public private(set) var slots: [String: Element]
    /// Whether an utterance may be several phrases one after the other.
    public var allowsSequences: Bool

    /// - Parameters:
    ///   - phrases: In the notation above; those without a word are left out.
    ///   - slots: Wordings, in the same notation, by slot name; they replace built-in slots of that name.
    ///   - allowsSequences: Whether several phrases may be said in one breath.
    /// - Throws: ``ParseError`` at the first phrase that is malformed.
    public init(
        phrases: [String], slots: [String: [String]] = [:], allowsSequences: Bool = true
    ) throws(ParseError) {
        self.allowsSequences = allowsSequences
        self.slots = Self.builtInSlots
        for (name, wordings) in slots {
            guard Self.isSlotName(name) else { throw ParseError(phrase: "{\(name)}", offset: 0, fault: .badSlotName) }
            var alternatives: [Element] = []
            for wording in wordings {
                if let element = try PhraseParser.parse(wording, allowsSlots: false) { alternatives.append(element) }
            }
            if alternatives.isEmpty { throw ParseError(phrase: "{\(name)}", offset: 0, fault: .emptySlot) }
            self.slots[name] = .alternatives(alternatives)
        }
        for text in phrases {
            guard let element = try PhraseParser.parse(text, allowsSlots: true) else { continue }
            if let unknown = element.slotNames.first(where: { self.slots[$0] == nil }) {
                throw ParseError(phrase: text, offset: 0, fault: .unknownSlot(unknown))
            }
            self.phrases.append(Phrase(text: text, element: element))
        }
    }

    /// A grammar of plain sentences, whose brackets and braces mean nothing: each sentence of each text is a phrase.
    public init(sentences texts: [String], allowsSequences: Bool = true) {
        self.allowsSequences = allowsSequences
        slots = Self.builtInSlots
        var known: Set<[String]> = []
        for sentence in texts.flatMap({ SpokenText.sentences($0) }) {
            let words = SpokenText.words(sentence)
            if words.isEmpty || !known.insert(words).inserted { continue }
            phrases.append(Phrase(text: sentence, element: .sequence(words.map { .word($0) })))
        }
    }

    /// Every word that may be heard, including those of the slots in use.
    public var words: Set<String> {
        var words: Set<String> = []
        for phrase in phrases { phrase.element.collectWords(into: &words) }
        for name in usedSlots { slots[name]?.collectWords(into: &words) }
        return words
    }

    /// The names of the slots that some phrase uses, sorted.
    var usedSlots: [String] {
        phrases.reduce(into: Set<String>()) { $0.formUnion($1.element.slotNames) }.sorted()
    }

    private static func isSlotName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == 0x5F }
    }
}

extension SpeechGrammar.Element {
    /// The names of the slots in this element.
    var slotNames: Set<String> {
        switch self {
        case .word: []
        case .sequence(let parts), .alternatives(let parts): parts.reduce(into: []) { $0.formUnion($1.slotNames) }
        case .optional(let part), .repeated(let part): part.slotNames
        case .slot(let name): [name]
        }
    }

    /// Whether every utterance of it has the same words.
    var isFixed: Bool {
        switch self {
        case .word: true
        case .sequence(let parts): parts.allSatisfy { $0.isFixed }
        case .alternatives(let parts): parts.count == 1 && parts.allSatisfy { $0.isFixed }
        case .optional, .repeated, .slot: false
        }
    }

    func collectWords(into words: inout Set<String>) {
        switch self {
        case .word(let word): words.insert(word)
        case .sequence(let parts), .alternatives(let parts): for part in parts { part.collectWords(into: &words) }
        case .optional(let part), .repeated(let part): part.collectWords(into: &words)
        case .slot: break
        }
    }
}
