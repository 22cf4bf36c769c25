/// What a Live session is told in mid-call.
enum LiveText {
    /// Bytes of UTF-8 that hold no more than the 500 tokens which the server takes at once: three a token is less than
    /// any language needs.
    static let maximumBytes = 1_350

    private static let speakNow = "Do not wait for the caller to speak first. After that, pause and listen."
    static let greeting = "Begin the conversation now, as your instructions say. \(speakNow)"
    static let reply = "Reply to the caller now. \(speakNow)"
    static let stop =
        "Stop speaking at once, and leave the rest unsaid. Go on when the caller speaks, or when you are asked to."
    /// What it could not hear.
    static let missed = "While you spoke, the caller said something that you could not hear."
    /// To work that is handed to the application, which does none.
    static let declined = "Nobody is there to look this up. Answer from what you know."

    static func reply(_ instructions: String) -> [String] {
        split("\(follow)\n\n\(instructions)")
    }

    fileprivate static let follow = "Immediately follow the instruction below. \(speakNow)"
    fileprivate static let sayExactly = "Speak now. Say exactly the following, and nothing else: "

    /// One request for each piece that the server takes at once.
    static func say(_ text: String) -> [String] {
        split(text, maximumBytes: maximumBytes - sayExactly.utf8.count - 2).map { "\(sayExactly)\"\($0)\"" }
    }

    /// In place of instructions, which cannot be taken back.
    static func replacement(_ instructions: String) -> [String] {
        split("From now on, these instructions replace those that you were given before.\n\n\(instructions)")
    }

    /// What a function gave that an earlier session had called.
    static func returned(_ call: RealtimeFunctionCall, _ output: String) -> [String] {
        split("The function \(call.name) that you called with \(call.arguments) has returned: \(output)")
    }

    /// Cuts a text into pieces behind the end of a sentence, or else of a word, or else anywhere.
    static func split(_ text: String, maximumBytes: Int = maximumBytes) -> [String] {
        var pieces: [String] = []
        var rest = text.trimmingWhitespace()[...]
        while rest.utf8.count > maximumBytes {
            let cut = cut(rest, maximumBytes: maximumBytes)
            pieces.append(String(rest[..<cut]).trimmingWhitespace())
            rest = rest[cut...].drop { $0.isWhitespace }
        }
        if !rest.isEmpty { pieces.append(String(rest)) }
        return pieces
    }

    private static func cut(_ text: Substring, maximumBytes: Int) -> String.Index {
        var size = 0
        var limit = text.startIndex
        var sentence: String.Index?
        var word: String.Index?
        while limit < text.endIndex {
            let character = text[limit]
            size += String(character).utf8.count
            guard size <= maximumBytes else { break }
            limit = text.index(after: limit)
            if ".!?。！？\n".contains(character) { sentence = limit }
            if character.isWhitespace { word = limit }
        }
        // A character may be larger than what is taken at once.
        return sentence ?? word ?? max(limit, text.index(after: text.startIndex))
    }
}

/// What a commentary asks a Live model for, read back from its words.
public enum LiveOrder: Hashable, Sendable {
    case stop
    /// A piece of a text, word for word.
    case say(String)
    /// The first piece of an instruction.
    case follow(String)
    /// To begin, or to answer; or a further piece of an instruction.
    case other(String)

    public init(commentary text: String) {
        let say = LiveText.sayExactly + "\""
        let follow = LiveText.follow + "\n\n"
        if text == LiveText.stop {
            self = .stop
        } else if text.hasPrefix(say), text.count > say.count, text.hasSuffix("\"") {
            self = .say(String(text.dropFirst(say.count).dropLast()))
        } else if text.hasPrefix(follow) {
            self = .follow(String(text.dropFirst(follow.count)))
        } else {
            self = .other(text)
        }
    }
}
