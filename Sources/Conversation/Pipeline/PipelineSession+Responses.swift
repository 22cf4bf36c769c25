import SansIO

/// The life of a response: begun, announced, handed out, done.
extension PipelineSession {
    mutating func createResponse(
        _ parameters: RealtimeClientEvent.ResponseParameters, eventID: String, at now: Instant
    ) {
        if let activeID {
            say(
                .error(
                    RealtimeError(
                        code: "conversation_already_has_active_response",
                        message: "the response \(activeID) is active", eventID: eventID)))
            return
        }
        discardDraft()
        if parameters.verbatim == nil { owesAnswer = false }
        let id = begin(parameters, at: now)
        announce(id)
        write(id, at: now)
    }

    /// Answers a turn of the caller.
    ///
    /// - Parameter text: What was said, where the answer is begun before the turn has ended; `nil` when it is part of
    ///   the conversation.
    mutating func answerTurn(
        ahead text: String?, _ parameters: RealtimeClientEvent.ResponseParameters = .init(), at now: Instant
    ) {
        let id = begin(parameters, at: now)
        responses[id]?.draftOf = text
        if text == nil { announce(id) } else { draftID = id }
        // Whatever is answered now, all that was said stands before it.
        owesAnswer = false
        write(id, at: now)
    }

    private mutating func begin(_ parameters: RealtimeClientEvent.ResponseParameters, at now: Instant) -> String {
        let id = makeID("resp")
        var response = PipelineResponse(
            id: id, itemID: makeID("item"), metadata: parameters.metadata,
            instructions: settings.instructions, toolChoice: parameters.toolChoice ?? "auto",
            messages: context.messages(limit: options.contextCharacters),
            segmenter: SentenceSegmenter(language: settings.language))
        response.timing.requested = now
        // Behind everything else: models heed best what they read last.
        if let text = parameters.additional { response.messages.append(ChatMessage(role: .system, text: text)) }
        responses[id] = response
        if let text = parameters.verbatim { write(verbatim: text, to: id, at: now) }
        return id
    }

    /// From here on the response is known, and may be heard.
    mutating func announce(_ id: String) {
        guard let response = responses[id] else { return }
        responses[id]?.draftOf = nil
        if draftID == id { draftID = nil }
        activeID = id
        say(.responseCreated(RealtimeResponse(id: id, status: .inProgress, metadata: response.metadataTexts)))
    }

    /// Forgets the answer that was begun ahead of time, or is to be.
    mutating func discardDraft() {
        awaitedDraft = nil
        dropDraft()
    }

    /// Forgets the answer that was begun ahead of time: it knows a conversation that was another.
    mutating func dropDraft() {
        guard let id = draftID else { return }
        draftID = nil
        drop(id)
    }

    /// Stops everything that is done for a response.
    private mutating func drop(_ id: String) {
        guard let response = responses.removeValue(forKey: id) else { return }
        for (number, job) in jobs.sorted(by: { $0.key < $1.key }) {
            switch job.work {
            case .generation(id):
                jobs[number] = nil
                if !job.isDelayed { outputs.append(.command(.cancelGeneration(id: number))) }
            case .synthesis(id, _):
                jobs[number] = nil
                if !job.isDelayed { outputs.append(.command(.cancelSynthesis(id: number))) }
            default: break
            }
        }
        if case .asking = response.writing { outputs.append(.forget(.beforeLLM(responseID: id), isLate: false)) }
        for (index, sentence) in response.sentences.enumerated() {
            if case .asking = sentence.speaking {
                outputs.append(.forget(.beforeTTS(responseID: id, sentence: index), isLate: false))
            }
        }
    }

    /// Ends the active response before its end. What was not handed out is in no context.
    mutating func cancel(_ id: String, reason: String) {
        end(id, .cancelled(reason: reason), output: [])
    }

    mutating func fail(_ id: String, _ failure: StageFailure) {
        if draftID == id {
            // Nobody knows of it: the turn's own answer will tell.
            discardDraft()
        } else {
            failures += 1
            var error = RealtimeError(failure)
            // Whoever asked has asked again.
            if failures > PipelineSession.maximumFailures { error.severity = .fatal }
            end(id, .failed(error), output: [])
        }
    }

    /// As often as a call asks again for a response that failed for a passing reason.
    private static let maximumFailures = RealtimeSession.Limits().maximumRetries

    private mutating func end(_ id: String, _ status: RealtimeResponse.Status, output: [RealtimeItem]) {
        guard let response = responses[id] else { return }
        drop(id)
        if activeID == id { activeID = nil }
        say(
            .responseDone(
                RealtimeResponse(
                    id: id, status: status, output: output, metadata: response.metadataTexts, usage: response.usage)))
    }

    // MARK: Handing out

    /// Hands out the sound of the sentences in order, as far as it is there; ends the response behind the last.
    mutating func handOut(_ id: String, at now: Instant) {
        guard activeID == id else { return }
        while let response = responses[id], response.cursor < response.sentences.count {
            let index = response.cursor
            let sentence = response.sentences[index]
            if sentence.isDropped {
                responses[id]?.cursor += 1
                continue
            }
            if !sentence.audio.isEmpty { handOut(sentence, at: index, of: response, at: now) }
            guard sentence.speaking == .ended else { return }
            responses[id]?.cursor += 1
            guard responses[id]?.sentences[index].isBegun == true else { continue }
            let path = RealtimePartPath(responseID: id, itemID: response.itemID, contentIndex: index)
            context.completeAudio(at: index, of: response.itemID)
            say(.audioDone(path))
            say(.audioTranscriptDone(path, sentence.text?.spoken ?? ""))
        }
        guard let response = responses[id], response.isHandedOut else { return }
        finish(response)
    }

    private mutating func handOut(
        _ sentence: PipelineResponse.Sentence, at index: Int, of response: PipelineResponse, at now: Instant
    ) {
        guard let text = sentence.text else { return }
        let path = RealtimePartPath(responseID: response.id, itemID: response.itemID, contentIndex: index)
        if !response.hasItem {
            responses[response.id]?.hasItem = true
            context.append(.answer([:]), id: response.itemID)
            let item = RealtimeItem(id: response.itemID, kind: .message(role: "assistant"), status: "in_progress")
            say(.outputItemAdded(item, responseID: response.id, outputIndex: 0))
        }
        if !sentence.isBegun {
            responses[response.id]?.sentences[index].isBegun = true
            context.begin(text, at: index, of: response.itemID)
            if response.timing.firstAudio == nil {
                responses[response.id]?.timing.firstAudio = now
                if let timing = responses[response.id]?.timing {
                    outputs.append(.timed(responseID: response.id, timing))
                }
            }
            say(.contentPartAdded(path, type: "audio"))
            say(.audioTranscriptDelta(path, text.spoken))
        }
        for audio in sentence.audio {
            context.append(audio: audio.count, at: index, of: response.itemID)
            say(.audioDelta(path, audio))
        }
        responses[response.id]?.sentences[index].audio = []
    }

    private mutating func finish(_ response: PipelineResponse) {
        failures = 0
        var output: [RealtimeItem] = []
        if response.hasItem {
            output.append(RealtimeItem(id: response.itemID, kind: .message(role: "assistant"), status: "completed"))
        }
        for call in response.calls {
            let id = makeID("item")
            context.append(.call(call), id: id)
            output.append(RealtimeItem(id: id, kind: .functionCall(call), status: "completed"))
        }
        let isCut = response.endReason == "length" || response.endReason == "content_filter"
        let reason = response.endReason == "length" ? "max_output_tokens" : response.endReason
        end(response.id, isCut ? .incomplete(reason: reason) : .completed, output: output)
    }
}

extension PipelineResponse {
    fileprivate var metadataTexts: [String: String] {
        var texts: [String: String] = [:]
        for member in metadata.members { texts[member.key] = member.value.string }
        return texts
    }
}
