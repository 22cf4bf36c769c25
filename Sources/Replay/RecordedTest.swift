public import Conversation
import SansIO

/// A test of the test language that goes as a recorded call went.
///
/// The callee does what the far end did; the agent is expected to say, call and transfer what it did; the model is
/// scripted with what the model did, so that the flow alone is tested.
public struct RecordedTest: Sendable {
    private let log: CallLog

    public init(_ log: CallLog) {
        self.log = log
    }

    private var facts: CallFacts { log.beginning.configuration.facts }

    /// The file's text. It holds what was said in the call.
    public var text: String {
        let conversation = RecordedConversation(log)
        var notes: [String] = []
        let entries: [JSON]
        switch log.beginning.configuration.definition.mode {
        case .pipeline:
            let model = RecordedGenerations(log)
            entries = model.entries
            notes.append("The call was in pipeline mode: where the flow is not, play it with --mode pipeline.")
            if model.hasFailures { notes.append("A stage of the pipeline failed in the call; here it may not.") }
        case .live:
            let model = RecordedLiveModel(log, RecordedRequests(log))
            entries = model.entries
            notes.append("The call was in live mode: where the flow is not, play it with --mode live.")
            if model.isLost { notes.append(Self.lost) }
            if conversation.hasCutOwnWords {
                notes.append("What the model was going to say when it was interrupted is not known; here it is not.")
            }
        case .realtime:
            let model = RecordedModel(log)
            entries = model.entries
            if model.isLost { notes.append(Self.lost) }
        }
        if log.isTruncated || !log.isComplete { notes.append("The event log does not go to the end of the call.") }
        if asksOthers {
            notes.append("The flow asks http or store: the test needs what they answered in the call.")
        }
        let body = statements(conversation)
        if body.contains(where: { $0.contains(Self.unwrittenMark) }) {
            notes.append("What the callee said was not written down in the call: put it in place of \"Hello.\".")
        }
        let agent = log.beginning.configuration.definition.name
        var lines = [
            "-- The call \(facts.id) of the agent \(agent), as a test: written by `moonline replay --to-test`.",
            "-- The model does what it did in that call, so that the flow alone is tested.",
        ]
        for note in notes { lines += ["--", "-- " + note] }
        lines += ["", "local t = require \"moonline.test\"", ""]
        lines.append("t.test(\(LuaText.quoted("goes as the call \(facts.id) went")), \(options), t.model {")
        // A model has at least one entry; this one's turn never comes.
        for entry in entries.isEmpty ? [["start": true, "says": "Hello."]] : entries {
            lines.append("  \(LuaText.value(entry, indent: 2, used: 0)),")
        }
        lines.append("}, function(callee, agent)")
        lines += body.map { "  " + $0 }
        lines.append("end)")
        return lines.joined(separator: "\n") + "\n"
    }

    private static let lost = "The connection to the model broke in the call; here it does not."

    private var asksOthers: Bool {
        log.entries.contains { entry in
            let service = entry.body["request"]?["service"]?.string ?? ""
            return entry.direction == .action && entry.body["action"]?.string == "service"
                && (service == "http" || service.hasPrefix("store_"))
        }
    }

    private var options: String {
        var options: JSONObject = ["agent": .string(log.beginning.configuration.definition.name)]
        if facts.direction == .inbound { options["direction"] = "inbound" }
        if !facts.to.isEmpty { options["to"] = .string(facts.to) }
        if !facts.from.isEmpty { options["from"] = .string(facts.from) }
        if facts.metadata.object?.isEmpty == false { options["metadata"] = Self.withoutNulls(facts.metadata) }
        if let start = Int64(exactly: facts.startedAt.rounded(.down)) { options["start_time"] = .integer(start) }
        let seconds = log.entries.last?.elapsed.seconds ?? 0
        if seconds > 60 { options["time_limit"] = .integer(Int64(min(3_600, seconds * 2 + 30))) }
        return LuaText.value(.object(options), indent: 0, used: 40)
    }

    // MARK: Statements

    private static let unwrittenMark = "-- not written down"

    private func statements(_ conversation: RecordedConversation) -> [String] {
        var lines: [String] = []
        if facts.direction == .inbound { lines.append("callee:calls()") }
        var dialledAt = Duration.zero
        var last = Duration.zero
        var isOver = false
        /// Behind what asked for the transfer before the next one, so that it stands before whatever leads to that.
        var transferPlace = 0
        var refusal: Int?
        let moments = conversation.moments
        for (index, moment) in moments.enumerated() where !isOver {
            let pause = moment.at - last
            switch moment.kind {
            case .dialled: dialledAt = moment.at
            case .answered where facts.direction == .outbound:
                lines.append("callee:answers { after = \(Self.seconds(moment.at - dialledAt)) }")
            case .agentSaid(let text, let isCut, let wanted):
                guard !isCut, let part = Self.expectation(of: wanted ?? text) else { continue }
                lines.append(
                    pause > .seconds(8)
                        ? "agent:says(\(LuaText.quoted(part)), { within = \(Int(pause.seconds * 2) + 15) })"
                        : "agent:says \(LuaText.quoted(part))")
            case .calleeSaid(let text, let patience): lines += says(text, patience, after: pause)
            case .pressed(let keys): lines.append("callee:presses \(LuaText.quoted(keys))")
            case .actionCalled(_, let name, let arguments):
                let table = Self.arguments(arguments).map { ", \(LuaText.value(.object($0), indent: 2, used: 24))" }
                lines.append(
                    table.map { "agent:calls(\(LuaText.quoted(name))\($0))" } ?? "agent:calls \(LuaText.quoted(name))")
            case .transferRequested(let target):
                let status = Self.refusal(in: moments[(index + 1)...])
                if status != refusal {
                    let line = status.map { "callee:refuses_transfer(\($0))" } ?? "callee:accepts_transfer()"
                    lines.insert(line, at: transferPlace)
                    refusal = status
                }
                lines.append("agent:transfers_to \(LuaText.quoted(target))")
                transferPlace = lines.count
            case .ended(let outcome):
                isOver = true
                lines += end(outcome, isRefusedAt: moment.at - dialledAt)
            case .answered, .actionEnded, .transferFailed, .fault, .calleeHungUp: continue
            }
            last = moment.at
        }
        if !isOver, conversation.wasAnswered { lines.append("callee:hangs_up()") }
        return lines
    }

    private func says(_ text: String, _ patience: Duration?, after pause: Duration) -> [String] {
        let words = text.contains { $0.isLetter || $0.isNumber } ? text.trimmed : RecordedModel.unwritten
        let mark = words == text.trimmed ? "" : "  " + Self.unwrittenMark
        if let patience {
            let after = Self.seconds(max(.milliseconds(300), patience))
            return [
                "callee:interrupts(\(LuaText.quoted(words)), { after = \(after) })" + mark, "agent:is_interrupted()",
            ]
        }
        // A long silence may be what the flow reacts to.
        if pause > .seconds(5) {
            return ["callee:says(\(LuaText.quoted(words)), { after = \(Self.seconds(pause)) })" + mark]
        }
        return ["callee:says \(LuaText.quoted(words))" + mark]
    }

    /// How the call came to its end.
    private func end(_ outcome: CallOutcome, isRefusedAt ringing: Duration) -> [String] {
        let kind = LuaText.quoted(outcome.kind.rawValue)
        switch (outcome.endedBy, outcome.wasAnswered) {
        case (.agent, true):
            if outcome.kind == .transferred { return ["agent:ends \(kind)"] }
            return ["agent:hangs_up()", "agent:ends \(LuaText.quoted(outcome.reason))"]
        case (.agent, false): return ["agent:ends \(LuaText.quoted(outcome.reason))"]
        case (.callee, true): return ["callee:hangs_up()", "agent:ends \(kind)"]
        case (.callee, false), (.fault, false):
            guard let status = outcome.sipStatus, facts.direction == .outbound else { return ["callee:hangs_up()"] }
            return [
                "callee:rejects { status = \(status), after = \(Self.seconds(ringing)) }", "agent:ends \(kind)",
            ]
        case (.host, false) where outcome.kind == .noAnswer:
            let seconds = Int(ringing.seconds) + 30
            return ["callee:never_answers()", "agent:ends(\(kind), { within = \(seconds) })"]
        case (.host, _), (.fault, true): return ["callee:hangs_up()"]
        }
    }

    /// The status with which the next transfer is refused.
    private static func refusal(in moments: ArraySlice<RecordedConversation.Moment>) -> Int? {
        for moment in moments {
            switch moment.kind {
            case .transferFailed(let status): return (400...699).contains(status) ? status : 603
            case .transferRequested: return nil
            default: continue
            }
        }
        return nil
    }

    // MARK: Texts

    /// `1.3`
    private static func seconds(_ duration: Duration) -> String {
        let tenths = max(0, (duration.milliseconds + 50) / 100)
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// What must be heard: the last sentence, so that all before it was heard too, or its end where that is long.
    static func expectation(of text: String) -> String? {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.contains(where: { $0.contains { $0.isLetter || $0.isNumber } }) else { return nil }
        let end = words.dropLast().lastIndex { $0.hasSuffix(".") || $0.hasSuffix("?") || $0.hasSuffix("!") }
        var sentence = words[(end.map { $0 + 1 } ?? 0)...]
        if sentence.count < 3 { sentence = words[...] }
        return sentence.suffix(maximumWords).joined(separator: " ")
    }

    /// The first words of a text.
    static func beginning(of text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).prefix(maximumWords).joined(separator: " ")
    }

    private static let maximumWords = 10

    /// Arguments as the model wrote them; `nil` when they are none, or no object.
    static func arguments(_ text: String) -> JSONObject? {
        do throws(JSONError) {
            guard let object = withoutNulls(try JSON(parsing: text)).object, !object.isEmpty else { return nil }
            return object
        } catch {
            return nil
        }
    }

    /// Lua's tables have no members that are `nil`.
    private static func withoutNulls(_ json: JSON) -> JSON {
        switch json {
        case .object(let object):
            .object(
                JSONObject(
                    members: object.members.filter { !$0.value.isNull }.map { ($0.key, withoutNulls($0.value)) }))
        case .array(let elements): .array(elements.map(withoutNulls))
        default: json
        }
    }
}
