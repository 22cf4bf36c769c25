import SansIO

/// What a person at a terminal is told of tests: a line for each, the failures in full, a summary.
///
/// Names and texts come from tests and calls; control characters in them are shown, never sent to the terminal.
public struct ConsoleReport: Sendable {
    private let colour: Bool
    private let command: String

    /// Lines of the conversation that are shown before a failure, and after it.
    private static let linesBefore = 24
    private static let linesAfter = 4

    /// - Parameters:
    ///   - colour: Whether the terminal shows colours (ANSI).
    ///   - command: How tests are run, for the line that repeats a failure.
    public init(colour: Bool, command: String = "moonline test") {
        self.colour = colour
        self.command = command
    }

    /// The heading of a file's tests, with the line's end.
    public func heading(file: String) -> String { paint(visible(file), .bold) + "\n" }

    /// One line for a test that is over, with the line's end.
    public func line(_ result: TestResult) -> String {
        if let reason = result.skipReason {
            let why = paint("(skipped: \(visible(reason)))", .dim)
            return "  \(paint("–", .dim)) \(visible(result.test.name)) \(why)\n"
        }
        let mark = result.passed ? paint("✓", .green) : paint("✗", .red)
        var times: [String] = []
        if result.callTime > .zero { times.append("\(result.callTime.decimalSeconds(digits: 1)) s") }
        if result.wallTime > .zero, result.wallTime != result.callTime {
            times.append("in \(result.wallTime.decimalSeconds(digits: 2)) s")
        }
        let time = times.isEmpty ? "" : paint(" (\(times.joined(separator: " ")))", .dim)
        return "  \(mark) \(visible(result.test.name))\(time)\n"
    }

    /// The failures in full, then how many tests there were.
    ///
    /// - Parameter wallTime: That of all tests together, which may have run side by side.
    public func summary(_ results: [TestResult], wallTime: Duration) -> String {
        let failed = results.filter(\.hasFailed)
        var text = ""
        for (index, result) in failed.enumerated() {
            guard let failure = result.failure else { continue }
            text += "\n" + describe(failure, of: result, number: index + 1)
        }
        let passed = results.count(where: \.passed)
        let skipped = results.count(where: \.isSkipped)
        let calls = results.reduce(Duration.zero) { $0 + $1.callTime }
        var counts = [
            paint("\(passed) passed", passed > 0 ? .green : .dim),
            paint("\(failed.count) failed", failed.isEmpty ? .dim : .red),
        ]
        if skipped > 0 { counts.append(paint("\(skipped) skipped", .dim)) }
        let time = "\(wallTime.decimalSeconds(digits: 2)) s for \(calls.decimalSeconds(digits: 1)) s of calls"
        let heading = results.count == 1 ? "1 test" : "\(results.count) tests"
        return text + "\n\(heading): \(counts.joined(separator: ", ")) · \(time)\n"
    }

    // MARK: - A failure

    private func describe(_ failure: TestFailure, of result: TestResult, number: Int) -> String {
        var lines = [paint("\(number)) \(visible(result.test.name))", .bold)]
        let place = visible(failure.file) + (failure.line.map { ":\($0)" } ?? "")
        lines.append("   \(place): \(paint(visible(failure.message), .red))")
        if !failure.source.isEmpty { lines.append("") }
        let width = "\(failure.source.last?.number ?? 0)".count
        for line in failure.source {
            let number = "\(line.number)"
            let margin = String(repeating: " ", count: width - number.count) + number
            let isPlace = line.number == failure.line
            let text = visible(line.text)
            lines.append(
                (isPlace ? paint(" ▶ ", .red) : "   ") + "  \(paint(margin + " │", .dim)) "
                    + (isPlace ? paint(text, .bold) : text))
        }
        let facts = [("expected", failure.expected), ("nearest", failure.nearest)].filter { !$0.1.isEmpty }
        if !facts.isEmpty { lines.append("") }
        lines += facts.map { "   \(paint($0.0.padded(to: 10), .dim))\(visible($0.1))" }
        if !failure.traceback.isEmpty {
            lines.append("")
            lines += failure.traceback.split(separator: "\n").map {
                "   " + paint(visible($0.replacing("\t", with: "    ")), .dim)
            }
        }
        if !result.timeline.isEmpty {
            lines.append("")
            lines += conversation(result.timeline)
        }
        lines.append("")
        if let recording = result.recording { lines.append("   \(paint("recording ", .dim)) \(visible(recording))") }
        if let eventLog = result.eventLog { lines.append("   \(paint("event log ", .dim)) \(visible(eventLog))") }
        let again =
            "\(command) \(shellWord(result.test.file)) --filter \(shellWord(result.test.name)) --seed \(result.seed)"
        lines.append("   \(paint("again     ", .dim)) \(again)")
        return lines.joined(separator: "\n") + "\n"
    }

    /// What happened around the failure, each line with its time.
    private func conversation(_ timeline: [TimelineEntry]) -> [String] {
        let failed = timeline.firstIndex { if case .failed = $0.event { true } else { false } } ?? timeline.count - 1
        let first = max(0, failed - Self.linesBefore)
        let last = min(timeline.count - 1, failed + Self.linesAfter)
        var lines: [String] = []
        if first > 0 { lines.append("           " + paint("… \(first) earlier", .dim)) }
        for index in first...last {
            let entry = timeline[index]
            let time = entry.at.decimalSeconds(digits: 2)
            let margin = String(repeating: " ", count: max(0, 8 - time.count))
            let isFailure = index == failed
            let text = visible(entry.event.text)
            let line = "\(margin)\(time)  \(entry.event.actor.padded(to: 8))\(isFailure ? paint(text, .red) : text)"
            lines.append((isFailure ? paint(" ▶ ", .red) : "   ") + line)
        }
        let rest = timeline.count - 1 - last
        if rest > 0 { lines.append("           " + paint("… \(rest) later", .dim)) }
        return lines
    }

    // MARK: - Text

    private enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
    }

    private func paint(_ text: String, _ style: Style) -> String {
        colour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The text as one word of a shell.
    private func shellWord(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "_-./:".utf8.contains(byte)
                }
            }
        if isPlain { return text }
        // Control characters have no place on a command line that is copied: `$'…'` says them.
        if text.unicodeScalars.contains(where: \.isHidden) {
            let escaped = text.unicodeScalars.map { scalar -> String in
                switch scalar {
                case "'": "\\'"
                case "\\": "\\\\"
                default: scalar.isHidden ? scalar.shellEscape : String(scalar)
                }
            }
            return "$'\(escaped.joined())'"
        }
        return "'\(text.replacing("'", with: "'\\''"))'"
    }
}

/// The text on one line, with what a terminal would obey shown as `\u{1B}`.
func visible(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: \.isHidden) else { return String(text) }
    return text.unicodeScalars.map { scalar in
        switch scalar {
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        default: scalar.isHidden ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
        }
    }.joined()
}

extension Unicode.Scalar {
    /// Whether it has no shape of its own, or changes the shape of what follows.
    var isHidden: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        // Marks of direction may make a line look like another.
        case .format: (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
        default: false
        }
    }

    fileprivate var shellEscape: String {
        let hexadecimal = String(value, radix: 16)
        let zeros = String(repeating: "0", count: max(0, 4 - hexadecimal.count))
        return "\\u\(zeros)\(hexadecimal)"
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
