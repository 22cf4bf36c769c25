// What characters mean for the ends of sentences.

extension Character {
    /// Whether it is one of an upper-case and a lower-case form.
    var hasCase: Bool { isUppercase || isLowercase }
}

extension Unicode.Scalar {
    var isNewline: Bool { (0x0A...0x0D).contains(value) || value == 0x85 || value == 0x2028 || value == 0x2029 }

    /// White space at which text may be cut.
    var isBreakingSpace: Bool {
        properties.isWhitespace && value != 0xA0 && value != 0x202F && value != 0x2007
    }

    var isDigit: Bool { properties.numericType == .decimal }

    /// Ends a sentence, or may.
    var isTerminator: Bool { self == "." || self == "…" || isStrongTerminator || isUnspacedTerminator }

    /// Is in no abbreviation.
    var isStrongTerminator: Bool {
        switch self {
        case "!", "?", "‼", "⁇", "⁈", "⁉", "؟", "۔", "।", "॥", "‽": true
        default: false
        }
    }

    /// Ends a sentence without white space behind it.
    var isUnspacedTerminator: Bool {
        switch self {
        case "。", "！", "？", "｡", "．": true
        default: false
        }
    }

    /// Stands between the end of a sentence and the white space.
    var isCloser: Bool {
        switch self {
        case "\"", "'", "”", "’", "“", "‘", "»", "«", "›", ")", "]", "}", "*", "_", "`", "~", "」", "』", "）", "】", "》",
            "〉":
            true
        default: false
        }
    }

    /// Stands before the first letter of a sentence.
    var isOpener: Bool {
        switch self {
        case "\"", "'", "“", "„", "‘", "‚", "«", "»", "‹", "(", "[", "{", "*", "_", "`", "¿", "¡", "「", "『", "（", "【":
            true
        default: false
        }
    }

    /// Stands before and within what is looked up as a word.
    var bordersWord: Bool {
        properties.isWhitespace || isOpener && self != "'" || self == "—" || self == "–" || self == "-" || self == "/"
            || self == "#" || self == ">" || self == "…" || self == "~" || self == "," || self == ";" || self == ":"
    }

    /// Marks a heading, a list's item, a quotation or emphasis at the beginning of a line.
    var isLineMark: Bool {
        switch self {
        case "#", "*", "_", "-", "–", "•", ">", "+", "(", "\"", "“", "„", "~": true
        default: false
        }
    }

    /// Ends a clause, if what surrounds it fits.
    var isClauseMark: Bool {
        switch self {
        case ",", ";", ":", "—", "–", "-", "，", "、", "；", "：", "،", "؛": true
        default: false
        }
    }

    /// A pictograph, or part of one.
    var isGraphic: Bool {
        properties.isEmojiPresentation || properties.isEmojiModifier || properties.isVariationSelector
            || properties.isEmoji && value > 0x203C && !isDigit || value == 0x200D
            || (0xE0020...0xE007F).contains(value)
            || (0x1F1E6...0x1F1FF).contains(value)
    }

    /// Belongs to the character before it.
    var continuesCharacter: Bool { properties.isGraphemeExtend || isGraphic }

    /// The character after it belongs to it.
    var joinsNext: Bool { value == 0x200D || (0x1F1E6...0x1F1FF).contains(value) }
}
