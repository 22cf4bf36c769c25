import SansIO

/// The life of responses: created, thought out, cancelled, done.
extension RealtimeServerSession {
    /// How long after `response.done` the rate limits are told.
    private static let rateLimitDelay = Duration.milliseconds(30)

    /// Begins a response.
    ///
    /// - Parameter parameters: The `response` object of `response.create`.
    mutating func createResponse(_ parameters: JSON) throws(RealtimeError) {
        try Shape.responseParameters.check(parameters, at: "response")
        let isOutOfBand = parameters["conversation"]?.string == "none"
        if !isOutOfBand, let active = responses.first(where: { !$0.isOutOfBand }) {
            throw RealtimeError(
                code: "conversation_already_has_active_response",
                message: "Conversation already has an active response in progress: \(active.id). "
                    + "Wait until the response is finished before creating a new one.")
        }
        let merged = try responseParameters(parameters, isOutOfBand: isOutOfBand)
        let context = try parameters["input"].map { input throws(RealtimeError) in try parseContext(input) }
        let response = ResponseGeneration(
            id: identifiers.next("resp_"), isOutOfBand: isOutOfBand, parameters: merged, context: context)
        responses.append(response)
        scheduled.removeAll { $0.work == .idle }
        let json = response.json(
            status: "in_progress", details: .null, conversationID: conversationID, usage: .null)
        emit("response.created", ["response": json])
        for case .item(let item) in context ?? [] {
            for case .inputAudio(let audio, _, nil, _) in item.parts {
                recognise(audio, format: settings.inputFormat, itemID: item.id)
            }
        }
        startThinkingIfReady(at: responses.count - 1)
    }

    private func responseParameters(
        _ json: JSON, isOutOfBand: Bool
    ) throws(RealtimeError) -> ResponseGeneration.Parameters {
        var parameters = ResponseGeneration.Parameters(
            outputModality: settings.outputModality, ownInstructions: json["instructions"]?.string,
            tools: settings.tools, toolChoice: json["tool_choice"] ?? settings.toolChoice,
            maxOutputTokens: settings.maxOutputTokens, voice: settings.voice, format: settings.outputFormat,
            metadata: json["metadata"] ?? .null)
        if let modalities = json["output_modalities"]?.array {
            parameters.outputModality = try SessionSettings.modality(modalities, at: "response.output_modalities")
        }
        if let tools = json["tools"] { parameters.tools = try SessionSettings.tools(tools, at: "response.tools") }
        if let limit = json["max_output_tokens"] { parameters.maxOutputTokens = limit.integer }
        if let format = RealtimeAudioFormat(json: json["audio"]?["output"]?["format"]) { parameters.format = format }
        if let voice = json["audio"]?["output"]?["voice"], voice != parameters.voice {
            guard isOutOfBand || !hasSpoken else {
                throw SessionSettings.frozenVoice(param: "response.audio.output.voice")
            }
            parameters.voice = voice
        }
        try Shape.checkMetadata(parameters.metadata, at: "response.metadata")
        return parameters
    }

    private mutating func parseContext(_ input: JSON) throws(RealtimeError) -> [ResponseGeneration.ContextItem] {
        var context: [ResponseGeneration.ContextItem] = []
        for (index, element) in (input.array ?? []).enumerated() {
            let path = "response.input[\(index)]"
            guard element["type"]?.string == "item_reference" else {
                var item = try parseItem(element, at: path)
                if !configuration.hears, item.awaitsRecognition { item.setWords("") }
                context.append(.item(item))
                continue
            }
            let itemID = element["id"]?.string ?? ""
            guard items.contains(where: { $0.id == itemID }) else {
                throw RealtimeError(
                    code: "response_input_invalid_item_reference",
                    message: "Item with id '\(itemID)' does not exist.", param: "\(path).id")
            }
            context.append(.reference(itemID: itemID))
        }
        return context
    }

    /// The items that a response reads, as they are now.
    func contextItems(of response: ResponseGeneration) -> [ConversationItem] {
        guard let context = response.context else {
            let own = Set(response.output.map(\.id))
            return items.filter { $0.status != .inProgress && !own.contains($0.id) }
        }
        return context.compactMap { element in
            switch element {
            case .item(let item): item
            case .reference(let itemID): items.first { $0.id == itemID }
            }
        }
    }

    /// Asks the persona, unless audio that the response shall read is still being recognised.
    mutating func startThinkingIfReady(at index: Int) {
        guard case .waiting = responses[index].stage else { return }
        let response = responses[index]
        let context = contextItems(of: response)
        guard !context.contains(where: \.awaitsRecognition) else { return }
        let request = personaRequest(for: response, context: context)
        var read = context.reduce(TokenCount()) { $0 + $1.tokens }
        read.text += TokenCount.text(request.instructions)
        read.text += response.parameters.tools.reduce(0) { $0 + TokenCount.text($1.text) }
        responses[index].usage.input = read
        if !response.isOutOfBand {
            let cached = TokenCount(
                text: min(contextTokens.text, read.text) / 64 * 64,
                audio: min(contextTokens.audio, read.audio) / 64 * 64)
            responses[index].usage.cached = cached
            contextTokens = read
        }
        let job = nextJob()
        responses[index].stage = .thinking(job: job)
        outbox.append(.think(job: job, request: request))
    }

    mutating func cancelResponse(_ responseID: String?) throws(RealtimeError) {
        let index = responses.firstIndex { response in
            responseID.map { response.id == $0 } ?? !response.isOutOfBand
        }
        guard let index else {
            throw RealtimeError(
                code: "response_cancel_not_active", message: "Cancellation failed: no active response found")
        }
        cancel(at: index, reason: "client_cancelled")
    }

    /// - Parameter reason: `turn_detected` or `client_cancelled`.
    mutating func cancel(at index: Int, reason: String) {
        closeItem(at: index, status: .incomplete)
        finish(at: index, status: "cancelled", details: ["type": "cancelled", "reason": .string(reason)])
    }

    mutating func fail(at index: Int, code: String, message: String) {
        closeItem(at: index, status: .incomplete)
        finish(
            at: index, status: "failed",
            details: [
                "type": "failed",
                "error": ["type": .string(code), "code": .string(code), "message": .string(message)],
            ])
    }

    mutating func exceedTokens(at index: Int) {
        closeItem(at: index, status: .incomplete)
        finish(at: index, status: "incomplete", details: ["type": "incomplete", "reason": "max_output_tokens"])
    }

    /// Tells that a response is over, and forgets it.
    mutating func finish(at index: Int, status: String, details: JSON) {
        var response = responses.remove(at: index)
        response.usage.output = response.outputTokens
        usedTokens += response.usage.total
        let json = response.json(
            status: status, details: details, conversationID: conversationID, usage: response.usage.json)
        emit("response.done", ["response": json])
        schedule(.rateLimits, at: now + Self.rateLimitDelay)
        guard !response.isOutOfBand, status == "completed", turn == nil,
            let timeout = detector?.settings.idleTimeout
        else { return }
        schedule(.idle, at: now + .milliseconds(response.spokenMilliseconds + timeout))
    }
}
