/// The `---` lines above a declaration.
struct DocumentationComment {
    struct Tag {
        /// `param`, `return`, `class`, …
        let name: String
        /// Line of the file, from 1.
        let line: Int
        /// Reads what stands behind the tag's name.
        let scanner: AnnotationScanner
        /// `---| "value"` lines below.
        var continuations: [(line: Int, scanner: AnnotationScanner)] = []
    }

    /// The text above and between the tags, line by line.
    private(set) var prose: [String] = []
    private(set) var tags: [Tag] = []
    /// Line of the file where the comment begins, from 1.
    private(set) var firstLine = 0

    /// The text as one paragraph per block of lines.
    var description: String {
        var paragraphs: [String] = [""]
        for line in prose {
            if line.isEmpty {
                if paragraphs[paragraphs.count - 1] != "" { paragraphs.append("") }
            } else {
                let last = paragraphs[paragraphs.count - 1]
                paragraphs[paragraphs.count - 1] = last.isEmpty ? line : last + " " + line
            }
        }
        return paragraphs.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// Appends one `---` line.
    mutating func append(_ line: String, number: Int) {
        if firstLine == 0 { firstLine = number }
        var scanner = AnnotationScanner(line)
        scanner.skipSpaces()
        guard scanner.take("---") else { return }
        if scanner.take("|") {
            if !tags.isEmpty { tags[tags.count - 1].continuations.append((number, scanner)) }
            return
        }
        scanner.skipSpaces()
        if scanner.take("@") {
            let name = scanner.name() ?? ""
            scanner.skipSpaces()
            tags.append(Tag(name: name, line: number, scanner: scanner))
        } else if tags.isEmpty {
            prose.append(scanner.prose())
        }
    }
}

/// The text of one file of a flow, line by line, with its documentation comments.
struct AnnotatedSource {
    let chunkName: String
    let lines: [String]

    init(chunkName: String, bytes: [UInt8]) {
        self.chunkName = chunkName
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private func trimmed(_ index: Int) -> Substring { lines[index].drop { $0 == " " || $0 == "\t" } }

    private func isDocumentation(_ index: Int) -> Bool {
        let text = trimmed(index)
        return text.hasPrefix("---") && !text.hasPrefix("----")
    }

    /// The comment that ends right above a line (from 1). Plain `--` lines inside it are passed over.
    func comment(above line: Int) -> DocumentationComment {
        var comment = DocumentationComment()
        var first = min(line - 1, lines.count)
        while first > 0, trimmed(first - 1).hasPrefix("--"), !trimmed(first - 1).hasPrefix("--[") { first -= 1 }
        for index in first..<max(first, min(line - 1, lines.count)) where isDocumentation(index) {
            comment.append(lines[index], number: index + 1)
        }
        return comment
    }

    /// Every block of documentation lines in the file.
    func comments() -> [DocumentationComment] {
        var comments: [DocumentationComment] = []
        var current = DocumentationComment()
        for index in lines.indices {
            if isDocumentation(index) {
                current.append(lines[index], number: index + 1)
            } else if current.firstLine > 0 {
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
