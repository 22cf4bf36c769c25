/// What the comments of a chunk say to tools: types of variables, and diagnostics that are not wanted.
struct DocumentationTags {
    private let chunk: LuaChunk
    /// Comments that stand alone in their line, by that line.
    private var comments: [Int: String] = [:]
    private var suppressions: [Suppression] = []

    private struct Suppression {
        /// `nil` for all.
        let codes: Set<String>?
        let lines: ClosedRange<Int>
        let disables: Bool
    }

    init(_ chunk: LuaChunk) {
        self.chunk = chunk
        for comment in chunk.comments {
            let text = chunk.text(comment.range)
            guard text.hasPrefix("---") else { continue }
            if comment.beginsLine { comments[comment.range.start.line] = text }
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

    /// The tags `---@name …` right above a line, without their names.
    func tags(_ name: String, above line: Int) -> [Substring] {
        var found: [Substring] = []
        var line = line - 1
        while let comment = comments[line] {
            let text = comment.dropFirst(3).drop { $0 == " " }
            if text.hasPrefix("@\(name) ") {
                found.append(text.dropFirst(name.utf8.count + 2).drop { $0 == " " })
            }
            line -= 1
        }
        return found.reversed()
    }
}
