/// A conversation as a stateless endpoint is given it, and what a persona was asked in the course of it.
struct Dialogue: Hashable, Sendable {
    enum Entry: Hashable, Sendable {
        /// `role` is `system`, `user` or `assistant`.
        case message(role: String, text: String)
        case call(id: String, name: String, arguments: String)
        case result(callID: String, output: String)
    }

    var instructions: String
    /// Whether ``instructions`` are those of one response alone.
    var hasOwnInstructions = false
    /// Names of the functions that may be called.
    var tools: [String] = []
    /// Whether any other function may be called too.
    var mayCallAny = false
    var entries: [Entry]
    /// What was said already of the answer that is to be gone on with; empty where a new one is asked for.
    private(set) var begun = ""

    /// What a persona is asked with these entries before it.
    var request: PersonaRequest { request(knowing: []) }

    /// What a persona is asked with these entries before it.
    ///
    /// - Parameter others: Entries that are not read, but whose calls may be those of results that are.
    func request(knowing others: [Entry]) -> PersonaRequest {
        var request = PersonaRequest(
            instructions: instructions, hasOwnInstructions: hasOwnInstructions, tools: tools, trigger: .start)
        request.mayCallAny = mayCallAny
        var calls: [String: (name: String, arguments: String)] = [:]
        for case .call(let id, let name, let arguments) in others + entries { calls[id] = (name, arguments) }
        request.history = entries.map { entry in
            switch entry {
            case .message(let role, let text): .message(role: role, text: text)
            case .call(_, let name, let arguments): .call(name: name, arguments: arguments)
            case .result(let callID, let output): .result(name: calls[callID]?.name ?? "", output: output)
            }
        }
        let results: [PersonaRequest.FunctionResult] = entries.reversed().prefix(while: \.isResult).reversed()
            .compactMap { entry in
                guard case .result(let callID, let output) = entry else { return nil }
                let call = calls[callID]
                return PersonaRequest.FunctionResult(
                    name: call?.name ?? "", callID: callID, arguments: call?.arguments ?? "{}", output: output)
            }
        if !results.isEmpty {
            request.trigger = .results(results)
            return request
        }
        // Messages of the user that nothing has answered yet: a turn cut in two by a pause is heard as one.
        let unanswered = entries.reversed().prefix { $0.role == "user" || $0.role == "system" }.reversed().compactMap {
            $0.role == "user" ? $0.text : nil
        }
        if !unanswered.isEmpty {
            request.trigger = .heard(unanswered.filter { !$0.isEmpty }.joined(separator: " "))
        }
        return request
    }

    /// All that a persona was asked, oldest first; the last is what it is asked now.
    ///
    /// Each run of the assistant's messages and calls was one answer. Instructions of a response's own are known of the
    /// last one only.
    var requests: [PersonaRequest] {
        var requests: [PersonaRequest] = []
        for (index, entry) in entries.enumerated() where entry.isAssistant {
            guard index == 0 || !entries[index - 1].isAssistant else { continue }
            var earlier = self
            earlier.hasOwnInstructions = false
            earlier.entries = Array(entries[..<index])
            requests.append(earlier.request)
        }
        return requests + [request]
    }

    /// Takes system messages that stand behind everything else as the response's own instructions, added to the others
    /// as a client of the Realtime API adds them, and likewise instructions that begin with an order to say exactly
    /// something. An order to go on where the last message ends takes that message back: the rest of its answer is
    /// asked for.
    func takingOwnInstructions() -> Dialogue {
        var dialogue = self
        let own = entries.reversed().prefix { $0.role == "system" }.reversed().map(\.text).joined(separator: "\n")
        if !own.isEmpty {
            dialogue.entries.removeLast(entries.reversed().prefix { $0.role == "system" }.count)
            if own.firstMatch(of: /go\s+on\s+exactly\s+where/.ignoresCase()) != nil,
                let last = dialogue.entries.last, last.role == "assistant"
            {
                dialogue.entries.removeLast()
                dialogue.begun = last.text
                return dialogue
            }
            dialogue.hasOwnInstructions = true
            let isWhole = instructions.isEmpty || ExactSpeech.text(in: own) != nil
            dialogue.instructions = isWhole ? own : "\(instructions)\n\n\(own)"
        } else if instructions.prefixMatch(of: /\s*say\s+exactly/.ignoresCase()) != nil {
            dialogue.hasOwnInstructions = true
        }
        return dialogue
    }

    /// The rest of an answer whose begin was said already; all of one that does not begin so.
    func rest(of steps: [PersonaStep]) -> [PersonaStep] {
        var said = begun[...]
        var rest: [PersonaStep] = []
        for step in steps {
            guard !said.isEmpty, case .say(let text) = step else {
                rest.append(step)
                continue
            }
            if said.hasPrefix(text) {
                said = said.dropFirst(text.count).drop(while: \.isWhitespace)
            } else if text.hasPrefix(said) {
                rest.append(.say(String(text.dropFirst(said.count).drop(while: \.isWhitespace))))
                said = ""
            } else {
                return steps
            }
        }
        return rest
    }
}

extension Dialogue.Entry {
    var role: String? {
        guard case .message(let role, _) = self else { return nil }
        return role
    }

    var text: String {
        guard case .message(_, let text) = self else { return "" }
        return text
    }

    var isResult: Bool {
        if case .result = self { true } else { false }
    }

    /// Whether the model said or called it.
    var isAssistant: Bool {
        switch self {
        case .message(let role, _): role == "assistant"
        case .call: true
        case .result: false
        }
    }

    /// What the entry costs in every answer whose context it is part of.
    var tokens: Int64 {
        switch self {
        case .message(_, let text): TokenCount.text(text) + 2
        case .call(_, let name, let arguments): TokenCount.text(name) + TokenCount.text(arguments) + 2
        case .result(_, let output): TokenCount.text(output) + 2
        }
    }
}
