import SansIO

/// One item of the conversation: a message, a function call, or its output.
struct ConversationItem: Sendable {
    enum Status: String, Sendable {
        case inProgress = "in_progress"
        case completed, incomplete
    }

    enum Role: String, Sendable { case system, user, assistant }

    enum Content: Sendable {
        case message(Role, [Part])
        case functionCall(name: String, callID: String, arguments: String)
        case functionCallOutput(callID: String, output: String)
    }

    enum Part: Sendable {
        case inputText(String)
        /// `words` is what the recogniser heard, once it is done; `transcript` is what the client may see of it.
        case inputAudio(audio: [UInt8], milliseconds: Int64, words: String?, transcript: String?)
        case inputImage(JSON)
        case outputText(String)
        /// `spoken` is what the model knows of its own words; `transcript` is `nil` after a truncation.
        case outputAudio(milliseconds: Int64, spoken: String, transcript: String?)
    }

    let id: String
    var content: Content
    var status: Status

    var role: Role? {
        guard case .message(let role, _) = content else { return nil }
        return role
    }

    var parts: [Part] {
        guard case .message(_, let parts) = content else { return [] }
        return parts
    }

    /// The item as events show it.
    ///
    /// - Parameter audio: Whether the user's own audio is part of it, as in `conversation.item.retrieved`.
    func json(audio: Bool = false) -> JSON {
        var item: JSON = ["id": .string(id), "object": "realtime.item"]
        switch content {
        case .message(let role, let parts):
            item["type"] = "message"
            item["status"] = .string(status.rawValue)
            item["role"] = .string(role.rawValue)
            item["content"] = .array(parts.map { $0.json(audio: audio) })
        case .functionCall(let name, let callID, let arguments):
            item["type"] = "function_call"
            item["status"] = .string(status.rawValue)
            item["name"] = .string(name)
            item["call_id"] = .string(callID)
            item["arguments"] = .string(arguments)
        case .functionCallOutput(let callID, let output):
            item["type"] = "function_call_output"
            item["status"] = .string(status.rawValue)
            item["call_id"] = .string(callID)
            item["output"] = .string(output)
        }
        return item
    }

    /// The words of a message as far as they are known, parts joined by a space.
    var words: String {
        parts.compactMap { part in
            switch part {
            case .inputText(let text), .outputText(let text): text
            case .inputAudio(_, _, let words, _): words
            case .outputAudio(_, let spoken, _): spoken
            case .inputImage: nil
            }
        }.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Whether the item holds audio that the recogniser is still at.
    var awaitsRecognition: Bool {
        parts.contains { part in
            if case .inputAudio(_, _, nil, _) = part { true } else { false }
        }
    }

    /// What the item costs in every response whose context it is part of.
    var tokens: TokenCount {
        var count = TokenCount()
        switch content {
        case .message(_, let parts):
            for part in parts {
                switch part {
                case .inputText(let text), .outputText(let text): count.text += TokenCount.text(text)
                case .inputAudio(_, let milliseconds, _, _): count.audio += TokenCount.userAudio(milliseconds)
                case .outputAudio(let milliseconds, let spoken, _):
                    count.audio += TokenCount.assistantAudio(milliseconds)
                    count.text += TokenCount.text(spoken)
                case .inputImage: count.text += 85
                }
            }
        case .functionCall(let name, _, let arguments):
            count.text += TokenCount.text(name) + TokenCount.text(arguments)
        case .functionCallOutput(_, let output): count.text += TokenCount.text(output)
        }
        count.text += 2
        return count
    }
}

extension ConversationItem.Part {
    func json(audio: Bool) -> JSON {
        switch self {
        case .inputText(let text): ["type": "input_text", "text": .string(text)]
        case .inputAudio(let bytes, _, _, let transcript):
            audio
                ? [
                    "type": "input_audio", "audio": .string(String(decoding: Base64.encode(bytes), as: UTF8.self)),
                    "transcript": JSON(orNull: transcript),
                ]
                : ["type": "input_audio", "transcript": JSON(orNull: transcript)]
        case .inputImage(let image): image
        case .outputText(let text): ["type": "output_text", "text": .string(text)]
        case .outputAudio(_, _, let transcript?): ["type": "output_audio", "transcript": .string(transcript)]
        case .outputAudio(_, _, nil): ["type": "output_audio"]
        }
    }
}
