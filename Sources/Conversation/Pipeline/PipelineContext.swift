import SansIO

/// The conversation as the language model is told it: what was said, what of the answers was heard, and the functions.
struct PipelineContext: Sendable {
    /// A sentence of an answer, as far as it has been handed out to be played.
    struct Sentence: Hashable, Sendable {
        var text: RewrittenSentence
        var transcript: HeardTranscript
        /// What of the shown form was heard, once the sentence was cut.
        var cut: String?

        var shown: String { cut ?? text.shown }
    }

    enum Content: Hashable, Sendable {
        case message(ChatMessage.Role, String)
        /// By content index: a sentence that was dropped has none.
        case answer([Int: Sentence])
        case call(RealtimeFunctionCall)
        case output(callID: String, String)
    }

    struct Item: Hashable, Sendable {
        let id: String
        var content: Content
    }

    private(set) var items: [Item] = []

    mutating func append(_ content: Content, id: String) {
        items.append(Item(id: id, content: content))
    }

    /// Removes an item, whatever it is.
    ///
    /// - Returns: Whether there was one.
    mutating func remove(_ id: String) -> Bool {
        guard let index = items.firstIndex(where: { $0.id == id }) else { return false }
        items.remove(at: index)
        return true
    }

    // MARK: Answers

    /// Notes that a sentence begins to be handed out.
    mutating func begin(_ text: RewrittenSentence, at index: Int, of id: String) {
        change(id) { sentences in
            var transcript = HeardTranscript()
            transcript.append(text: text.spoken)
            transcript.completeText(nil)
            sentences[index] = Sentence(text: text, transcript: transcript)
        }
    }

    mutating func append(audio count: Int, at index: Int, of id: String) {
        change(id) { $0[index]?.transcript.append(audio: count) }
    }

    mutating func completeAudio(at index: Int, of id: String) {
        change(id) { $0[index]?.transcript.completeAudio() }
    }

    /// Cuts a sentence to what was heard of it; an answer of which nothing was heard is gone.
    ///
    /// - Returns: What of the sentence was not heard, as it is shown; `nil` when there is no such sentence.
    mutating func truncate(_ id: String, at index: Int, heardBytes: Int) -> String? {
        var unheard: String?
        change(id) { sentences in
            guard let sentence = sentences[index] else { return }
            let heard = sentence.transcript.split(heardBytes: heardBytes).heard
            let shown = heard.isEmpty ? "" : sentence.text.shown(heard: heard)
            unheard = String(sentence.text.shown.dropFirst(shown.count)).trimmingWhitespace()
            if shown.isEmpty {
                sentences[index] = nil
            } else {
                sentences[index]?.cut = shown
            }
        }
        items.removeAll { $0.id == id && $0.content == .answer([:]) }
        return unheard
    }

    private mutating func change(_ id: String, _ body: (inout [Int: Sentence]) -> Void) {
        guard let index = items.lastIndex(where: { $0.id == id }), case .answer(var sentences) = items[index].content
        else { return }
        body(&sentences)
        items[index].content = .answer(sentences)
    }

    // MARK: As messages

    /// The conversation as messages: a call stands together with its output, where that is, and without one it is left
    /// out. What was said while the function ran stands before both, so that the output is what is to be answered.
    ///
    /// - Parameter limit: Characters; what is older is left out, but never the latest message.
    func messages(limit: Int) -> [ChatMessage] {
        var calls: [String: RealtimeFunctionCall] = [:]
        var groups: [[ChatMessage]] = []
        var answered: [(call: RealtimeFunctionCall, output: String)] = []
        func closeCalls() {
            guard !answered.isEmpty else { return }
            let outputs = answered.map { ChatMessage(role: .tool, text: $0.output, callID: $0.call.callID) }
            groups.append([ChatMessage(role: .assistant, text: "", calls: answered.map(\.call))] + outputs)
            answered = []
        }
        for item in items {
            switch item.content {
            // Some servers give the same name to a call of each answer.
            case .call(let call): calls[call.callID] = call
            case .output(let callID, let text):
                if let call = calls.removeValue(forKey: callID) { answered.append((call, text)) }
            case .message(let role, let text):
                closeCalls()
                if !text.isEmpty { groups.append([ChatMessage(role: role, text: text)]) }
            case .answer(let sentences):
                closeCalls()
                let text = PipelineContext.text(of: sentences)
                if !text.isEmpty { groups.append([ChatMessage(role: .assistant, text: text)]) }
            }
        }
        closeCalls()
        var size = 0
        var kept: [[ChatMessage]] = []
        for group in groups.reversed() {
            size += group.reduce(0) { $0 + $1.text.count + $1.calls.reduce(0) { $0 + $1.arguments.count } }
            if size > limit, !kept.isEmpty { break }
            kept.append(group)
        }
        return kept.reversed().flatMap(\.self)
    }

    /// The shown sentences of an answer, in order.
    static func text(of sentences: [Int: Sentence]) -> String {
        sentences.sorted { $0.key < $1.key }.map(\.value.shown).joined(separator: " ")
    }
}

extension ChatMessage {
    /// As scripts see it, in the manner of the chat completions API.
    var json: JSON {
        var object: JSONObject = ["role": .string(role.rawValue), "content": .string(text)]
        if !calls.isEmpty {
            object["tool_calls"] = .array(
                calls.map { call in
                    [
                        "id": .string(call.callID), "type": "function",
                        "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
                    ]
                })
        }
        if let callID { object["tool_call_id"] = .string(callID) }
        return .object(object)
    }

    /// Reads a message of a script back.
    ///
    /// - Returns: `nil` when it has no usable role or content.
    init?(json: JSON) {
        let name = json["role"]?.string == "developer" ? "system" : json["role"]?.string
        guard let role = name.flatMap(Role.init) else { return nil }
        var calls: [RealtimeFunctionCall] = []
        for call in json["tool_calls"]?.array ?? [] {
            guard let id = call["id"]?.string, let name = call["function"]?["name"]?.string else { return nil }
            calls.append(
                RealtimeFunctionCall(callID: id, name: name, arguments: call["function"]?["arguments"]?.string ?? "{}"))
        }
        let text = json["content"]?.string
        guard text != nil || !calls.isEmpty, role != .tool || json["tool_call_id"]?.string != nil else { return nil }
        self.init(role: role, text: text ?? "", calls: calls, callID: json["tool_call_id"]?.string)
    }
}
