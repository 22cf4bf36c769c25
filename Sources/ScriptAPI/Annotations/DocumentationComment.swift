/// The `---` lines above a declaration.
struct DocumentationComment {
    struct Tag {
        /// `param`, `return`, `class`, …
        let name: String
        /// Where the name stands in its line, from 1.
        let column: Int
        /// Line of the file, from 1.
        let line: Int
        /// Reads what stands behind the tag's name.
        let scanner: AnnotationScanner
        /// `---| "value"` lines below.
        var continuations: [(line: Int, scanner: AnnotationScanner)] = []
        /// Lines of prose below.
        var following: [String] = []

        /// Whether prose above it is its own.
        fileprivate var isDeclaration: Bool { ["class", "field", "alias", "enum"].contains(name) }
    }

    /// The text above the tags, line by line.
    private(set) var prose: [String] = []
    private(set) var tags: [Tag] = []
    /// Lines of the file where the comment begins and ends, from 1.
    private(set) var firstLine = 0
    private(set) var lastLine = 0

    /// The text above the tags.
    var description: String { Self.paragraphs(prose) }

    /// What belongs to a tag of the lines around it: for a declaration those above it, and those below it unless
    /// another declaration follows; for other tags those below.
    func prose(ofTag index: Int) -> String {
        let tag = tags[index]
        var lines: [String] = []
        if tag.isDeclaration {
            if index == 0 { lines = prose } else if tags[index - 1].isDeclaration { lines = tags[index - 1].following }
            if index + 1 < tags.count, tags[index + 1].isDeclaration { return Self.paragraphs(lines) }
        }
        return Self.paragraphs(lines + tag.following)
    }

    /// One paragraph per block of lines.
    private static func paragraphs(_ lines: [String]) -> String {
        var paragraphs: [String] = [""]
        for line in lines {
            let last = paragraphs[paragraphs.count - 1]
            if !line.isEmpty {
                paragraphs[paragraphs.count - 1] = last.isEmpty ? line : last + " " + line
            } else if !last.isEmpty {
                paragraphs.append("")
            }
        }
        return paragraphs.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// Appends one `---` line.
    mutating func append(_ line: String, number: Int) {
        if firstLine == 0 { firstLine = number }
        lastLine = number
        var scanner = AnnotationScanner(line)
        scanner.skipSpaces()
        guard scanner.take("---") else { return }
        if !tags.isEmpty, scanner.take("|") {
            // `---|>` and `---|+` mark defaults.
            if !scanner.take(">") { _ = scanner.take("+") }
            tags[tags.count - 1].continuations.append((number, scanner))
            return
        }
        scanner.skipSpaces()
        if scanner.take("@") {
            let column = scanner.column
            let name = scanner.name() ?? ""
            scanner.skipSpaces()
            tags.append(Tag(name: name, column: column, line: number, scanner: scanner))
        } else if tags.isEmpty {
            prose.append(scanner.rest())
        } else {
            tags[tags.count - 1].following.append(scanner.rest())
        }
    }
}
