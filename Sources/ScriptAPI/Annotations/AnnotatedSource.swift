/// The text of one file of a flow, line by line, with its documentation comments.
struct AnnotatedSource {
    let chunkName: String
    /// Without their ends, be they LF or CR LF.
    let lines: [String]

    init(chunkName: String, bytes: [UInt8]) {
        self.chunkName = chunkName
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self) }
    }

    private func trimmed(_ index: Int) -> Substring { lines[index].drop { $0 == " " || $0 == "\t" } }

    private func isDocumentation(_ index: Int) -> Bool {
        let text = trimmed(index)
        return text.hasPrefix("---") && !text.hasPrefix("----")
    }

    /// Whether the whole line is a comment, and none of several lines.
    private func isComment(_ index: Int) -> Bool {
        let text = trimmed(index)
        return text.hasPrefix("--") && !text.hasPrefix("--[")
    }

    /// The comment that ends right above a line (from 1). Plain `--` lines inside it are passed over.
    func comment(above line: Int) -> DocumentationComment {
        var comment = DocumentationComment()
        let end = max(0, min(line - 1, lines.count))
        var first = end
        while first > 0, isComment(first - 1) { first -= 1 }
        for index in first..<end where isDocumentation(index) { comment.append(lines[index], number: index + 1) }
        return comment
    }

    /// The comment above a line (from 1) from which blank lines separate it; `nil` when there is none, or when it
    /// declares something itself.
    func separatedComment(above line: Int) -> DocumentationComment? {
        var end = min(line - 1, lines.count)
        guard end > 0, trimmed(end - 1).isEmpty else { return nil }
        while end > 0, trimmed(end - 1).isEmpty { end -= 1 }
        let comment = comment(above: end + 1)
        let declares = comment.tags.contains { ["class", "field", "alias", "enum", "type", "meta"].contains($0.name) }
        return comment.firstLine == 0 || declares ? nil : comment
    }

    /// Every block of documentation lines in the file.
    func comments() -> [DocumentationComment] {
        var comments: [DocumentationComment] = []
        var current = DocumentationComment()
        for index in lines.indices {
            if isDocumentation(index) {
                current.append(lines[index], number: index + 1)
            } else if current.firstLine > 0, !isComment(index) {
                comments.append(current)
                current = DocumentationComment()
            }
        }
        if current.firstLine > 0 { comments.append(current) }
        return comments
    }

    /// Column (from 1) of a word in a line (from 1); 1 when it is not there.
    func column(of word: String, inLine line: Int) -> Int {
        guard line >= 1, line <= lines.count, !word.isEmpty else { return 1 }
        let haystack = Array(lines[line - 1].utf8)
        let needle = Array(word.utf8)
        guard haystack.count >= needle.count else { return 1 }
        for start in 0...(haystack.count - needle.count) where haystack[start...].starts(with: needle) {
            return start + 1
        }
        return 1
    }

    /// The first line (from 1), not before `line`, that begins with `name =`.
    func assignment(of name: String, from line: Int) -> Int? {
        guard line >= 1, line <= lines.count else { return nil }
        for index in (line - 1)..<lines.count {
            var scanner = AnnotationScanner(lines[index])
            scanner.skipSpaces()
            guard scanner.take(name) else { continue }
            scanner.skipSpaces()
            if scanner.take("=") { return index + 1 }
        }
        return nil
    }
}
