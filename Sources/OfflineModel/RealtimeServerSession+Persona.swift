import SansIO

/// What the persona is told: the context of a response, and what it is to react to.
extension RealtimeServerSession {
    func personaRequest(for response: ResponseGeneration, context: [ConversationItem]) -> PersonaRequest {
        let dialogue = Dialogue(
            instructions: response.parameters.ownInstructions ?? settings.instructions,
            hasOwnInstructions: response.parameters.ownInstructions != nil,
            tools: response.parameters.callableTools, entries: context.map(\.entry))
        // A response may read outputs alone: their calls are in the conversation.
        return dialogue.request(knowing: items.map(\.entry))
    }
}

extension ConversationItem {
    fileprivate var entry: Dialogue.Entry {
        switch content {
        case .message(let role, _): .message(role: role.rawValue, text: words)
        case .functionCall(let name, let callID, let arguments): .call(id: callID, name: name, arguments: arguments)
        case .functionCallOutput(let callID, let output): .result(callID: callID, output: output)
        }
    }
}
