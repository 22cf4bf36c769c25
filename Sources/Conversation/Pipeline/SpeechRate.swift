/// How many bytes of G.711 a letter of speech takes, as the sentences of a call had it.
struct SpeechRate: Hashable, Sendable {
    /// 14 letters a second, until a sentence was heard whole.
    private static let usual = 570.0

    private var bytes = 0
    private var letters = 0

    mutating func note(_ text: String, bytes count: Int) {
        bytes += count
        letters += text.spokenLength
    }

    /// What is left of a text of which so much was spoken: whole words; empty where nothing of it can be pronounced.
    func rest(of text: String, afterBytes spoken: Int) -> String {
        let perLetter = letters > 0 ? max(Double(bytes) / Double(letters), 1) : SpeechRate.usual
        let count = Int(Double(spoken) / perLetter)
        let first = text.spokenWords.first { text[..<$0.endIndex].spokenLength > count }
        return first.map { String(text[$0.startIndex...]).ifPronounceable } ?? ""
    }
}
