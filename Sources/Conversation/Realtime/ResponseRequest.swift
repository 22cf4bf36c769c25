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
    var kind: Kind
    /// How often it failed already.
    var attempts = 0
    /// What was heard of a response that the loss of a connection has cut; this one goes on behind it.
    var heardBefore = ""
    /// The server seems to have forgotten a turn of the caller; whatever it begins by itself serves as well.
    var isReminder = false

    /// Whether any response that the model begins now does as well, and none is wanted while the caller speaks.
    var yieldsToCaller: Bool {
        switch kind {
        case .greeting, .followUp: true
        case .say, .reply: false
        }
    }

    /// Whether the model answers the caller with it; a sentence of the script is no answer.
    var answersCaller: Bool {
        if case .say = kind { false } else { true }
    }

    var isInterruptible: Bool {
        if case .say(_, let isInterruptible) = kind { isInterruptible } else { true }
    }

    static let numberKey = "moonline_request"

    /// - Parameter base: The session's instructions, which those of a response replace.
    func parameters(base: String) -> RealtimeClientEvent.ResponseParameters {
        switch kind {
        case .greeting: parameters(base, own: nil, "greeting")
        case .followUp: parameters(base, own: nil, "follow_up")
        case .say(let text, _):
            .init(
                instructions: "Say exactly the following, and nothing else: \"\(text)\"", toolChoice: "none",
                verbatim: text, metadata: metadata("say"))
        case .reply(let own): parameters(base, own: own, "reply")
        }
    }

    /// Without instructions where the session's own say it all.
    private func parameters(
        _ base: String, own: String?, _ kind: String
    ) -> RealtimeClientEvent.ResponseParameters {
        let parts = [own, heardBefore.isEmpty ? nil : CutSpeech.instructions(heard: heardBefore)].compactMap(\.self)
        guard !parts.isEmpty else { return .init(metadata: metadata(kind)) }
        return .init(
            instructions: ([base] + parts).filter { !$0.isEmpty }.joined(separator: "\n\n"),
            additional: parts.joined(separator: "\n\n"), metadata: metadata(kind))
    }

    private func metadata(_ kind: String) -> JSONObject {
        ["moonline": .string(kind), (Self.numberKey): .string(String(number))]
    }
}
