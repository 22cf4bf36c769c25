import SansIO

/// The output of responses: items opened, sent piece by piece, closed.
extension RealtimeServerSession {
    mutating func receiveThought(job: Int, steps: [PersonaStep]) {
        guard let index = responses.firstIndex(where: { $0.stage.job == job }) else { return }
        responses[index].steps = steps
        takeStep(at: index)
    }

    mutating func receiveSpeech(job: Int, audio: [UInt8]) {
        guard let index = responses.firstIndex(where: { $0.stage.job == job }),
            case .synthesising(_, let text) = responses[index].stage
        else { return }
        let part = ConversationItem.Part.outputAudio(milliseconds: 0, spoken: "", transcript: "")
        let itemID = openItem(.message(.assistant, []), prefix: "item_", at: index)
        emitPart("added", ["type": "audio", "transcript": ""], itemID: itemID, at: index)
        change(itemID, at: index) { $0.content = .message(.assistant, [part]) }
        let response = responses[index]
        responses[index].stage = .emitting(
            .speech(
                text, audio: audio, format: response.parameters.format, pace: configuration.pace, itemID: itemID,
                outputIndex: response.output.count - 1, start: now, random: &random))
    }

    /// Goes on with a response whose deadline has come.
    mutating func advance(at index: Int) {
        switch responses[index].stage {
        case .waiting, .thinking, .synthesising: return
        case .pausing: takeStep(at: index)
        case .emitting(var emission):
            let delta = emission.takeDelta(at: now)
            responses[index].stage = .emitting(emission)
            if let delta {
                send(delta, of: emission, at: index)
            } else if emission.isComplete {
                closeItem(at: index, status: .completed)
                takeStep(at: index)
            }
        }
    }

    /// Begins the persona's next step, or ends the response when there is none.
    private mutating func takeStep(at index: Int) {
        while !responses[index].steps.isEmpty {
            switch responses[index].steps.removeFirst() {
            case .say(let text):
                if text.allSatisfy(\.isWhitespace) { continue }
                say(text, at: index)
            case .call(let name, let arguments): call(name, arguments: arguments.text, at: index)
            case .pause(let duration): responses[index].stage = .pausing(until: now + duration)
            case .fail(let code, let message): fail(at: index, code: code, message: message)
            case .drop: close(.drop)
            case .frame(let text):
                outbox.append(.sendFrame(text))
                continue
            }
            return
        }
        finish(at: index, status: "completed", details: .null)
    }

    private mutating func say(_ text: String, at index: Int) {
        let parameters = responses[index].parameters
        if parameters.outputModality == "audio" {
            let job = nextJob()
            responses[index].stage = .synthesising(job: job, text: text)
            let voice = parameters.voice.string ?? parameters.voice["id"]?.string ?? ""
            outbox.append(
                .synthesise(job: job, speech: Speech(text: text, voice: voice, format: parameters.format)))
            return
        }
        let itemID = openItem(.message(.assistant, []), prefix: "item_", at: index)
        emitPart("added", ["type": "text", "text": ""], itemID: itemID, at: index)
        change(itemID, at: index) { $0.content = .message(.assistant, [.outputText("")]) }
        responses[index].stage = .emitting(
            .text(
                text, pace: configuration.pace, itemID: itemID, outputIndex: responses[index].output.count - 1,
                start: now))
    }

    private mutating func call(_ name: String, arguments: String, at index: Int) {
        let callID = identifiers.next("call_", length: 16)
        let itemID = openItem(
            .functionCall(name: name, callID: callID, arguments: ""), prefix: "item_", at: index)
        responses[index].stage = .emitting(
            .arguments(
                arguments, pace: configuration.pace, itemID: itemID,
                outputIndex: responses[index].output.count - 1, start: now, random: &random))
    }

    /// Adds an item to the response, and to the conversation unless the response is out of band.
    private mutating func openItem(_ content: ConversationItem.Content, prefix: String, at index: Int) -> String {
        let item = ConversationItem(id: identifiers.next(prefix), content: content, status: .inProgress)
        responses[index].output.append(item)
        emitItem("response.output_item.added", item, at: index)
        if !responses[index].isOutOfBand {
            emit(
                "conversation.item.added", ["previous_item_id": JSON(orNull: items.last?.id), "item": item.json()])
            items.append(item)
        }
        return item.id
    }

    /// Closes the item that is open, if one is: the `done` events from the inside out.
    mutating func closeItem(at index: Int, status: ConversationItem.Status) {
        guard case .emitting(let emission) = responses[index].stage else { return }
        let itemID = emission.itemID
        change(itemID, at: index) { $0.status = status }
        guard let item = responses[index].output.last else { return }
        let place = place(of: itemID, at: index)
        switch item.content {
        case .message(_, let parts):
            var part: JSON = ["type": "text", "text": .string(emission.emittedText)]
            if case .outputAudio? = parts.first {
                part = ["type": "audio", "transcript": .string(emission.emittedText)]
                emit("response.output_audio.done", place, ["content_index": 0])
                emit(
                    "response.output_audio_transcript.done", place,
                    ["content_index": 0, "transcript": .string(emission.emittedText)])
            } else {
                emit(
                    "response.output_text.done", place, ["content_index": 0, "text": .string(emission.emittedText)])
            }
            emitPart("done", part, itemID: itemID, at: index)
        case .functionCall(let name, let callID, let arguments):
            if status == .completed {
                emit(
                    "response.function_call_arguments.done", place,
                    ["call_id": .string(callID), "name": .string(name), "arguments": .string(arguments)])
            }
        case .functionCallOutput: break
        }
        if let position = items.firstIndex(where: { $0.id == itemID }) {
            let previous = position > 0 ? items[position - 1].id : nil
            emit(
                "conversation.item.done",
                ["previous_item_id": JSON(orNull: previous), "item": items[position].json()])
        }
        emitItem("response.output_item.done", item, at: index)
    }

    private mutating func send(_ delta: Emission.Delta, of emission: Emission, at index: Int) {
        let itemID = emission.itemID
        let place = place(of: itemID, at: index)
        switch delta {
        case .transcript(let text):
            emit(
                "response.output_audio_transcript.delta", place,
                ["content_index": 0, "delta": .string(text), "obfuscation": .string(random.token(length: 8))])
        case .audio(let range):
            let base64 = Base64.encode(emission.audio[range])
            emit(
                "response.output_audio.delta", place,
                ["content_index": 0, "delta": .string(String(decoding: base64, as: UTF8.self))])
            hasSpoken = true
        case .text(let text):
            emit("response.output_text.delta", place, ["content_index": 0, "delta": .string(text)])
        case .arguments(let text): emitArguments(text, place: place, at: index)
        }
        record(emission, at: index)
        if let limit = responses[index].parameters.maxOutputTokens, responses[index].outputTokens.total > limit {
            exceedTokens(at: index)
        }
    }

    private mutating func emitArguments(_ text: String, place: KeyValuePairs<String, JSON>, at index: Int) {
        guard case .functionCall(_, let callID, _)? = responses[index].output.last?.content else { return }
        emit(
            "response.function_call_arguments.delta", place,
            ["call_id": .string(callID), "delta": .string(text), "obfuscation": .string(random.token(length: 8))])
    }

    /// Enters into the item what has been sent of it.
    private mutating func record(_ emission: Emission, at index: Int) {
        let format = responses[index].parameters.format
        let milliseconds = Int64(emission.emittedBytes / format.bytesPerMillisecond)
        let text = emission.emittedText
        let previous = responses[index].output.dropLast().reduce(0) { $0 + $1.spokenMilliseconds }
        responses[index].spokenMilliseconds = previous + milliseconds
        change(emission.itemID, at: index) { item in
            switch item.content {
            case .message(let role, let parts):
                if case .outputAudio? = parts.first {
                    item.content = .message(
                        role, [.outputAudio(milliseconds: milliseconds, spoken: text, transcript: text)])
                } else {
                    item.content = .message(role, [.outputText(text)])
                }
            case .functionCall(let name, let callID, _):
                item.content = .functionCall(name: name, callID: callID, arguments: text)
            case .functionCallOutput: break
            }
        }
    }

    /// Changes an item in the response and, where it is there, in the conversation.
    private mutating func change(_ itemID: String, at index: Int, _ body: (inout ConversationItem) -> Void) {
        if let position = responses[index].output.lastIndex(where: { $0.id == itemID }) {
            body(&responses[index].output[position])
        }
        if let position = items.lastIndex(where: { $0.id == itemID }) { body(&items[position]) }
    }

    private func place(of itemID: String, at index: Int) -> KeyValuePairs<String, JSON> {
        [
            "response_id": .string(responses[index].id), "item_id": .string(itemID),
            "output_index": .integer(Int64(responses[index].output.count - 1)),
        ]
    }

    private mutating func emitItem(_ type: String, _ item: ConversationItem, at index: Int) {
        emit(
            type,
            [
                "response_id": .string(responses[index].id),
                "output_index": .integer(Int64(responses[index].output.count - 1)), "item": item.json(),
            ])
    }

    private mutating func emitPart(_ verb: String, _ part: JSON, itemID: String, at index: Int) {
        emit("response.content_part.\(verb)", place(of: itemID, at: index), ["content_index": 0, "part": part])
    }
}

extension ConversationItem {
    /// Audio of the model in the item. [ms]
    var spokenMilliseconds: Int64 {
        parts.reduce(0) { sum, part in
            if case .outputAudio(let milliseconds, _, _) = part { sum + milliseconds } else { sum }
        }
    }
}
