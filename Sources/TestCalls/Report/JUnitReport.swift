import SansIO

/// Results of tests as JUnit XML: what build servers read.
///
/// One `testsuite` a file. A test whose expectation was not met has a `failure`, one that could not run or is wrong
/// itself an `error`, one that is not for the flow's mode a `skipped`. What happened in the call is the `system-out`.
public enum JUnitReport {
    /// The whole document, XML 1.0 in UTF-8.
    public static func text(_ results: [TestResult], wallTime: Duration) -> String {
        var document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        document += "<testsuites name=\"moonline\" \(counts(results, wallTime))>\n"
        var files: [String] = []
        for result in results where !files.contains(result.test.file) { files.append(result.test.file) }
        for file in files {
            let tests = results.filter { $0.test.file == file }
            let time = tests.reduce(Duration.zero) { $0 + $1.wallTime }
            document += "  <testsuite name=\"\(attribute(file))\" \(counts(tests, time))>\n"
            for test in tests { document += describe(test) }
            document += "  </testsuite>\n"
        }
        return document + "</testsuites>\n"
    }

    private static func counts(_ results: [TestResult], _ time: Duration) -> String {
        let errors = results.count { $0.failure?.isError == true }
        let failures = results.count { $0.failure?.isError == false }
        let skipped = results.count(where: \.isSkipped)
        return "tests=\"\(results.count)\" failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"\(skipped)\" "
            + "time=\"\(time.decimalSeconds(digits: 3))\""
    }

    private static func describe(_ result: TestResult) -> String {
        var text =
            "    <testcase classname=\"\(attribute(className(result.test.file)))\" name=\"\(attribute(result.test.name))\" "
            + "file=\"\(attribute(result.test.file))\" line=\"\(result.test.line)\" "
            + "time=\"\(result.wallTime.decimalSeconds(digits: 3))\">\n"
        if let failure = result.failure {
            let element = failure.isError ? "error" : "failure"
            text += "      <\(element) message=\"\(attribute(failure.message))\" type=\"\(failure.kind.rawValue)\">"
            text += content(details(failure, result)) + "</\(element)>\n"
        }
        if let reason = result.skipReason { text += "      <skipped message=\"\(attribute(reason))\"/>\n" }
        text += "      <system-out>" + content(conversation(result)) + "</system-out>\n"
        return text + "    </testcase>\n"
    }

    /// `tests.books_appointment` of `tests/books_appointment.lua`: build servers cut class names at dots.
    private static func className(_ file: String) -> String {
        let bare = file.hasSuffix(".lua") ? String(file.dropLast(4)) : file
        return bare.split(separator: "/").filter { $0 != "." && $0 != ".." }.joined(separator: ".")
    }

    private static func details(_ failure: TestFailure, _ result: TestResult) -> String {
        var lines = ["\(failure.file)\(failure.line.map { ":\($0)" } ?? ""): \(failure.message)"]
        lines += failure.source.map { "\($0.number == failure.line ? ">" : " ") \($0.number) \($0.text)" }
        if !failure.expected.isEmpty { lines.append("expected: \(failure.expected)") }
        if !failure.nearest.isEmpty { lines.append("nearest: \(failure.nearest)") }
        if !failure.traceback.isEmpty { lines.append(failure.traceback) }
        if let recording = result.recording { lines.append("recording: \(recording)") }
        if let eventLog = result.eventLog { lines.append("event log: \(eventLog)") }
        lines.append("seed: \(result.seed)")
        return lines.joined(separator: "\n")
    }

    private static func conversation(_ result: TestResult) -> String {
        result.timeline.map { "\($0.at.decimalSeconds(digits: 2)) \($0.event.actor) \($0.event.text)" }
            .joined(separator: "\n")
    }

    // MARK: - XML

    /// Text inside an attribute; white space that XML would turn into a blank is kept (XML 1.0 §3.3.3).
    static func attribute(_ text: String) -> String { escape(text, isAttribute: true) }

    /// Text between tags.
    static func content(_ text: String) -> String { escape(text, isAttribute: false) }

    private static func escape(_ text: String, isAttribute: Bool) -> String {
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output.append(contentsOf: "&amp;".unicodeScalars)
            case "<": output.append(contentsOf: "&lt;".unicodeScalars)
            // `]]>` must not stand in content (§2.4).
            case ">": output.append(contentsOf: "&gt;".unicodeScalars)
            case "\"" where isAttribute: output.append(contentsOf: "&quot;".unicodeScalars)
            case "\n" where isAttribute: output.append(contentsOf: "&#10;".unicodeScalars)
            case "\t" where isAttribute: output.append(contentsOf: "&#9;".unicodeScalars)
            case "\r": output.append(contentsOf: "&#13;".unicodeScalars)
            default: output.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return String(output)
    }

    /// Char of XML 1.0 §2.2: other control characters cannot be said at all.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}

extension TestFailure {
    /// Whether the test is to blame, or what runs it, and not what is tested.
    var isError: Bool {
        switch kind {
        case .expectation, .timeLimit: false
        case .script, .host: true
        }
    }
}
