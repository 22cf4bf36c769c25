import Conversation
import SansIO
import ScriptAPI

/// A replay's result for people.
public struct ReplayReport: Sendable {
    /// How a part of the text stands out, where there are colours.
    public enum Emphasis: Sendable {
        case good, bad, faint, strong
    }

    private let width: Int
    private let style: @Sendable (String, Emphasis) -> String

    /// Lines of the conversation before a divergence.
    private static let contextLines = 6

    /// - Parameters:
    ///   - width: Columns of the terminal.
    ///   - style: Makes a text stand out.
    public init(width: Int = 80, style: @escaping @Sendable (String, Emphasis) -> String = { text, _ in text }) {
        self.width = max(40, width)
        self.style = style
    }

    /// The whole report, with the last line's end.
    public func text(of result: ReplayResult, _ replay: CallReplay) -> String {
        var lines = heading(replay) + [""]
        if let divergence = result.divergence {
            lines += verdict(divergence, replay)
        } else {
            lines += agreement(result, replay)
        }
        lines += remarks(result, replay)
        return lines.joined(separator: "\n") + "\n"
    }

    private func heading(_ replay: CallReplay) -> [String] {
        let facts = replay.log.beginning.configuration.facts
        let other = facts.direction == .outbound ? "to \(facts.to)" : "from \(facts.from)"
        let flow = Self.name(replay.log.beginning.flowPath)
        return wrapped("Call \(facts.id) \(other), \(flow) as \(facts.version)").map { style($0, .faint) }
    }

    /// The last two parts of a path, as errors show it.
    private static func name(_ path: String) -> String { path.split(separator: "/").suffix(2).joined(separator: "/") }

    private func subject(_ replay: CallReplay) -> String {
        replay.isEdited ? "\(Self.name(replay.flow.path)) as \(replay.flow.version)" : "The flow"
    }

    private func agreement(_ result: ReplayResult, _ replay: CallReplay) -> [String] {
        let end =
            switch result.end {
            case .callEnded: "to the end of the call"
            case .logEnded: "to the end of the log"
            case .versionMissing: "as far as the log has its text"
            }
        let count = "\(result.events) events, \(result.actions) actions, \(Self.clock(result.endedAt))"
        let mark = result.isIdentical ? style("✓", .good) : style("✗", .bad)
        return wrapped("\(subject(replay)) does the same, \(end): \(count).", behind: mark + " ", columns: 2)
    }

    private func verdict(_ divergence: Divergence, _ replay: CallReplay) -> [String] {
        let sentence =
            "\(subject(replay)) does something else at \(Self.clock(divergence.at)), in \(divergence.place):"
        var lines = wrapped(sentence, behind: style("✗", .bad) + " ", columns: 2)
        let before = RecordedConversation(replay.log).moments.filter { $0.at < divergence.at }
        let context = before.suffix(Self.contextLines).compactMap(context)
        if !context.isEmpty { lines += [""] + context.flatMap(\.self) }
        let titles =
            replay.isEdited
            ? ("in the call (\(replay.recordedVersion))", "now (\(replay.flow.version))") : ("in the call", "now")
        lines += [""] + sideBySide(titles, (divergence.recorded, divergence.replayed))
        return lines + ["", style("line \(divergence.line) of the event log", .faint)]
    }

    private func remarks(_ result: ReplayResult, _ replay: CallReplay) -> [String] {
        var remarks: [String] = []
        let told = result.differences.filter(\.isToldModel).map(\.text)
        if !told.isEmpty {
            remarks.append(
                "The model is told something else, which a replay cannot show: \(told.joined(separator: "; ")).")
        }
        let others = result.differences.filter { !$0.isToldModel }.map(\.text)
        if !others.isEmpty { remarks.append("The flow says something else: \(others.joined(separator: "; ")).") }
        switch result.end {
        case .callEnded: break
        case .logEnded where result.divergence == nil:
            let reason = replay.log.isTruncated ? "its last line is cut off" : "the call's end is not in it"
            remarks.append("The event log is incomplete: \(reason).")
        case .logEnded: break
        case .versionMissing(let version):
            remarks.append(
                "The call went over to version \(version) at \(Self.clock(result.endedAt)); the event log does not have "
                    + "its text, so the replay ends there.")
        }
        if result.divergence != nil, !result.unsetVariables.isEmpty {
            remarks.append(
                "These variables had a value in the call, and have none here: "
                    + result.unsetVariables.joined(separator: ", ") + ".")
        }
        return remarks.flatMap { [""] + wrapped($0) }
    }

    // MARK: The conversation before

    private func context(_ moment: RecordedConversation.Moment) -> [String]? {
        let (label, text): (String, String)
        switch moment.kind {
        case .dialled: (label, text) = ("call", "dialled")
        case .answered: (label, text) = ("call", "answered")
        case .agentSaid(let words, let isCut, _): (label, text) = ("agent", words + (isCut ? " …" : ""))
        case .calleeSaid(let words, _): (label, text) = ("callee", words.isEmpty ? "(not written down)" : words)
        case .pressed(let keys): (label, text) = ("keys", keys)
        case .actionCalled(_, let name, let arguments): (label, text) = ("action", "\(name) \(arguments)")
        case .actionEnded(_, let name, let result): (label, text) = ("result", "\(name) → \(result)")
        case .transferRequested(let target): (label, text) = ("transfer", "to \(target)")
        case .transferFailed(let status): (label, text) = ("transfer", "failed, \(status)")
        case .fault(let message): (label, text) = ("fault", message)
        case .calleeHungUp: (label, text) = ("call", "the far end hung up")
        case .ended: return nil
        }
        let clock = Self.clock(moment.at)
        let stamp = String(repeating: " ", count: max(0, 9 - clock.count)) + clock + "  "
        let name = label + String(repeating: " ", count: max(1, 10 - label.count))
        return wrapped(text, behind: style(stamp, .faint) + name, columns: 21)
    }

    /// `12.4 s`
    private static func clock(_ duration: Duration) -> String {
        let tenths = duration.milliseconds / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }

    // MARK: Columns

    /// A text behind the beginning of a line, broken to the width; further lines are indented by `columns`.
    private func wrapped(_ text: String, behind start: String = "", columns: Int = 0) -> [String] {
        let indent = columns < width / 2 ? columns : 4
        let room = max(20, width - indent)
        var rows: [String] = []
        for (index, row) in Self.rows(of: text, first: max(10, width - columns), width: room).enumerated() {
            rows.append(index == 0 ? start + row : String(repeating: " ", count: indent) + row)
        }
        return rows
    }

    /// Two texts beside each other, the titles above.
    private func sideBySide(_ titles: (String, String), _ texts: (String, String)) -> [String] {
        // Two spaces before, and " │ " between.
        let column = (width - 5) / 2
        let left = Self.rows(of: texts.0, first: column, width: column)
        let right = Self.rows(of: texts.1, first: column, width: column)
        func row(_ left: String, _ right: String, _ leftStyle: Emphasis, _ rightStyle: Emphasis) -> String {
            let fill = String(repeating: " ", count: max(0, column - Self.columns(of: left)))
            let end = right.isEmpty ? "" : " " + style(right, rightStyle)
            return "  " + (left.isEmpty ? "" : style(left, leftStyle)) + fill + " " + style("│", .faint) + end
        }
        func title(_ text: String) -> String { Self.columns(of: text) <= column ? text : String(text.prefix(column)) }
        var lines = [row(title(titles.0), title(titles.1), .strong, .strong)]
        for index in 0..<max(left.count, right.count) {
            lines.append(
                row(
                    left.indices.contains(index) ? left[index] : "", right.indices.contains(index) ? right[index] : "",
                    .bad, .good))
        }
        return lines
    }

    /// The text in lines, broken between words where that is possible and inside of them where not.
    private static func rows(of text: String, first: Int, width: Int) -> [String] {
        var rows: [String] = []
        for paragraph in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            var row = ""
            var rest = paragraph.split(separator: " ", omittingEmptySubsequences: true).map(printable)[...]
            while let word = rest.popFirst() {
                let room = rows.isEmpty ? first : width
                if row.isEmpty, columns(of: word) > room {
                    let (head, tail) = cut(word, columns: room)
                    rows.append(head)
                    if !tail.isEmpty { rest.insert(tail, at: rest.startIndex) }
                } else if row.isEmpty {
                    row = word
                } else if columns(of: row) + 1 + columns(of: word) <= room {
                    row += " " + word
                } else {
                    rows.append(row)
                    row = ""
                    rest.insert(word, at: rest.startIndex)
                }
            }
            if !row.isEmpty || paragraph.isEmpty { rows.append(row) }
        }
        return rows.isEmpty ? [""] : rows
    }

    /// What a terminal must not take for an order of its own becomes U+FFFD.
    private static func printable(_ word: Substring) -> String {
        var output = ""
        for scalar in word.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: output += "\u{FFFD}"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    private static func cut(_ word: String, columns limit: Int) -> (String, String) {
        var used = 0
        for index in word.indices {
            used += columns(of: word[index])
            if used > limit { return (String(word[..<index]), String(word[index...])) }
        }
        return (word, "")
    }

    private static func columns(of text: some StringProtocol) -> Int { text.reduce(0) { $0 + columns(of: $1) } }

    /// Columns of a terminal: two for East Asian wide characters and emoji.
    private static func columns(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}
