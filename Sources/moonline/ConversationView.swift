import AgentHost
import Conversation
import SansIO
import Synchronization
import TestCalls

/// A conversation in the terminal, line by line as it happens.
final class ConversationView: Sendable {
    struct Line {
        var label: String
        var style: Console.Style
        var text: String
        var textStyle: Console.Style?
    }

    let isColored: Bool
    let width: Int
    let write: @Sendable (String) -> Void
    private let began = ContinuousClock.now
    /// What the callee said last, to tell whether it was understood as it was said.
    private let lastSaid = Mutex("")
    private let calls = Mutex(ShownCalls())

    /// - Parameter write: Takes one line of output.
    init(isColored: Bool, width: Int = Console.width, write: @escaping @Sendable (String) -> Void) {
        self.isColored = isColored
        self.width = width
        self.write = write
    }

    /// A line about what the program does.
    func note(_ text: String) {
        show(Line(label: "", style: .dim, text: text, textStyle: .dim))
    }

    func show(_ observation: Observation) {
        if let line = line(for: observation) { show(line) }
    }

    /// A line about one of several calls: timed from its own beginning, and named while others run too.
    func show(_ observation: CallObservation) {
        let name = calls.withLock { $0.note(observation) }
        guard let line = line(for: observation.observation) else { return }
        show(line, at: observation.elapsed, call: name)
    }

    /// How a call ended.
    ///
    /// - Parameters:
    ///   - outcome: One word, such as `busy`.
    ///   - message: A sentence; left out when a fault has said it already.
    func showEnd(call id: String, outcome: String, by party: CallOutcome.Party, message: String) {
        let (name, elapsed, isNews) = calls.withLock { $0.end(id, message: message) }
        let origin = party == .fault ? "" : ", by the \(party.rawValue)"
        let detail = message.isEmpty || !isNews ? "" : ": \(message)"
        show(
            Line(label: "call", style: .blue, text: "ended, \(outcome)\(origin)\(detail)", textStyle: .dim),
            at: elapsed, call: name)
    }

    /// What the callee's side saw; it knows what was really said.
    func show(callee observation: ScriptedCallee.Observation) {
        switch observation {
        case .ringing(let from): show(Line(label: "callee", style: .cyan, text: "(it rings: \(from))", textStyle: .dim))
        case .answered: show(Line(label: "callee", style: .cyan, text: "(picks up)", textStyle: .dim))
        case .speaking(let text):
            lastSaid.withLock { $0 = text }
            show(Line(label: "callee", style: .cyan, text: text))
        case .heard, .finished: break
        }
    }

    private func line(for observation: Observation) -> Line? {
        switch observation {
        case .status(let status):
            return Line(
                label: "call", style: .blue, text: status == .active ? "answered" : status.rawValue, textStyle: .dim)
        case .modelReady(_, let model):
            return Line(label: "model", style: .blue, text: "\(model) is ready", textStyle: .dim)
        case .modelLost(let reason, let isPlanned):
            let text = isPlanned ? "a new session is opened" : "away: \(reason)"
            return Line(label: "model", style: isPlanned ? .blue : .yellow, text: text, textStyle: .dim)
        case .modelReconnected(_, let time, _, _):
            return Line(label: "model", style: .blue, text: "back after \(time.milliseconds) ms", textStyle: .dim)
        case .transcript(let entry):
            guard entry.isFinal, !entry.text.isEmpty else { return nil }
            if entry.role == .agent { return Line(label: "agent", style: .green, text: entry.text) }
            let said = lastSaid.withLock { $0 }
            if said.isEmpty { return Line(label: "callee", style: .cyan, text: entry.text) }
            return Line(label: "", style: .dim, text: "the model heard: \(entry.text)", textStyle: .dim)
        case .actionCalled(_, let name, let arguments):
            return Line(label: "action", style: .magenta, text: "\(name) \(arguments)")
        case .actionReturned(_, let name, let output, let duration):
            let seconds = Double(duration.milliseconds / 100) / 10
            return Line(label: "result", style: .magenta, text: "\(name) → \(output) (\(seconds) s)")
        case .actionRefused(_, let name, let reason):
            return Line(label: "refused", style: .yellow, text: "\(name): \(reason)")
        case .actionFailed(_, let name, let message):
            return Line(label: "failed", style: .red, text: "\(name): \(message)")
        case .interruption(let interruption):
            let unheard = interruption.unheard.isEmpty ? "" : "; not heard: “\(interruption.unheard)”"
            return Line(
                label: "interrupt", style: .yellow,
                text: "after \(interruption.playedMilliseconds) ms, heard: “\(interruption.heard)”\(unheard)")
        case .transfer(let status, let code):
            let sip = code.map { " (\($0))" } ?? ""
            return Line(label: "transfer", style: .blue, text: status.rawValue + sip)
        case .digit(let digit, _): return Line(label: "key", style: .cyan, text: String(digit))
        case .fault(let fault):
            let traceback = fault.traceback.isEmpty ? "" : "\n" + fault.traceback
            let place = fault.function.isEmpty ? "" : " in \(fault.function)"
            return Line(
                label: "fault", style: .red, text: "\(fault.kind.rawValue)\(place): \(fault.message)\(traceback)")
        // The first packet of an answer is sent; its words follow when they have been heard.
        case .latency: return Line(label: "agent", style: .green, text: "(speaks)", textStyle: .dim)
        case .flowChanged(let version, let old):
            return Line(label: "script", style: .blue, text: "goes on as \(version) (was \(old))", textStyle: .dim)
        case .callerSpeech, .usage: return nil
        }
    }

    /// - Parameters:
    ///   - time: `nil` stands for the time since the view was made.
    ///   - call: Stands before the label.
    func show(_ line: Line, at time: Duration? = nil, call: String? = nil) {
        let elapsed = time ?? ContinuousClock.now - began
        let tenths = elapsed.milliseconds / 100
        let clock = "\(tenths / 10).\(tenths % 10) s"
        let stamp = String(repeating: " ", count: max(0, 8 - clock.count)) + clock
        let label = line.label + String(repeating: " ", count: max(0, 10 - line.label.count))
        let name = call.map { $0 + "  " } ?? ""
        let indent = ConversationView.indent + name.count
        let rows = ConversationView.wrapped(line.text, width: max(30, width - indent))
        for (index, row) in rows.enumerated() {
            let text = line.textStyle.map { Console.styled(row, $0, isColored: isColored) } ?? row
            if index == 0 {
                write(
                    Console.styled(stamp + "  " + name, .dim, isColored: isColored)
                        + Console.styled(label, line.style, isColored: isColored) + text)
            } else {
                write(String(repeating: " ", count: indent) + text)
            }
        }
    }

    /// Columns before the text.
    static let indent = 20

    /// Lines of at most `width` characters, broken between words where that is possible.
    static func wrapped(_ text: String, width: Int) -> [String] {
        var rows: [String] = []
        for paragraph in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            var row = ""
            for word in paragraph.split(separator: " ") {
                if !row.isEmpty, row.count + 1 + word.count > width {
                    rows.append(row)
                    row = ""
                }
                row += row.isEmpty ? String(word) : " " + word
            }
            rows.append(row)
        }
        return rows
    }
}
