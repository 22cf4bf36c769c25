import SansIO

/// One response from `response.create` to `response.done`.
struct ResponseGeneration: Sendable {
    enum Stage: Sendable {
        /// Audio of the context is still being recognised. Next: `thinking`.
        case waiting
        /// The persona is at it. Next: whatever its first step asks for.
        case thinking(job: Int)
        /// A sentence is being synthesised. Next: `emitting`.
        case synthesising(job: Int, text: String)
        /// A pause of the persona. Next: its next step.
        case pausing(until: Instant)
        /// An item is open and goes out piece by piece. Next: the persona's next step.
        case emitting(Emission)

        var job: Int? {
            switch self {
            case .thinking(let job), .synthesising(let job, _): job
            case .waiting, .pausing, .emitting: nil
            }
        }
    }

    enum ContextItem: Sendable {
        case item(ConversationItem)
        case reference(itemID: String)
    }

    /// What `response.create` and the session say of the response.
    struct Parameters: Sendable {
        var outputModality: String
        /// The response's own instructions, which stand in for the session's.
        var ownInstructions: String?
        var tools: [JSON]
        var toolChoice: JSON
        var maxOutputTokens: Int64?
        var voice: JSON
        var format: RealtimeAudioFormat
        var metadata: JSON

        /// Names of the functions that the model may call.
        var callableTools: [String] {
            if toolChoice.string == "none" { return [] }
            let names = tools.compactMap { $0["name"]?.string }
            guard let only = toolChoice["name"]?.string else { return names }
            return names.filter { $0 == only }
        }
    }

    let id: String
    /// Whether it belongs to no conversation.
    let isOutOfBand: Bool
    let parameters: Parameters
    /// `nil` means the conversation.
    var context: [ContextItem]?
    var output: [ConversationItem] = []
    var steps: [PersonaStep] = []
    var stage = Stage.waiting
    /// Tokens read, once the persona was asked.
    var usage = TokenUsage()
    /// Duration of all audio sent. [ms]
    var spokenMilliseconds: Int64 = 0

    var nextDeadline: Instant? {
        switch stage {
        case .waiting, .thinking, .synthesising: nil
        case .pausing(let until): until
        case .emitting(let emission): emission.nextDeadline
        }
    }

    /// Tokens of what has been sent.
    var outputTokens: TokenCount {
        output.reduce(TokenCount()) { $0 + $1.tokens }
    }

    /// The `response` object of an event.
    ///
    /// - Parameters:
    ///   - details: `status_details`.
    ///   - usage: `null` until the response is done.
    func json(status: String, details: JSON, conversationID: String, usage: JSON) -> JSON {
        [
            "object": "realtime.response", "id": .string(id), "status": .string(status), "status_details": details,
            "output": usage.isNull ? [] : .array(output.map { $0.json() }),
            "conversation_id": isOutOfBand ? .null : .string(conversationID),
            "output_modalities": [.string(parameters.outputModality)],
            "max_output_tokens": parameters.maxOutputTokens.map(JSON.integer) ?? "inf",
            "audio": ["output": ["format": parameters.format.json, "voice": parameters.voice]],
            "usage": usage, "metadata": parameters.metadata,
        ]
    }
}
