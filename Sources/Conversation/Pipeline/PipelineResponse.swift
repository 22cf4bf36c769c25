import SansIO

/// One answer on its way from the language model to the telephone, sentence by sentence.
///
/// Written, rewritten, spoken and handed out are four positions in the same list of sentences; each goes ahead as far
/// as the one before allows.
struct PipelineResponse: Sendable {
    /// Where its words come from.
    enum Writing: Hashable, Sendable {
        /// `before_llm` has the messages.
        case asking(until: Instant)
        case generating
        /// All has been written.
        case ended
    }

    /// How far the sound of a sentence has come.
    enum Speaking: Hashable, Sendable {
        /// `before_tts` has the sentence.
        case asking(until: Instant)
        case waiting
        case synthesizing
        case ended
    }

    struct Sentence: Sendable {
        let written: String
        /// What is spoken and what the context keeps; `nil` while `before_tts` decides, and empty when it was dropped.
        var text: RewrittenSentence?
        var speaking: Speaking
        /// Audio that is not handed out yet.
        var audio: [[UInt8]] = []
        /// Audio of all pieces so far. [byte]
        var byteCount = 0
        var isBegun = false

        var isDropped: Bool { text?.spoken.isEmpty == true }
    }

    let id: String
    let itemID: String
    /// As `response.create` gave it; empty for an answer to a turn of the caller.
    let metadata: JSONObject
    let instructions: String
    let toolChoice: String
    /// What the model is asked.
    var messages: [ChatMessage]
    /// The turn to which it was begun ahead of time; `nil` once it may be heard.
    var draftOf: String?
    var writing = Writing.ended
    /// No model is asked: the words were given.
    var isVerbatim = false
    /// Those that `before_llm` put in the place of the others.
    var changedInstructions: String?
    /// Sentences that were written before the model broke off; who goes on may begin with them.
    var repeatable: [String] = []
    var segmenter: SentenceSegmenter
    var sentences: [Sentence] = []
    /// The first sentence that is not handed out whole.
    var cursor = 0
    var hasItem = false
    var calls: [RealtimeFunctionCall] = []
    var usage: JSON?
    /// Why the model ended; empty until it has written all.
    var endReason = ""
    var timing = TurnTiming()

    /// Sentences that the model has written whole, for who goes on where it broke off.
    var writtenText: String { sentences.map(\.written).joined(separator: " ") }

    /// Sentences that are written, and not begun to be handed out: as the context would keep them.
    var waitingTexts: [String] {
        sentences[cursor...].filter { !$0.isBegun && !$0.isDropped }.map { $0.text?.shown ?? $0.written }
    }

    /// The model has written all, and has not ended its answer.
    var isWritten: Bool { writing == .generating && !endReason.isEmpty }

    var isHandedOut: Bool { writing == .ended && cursor == sentences.count }

    /// The next sentence to be synthesised.
    var nextToSpeak: Int? {
        guard let index = sentences.firstIndex(where: { $0.speaking == .waiting }) else { return nil }
        // In order: who overtakes a sentence that a script still has would leave a gap behind it.
        let isFirst = sentences[..<index].allSatisfy { sentence in
            if case .asking = sentence.speaking { false } else { true }
        }
        return isFirst ? index : nil
    }

    var synthesisCount: Int { sentences.count { $0.speaking == .synthesizing } }
}

/// When an answer came how far.
struct TurnTiming: Hashable, Sendable {
    var requested: Instant?
    var firstToken: Instant?
    var firstSentence: Instant?
    var firstAudio: Instant?
}
