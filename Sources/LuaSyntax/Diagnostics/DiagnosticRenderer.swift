/// Shows diagnostics as compilers do: the place, the line of the text, and a mark below it.
///
/// ```
/// flows/x.lua:12:8: error: 'call' has no member 'sya' (did you mean 'say'?) [undefined-field]
///    12 |   call:sya("Hello")
///       |        ^~~
///    hint: …
/// ```
///
/// Control characters of the text never reach the terminal.
public struct DiagnosticRenderer: Sendable {
    /// Whether to use the terminal's colours.
    public var usesColour: Bool
    /// Columns of the terminal that a line of the text may take; a longer one is cut around the mark.
    public var width: Int

    public init(usesColour: Bool, width: Int = 120) {
        self.usesColour = usesColour
        self.width = max(20, width)
    }

    /// One diagnostic, without a line end behind it.
    ///
    /// - Parameters:
    ///   - file: The path as the user knows it.
    ///   - source: The text that the diagnostic is of; a place outside of it is shown without the line.
    public func render(_ diagnostic: LuaDiagnostic, file: String, source: [UInt8]) -> String {
        let isError = diagnostic.severity == .error
        var lines = [
            heading(
                file, diagnostic.range, label: diagnostic.severity.rawValue, style: isError ? .error : .warning,
                message: diagnostic.message,
                code: [.syntax, .load].contains(diagnostic.code) ? nil : diagnostic.code.rawValue)
        ]
        lines += excerpt(of: source, diagnostic.range)
        if let hint = diagnostic.hint {
            lines.append("   " + paint("hint:", .note) + " " + Self.printable(hint))
        }
        for note in diagnostic.notes {
            lines.append(heading(file, note.range, label: "note", style: .note, message: note.message, code: nil))
            lines += excerpt(of: source, note.range)
        }
        return lines.joined(separator: "\n")
    }

    // MARK: Heading

    private enum Style: String {
        case bold = "1"
        case error = "1;31"
        case warning = "1;33"
        case note = "1;36"
        case mark = "1;32"
        case dim = "2"
    }

    private func paint(_ text: String, _ style: Style) -> String {
        usesColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    private func heading(
        _ file: String, _ range: SourceRange, label: String, style: Style, message: String, code: String?
    ) -> String {
        let place = "\(Self.printable(file)):\(range.start.line):\(range.start.column):"
        let text = Self.printable(message)
        return paint(place, .bold) + " " + paint(label + ":", style) + " "
            + (style == .note ? text : paint(text, .bold))
            + (code.map { paint(" [\($0)]", .dim) } ?? "")
    }

    private static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            result.unicodeScalars.append(DisplayCell.isControl(scalar) ? "\u{FFFD}" : scalar)
        }
        return result
    }

    // MARK: Excerpt

    private func excerpt(of source: [UInt8], _ range: SourceRange) -> [String] {
        let lineStart = range.start.offset - (range.start.column - 1)
        guard lineStart >= 0, range.start.offset <= source.count else { return [] }
        let line = source[lineStart...].prefix { !$0.isLineEnd }
        let end = range.end.line == range.start.line ? min(range.end.offset, line.endIndex) : line.endIndex
        let cells = DisplayCell.cells(of: line)
        let first = cells.firstIndex { $0.end > range.start.offset } ?? cells.count
        let last = max(first, cells.lastIndex { $0.start < end } ?? first)
        let window = window(of: cells, around: first, last)

        let number = String(range.start.line)
        let gutter = max(5, number.count)
        let opening = window.lowerBound > 0 ? "…" : ""
        let closing = window.upperBound < cells.count ? "…" : ""
        let text = opening + cells[window].map(\.text).joined() + closing
        let before = opening.count + cells[window.lowerBound..<max(window.lowerBound, first)].map(\.width).reduce(0, +)
        let marked = cells[min(first, window.upperBound)..<min(last + 1, window.upperBound)].map(\.width).reduce(0, +)
        let mark = "^" + String(repeating: "~", count: max(0, marked - 1))
        return [
            paint(String(repeating: " ", count: gutter - number.count) + number + " | ", .dim) + text,
            paint(String(repeating: " ", count: gutter) + " | ", .dim) + String(repeating: " ", count: before)
                + paint(mark, .mark),
        ]
    }

    /// The cells that fit, with what is marked and some of what stands before it.
    private func window(of cells: [DisplayCell], around first: Int, _ last: Int) -> Range<Int> {
        let room = width - 10
        if cells.map(\.width).reduce(0, +) <= room { return 0..<cells.count }
        var lower = min(first, cells.count)
        var upper = lower
        var used = 0
        func take(_ index: Int) -> Bool {
            guard cells.indices.contains(index), used + cells[index].width <= room else { return false }
            used += cells[index].width
            return true
        }
        while upper <= last, used < room * 2 / 3, take(upper) { upper += 1 }
        while used < room * 3 / 4, take(lower - 1) { lower -= 1 }
        while take(upper) { upper += 1 }
        while take(lower - 1) { lower -= 1 }
        return lower..<upper
    }
}
