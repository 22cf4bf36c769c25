import SansIO

/// A response that the call wants from the model, apart from those that the server begins by itself.
struct ResponseRequest: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Begin the conversation.
        case greeting
        /// Go on after function outputs.
        case followUp
        /// Speak this text and nothing else.
        case say(text: String, isInterruptible: Bool)
        /// Speak as instructed; `nil` adds nothing to the session's instructions.
        case reply(instructions: String?)
    }

    let number: UInt64
    let kind: Kind
    /// How often it failed already.
    var attempts = 0

    /// Whether any response that the model begins now does as well, and none is wanted while the caller speaks.
    var yieldsToCaller: Bool {
        switch kind {
        case .greeting, .followUp: true
        case .say, .reply: false
        }
    }

    var isInterruptible: Bool {
        if case .say(_, let isInterruptible) = kind { isInterruptible } else { true }
    }

    /// Keys of a response's metadata, and what stands under the first.
    static let kindKey = "moonline"
    static let numberKey = "moonline_request"

    enum KindName: String {
        case greeting, say, reply
        case followUp = "follow_up"
    }

    /// - Parameter base: The session's instructions, which those of a response replace.
    func parameters(base: String) -> RealtimeClientEvent.ResponseParameters {
        switch kind {
        case .greeting:
            return .init(metadata: metadata(.greeting))
        case .followUp:
            return .init(metadata: metadata(.followUp))
        case .say(let text, _):
            return .init(
                instructions: "Say exactly the following, and nothing else: \"\(text)\"", toolChoice: "none",
                verbatim: text, metadata: metadata(.say))
        case .reply(let instructions):
            let whole = instructions.map { base.isEmpty ? $0 : "\(base)\n\n\($0)" }
            return .init(instructions: whole, addition: instructions, metadata: metadata(.reply))
        }
    }

    private func metadata(_ kind: KindName) -> JSONObject {
        [Self.kindKey: .string(kind.rawValue), Self.numberKey: .string(String(number))]
    }
}
