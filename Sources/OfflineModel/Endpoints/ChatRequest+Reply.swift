import SansIO

extension ChatRequest {
    /// What the members of every object of this answer share.
    private struct Head {
        let id: String
        let created: Int64
        let model: String

        func object(_ kind: String) -> JSON {
            [
                "id": .string(id), "object": .string(kind), "created": .integer(created), "model": .string(model),
                "service_tier": "default", "system_fingerprint": "fp_offline",
            ]
        }
    }

    /// The persona's answer as the endpoint sends it.
    func reply(to steps: [PersonaStep], _ context: ReplyContext) -> EndpointReply {
        var identifiers = IdentifierSource(random: SeededRandom(seed: context.seed))
        let head = Head(id: identifiers.next("chatcmpl-", length: 29), created: context.unixTime, model: model)
        let answer = WrittenAnswer(
            steps, maximumTokens: maximumTokens, allowsParallelCalls: allowsParallelCalls, context,
            identifiers: &identifiers)
        return streams ? stream(answer, head, context) : whole(answer, head)
    }

    private func whole(_ answer: WrittenAnswer, _ head: Head) -> EndpointReply {
        if let failure = answer.wholeFailure { return failure }
        var message: JSON = [
            "role": "assistant", "content": answer.text.isEmpty && !answer.calls.isEmpty ? .null : .string(answer.text),
            "refusal": .null, "annotations": [],
        ]
        if !answer.calls.isEmpty {
            message["tool_calls"] = .array(
                answer.calls.map { call in
                    [
                        "id": .string(call.id), "type": "function",
                        "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
                    ]
                })
        }
        var completion = head.object("chat.completion")
        completion["choices"] = [
            ["index": 0, "message": message, "logprobs": .null, "finish_reason": .string(finishReason(of: answer))]
        ]
        completion["usage"] = usage(of: answer)
        return EndpointReply.json(completion).delayed(by: answer.endDelay)
    }

    private func finishReason(of answer: WrittenAnswer) -> String {
        if answer.end == .cut { return "length" }
        return answer.calls.isEmpty ? "stop" : "tool_calls"
    }

    private func usage(of answer: WrittenAnswer) -> JSON {
        let prompt = TokenCount.text(dialogue.instructions) + dialogue.entries.reduce(0) { $0 + $1.tokens }
        return [
            "prompt_tokens": .integer(prompt), "completion_tokens": .integer(answer.tokens),
            "total_tokens": .integer(prompt + answer.tokens),
            "prompt_tokens_details": ["cached_tokens": 0, "audio_tokens": 0],
            "completion_tokens_details": [
                "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            ],
        ]
    }

    private func stream(_ answer: WrittenAnswer, _ head: Head, _ context: ReplyContext) -> EndpointReply {
        if answer.events.isEmpty, let failure = answer.wholeFailure { return failure }
        var random = SeededRandom(seed: context.seed ^ 0x0BF5)
        func chunk(_ delta: JSON, finish: JSON = .null) -> String {
            var chunk = head.object("chat.completion.chunk")
            chunk["choices"] = [["index": 0, "delta": delta, "logprobs": .null, "finish_reason": finish]]
            if includesUsage { chunk["usage"] = .null }
            if includesObfuscation { chunk["obfuscation"] = .string(random.token(length: 10)) }
            return chunk.text
        }
        var pieces = [
            EndpointReply.Piece.event(
                chunk(["role": "assistant", "content": answer.text.isEmpty ? .null : "", "refusal": .null]),
                at: answer.events.first?.delay ?? answer.endDelay)
        ]
        var index: Int64 = -1
        var hasText = false
        var blank = ""
        for (delay, event) in answer.events {
            switch event {
            case .beginText:
                blank = hasText ? " " : ""
                hasText = true
            case .text(let word):
                pieces.append(.event(chunk(["content": .string(blank + word)]), at: delay))
                blank = ""
            case .beginCall(let id, let name):
                index += 1
                let call: JSON = [
                    "index": .integer(index), "id": .string(id), "type": "function",
                    "function": ["name": .string(name), "arguments": ""],
                ]
                pieces.append(.event(chunk(["tool_calls": [call]]), at: delay))
            case .arguments(let piece):
                let call: JSON = ["index": .integer(index), "function": ["arguments": .string(piece)]]
                pieces.append(.event(chunk(["tool_calls": [call]]), at: delay))
            case .frame(let text): pieces.append(.event(text, at: delay))
            }
        }
        switch answer.end {
        case .dropped: return .eventStream(pieces, ending: .dropped, endDelay: answer.endDelay)
        case .failed(let error):
            let data: JSON = ["error": error.body]
            pieces.append(.event(data.text, at: answer.endDelay))
            return .eventStream(pieces)
        case .finished, .cut: break
        }
        pieces.append(.event(chunk([:], finish: .string(finishReason(of: answer))), at: answer.endDelay))
        if includesUsage {
            var chunk = head.object("chat.completion.chunk")
            chunk["choices"] = []
            chunk["usage"] = usage(of: answer)
            pieces.append(.event(chunk.text, at: answer.endDelay))
        }
        pieces.append(.event("[DONE]", at: answer.endDelay))
        return .eventStream(pieces)
    }
}
