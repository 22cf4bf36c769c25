import Conversation
import LuaRuntime
import SansIO

/// What holds for all actions: `filler` and `action_timeout`.
extension FlowCheck {
    private static let fillerExample =
        "write filler = \"One moment, please.\", or filler = { after = 2, text = { \"...\", \"...\" } }"
    /// Lines of a filler, at most.
    private static let maximumLines = 32

    mutating func filler(of agent: LuaReference) -> AgentDefinition.Filler? {
        let hint = Self.fillerExample
        guard let value = plainData("filler", of: agent, hint: hint) else { return nil }
        if let text = value.string { return filler([text], after: AgentDefinition.Filler.defaultDelay) }
        guard let members = value.object?.members else {
            report("filler", "the agent's filler must be a string or a table", hint: hint)
            return nil
        }
        for member in members where member.key != "after" && member.key != "text" {
            let near = suggestion(for: member.key, among: ["after", "text"])
            report("filler", "the agent's filler has an unknown field '\(member.key)'\(near)", hint: hint)
        }
        var after = AgentDefinition.Filler.defaultDelay
        if let seconds = value["after"] {
            guard let seconds = seconds.number, seconds >= 0.1, seconds <= 600 else {
                report("filler", "the filler's after must be a number of seconds from 0.1 to 600", hint: hint)
                return nil
            }
            after = .milliseconds(Int64(seconds * 1_000))
        }
        let lines = value["text"]?.array?.map(\.string) ?? [value["text"]?.string]
        return filler(lines, after: after)
    }

    private mutating func filler(_ lines: [String?], after: Duration) -> AgentDefinition.Filler? {
        let texts = lines.compactMap { line in line.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 } }
        guard !texts.isEmpty, texts.count == lines.count, texts.count <= Self.maximumLines else {
            report(
                "filler", "the agent's filler must have a text, or a list of 1 to \(Self.maximumLines) texts",
                hint: Self.fillerExample)
            return nil
        }
        return AgentDefinition.Filler(after: after, lines: texts)
    }

    mutating func actionTimeout(of agent: LuaReference) -> Duration? {
        let seconds: Double?
        switch state.field("action_timeout", of: agent) {
        case .nil: return nil
        case .integer(let number): seconds = Double(number)
        case .number(let number): seconds = number
        default: seconds = nil
        }
        guard let seconds, seconds >= 0.1, seconds <= 3_600 else {
            report(
                "action_timeout", "the agent's action_timeout must be a number of seconds from 0.1 to 3600",
                hint: "write action_timeout = 30")
            return nil
        }
        return .milliseconds(Int64(seconds * 1_000))
    }
}
