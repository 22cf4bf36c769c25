extension SpeechGrammar {
    /// Where and why a phrase is malformed.
    public struct ParseError: Error, Equatable {
        /// What is wrong.
        public enum Fault: Hashable, Sendable {
            /// A bracket closes nothing, or one is not closed.
            case unbalanced
            /// Brackets nested deeper than any phrase needs.
            case nestedTooDeep
            /// A slot that is neither built in nor given.
            case unknownSlot(String)
            /// A slot's name has other characters than a…z and `_`, or slots are not allowed here.
            case badSlotName
            /// A slot without a wording.
            case emptySlot
        }

        /// The phrase, or the slot in braces.
        public let phrase: String
        /// Characters before the fault.
        public let offset: Int
        public let fault: Fault
    }
}

/// Reads the phrase notation of ``SpeechGrammar``.
struct PhraseParser {
    private typealias Element = SpeechGrammar.Element
    private typealias ParseError = SpeechGrammar.ParseError

    private static let maximumDepth = 16

    private let phrase: String
    private let characters: [Character]
    private let allowsSlots: Bool
    private var offset = 0

    /// The phrase's element; `nil` when it has no word.
    static func parse(
        _ phrase: String, allowsSlots: Bool
    ) throws(SpeechGrammar.ParseError) -> SpeechGrammar.Element? {
        var parser = PhraseParser(phrase: phrase, characters: Array(phrase), allowsSlots: allowsSlots)
        let element = try parser.alternatives(depth: 0)
        if parser.offset < parser.characters.count { throw parser.error(.unbalanced) }
        return element
    }

    private init(phrase: String, characters: [Character], allowsSlots: Bool) {
        self.phrase = phrase
        self.characters = characters
        self.allowsSlots = allowsSlots
    }

    /// sequence *( "|" sequence )
    private mutating func alternatives(depth: Int) throws(ParseError) -> Element? {
        if depth > Self.maximumDepth { throw error(.nestedTooDeep) }
        var choices: [Element] = []
        var hasEmptyChoice = false
        while true {
            if let element = try sequence(depth: depth) { choices.append(element) } else { hasEmptyChoice = true }
            guard current == "|" else { break }
            offset += 1
        }
        guard let first = choices.first else { return nil }
        let element = choices.count == 1 ? first : .alternatives(choices)
        return hasEmptyChoice ? .optional(element) : element
    }

    /// *( words / "(" alternatives ")" / "[" alternatives "]" / "{" slot "}" )
    private mutating func sequence(depth: Int) throws(ParseError) -> Element? {
        var parts: [Element] = []
        while let character = current, !"|)]".contains(character) {
            switch character {
            case "(":
                if let group = try group(closedBy: ")", depth) { parts.append(group) }
            case "[":
                if let group = try group(closedBy: "]", depth) { parts.append(.optional(group)) }
            case "{":
                parts.append(.slot(try slotName()))
            case "}":
                throw error(.unbalanced)
            default:
                parts += words().map { .word($0) }
            }
        }
        return parts.isEmpty ? nil : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func group(closedBy bracket: Character, _ depth: Int) throws(ParseError) -> Element? {
        offset += 1
        let element = try alternatives(depth: depth + 1)
        guard current == bracket else { throw error(.unbalanced) }
        offset += 1
        return element
    }

    private mutating func slotName() throws(ParseError) -> String {
        guard allowsSlots else { throw error(.badSlotName) }
        offset += 1
        var name = ""
        while let character = current, character != "}" {
            guard ("a"..."z").contains(character) || character == "_" else { throw error(.badSlotName) }
            name.append(character)
            offset += 1
        }
        guard current != nil else { throw error(.unbalanced) }
        if name.isEmpty { throw error(.badSlotName) }
        offset += 1
        return name
    }

    private mutating func words() -> [String] {
        var text = ""
        while let character = current, !"()[]{}|".contains(character) {
            text.append(character)
            offset += 1
        }
        return SpokenText.words(text)
    }

    private var current: Character? { offset < characters.count ? characters[offset] : nil }

    private func error(_ fault: ParseError.Fault) -> ParseError {
        ParseError(phrase: phrase, offset: offset, fault: fault)
    }
}
