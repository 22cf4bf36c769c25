/// A model's text without what only a screen can show.
enum SpeakableText {
    /// The text without Markdown's marks: emphasis, code, headings, quotes, the bullets of lists, and the targets of
    /// links.
    static func plain(_ text: String) -> String {
        var output = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            let words = withoutLead(line.drop { $0.isWhitespace })
            let plain = withoutMarks(words).trimmingWhitespace()
            guard plain.contains(where: { $0.isLetter || $0.isNumber || $0.isCurrencySymbol }) else { continue }
            output += (output.isEmpty ? "" : " ") + plain
        }
        return output
    }

    /// Drops `#`, `>`, `-`, `*` or `+` at the beginning of a line.
    private static func withoutLead(_ line: Substring) -> Substring {
        let heading = line.drop { $0 == "#" || $0 == ">" }
        if heading.count < line.count, heading.first?.isWhitespace != false { return heading }
        if let bullet = line.first, "-*+•".contains(bullet), line.dropFirst().first?.isWhitespace == true {
            return line.dropFirst(2)
        }
        return line
    }

    private static func withoutMarks(_ line: Substring) -> String {
        var output = ""
        var rest = line
        while let character = rest.first {
            if character == "[", let link = linkText(rest) {
                output += withoutMarks(link.text)
                rest = link.rest
                continue
            }
            rest.removeFirst()
            if character == "`" { continue }
            if character == "*" {
                // A multiplication sign stands between spaces.
                let isMark = output.last?.isWhitespace != true || rest.first?.isWhitespace != true
                if isMark { continue }
            }
            if character == "_", rest.first == "_" || output.last?.isLetter != true || rest.first?.isLetter != true {
                // Within a name, as in `john_smith@example.com`, it belongs to the text.
                if output.last?.isNumber != true, rest.first?.isNumber != true { continue }
            }
            output.append(character)
        }
        return output
    }

    /// The text of `[text](target)`.
    private static func linkText(_ line: Substring) -> (text: Substring, rest: Substring)? {
        guard let close = line.firstIndex(of: "]") else { return nil }
        let behind = line[line.index(after: close)...]
        guard behind.first == "(", let end = behind.firstIndex(of: ")") else { return nil }
        return (line[line.index(after: line.startIndex)..<close], behind[behind.index(after: end)...])
    }
}
