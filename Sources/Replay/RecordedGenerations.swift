import Conversation
import SansIO

/// What the language model of a recorded pipeline wrote, as the entries of a test's `t.model`.
///
/// A pipeline asks more often than it answers: ahead of a turn's end, at the next provider when one fails, and again from
/// where one broke off. One entry is written for each answer.
struct RecordedGenerations {
    private struct Generation {
        let id: Int64
        /// The conversation that it was given, in the form of chat completions.
        let messages: [JSON]
        var text = ""
        var calls: [RecordedModel.Call] = []
        var hasEnded = false
        var hasFailed = false
    }

    private var generations: [Generation] = []
    /// Identifiers of the functions that were called.
    private var called: Set<String> = []
    /// A stage failed.
    private(set) var hasFailures = false

    init(_ log: CallLog) {
        for entry in log.entries {
            switch entry.direction {
            case .event: receive(entry.body)
            case .action: note(entry.body)
            }
        }
        joinContinuations()
        dropUnheard()
    }

    // MARK: Reading

    private mutating func note(_ body: JSON) {
        if body["action"]?.string == "generate", let id = body["id"]?.integer {
            generations.append(Generation(id: id, messages: body["messages"]?.array ?? []))
        } else if body["observation"]?.string == "action_called", let id = body["call_id"]?.string {
            called.insert(id)
        }
    }

    private mutating func receive(_ body: JSON) {
        switch body["event"]?.string {
        case "generation": receive(body["message"] ?? .null, of: body["id"]?.integer)
        case "synthesis": if body["message"]?["type"]?.string == "failed" { hasFailures = true }
        case "pipeline_failed", "transcription_failed": hasFailures = true
        default: break
        }
    }

    private mutating func receive(_ message: JSON, of id: Int64?) {
        guard let index = generations.lastIndex(where: { $0.id == id }) else { return }
        switch message["type"]?.string {
        case "text": generations[index].text += message["text"]?.string ?? ""
        case "call":
            generations[index].calls.append(
                RecordedModel.Call(
                    id: message["call_id"]?.string ?? "", name: message["name"]?.string ?? "",
                    arguments: message["arguments"]?.string ?? ""))
        case "written", "ended": generations[index].hasEnded = true
        case "failed":
            generations[index].hasFailed = true
            hasFailures = true
        default: break
        }
    }

    // MARK: One for each answer

    /// Makes one of a generation that broke off and of that which went on with it.
    private mutating func joinContinuations() {
        var joined: [Generation] = []
        for next in generations {
            guard let last = joined.last, !last.hasEnded, next.messages.count == last.messages.count + 2,
                next.messages.starts(with: last.messages), Self.role(next.messages[last.messages.count]) == "assistant",
                next.messages.last.map(Self.role) == "system"
            else {
                joined.append(next)
                continue
            }
            var whole = Generation(id: next.id, messages: last.messages)
            whole.text = Self.text(next.messages[last.messages.count]) + " " + next.text
            whole.calls = next.calls
            (whole.hasEnded, whole.hasFailed) = (next.hasEnded, next.hasFailed)
            joined[joined.count - 1] = whole
        }
        generations = joined
    }

    /// Leaves out what was written ahead for a turn that went on, and what another provider was asked again.
    private mutating func dropUnheard() {
        generations = generations.enumerated().filter { index, generation in
            guard index + 1 < generations.count else { return true }
            let (asked, next) = (generation.messages, generations[index + 1].messages)
            if asked == next { return false }
            guard asked.last.map(Self.role) == "user", next.starts(with: asked.dropLast()) else { return true }
            // The next one knows the turn in these words, or it had others when it was over.
            return next.count >= asked.count && next[asked.count - 1] == asked.last
        }.map(\.element)
    }

    private static func role(_ message: JSON) -> String { message["role"]?.string ?? "" }
    private static func text(_ message: JSON) -> String { message["content"]?.string ?? "" }

    // MARK: Writing

    /// The entries, in order.
    var entries: [JSON] {
        generations.flatMap { generation in
            // Functions of an answer that was cut off are not called.
            let calls = generation.calls.filter { called.contains($0.id) }
            let text = generation.text.trimmed
            return RecordedModel.entries(
                trigger(generation.messages), says: text.isEmpty ? [] : [text], calls: calls,
                failure: generation.hasFailed ? "server_error" : nil
            ).map { entry in
                var entry = entry
                // Every provider failed, as often as it was asked.
                if generation.hasFailed { entry["always"] = true }
                return JSON.object(entry)
            }
        }
    }

    /// What the model of a test takes for the reason to speak.
    private func trigger(_ messages: [JSON]) -> JSONObject {
        let own = messages.reversed().prefix { Self.role($0) == "system" }.reversed()
        if !own.isEmpty {
            return ["instructed": .string(RecordedTest.beginning(of: own.map(Self.text).joined(separator: "\n")))]
        }
        if let result = messages.last, Self.role(result) == "tool" {
            return ["result_of": .string(name(of: result["tool_call_id"]?.string ?? "", in: messages))]
        }
        // Turns that nothing has answered are heard as one.
        let turns = messages.reversed().prefix { ["user", "system"].contains(Self.role($0)) }.reversed()
            .filter { Self.role($0) == "user" }
        guard !turns.isEmpty else { return ["start": true] }
        return ["hears": .string(RecordedTest.beginning(of: turns.map(Self.text).joined(separator: " ")))]
    }

    private func name(of call: String, in messages: [JSON]) -> String {
        let calls = messages.flatMap { $0["tool_calls"]?.array ?? [] }
        return calls.last { $0["id"]?.string == call }?["function"]?["name"]?.string ?? ""
    }
}
