extension SpeechGrammar {
    /// The grammar in the Java Speech Grammar Format 1.0, which pocketsphinx reads.
    ///
    /// - Returns: Rules `utterance` (public), `phrase`, and one for each slot in use.
    public var jsgf: String {
        var text = "#JSGF V1.0;\ngrammar moonline;\n"
        text += "public <utterance> = <phrase>\(allowsSequences ? "+" : "");\n"
        text += "<phrase> = \(phrases.map { $0.element.jsgf }.joined(separator: " | "));\n"
        for name in usedSlots {
            if let element = slots[name] { text += "<slot_\(name)> = \(element.jsgf);\n" }
        }
        return text
    }
}

extension SpeechGrammar.Element {
    fileprivate var jsgf: String {
        switch self {
        case .word(let word): word
        case .sequence(let parts): "(\(parts.map { $0.jsgf }.joined(separator: " ")))"
        case .alternatives(let parts): "(\(parts.map { $0.jsgf }.joined(separator: " | ")))"
        case .optional(let part): "[\(part.jsgf)]"
        case .repeated(let part): "(\(part.jsgf))+"
        case .slot(let name): "<slot_\(name)>"
        }
    }
}
