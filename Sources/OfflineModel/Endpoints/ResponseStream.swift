import SansIO

/// The events of one response of the Responses API, in the service's order, and the response that they add up to.
struct ResponseStream: Sendable {
    /// One server-sent event.
    struct Event: Hashable, Sendable {
        /// The type; `nil` for a persona's own frame.
        var name: String?
        var data: String
        /// The event's object; `nil` for a persona's own frame.
        var json: JSON?
    }

    let id: String
    private(set) var events: [(delay: Duration, event: Event)] = []
    /// Items of the response so far, whole.
    private(set) var output: [JSON] = []
    /// The response's object as it is now.
    private(set) var response: JSON
    private let settings: ResponseSettings
    private let context: ReplyContext
    private let inputTokens: Int64
    private var identifiers: IdentifierSource
    private var random: SeededRandom
    private let hasObfuscation: Bool
    private var sequenceNumber: Int64 = 0
    /// Text or arguments of the open item.
    private var written = ""

    /// - Parameter dialogue: What the model reads.
    init(_ settings: ResponseSettings, reading dialogue: Dialogue, _ context: ReplyContext, obfuscation: Bool) {
        self.settings = settings
        self.context = context
        identifiers = IdentifierSource(random: SeededRandom(seed: context.seed))
        random = SeededRandom(seed: context.seed ^ 0x0BF5)
        hasObfuscation = obfuscation
        id = identifiers.next("resp_", length: 32)
        inputTokens = TokenCount.text(dialogue.instructions) + dialogue.entries.reduce(0) { $0 + $1.tokens }
        response = settings.response(id: id, createdAt: context.unixTime, [:])
    }

    /// Makes the events of an answer.
    mutating func play(_ steps: [PersonaStep]) -> WrittenAnswer {
        let answer = WrittenAnswer(
            steps, maximumTokens: settings.maximumTokens, allowsParallelCalls: settings.allowsParallelCalls, context,
            identifiers: &identifiers)
        let begin = answer.events.first?.delay ?? answer.endDelay
        emit("response.created", ["response": response], at: begin)
        emit("response.in_progress", ["response": response], at: begin)
        for (delay, event) in answer.events {
            switch event {
            case .beginText:
                closeItem(status: "completed", at: delay)
                openMessage(at: delay)
            case .text(let word):
                written += word
                emitDelta("response.output_text.delta", word, ["content_index": 0, "logprobs": []], at: delay)
            case .beginCall(let callID, let name):
                closeItem(status: "completed", at: delay)
                openCall(callID, name, at: delay)
            case .arguments(let piece):
                written += piece
                emitDelta("response.function_call_arguments.delta", piece, [:], at: delay)
            case .frame(let text): events.append((delay, Event(name: nil, data: text, json: nil)))
            }
        }
        finish(answer)
        return answer
    }

    private mutating func finish(_ answer: WrittenAnswer) {
        let delay = answer.endDelay
        switch answer.end {
        case .dropped: return
        case .finished:
            closeItem(status: "completed", at: delay)
            response = closed("completed", answer, ["completed_at": .integer(context.unixTime)])
            emit("response.completed", ["response": response], at: delay)
        case .cut:
            closeItem(status: "incomplete", at: delay)
            response = closed("incomplete", answer, ["incomplete_details": ["reason": "max_output_tokens"]])
            emit("response.incomplete", ["response": response], at: delay)
        case .failed(let error):
            closeItem(status: "incomplete", at: delay)
            response = closed(
                "failed", answer, ["error": ["code": JSON(orNull: error.code), "message": .string(error.message)]])
            emit("response.failed", ["response": response], at: delay)
        }
    }

    private func closed(_ status: String, _ answer: WrittenAnswer, _ members: KeyValuePairs<String, JSON>) -> JSON {
        var response = settings.response(
            id: id, createdAt: context.unixTime, ["status": .string(status), "output": .array(output)])
        response["usage"] = [
            "input_tokens": .integer(inputTokens),
            "input_tokens_details": ["cached_tokens": 0, "cache_write_tokens": 0],
            "output_tokens": .integer(answer.tokens), "output_tokens_details": ["reasoning_tokens": 0],
            "total_tokens": .integer(inputTokens + answer.tokens),
        ]
        for (key, value) in members { response[key] = value }
        return response
    }

    // MARK: - Items

    /// The open item, which is the last one.
    private var open: JSON? {
        guard let item = output.last, item["status"]?.string == "in_progress" else { return nil }
        return item
    }

    private var outputIndex: JSON { .integer(Int64(output.count - 1)) }

    private mutating func openMessage(at delay: Duration) {
        let itemID = identifiers.next("msg_", length: 32)
        output.append([
            "id": .string(itemID), "type": "message", "status": "in_progress", "content": [], "role": "assistant",
        ])
        written = ""
        emit("response.output_item.added", ["output_index": outputIndex, "item": output[output.count - 1]], at: delay)
        emit(
            "response.content_part.added",
            [
                "item_id": .string(itemID), "output_index": outputIndex, "content_index": 0,
                "part": Self.part(""),
            ], at: delay)
    }

    private mutating func openCall(_ callID: String, _ name: String, at delay: Duration) {
        output.append([
            "id": .string(identifiers.next("fc_", length: 32)), "type": "function_call", "status": "in_progress",
            "arguments": "", "call_id": .string(callID), "name": .string(name),
        ])
        written = ""
        emit("response.output_item.added", ["output_index": outputIndex, "item": output[output.count - 1]], at: delay)
    }

    private static func part(_ text: String) -> JSON {
        ["type": "output_text", "annotations": [], "logprobs": [], "text": .string(text)]
    }

    private mutating func closeItem(status: String, at delay: Duration) {
        guard var item = open else { return }
        let itemID = item["id"] ?? .null
        item["status"] = .string(status)
        if item["type"]?.string == "message" {
            item["content"] = [Self.part(written)]
            emit(
                "response.output_text.done",
                [
                    "item_id": itemID, "output_index": outputIndex, "content_index": 0, "text": .string(written),
                    "logprobs": [],
                ], at: delay)
            emit(
                "response.content_part.done",
                ["item_id": itemID, "output_index": outputIndex, "content_index": 0, "part": Self.part(written)],
                at: delay)
        } else {
            item["arguments"] = .string(written)
            if status == "completed" {
                emit(
                    "response.function_call_arguments.done",
                    [
                        "item_id": itemID, "output_index": outputIndex, "name": item["name"] ?? .null,
                        "arguments": .string(written),
                    ], at: delay)
            }
        }
        output[output.count - 1] = item
        emit("response.output_item.done", ["output_index": outputIndex, "item": item], at: delay)
    }

    private mutating func emitDelta(
        _ type: String, _ delta: String, _ members: KeyValuePairs<String, JSON>, at delay: Duration
    ) {
        var event: KeyValuePairs<String, JSON> = [
            "item_id": open?["id"] ?? .null, "output_index": outputIndex, "delta": .string(delta),
        ]
        if hasObfuscation {
            event = [
                "item_id": open?["id"] ?? .null, "output_index": outputIndex, "delta": .string(delta),
                "obfuscation": .string(random.token(length: 12)),
            ]
        }
        emit(type, event, members, at: delay)
    }

    private mutating func emit(_ type: String, _ groups: KeyValuePairs<String, JSON>..., at delay: Duration) {
        var event: JSONObject = ["type": .string(type), "sequence_number": .integer(sequenceNumber)]
        sequenceNumber += 1
        for (key, value) in groups.joined() { event[key] = value }
        let json = JSON.object(event)
        events.append((delay, Event(name: type, data: json.text, json: json)))
    }
}
