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

    /// Bytes of G.711 audio that a character of speech takes at least: 17 characters a second. Bounds what counts as
    /// heard while text has come whose audio has not.
    private static let bytesPerCharacter = 470

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
            ? audioBytes : max(audioBytes, length * Self.bytesPerCharacter)
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

    /// The last position that doesn't split a word. Scripts without spaces may be cut at each character.
    private static func wordBoundary(in characters: [Character], notAfter limit: Int) -> Int {
        var index = limit
        while index > 0, index < characters.count {
            let before = characters[index - 1]
            let after = characters[index]
            if before.isWhitespace || after.isWhitespace || isUnspaced(before) || isUnspaced(after) { break }
            index -= 1
        }
        return index
    }

    /// Whether a character belongs to a script that puts no spaces between words.
    private static func isUnspaced(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        return scalar.properties.isIdeographic || (0x3001...0x30FF).contains(scalar.value)
            || (0x0E00...0x0E7F).contains(scalar.value)
    }
}
