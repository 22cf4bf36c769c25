/// What the comments of a chunk say to tools: types of variables, and diagnostics that are not wanted.
struct DocumentationTags {
    private struct Tag {
        let name: Substring
        let text: Substring
    }

    /// Of comments that stand alone in their lines, by the line below them.
    private var tags: [Int: [Tag]] = [:]
    private var suppressions: [Suppression] = []

    private struct Suppression {
        /// `nil` for all.
        let codes: Set<String>?
        let lines: ClosedRange<Int>
        let disables: Bool
    }

    init(_ chunk: LuaChunk) {
        for comment in chunk.comments {
            let text = chunk.text(comment.range)
            guard text.hasPrefix("---") else { continue }
            if comment.beginsLine { add(text, line: comment.range.start.line) }
            if let suppression = Self.suppression(text, line: comment.range.start.line) {
                suppressions.append(suppression)
            }
        }
    }

    /// `---@diagnostic disable-next-line: undefined-global, unused-local`
    private static func suppression(_ text: String, line: Int) -> Suppression? {
        let words = text.dropFirst(3).drop { $0 == " " }
        guard words.hasPrefix("@diagnostic") else { return nil }
        let parts = words.dropFirst(11).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let action = parts[0].filter { $0 != " " && $0 != "\t" }
        var codes: Set<String>?
        if parts.count > 1 {
            codes = Set(parts[1].split { $0 == "," || $0 == " " || $0 == "\t" }.map(String.init))
        }
        switch action {
        case "disable": return Suppression(codes: codes, lines: line...Int.max, disables: true)
        case "enable": return Suppression(codes: codes, lines: line...Int.max, disables: false)
        case "disable-line": return Suppression(codes: codes, lines: line...line, disables: true)
        case "disable-next-line": return Suppression(codes: codes, lines: (line + 1)...(line + 1), disables: true)
        default: return nil
        }
    }

    /// Whether the text asks not to be told. What stands later in the text counts more.
    func suppresses(_ diagnostic: LuaDiagnostic) -> Bool {
        let line = diagnostic.range.start.line
        let last = suppressions.last { suppression in
            suppression.lines.contains(line) && suppression.codes?.contains(diagnostic.code.rawValue) ?? true
        }
        return last?.disables ?? false
    }

    /// What stands in the lines above belongs to the line below the last of them.
    private mutating func add(_ text: String, line: Int) {
        var block = tags.removeValue(forKey: line) ?? []
        let words = text.dropFirst(3).drop { $0 == " " }
        if words.hasPrefix("@") {
            let parts = words.dropFirst().split(separator: " ", maxSplits: 1)
            if parts.count == 2 { block.append(Tag(name: parts[0], text: parts[1].drop { $0 == " " })) }
        }
        tags[line + 1] = block
    }

    /// The tags `---@name …` right above a line, without their names.
    func tags(_ name: String, above line: Int) -> [Substring] {
        tags[line, default: []].filter { $0.name == name }.map(\.text)
    }
}
