import SansIO

/// A message that a Live session begins with: what was said before, or what is known of it.
public struct LiveMessage: Hashable, Sendable {
    public enum Role: String, Hashable, Sendable {
        case developer, user, assistant
    }

    public var role: Role
    public var text: String

    public init(role: Role, text: String) {
        self.role = role
        self.text = text
    }

    /// As many as the server takes.
    static let maximumCount = 128

    /// A conversation as messages, the newest when there are too many. Functions are told in words: sessions begin with
    /// texts alone.
    static func messages(_ history: [ConversationHistory.Item]) -> [LiveMessage] {
        history.suffix(maximumCount).map { item in
            switch item {
            case .message(.system, let text): LiveMessage(role: .developer, text: text)
            case .message(.user, let text): LiveMessage(role: .user, text: text)
            case .message(.assistant, let text): LiveMessage(role: .assistant, text: text)
            case .function(let call, let output):
                LiveMessage(
                    role: .developer,
                    text: "You called the function \(call.name) with \(call.arguments), and it returned: \(output)")
            }
        }
    }

    var json: JSON {
        [
            "type": "message", "role": .string(role.rawValue),
            "content": [
                ["type": role == .assistant ? "output_text" : "input_text", "text": .string(text)]
            ],
        ]
    }
}
