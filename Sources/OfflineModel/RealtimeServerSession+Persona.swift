import SansIO

/// What the persona is told: the context of a response, and what it is to react to.
extension RealtimeServerSession {
    func personaRequest(for response: ResponseGeneration, context: [ConversationItem]) -> PersonaRequest {
        var request = PersonaRequest(
            instructions: response.parameters.ownInstructions ?? settings.instructions,
            hasOwnInstructions: response.parameters.ownInstructions != nil,
            tools: response.parameters.callableTools, trigger: .start)
        var calls: [String: (name: String, arguments: String)] = [:]
        for item in items + context {
            if case .functionCall(let name, let callID, let arguments) = item.content {
                calls[callID] = (name, arguments)
            }
        }
        request.history = context.map { item in
            switch item.content {
            case .message(let role, _): .message(role: role.rawValue, text: item.words)
            case .functionCall(let name, _, let arguments): .call(name: name, arguments: arguments)
            case .functionCallOutput(let callID, let output):
                .result(name: calls[callID]?.name ?? "", output: output)
            }
        }
        let results = context.reversed().prefix { item in
            if case .functionCallOutput = item.content { true } else { false }
        }
        if !results.isEmpty {
            request.trigger = .results(
                results.reversed().compactMap { item in
                    guard case .functionCallOutput(let callID, let output) = item.content else { return nil }
                    let call = calls[callID]
                    return PersonaRequest.FunctionResult(
                        name: call?.name ?? "", callID: callID, arguments: call?.arguments ?? "{}", output: output)
                })
            return request
        }
        // Messages of the user that nothing has answered yet: a turn cut in two by a pause is heard as one.
        let unanswered = context.reversed().prefix { $0.role == .user || $0.role == .system }.filter {
            $0.role == .user
        }
        if !unanswered.isEmpty {
            request.trigger = .heard(
                unanswered.reversed().map(\.words).filter { !$0.isEmpty }.joined(separator: " "))
        }
        return request
    }
}
