/// How many bytes of G.711 a character of speech takes, as the sentences of a call had it.
struct SpeechRate: Hashable, Sendable {
    /// 14 characters a second, until a sentence was heard whole.
    private static let usual = 570.0

    private var bytes = 0
    private var characters = 0

    mutating func note(_ text: String, bytes count: Int) {
        bytes += count
        characters += text.count
    }

    /// What is left of a text of which so much was spoken: whole words.
    func rest(of text: String, afterBytes spoken: Int) -> String {
        let perCharacter = characters > 0 ? max(Double(bytes) / Double(characters), 1) : SpeechRate.usual
        let count = Int(Double(spoken) / perCharacter)
        let words = text.split { $0.isWhitespace }
        let first = words.first { word in text.distance(from: text.startIndex, to: word.endIndex) > count }
        return first.map { String(text[$0.startIndex...]) } ?? ""
    }
}
