import Testing

/// What a person reads in a terminal.
struct Screen {
    /// Without colours.
    let text: String

    init(_ output: String) {
        text = output.replacing(#/\u{1B}\[[0-9;]*m/#, with: "")
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The lines before the table at the end.
    var conversation: ArraySlice<Substring> { lines.prefix { !$0.isEmpty } }

    /// The text without line breaks and indents.
    var words: String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }

    /// Records an issue for the first of `parts` that does not stand behind the one before.
    func expectInOrder(_ parts: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        var rest = words[...]
        for part in parts {
            guard let range = rest.firstRange(of: part) else {
                Issue.record(
                    "“\(part)” is missing, or stands before its turn:\n\(text)", sourceLocation: sourceLocation)
                return
            }
            rest = rest[range.upperBound...]
        }
    }
}
