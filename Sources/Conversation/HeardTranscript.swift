/// How much of one spoken part the far end has heard, in words.
///
/// The server sends a part's text and audio interleaved, the text usually ahead. From the two the point in the text is
/// found that belongs to a number of bytes of audio played. A word that was heard in part counts as not heard.
struct HeardTranscript: Hashable, Sendable {
    /// What text was known when so much audio had come; both only grow.
    private struct Mark: Hashable {
        var bytes: Int
        var length: Int
    }

    /// Bytes of G.711 audio that a letter of speech takes at least: 17 letters a second. Bounds what counts as heard while
    /// text has come whose audio has not.
    private static let bytesPerLetter = 470

    private(set) var text = ""
    private(set) var audioBytes = 0
    private(set) var isTextComplete = false
    private(set) var isAudioComplete = false
    private var marks: [Mark] = []
    private var length = 0

    mutating func append(text delta: String) {
        guard !isTextComplete else { return }
        text += delta
        length = text.count
        if let last = marks.indices.last, marks[last].bytes == audioBytes {
            marks[last].length = length
        } else {
            marks.append(Mark(bytes: audioBytes, length: length))
        }
    }

    mutating func append(audio byteCount: Int) {
        audioBytes += byteCount
    }

    /// - Parameter whole: The part's whole text, where the server repeats it.
    mutating func completeText(_ whole: String?) {
        if let whole, !isTextComplete {
            text = whole
            length = whole.count
        }
        isTextComplete = true
    }

    mutating func completeAudio() {
        isAudioComplete = true
    }

    /// No more of it will come: what was written and not spoken is forgotten.
    mutating func abandon() {
        guard !isAudioComplete else {
            isTextComplete = true
            return
        }
        text = audioBytes > 0 ? split(heardBytes: audioBytes).heard : ""
        length = text.count
        isTextComplete = true
        isAudioComplete = true
    }

    /// Cuts the text where the far end stopped hearing it.
    ///
    /// - Parameter heardBytes: G.711 bytes of the part that were played.
    /// - Returns: A prefix of the text, and the rest; white space at the cut belongs to neither.
    func split(heardBytes: Int) -> (heard: String, unheard: String) {
        if heardBytes >= audioBytes, isAudioComplete, audioBytes > 0 { return (text, "") }
        guard heardBytes > 0, length > 0 else { return ("", text) }
        let wholeBytes =
            isAudioComplete && isTextComplete
            ? audioBytes : max(audioBytes, text.spokenLength * Self.bytesPerLetter)
        var count = Int(Double(length) * min(1, Double(heardBytes) / Double(max(wholeBytes, 1))))
        // Text that came later than the audio that was heard cannot have been heard, if the text runs ahead at all.
        if marks.first?.bytes == 0, let mark = marks.last(where: { $0.bytes <= heardBytes }) {
            count = min(count, mark.length)
        }
        let characters = Array(text)
        let cut = Self.wordBoundary(in: characters, notAfter: min(count, characters.count))
        let heard = characters[..<cut].reversed().drop { $0.isWhitespace }.reversed()
        return (String(heard), String(characters[cut...].drop { $0.isWhitespace }))
    }

    /// The last position that doesn't split a word.
    private static func wordBoundary(in characters: [Character], notAfter limit: Int) -> Int {
        var index = limit
        while index > 0, index < characters.count {
            if Character.bordersWord(between: characters[index - 1], characters[index]) { break }
            index -= 1
        }
        return index
    }
}

extension Character {
    /// Whether the character belongs to a script that puts no spaces between words.
    private var isUnspaced: Bool {
        guard let scalar = unicodeScalars.first else { return false }
        return scalar.properties.isIdeographic || (0x3001...0x30FF).contains(scalar.value)
            || (0x0E00...0x0E7F).contains(scalar.value)
    }

    var isPronounceable: Bool { isLetter || isNumber }

    /// How long the character takes to be said, as a number of letters: a sign is a syllable or two.
    fileprivate var spokenLength: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        if scalar.properties.isIdeographic { return 3 }
        return (0x3041...0x30FF).contains(scalar.value) ? 2 : 1
    }

    /// Whether a word may end between two characters. In scripts without spaces each character is one.
    static func bordersWord(between before: Character, _ after: Character) -> Bool {
        before.isWhitespace || after.isWhitespace || before.isUnspaced || after.isUnspaced
    }
}

extension StringProtocol {
    /// How long the text takes to be said, as a number of letters.
    var spokenLength: Int { reduce(0) { $0 + $1.spokenLength } }
}

extension String {
    /// The words of the text, as far as it may be cut between them: without the white space, each character of a script
    /// without spaces by itself.
    var spokenWords: [Substring] {
        var words: [Substring] = []
        var start = startIndex
        var before: Character?
        for index in indices {
            if let before, Character.bordersWord(between: before, self[index]) {
                if !before.isWhitespace { words.append(self[start..<index]) }
                start = index
            }
            before = self[index]
        }
        if let before, !before.isWhitespace { words.append(self[start...]) }
        return words
    }

    /// The text, or nothing where it is all punctuation.
    var ifPronounceable: String { contains(where: \.isPronounceable) ? self : "" }
}
